package weir

// Operator opens a module: it looks up columns, reads parameters, declares outputs, and returns what handles batches. What is
// missing or wrong among those is collected and reported after it returns, so it need not look.
type Operator func(o *Open) (Process, error)

// Process handles one batch. What it selected or added is emitted when it returns nil. An error fails the whole batch; for
// a single row use [Batch.Reject].
type Process func(b *Batch) error

var registered Operator

// Register makes op this module's operator. It is called once, from an init function, since main does not run in a module;
// a second call panics.
func Register(op Operator) {
	if registered != nil {
		panic("weir: Register is called twice; a module has one operator")
	}
	registered = op
}
