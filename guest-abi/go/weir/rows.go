package weir

import "errors"

// Rows is an output of rows of the module's own making.
type Rows struct {
	output
	count int // rows added since the last emit
}

// NoOrigin stands for the input row of an output row that has none. Then no row of the same emit may have one.
const NoOrigin Row = -1

// Add ends a row: a column that was not written for it is null. The origin is the input row that it came from, whose
// coordinates and time it keeps, or [NoOrigin].
func (r *Rows) Add(origin Row) {
	r.count++
	r.complete(r.count)
	if origin != NoOrigin {
		r.rows = append(r.rows, uint32(origin))
	}
}

// Len is the number of rows added since the last emit.
func (r *Rows) Len() int { return r.count }

// Emit sends the rows added so far. There is no need to call it at the end of a batch, unless it grows large: the host takes
// 64 MiB a call. It is an error if a column has more or fewer values than there are rows, or a null in a column that
// is NOT NULL.
func (r *Rows) Emit() error {
	origins := r.rows
	switch len(origins) {
	case 0:
		origins = nil
	case r.count:
	default:
		return errors.New(`some rows of output "` + r.name + `" have an origin and some have none`)
	}
	err := r.emit(r.count, origins)
	r.count = 0
	return err
}

func (r *Rows) truncate(rows int) {
	r.count = rows
	r.output.truncate(rows)
}

func (r *Rows) reset() { r.truncate(0) }
