package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// ErrFull is returned by an append that would take a text column past 2^31-1 bytes, the end of Arrow's 32-bit offsets.
// Nothing was appended: roll the row back, close the batch and decode the row again.
var ErrFull = errors.New("text column of the batch is full: close the batch first")

// Kind is the physical layout of a column: which append it takes.
type Kind uint8

// The kinds. Timestamps of any unit are KindInt64.
const (
	KindInt64   Kind = iota + 1 // AppendInt64
	KindInt32                   // AppendInt32
	KindFloat64                 // AppendFloat64
	KindBool                    // AppendBool
	KindText                    // AppendBytes, AppendString, AppendShort
)

// KindOf tells how values of t are laid out; an error says that no column can hold t.
func KindOf(t arrow.DataType) (Kind, error) {
	switch t.ID() {
	case arrow.INT64:
		return KindInt64, nil
	case arrow.TIMESTAMP:
		if zone := t.(*arrow.TimestampType).TimeZone; zone != "" {
			return 0, fmt.Errorf("a timestamp column has no time zone here, got %q: use TIMESTAMP, which is UTC", zone)
		}
		return KindInt64, nil
	case arrow.INT32:
		return KindInt32, nil
	case arrow.FLOAT64:
		return KindFloat64, nil
	case arrow.BOOL:
		return KindBool, nil
	case arrow.STRING:
		return KindText, nil
	}
	return 0, fmt.Errorf("columns of type %s are not supported", t)
}

const (
	minRows   = 64      // capacity of a column's first allocation, in values
	minText   = 1 << 10 // the same for text, in bytes
	shortText = 8       // AppendShort stores a whole word: that much room is kept behind the text
)

// Column is one column of a Builder. Appends are amortised O(1); they write where the Arrow array will be. An append of
// another kind than the column's panics: the kind was known when the schema was checked.
type Column struct {
	n    int // values appended, those of the open row included
	used int // bytes of text

	// Views of the buffers below, as long as their capacity: at most one of the fixed-width ones is in use. What an append
	// needs stands together, to be in one cache line or two.
	i64     []int64
	offsets []int32 // KindText: one longer than the capacity in values
	text    []byte
	f64     []float64
	i32     []int32
	bits    []byte
	valid   []byte // nil as long as there is no null; bits at and past n are always set
	nulls   int
	kind    Kind

	values, offsetBuf, validBuf *memory.Buffer

	lastRows, lastText int // what the previous batch held: the next one begins with room for as much

	dtype arrow.DataType
	mem   memory.Allocator
}

// Kind is the column's layout.
func (c *Column) Kind() Kind { return c.kind }

// Type is the column's Arrow type.
func (c *Column) Type() arrow.DataType { return c.dtype }

// Len is the number of values appended, that of the open row included.
func (c *Column) Len() int { return c.n }

// AppendInt64 appends to a KindInt64 column (BIGINT, TIMESTAMP).
func (c *Column) AppendInt64(v int64) {
	if c.n >= len(c.i64) {
		c.grow()
	}
	c.i64[c.n] = v
	c.n++
}

// AppendInt32 appends to a KindInt32 column.
func (c *Column) AppendInt32(v int32) {
	if c.n >= len(c.i32) {
		c.grow()
	}
	c.i32[c.n] = v
	c.n++
}

// AppendFloat64 appends to a KindFloat64 column.
func (c *Column) AppendFloat64(v float64) {
	if c.n >= len(c.f64) {
		c.grow()
	}
	c.f64[c.n] = v
	c.n++
}

// AppendBool appends to a KindBool column.
func (c *Column) AppendBool(v bool) {
	if c.n >= len(c.bits)*8 {
		c.grow()
	}
	i, bit := c.n>>3, byte(1)<<(c.n&7)
	if bit == 1 {
		c.bits[i] = 0 // recycled memory: the rest of the byte must not show
	}
	c.bits[i] &^= bit
	if v {
		c.bits[i] |= bit
	}
	c.n++
}

// AppendBytes appends a copy of v, which must be UTF-8, to a KindText column. It fails only with ErrFull.
func (c *Column) AppendBytes(v []byte) error {
	end := c.used + len(v)
	if c.n+1 >= len(c.offsets) || end+shortText > len(c.text) {
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
		if err := c.growText(shortText); err != nil {
			return err
		}
	}
	binary.LittleEndian.PutUint64(c.text[c.used:], word)
	c.endText(c.used + n)
	return nil
}

func (c *Column) endText(end int) {
	c.used = end
	c.n++
	c.offsets[c.n] = int32(end)
}

