package weir

// RowFunc handles one row: it reads columns at r and tells whether the row stays. An error rejects the row: it goes to the dead
// letter, with code and message of a [Rejection]. What it wrote for a row that does not stay is taken back.
type RowFunc func(r Row) (keep bool, err error)

// Filter makes an operator of a function that tells which rows stay.
func Filter(open func(o *Open) (RowFunc, error)) Operator {
	return Map(func(o *Open, _ *Patch) (RowFunc, error) { return open(o) })
}

// Map makes an operator of a function that adds values to rows: for a row that stays it appends at most one value to each
// column declared on out. A column that it leaves out is null there.
func Map(open func(o *Open, out *Patch) (RowFunc, error)) Operator {
	return func(o *Open) (Process, error) {
		out := o.Patch("")
		row, err := open(o, out)
		if row == nil || err != nil {
			return nil, err
		}
		selects := len(out.columns) == 0 // spares two calls a row, which are dear on WebAssembly
		return func(b *Batch) error {
			for r := range b.Len() {
				keep, err := row(b.Row(r))
				if keep && err == nil {
					out.Select(r)
				} else if err != nil {
					b.RejectError(r, err)
				}
				if !selects {
					out.settle(keep && err == nil)
				}
			}
			return nil
		}, nil
	}
}

// FlatMap makes an operator of a function that turns a row into any number of rows: it appends values to the columns declared
// on out and calls out.Add(r) after each row. If it returns an error, what it
// added and did not Emit is taken back and the input row is rejected.
func FlatMap(open func(o *Open, out *Rows) (func(r Row) error, error)) Operator {
	return func(o *Open) (Process, error) {
		out := o.Rows("")
		row, err := open(o, out)
		if row == nil || err != nil {
			return nil, err
		}
		return func(b *Batch) error {
			for r := range b.Len() {
				before := out.count
				err := row(b.Row(r))
				if err != nil {
					out.truncate(min(before, out.count))
					b.RejectError(r, err)
					continue
				}
				out.truncate(out.count) // takes back the values of a row that was not ended
			}
			return nil
		}, nil
	}
}
