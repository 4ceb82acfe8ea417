package batch

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// capacity is the number of values that fit without growing; structs have no slots and only grow their validity.
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
	case KindInt16:
		return len(c.i16)
	case KindInt8:
		return len(c.i8)
	case KindFloat32:
		return len(c.f32)
	case KindDecimal:
		return len(c.decimals)
	case KindInterval:
		return len(c.intervals)
	case KindFixed:
		return len(c.fixed) / c.width
	case KindDictionary:
		return len(c.indices)
	case KindStruct:
		return max(2*8*len(c.valid), c.n, c.lastRows, minRows)
	}
	return max(len(c.offsets)-1, 0)
}

// grow makes room for at least one more value of fixed width. It panics for a column of another kind.
func (c *Column) grow() {
	rows := max(2*c.capacity(), c.lastRows, minRows)
	if c.values == nil {
		c.values = memory.NewResizableBuffer(c.mem)
	}
	switch c.kind {
	case KindInt64:
		c.i64 = room[int64](c.values, rows*arrow.Int64SizeBytes)
	case KindInt32:
		c.i32 = room[int32](c.values, rows*arrow.Int32SizeBytes)
	case KindFloat64:
		c.f64 = room[float64](c.values, rows*arrow.Float64SizeBytes)
	case KindBool:
		c.bits = room[byte](c.values, (rows+7)/8)
	case KindInt16:
		c.i16 = room[int16](c.values, rows*arrow.Int16SizeBytes)
	case KindInt8:
		c.i8 = room[int8](c.values, rows)
	case KindFloat32:
		c.f32 = room[float32](c.values, rows*arrow.Float32SizeBytes)
	case KindDecimal:
		c.decimals = room[decimal128.Num](c.values, rows*arrow.Decimal128SizeBytes)
	case KindInterval:
		c.intervals = room[arrow.MonthDayNanoInterval](c.values, rows*arrow.MonthDayNanoIntervalSizeBytes)
	case KindFixed:
		c.fixed = room[byte](c.values, rows*c.width)
	case KindDictionary:
		c.indices = room[int32](c.values, rows*arrow.Int32SizeBytes)
	default:
		panic("batch: a value of fixed width for a column of " + c.dtype.String())
	}
}

