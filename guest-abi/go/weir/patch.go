package weir

// Patch is an output of rows that the input has: the selected ones, with the declared columns added, or replacing the input's
// columns of the same names.
type Patch struct {
	output
	all bool
}

// Select selects a row of the input. Rows are selected in ascending order, each once.
func (p *Patch) Select(r Row) { p.rows = append(p.rows, uint32(r)) }

// SelectAll selects every row of the input. Nothing else is selected from the same batch.
func (p *Patch) SelectAll() { p.all = true }

// Len is the number of rows selected since the last emit.
func (p *Patch) Len() int {
	if p.all {
		return p.guest.batch.Len()
	}
	return len(p.rows)
}

// Emit sends the rows selected so far. There is no need to call it at the end of a batch. It is an error if a column has more
// or fewer values than rows are selected, or a null in a column that is NOT NULL.
func (p *Patch) Emit() error {
	list := p.rows
	if p.Len() == p.guest.batch.Len() {
		list = nil // as many as there are, in ascending order, are all of them
	}
	err := p.emit(p.Len(), list)
	p.all = false
	return err
}

func (p *Patch) reset() {
	p.all = false
	p.output.reset()
}
