package batch

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// ErrFull is returned by an append that would take a column's text past 2^31-1 bytes, or its lists past as many items: the
// end of Arrow's 32-bit offsets. Nothing was appended: roll the row back, close the batch and decode the row again.
var ErrFull = errors.New("a column of the batch is full: close the batch first")

const (
	minRows     = 64      // capacity of a column's first allocation, in values
	minText     = 1 << 10 // the same for text, in bytes
	slotsAtOnce = 64      // lists of buffers: room for those of about 25 columns
	shortText   = 8       // AppendShort stores a whole word: that much room is kept behind the text
)

// Column is one column of a Builder, or what one holds: columns of lists, maps and structs have children, which are
// columns too. Appends are amortised O(1); they write where the Arrow array will be. An append of another kind than the
// column's panics: the kind was known when the schema was checked.
type Column struct {
	n    int // values appended, those of the open row included
	used int // bytes of text; of lists and maps: items in those that are ended

	// Views of the buffers below, as long as their capacity: at most one of the fixed-width ones is in use. What an append
	// needs stands together, to be in one cache line or two.
	i64     []int64
	offsets []int32 // text, lists, maps: one longer than the capacity in values
	text    []byte
	f64     []float64
	i32     []int32
	bits    []byte
	valid   []byte // nil as long as there is no null; bits at and past n are always set
	nulls   int
	kind    Kind

	i16       []int16
	i8        []int8
	f32       []float32
	decimals  []decimal128.Num
	intervals []arrow.MonthDayNanoInterval
	fixed     []byte
	indices   []int32 // of KindDictionary
	width     int     // bytes of a value of KindFixed

	children []*Column
	words    *words // of KindDictionary

	values, offsetBuf, validBuf *memory.Buffer

	lastRows, lastText int // what the previous batch held: the next one begins with room for as much

	dtype arrow.DataType
	mem   memory.Allocator
}

// newColumn makes an empty column, with its children, for a type that is checked.
func newColumn(t arrow.DataType, mem memory.Allocator) *Column {
	c := &Column{dtype: t, mem: mem, kind: kindOf(t)}
	switch t := types.Storage(t).(type) {
	case *arrow.FixedSizeBinaryType:
		c.width = t.ByteWidth
	case *arrow.DictionaryType:
		c.words = newWords(newColumn(t.ValueType, mem))
	case *arrow.ListType:
		c.children = []*Column{newColumn(t.Elem(), mem)}
	case *arrow.MapType:
		c.children = []*Column{newColumn(t.KeyType(), mem), newColumn(t.ItemType(), mem)}
	case *arrow.StructType:
		c.children = make([]*Column, t.NumFields())
		for i := range c.children {
			c.children[i] = newColumn(t.Field(i).Type, mem)
		}
	}
	return c
}

// Kind is the column's layout.
func (c *Column) Kind() Kind { return c.kind }

// Type is the column's Arrow type.
func (c *Column) Type() arrow.DataType { return c.dtype }

// Len is the number of values appended, that of the open row included.
func (c *Column) Len() int { return c.n }

// Width is the number of bytes of a value of KindFixed; 0 for other kinds.
func (c *Column) Width() int { return c.width }

// AppendInt64 appends to a KindInt64 column.
func (c *Column) AppendInt64(v int64) {
	if c.n >= len(c.i64) {
		c.grow()
	}
	c.i64[c.n] = v
	c.n++
}

// PutInt appends to a KindInt64 or KindInt32 column, to the latter a number of 32 bits, if there is room without growing.
func (c *Column) PutInt(v int64) bool {
	switch {
	case c.n < len(c.i64):
		c.i64[c.n] = v
	case c.n < len(c.i32):
		c.i32[c.n] = int32(v)
	default:
		return false
	}
	c.n++
	return true
}

// AppendInt32 appends to a KindInt32 column.
func (c *Column) AppendInt32(v int32) {
	if c.n >= len(c.i32) {
		c.grow()
	}
	c.i32[c.n] = v
	c.n++
}

// AppendInt16 appends to a KindInt16 column.
func (c *Column) AppendInt16(v int16) {
	if c.n >= len(c.i16) {
		c.grow()
	}
	c.i16[c.n] = v
	c.n++
}

