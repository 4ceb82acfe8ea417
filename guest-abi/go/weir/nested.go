package weir

import "github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"

// ListColumn is an input column of ARRAY or MAP. What it holds are columns that are looked up on it while opening: that of an
// array is called "item", those of a map "key" and "value". Their values are those of all rows, one behind the other:
//
//	tags := o.List("tags")
//	tag := tags.Text("item")
//	…
//	for i, end := tags.Items(r); i < end; i++ {
//		text, ok := tag.Get(i)
//	}
type ListColumn struct {
	column
	inputs
	offsets []int32
	inside  int
}

// Items are the places of a row's items: from first to before end; none where the row is null.
func (c *ListColumn) Items(r Row) (first, end Row) {
	if c.Null(r) {
		return 0, 0
	}
	return Row(c.offsets[r]), Row(c.offsets[r+1])
}

func (c *ListColumn) bind(b *ipc.Batch) error {
	in, err := c.take(b)
	if err == nil {
		c.inside = in.Inside
		c.offsets, err = view[int32](in.Offsets)
	}
	return err
}

// StructColumn is an input column of STRUCT. Its fields are columns that are looked up on it while opening, and read at the
// same rows. Where the struct is null, what they hold means nothing.
//
//	place := o.Struct("place")
//	latitude := place.Float64("latitude")
type StructColumn struct {
	column
	inputs
	inside int
}

func (c *StructColumn) bind(b *ipc.Batch) error {
	in, err := c.take(b)
	c.inside = in.Inside
	return err
}