// AppendNull appends a null. The slot beneath it holds zero, or no text.
func (c *Column) AppendNull() {
	n := c.n
	switch c.kind {
	case KindInt64:
		c.AppendInt64(0)
	case KindInt32:
		c.AppendInt32(0)
	case KindFloat64:
		c.AppendFloat64(0)
	case KindBool:
		c.AppendBool(false)
	case KindText:
		if c.n+1 >= len(c.offsets) {
			c.growOffsets()
		}
		c.endText(c.used)
	}
	if n >= len(c.valid)*8 {
		c.growValid()
	}
	c.valid[n>>3] &^= 1 << (n & 7)
	c.nulls++
}

// Drop takes back the last value appended; it does nothing on an empty column. A second value for the same row, as a
// duplicate key brings it, is written by Drop and another append.
func (c *Column) Drop() {
	if c.n > 0 {
		c.truncate(c.n - 1)
	}
}

// truncate keeps the first n values.
func (c *Column) truncate(n int) {
	for c.n > n {
		c.n--
		if i, bit := c.n>>3, byte(1)<<(c.n&7); i < len(c.valid) && c.valid[i]&bit == 0 {
			c.valid[i] |= bit
			c.nulls--
		}
	}
	if c.kind == KindText && c.offsets != nil {
		c.used = int(c.offsets[c.n])
	}
}

// capacity is the number of values that fit without growing.
func (c *Column) capacity() int {
	switch c.kind {
	case KindInt64:
		return len(c.i64)
	case KindInt32:
		return len(c.i32)
	case KindFloat64:
		return len(c.f64)
	case KindBool:
		return len(c.bits) * 8
	}
	return max(len(c.offsets)-1, 0)
}

// grow makes room for at least one more value of fixed width.
func (c *Column) grow() {
	rows := max(2*c.capacity(), c.lastRows, minRows)
	if c.values == nil {
		c.values = memory.NewResizableBuffer(c.mem)
	}
	switch c.kind {
	case KindInt64:
		c.values.Reserve(rows * arrow.Int64SizeBytes)
		c.i64 = arrow.Int64Traits.CastFromBytes(c.values.Buf())
	case KindInt32:
		c.values.Reserve(rows * arrow.Int32SizeBytes)
		c.i32 = arrow.Int32Traits.CastFromBytes(c.values.Buf())
	case KindFloat64:
		c.values.Reserve(rows * arrow.Float64SizeBytes)
		c.f64 = arrow.Float64Traits.CastFromBytes(c.values.Buf())
	case KindBool:
		c.values.Reserve((rows + 7) / 8)
		c.bits = c.values.Buf()
	}
}

// growText makes room for one more text of n bytes.
func (c *Column) growText(n int) error {
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

// growValid makes the validity bitmap as long as the column's capacity, every new bit set: only nulls touch it.
func (c *Column) growValid() {
	if c.validBuf == nil {
		c.validBuf = memory.NewResizableBuffer(c.mem)
	}
	old := len(c.valid)
	c.validBuf.Reserve((c.capacity() + 7) / 8)
	c.valid = c.validBuf.Buf()
	for i := old; i < len(c.valid); i++ {
		c.valid[i] = 0xff
	}
}

// finish hands the buffers to an array and leaves the column empty.
func (c *Column) finish() arrow.Array {
	n := c.n
	if c.valid != nil && n > len(c.valid)*8 {
		c.growValid() // values came after the last null
	}
	sized(c.validBuf, (n+7)/8)
	buffers := []*memory.Buffer{c.validBuf, c.values}
	switch c.kind {
	case KindInt64, KindFloat64:
		sized(c.values, n*arrow.Int64SizeBytes)
	case KindInt32:
		sized(c.values, n*arrow.Int32SizeBytes)
	case KindBool:
		sized(c.values, (n+7)/8)
	case KindText:
		if c.offsets == nil {
			c.growOffsets()
		}
		sized(c.offsetBuf, (n+1)*arrow.Int32SizeBytes)
		sized(c.values, c.used)
		buffers = []*memory.Buffer{c.validBuf, c.offsetBuf, c.values}
	}
	if n&7 != 0 && c.valid != nil {
		c.valid[n>>3] &= 1<<(n&7) - 1 // equal rows, equal bytes
	}
	data := array.NewData(c.dtype, n, buffers, nil, c.nulls, 0)
	defer data.Release()
	c.lastRows, c.lastText = n, c.used
	c.release()
	return array.MakeFromData(data)
}

func sized(b *memory.Buffer, n int) {
	if b != nil {
		b.ResizeNoShrink(n)
	}
}

// release gives up the buffers.
func (c *Column) release() {
	for _, b := range []*memory.Buffer{c.values, c.offsetBuf, c.validBuf} {
		if b != nil {
			b.Release()
		}
	}
	c.values, c.offsetBuf, c.validBuf = nil, nil, nil
	c.i64, c.i32, c.f64, c.bits, c.offsets, c.text, c.valid = nil, nil, nil, nil, nil, nil, nil
	c.n, c.nulls, c.used = 0, 0, 0
}