// AppendInt8 appends to a KindInt8 column.
func (c *Column) AppendInt8(v int8) {
	if c.n >= len(c.i8) {
		c.grow()
	}
	c.i8[c.n] = v
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

// AppendFloat32 appends to a KindFloat32 column.
func (c *Column) AppendFloat32(v float32) {
	if c.n >= len(c.f32) {
		c.grow()
	}
	c.f32[c.n] = v
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

// AppendDecimal appends to a KindDecimal column the number of which hi has the upper and lo the lower 64 bits, in two's
// complement and in units of the type's last digit. That it has no more digits than the type is up to the caller.
func (c *Column) AppendDecimal(lo uint64, hi int64) {
	if c.n >= len(c.decimals) {
		c.grow()
	}
	c.decimals[c.n] = decimal128.New(hi, lo)
	c.n++
}

// AppendInterval appends to a KindInterval column.
func (c *Column) AppendInterval(months, days int32, nanos int64) {
	if c.n >= len(c.intervals) {
		c.grow()
	}
	c.intervals[c.n] = arrow.MonthDayNanoInterval{Months: months, Days: days, Nanoseconds: nanos}
	c.n++
}

// AppendFixed appends a copy of v, which is Width bytes long, to a KindFixed column; anything else panics.
func (c *Column) AppendFixed(v []byte) {
	if len(v) != c.width || c.kind != KindFixed {
		panic(fmt.Sprintf("batch: %d bytes for a column of %s", len(v), c.dtype))
	}
	at := c.n * c.width
	if at+c.width > len(c.fixed) {
		c.grow()
	}
	copy(c.fixed[at:at+c.width], v)
	c.n++
}

// AppendNull appends a null. The slot beneath it holds zero, no text, no items, or nulls for the fields of a struct; what
// is open in it is dropped.
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
	default:
		c.appendEmpty()
	}
	if n >= len(c.valid)*8 {
		c.growValid()
	}
	c.valid[n>>3] &^= 1 << (n & 7)
	c.nulls++
}

// appendEmpty appends what is beneath a null of one of the rarer kinds.
func (c *Column) appendEmpty() {
	switch c.kind {
	case KindInt16:
		c.AppendInt16(0)
	case KindInt8:
		c.AppendInt8(0)
	case KindFloat32:
		c.AppendFloat32(0)
	case KindDecimal:
		c.AppendDecimal(0, 0)
	case KindInterval:
		c.AppendInterval(0, 0, 0)
	case KindFixed:
		at := c.n * c.width
		if at+c.width > len(c.fixed) {
			c.grow()
		}
		clear(c.fixed[at : at+c.width])
		c.n++
	case KindDictionary:
		c.appendIndex(0)
	case KindList, KindMap:
		c.appendNoList()
	case KindStruct:
		c.appendNoStruct()
	}
}

// Drop takes back the last value appended, and what is open behind it; it does nothing on an empty column. A second value
// for the same row, as a duplicate key brings it, is written by Drop and another append. What a list or struct that is
// ended holds is not taken back alone: drop the list or struct.
func (c *Column) Drop() { c.truncate(max(c.n-1, 0)) }

// truncate keeps the first n values, and nothing that is open.
func (c *Column) truncate(n int) {
	for c.n > n && c.nulls > 0 {
		c.n--
		if i, bit := c.n>>3, byte(1)<<(c.n&7); i < len(c.valid) && c.valid[i]&bit == 0 {
			c.valid[i] |= bit
			c.nulls--
		}
	}
	c.n = min(c.n, n)
	switch c.kind {
	case KindText:
		c.used = c.end()
	case KindDictionary:
		c.words.truncate(c.n)
	case KindList, KindMap:
		c.used = c.end()
		for _, child := range c.children {
			child.truncate(c.used)
		}
	case KindStruct:
		for _, child := range c.children {
			child.truncate(c.n)
		}
	}
}

// end is where the last text or list ends.
func (c *Column) end() int {
	if c.offsets == nil {
		return 0
	}
	return int(c.offsets[c.n])
}
