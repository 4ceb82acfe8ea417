package weir

// Row is the index of a row in the batch at hand, from 0.
type Row = int

// Batch is the batch at hand. Its values are read through the columns looked up while opening.
type Batch struct {
	Log Logger

	guest *Guest
}

// Len is the number of rows.
func (b *Batch) Len() int { return b.guest.rows }

// Row tells the host that row i is being worked on and returns i. The host takes it as a hint where a trap happened, and
// clock and randomness are that row's.
func (b *Batch) Row(i int) Row {
	b.guest.progress = uint32(i)
	return i
}

// All goes over the rows and tells the host of each, as [Batch.Row] does.
func (b *Batch) All() func(yield func(Row) bool) {
	return func(yield func(Row) bool) {
		for i := range b.Len() {
			if !yield(b.Row(i)) {
				return
			}
		}
	}
}

// Reject says that a row can't be handled: it goes to the dead letter. The code is 1 to 64 bytes of a-z 0-9 . _ -, the
// message is cut at 4,096 bytes. A row is rejected once at most, and must not be selected or be an origin in the same batch.
func (b *Batch) Reject(r Row, code, message string) { b.guest.host.Reject(uint32(r), code, message) }

// RejectError is Reject with the code and message of a [Rejection], or [DefaultCode] and the text of any other error.
func (b *Batch) RejectError(r Row, err error) {
	if rejection, ok := find[*Rejection](err); ok {
		b.Reject(r, rejection.Code, rejection.Message)
		return
	}
	b.Reject(r, DefaultCode, err.Error())
}