// room makes b at least size bytes long and is all of it.
func room[T arrow.FixedWidthType](b *memory.Buffer, size int) []T {
	b.Reserve(size)
	return arrow.GetData[T](b.Buf())
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

// whole panics if the column of that name, or what it holds, has not the n values that it must have, or a map a null key.
func (c *Column) whole(name string, n int) {
	if at, what := c.broken(n); what != "" {
		panic(fmt.Sprintf("batch: column %s%s has %s", name, at, what))
	}
}

// broken is what whole panics with, and where below c it is; empty where nothing is wrong.
func (c *Column) broken(n int) (at, what string) {
	if c.n != n {
		return "", fmt.Sprintf("%d values in %d rows", c.n, n)
	}
	switch t := c.dtype.(type) {
	case *arrow.ListType:
		if at, what = c.children[0].broken(c.used); what != "" {
			return "[]" + at, what
		}
	case *arrow.MapType:
		if nulls := c.children[0].nulls; nulls > 0 {
			return "", fmt.Sprintf("%d null keys", nulls)
		}
		if at, what = c.children[0].broken(c.used); what != "" {
			return "[key]" + at, what
		}
		if at, what = c.children[1].broken(c.used); what != "" {
			return "[value]" + at, what
		}
	case *arrow.StructType:
		for i, child := range c.children {
			if at, what = child.broken(n); what != "" {
				return "." + t.Field(i).Name + at, what
			}
		}
	}
	return "", ""
}

// finish hands the buffers to an array and leaves the column empty.
func (c *Column) finish(s *slots) arrow.Array {
	data := c.data(s)
	defer data.Release()
	return array.MakeFromData(data)
}

// slots is where the lists of buffers that arrays keep are cut from: one allocation for many columns.
type slots []*memory.Buffer

// list is a list of its own of buffers.
func (s *slots) list(buffers ...*memory.Buffer) []*memory.Buffer {
	if cap(*s)-len(*s) < len(buffers) {
		*s = make(slots, 0, slotsAtOnce)
	}
	from := len(*s)
	*s = append(*s, buffers...)
	return (*s)[from:len(*s):len(*s)]
}

// data is finish without the array.
func (c *Column) data(s *slots) *array.Data {
	valid := c.finishValid()
	var buffers []*memory.Buffer
	switch c.kind {
	case KindText:
		c.finishOffsets()
		sized(c.values, c.used)
		buffers = s.list(valid, c.offsetBuf, c.values)
	case KindList, KindMap:
		c.finishOffsets()
		buffers = s.list(valid, c.offsetBuf)
	case KindStruct:
		buffers = s.list(valid)
	default:
		sized(c.values, (c.n*bitsOf(c.dtype)+7)/8)
		buffers = s.list(valid, c.values)
	}
	data := c.newData(buffers, s)
	c.lastRows, c.lastText = c.n, c.used
	c.release()
	return data
}

// newData makes the data of buffers and children.
func (c *Column) newData(buffers []*memory.Buffer, s *slots) *array.Data {
	if c.kind == KindDictionary {
		entries := c.words.values.data(s)
		defer entries.Release()
		return array.NewDataWithDictionary(c.dtype, c.n, buffers, c.nulls, 0, entries)
	}
	if len(c.children) == 0 {
		return array.NewData(c.dtype, c.n, buffers, nil, c.nulls, 0)
	}
	children := make([]arrow.ArrayData, len(c.children))
	for i, child := range c.children {
		children[i] = child.data(s)
	}
	if t, ok := c.dtype.(*arrow.MapType); ok {
		entries := array.NewData(t.Elem(), c.used, s.list(nil), children, 0, 0)
		releaseAll(children)
		children = []arrow.ArrayData{entries}
	}
	data := array.NewData(c.dtype, c.n, buffers, children, c.nulls, 0)
	releaseAll(children)
	return data
}

func releaseAll(all []arrow.ArrayData) {
	for _, data := range all {
		data.Release()
	}
}

// finishValid is the validity bitmap in its final form: none without nulls, the bits past the last value zero, for equal
// rows are equal bytes.
func (c *Column) finishValid() *memory.Buffer {
	if c.nulls == 0 {
		return nil
	}
	if c.n > len(c.valid)*8 {
		c.growValid() // values came after the last null
	}
	sized(c.validBuf, (c.n+7)/8)
	if c.n&7 != 0 {
		c.valid[c.n>>3] &= 1<<(c.n&7) - 1
	}
	return c.validBuf
}

func (c *Column) finishOffsets() {
	if c.offsets == nil {
		c.growOffsets()
	}
	sized(c.offsetBuf, (c.n+1)*arrow.Int32SizeBytes)
}

func sized(b *memory.Buffer, n int) {
	if b != nil {
		b.ResizeNoShrink(n)
	}
}

// release gives up the buffers, those of the children too.
func (c *Column) release() {
	for _, b := range []*memory.Buffer{c.values, c.offsetBuf, c.validBuf} {
		if b != nil {
			b.Release()
		}
	}
	c.values, c.offsetBuf, c.validBuf = nil, nil, nil
	c.i64, c.i32, c.f64, c.bits, c.offsets, c.text, c.valid = nil, nil, nil, nil, nil, nil, nil
	c.i16, c.i8, c.f32, c.decimals, c.intervals, c.fixed, c.indices = nil, nil, nil, nil, nil, nil, nil
	c.n, c.nulls, c.used = 0, 0, 0
	for _, child := range c.children {
		child.release()
	}
	if c.words != nil {
		c.words.release()
	}
}
