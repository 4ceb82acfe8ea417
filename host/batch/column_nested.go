package batch

import "math"

// Children is the number of columns that the column holds: 1 of KindList, 2 of KindMap, the fields of KindStruct, else 0.
func (c *Column) Children() int { return len(c.children) }

// Child is column i of those that the column holds: the items of a list; the keys of a map, then its values; the fields
// of a struct. It stays the same one from batch to batch.
func (c *Column) Child(i int) *Column { return c.children[i] }

// EndStruct ends a value of a KindStruct column, and panics for another one: every child has one more.
func (c *Column) EndStruct() {
	if c.kind != KindStruct {
		panic("batch: a struct for a column of " + c.dtype.String())
	}
	c.n++
}

// EndList ends a value of a KindList or KindMap column: it holds what the children got since the last EndList or
// AppendNull, as many values as keys where there are two, no key null. It fails only with ErrFull; what is open then stays
// open. It panics for a column of another kind.
func (c *Column) EndList() error {
	if c.kind != KindList && c.kind != KindMap {
		panic("batch: a list for a column of " + c.dtype.String())
	}
	end := c.children[0].n
	if end > math.MaxInt32 {
		return ErrFull
	}
	if c.n+1 >= len(c.offsets) {
		c.growOffsets()
	}
	c.endText(end)
	return nil
}

// Open is how many items a KindList column, or keys a KindMap column, got since the last EndList or AppendNull.
func (c *Column) Open() int { return c.children[0].n - c.used }

// appendNoList appends a list without items, whatever was open.
func (c *Column) appendNoList() {
	for _, child := range c.children {
		child.truncate(c.used)
	}
	if c.n+1 >= len(c.offsets) {
		c.growOffsets()
	}
	c.endText(c.used)
}

// appendNoStruct appends a struct of nulls, whatever was open.
func (c *Column) appendNoStruct() {
	for _, child := range c.children {
		if child.n > c.n {
			child.truncate(c.n)
		}
		child.AppendNull()
	}
	c.n++
}
