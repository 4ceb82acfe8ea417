package batch

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// AppendBytes appends a copy of v to a KindText or KindDictionary column; for all but BYTEA it must be UTF-8. It fails only
// with ErrFull.
func (c *Column) AppendBytes(v []byte) error {
	end := c.used + len(v)
	if c.n+1 >= len(c.offsets) || end+shortText > len(c.text) {
		if c.kind == KindDictionary {
			return c.intern(v)
		}
		if err := c.growText(len(v)); err != nil {
			return err
		}
	}
	copy(c.text[c.used:], v)
	c.endText(end)
	return nil
}

// AppendString is AppendBytes for a string.
func (c *Column) AppendString(v string) error {
	end := c.used + len(v)
	if c.n+1 >= len(c.offsets) || end+shortText > len(c.text) {
		if c.kind == KindDictionary {
			return c.internString(v)
		}
		if err := c.growText(len(v)); err != nil {
			return err
		}
	}
	copy(c.text[c.used:], v)
	c.endText(end)
	return nil
}

// AppendShort appends the n (0 to 8) first bytes of word in little-endian order. It saves short texts the call to copy.
func (c *Column) AppendShort(word uint64, n int) error {
	if c.n+1 >= len(c.offsets) || c.used+shortText+shortText > len(c.text) {
		if c.kind == KindDictionary {
			return c.internShort(word, n)
		}
		if err := c.growText(shortText); err != nil {
			return err
		}
	}
	binary.LittleEndian.PutUint64(c.text[c.used:], word)
	c.endText(c.used + n)
	return nil
}

// RoomShort reports whether there is room for PutShort: in a KindText column only.
func (c *Column) RoomShort() bool { return (len(c.offsets)-2-c.n)|(len(c.text)-shortText-c.used) >= 0 }

// PutShort is AppendShort behind RoomShort.
func (c *Column) PutShort(word uint64, n int) {
	binary.LittleEndian.PutUint64(c.text[c.used:], word)
	c.endText(c.used + n)
}

// Spare is the memory behind the last text of a KindText column, for the next text to be written to and then to be ended by
// EndSpare. It is empty where the column must grow first, and for other kinds.
func (c *Column) Spare() []byte {
	if c.kind != KindText || c.n+1 >= len(c.offsets) {
		return nil
	}
	return c.text[c.used:]
}

// EndSpare appends the first n bytes of Spare.
func (c *Column) EndSpare(n int) { c.endText(c.used + n) }

// endText ends a text, or a list, at end.
func (c *Column) endText(end int) {
	c.used = end
	c.n++
	c.offsets[c.n] = int32(end)
}

// growText makes room for one more text of n bytes. It panics for a column of another kind.
func (c *Column) growText(n int) error {
	if c.kind != KindText {
		panic("batch: text for a column of " + c.dtype.String())
	}
	if n > math.MaxInt32-c.used {
		return ErrFull
	}
	if c.n+1 >= len(c.offsets) {
		c.growOffsets()
	}
	need := c.used + n + 2*shortText
	if need <= len(c.text) {
		return nil
	}
	if c.values == nil {
		c.values = memory.NewResizableBuffer(c.mem)
	}
	c.values.Reserve(max(need, min(2*len(c.text), math.MaxInt32), c.lastText+2*shortText, minText))
	c.text = c.values.Buf()
	return nil
}

func (c *Column) growOffsets() {
	rows := max(2*c.capacity(), c.lastRows, minRows)
	if c.offsetBuf == nil {
		c.offsetBuf = memory.NewResizableBuffer(c.mem)
	}
	c.offsetBuf.Reserve((rows + 1) * arrow.Int32SizeBytes)
	c.offsets = arrow.Int32Traits.CastFromBytes(c.offsetBuf.Buf())
	c.offsets[0] = 0
}
