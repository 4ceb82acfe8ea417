package batch

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Take gathers rows of col, in the order given and as often as named, into a new array, which the caller releases. It
// fails on a row that col does not have, on a type that columns cannot have, and with ErrFull where the gathered text
// would pass 2^31-1 bytes, or gathered lists as many items; nothing stays allocated then. The dictionary of a dictionary
// column is shared, not gathered.
func Take(col arrow.Array, rows []uint32, mem memory.Allocator) (arrow.Array, error) {
	for _, r := range rows {
		if uint64(r) >= uint64(col.Len()) {
			return nil, fmt.Errorf("row %d of an array of %d rows", r, col.Len())
		}
	}
	taken, err := take(col.Data(), 0, rows, mem)
	if err != nil {
		return nil, err
	}
	defer taken.Release()
	return array.MakeFromData(taken), nil
}

// take gathers the rows, counted from row shift on, of data: a struct's fields begin where the struct does, whatever part
// of it is looked at.
func take(data arrow.ArrayData, shift int, rows []uint32, mem memory.Allocator) (*array.Data, error) {
	var p parts
	defer p.release()
	if err := p.take(data, data.Offset()+shift, rows, mem); err != nil {
		return nil, err
	}
	valid, nulls := takeValid(data, data.Offset()+shift, rows, mem)
	p.buffers[0] = valid
	if kindOf(data.DataType()) == KindDictionary {
		dictionary, _ := data.Dictionary().(*array.Data)
		return array.NewDataWithDictionary(data.DataType(), len(rows), p.buffers, nulls, 0, dictionary), nil
	}
	return array.NewData(data.DataType(), len(rows), p.buffers, p.children, nulls, 0), nil
}

// parts are what an array is made of.
type parts struct {
	buffers  []*memory.Buffer // the first is for the validity
	children []arrow.ArrayData
}

func (p *parts) release() {
	for _, b := range p.buffers {
		if b != nil {
			b.Release()
		}
	}
	for _, child := range p.children {
		child.Release()
	}
}

// take gathers rows of data, whose row 0 is from in its buffers, in all but validity.
func (p *parts) take(data arrow.ArrayData, from int, rows []uint32, mem memory.Allocator) error {
	src := data.Buffers()
	p.buffers = make([]*memory.Buffer, 1, 3)
	switch t := data.DataType(); kindOf(t) {
	case 0:
		return fmt.Errorf("columns of type %s are not supported", t)
	case KindBool:
		p.buffers = append(p.buffers, takeBits(src[1], from, rows, mem))
	case KindText:
		offsets, text, err := takeText(src[1], src[2], from, rows, mem)
		if err != nil {
			return err
		}
		p.buffers = append(p.buffers, offsets, text)
	case KindList, KindMap:
		offsets, items, err := takeLists(src, from, rows, mem)
		if err != nil {
			return err
		}
		p.buffers = append(p.buffers, offsets)
		return p.takeChildren(data, 0, items, mem)
	case KindStruct:
		return p.takeChildren(data, from, rows, mem)
	default:
		p.buffers = append(p.buffers, takeFixed(src[1], bitsOf(t)/8, from, rows, mem))
	}
	return nil
}

func (p *parts) takeChildren(data arrow.ArrayData, shift int, rows []uint32, mem memory.Allocator) error {
	for _, child := range data.Children() {
		taken, err := take(child, shift, rows, mem)
		if err != nil {
			return err
		}
		p.children = append(p.children, taken)
	}
	return nil
}

func newBuffer(mem memory.Allocator, size int) *memory.Buffer {
	b := memory.NewResizableBuffer(mem)
	b.Resize(size)
	return b
}

// takeFixed gathers values of width bytes.
func takeFixed(src *memory.Buffer, width, from int, rows []uint32, mem memory.Allocator) *memory.Buffer {
	b := newBuffer(mem, width*len(rows))
	if len(rows) == 0 {
		return b
	}
	switch in, out := src.Bytes(), b.Bytes(); width {
	case 1:
		gather[uint8](in, out, from, rows)
	case 2:
		gather[uint16](in, out, from, rows)
	case 4:
		gather[uint32](in, out, from, rows)
	case 8:
		gather[uint64](in, out, from, rows)
	default:
		for i, r := range rows {
			copy(out[i*width:(i+1)*width], in[(from+int(r))*width:])
		}
	}
	return b
}

func gather[T arrow.FixedWidthType](src, dst []byte, from int, rows []uint32) {
	in, out := arrow.GetData[T](src)[from:], arrow.GetData[T](dst)
	for i, r := range rows {
		out[i] = in[r]
	}
}

func takeBits(src *memory.Buffer, from int, rows []uint32, mem memory.Allocator) *memory.Buffer {
	b := newBuffer(mem, (len(rows)+7)/8)
	out := b.Bytes()
	clear(out)
	for i, r := range rows {
		if bitutil.BitIsSet(src.Bytes(), from+int(r)) {
			out[i>>3] |= 1 << (i & 7)
		}
	}
	return b
}

func takeText(offsets, text *memory.Buffer, from int, rows []uint32, mem memory.Allocator) (*memory.Buffer, *memory.Buffer, error) {
	var in []int32
	size := int64(0)
	if len(rows) > 0 {
		in = arrow.Int32Traits.CastFromBytes(offsets.Bytes())[from:]
		for _, r := range rows {
			size += int64(in[r+1] - in[r])
		}
	}
	if size > math.MaxInt32 {
		return nil, nil, ErrFull
	}
	ends, body := newBuffer(mem, arrow.Int32SizeBytes*(len(rows)+1)), newBuffer(mem, int(size))
	end, out, outEnds := 0, body.Bytes(), arrow.Int32Traits.CastFromBytes(ends.Bytes())
	outEnds[0] = 0
	for i, r := range rows {
		if in[r] < in[r+1] {
			end += copy(out[end:], text.Bytes()[in[r]:in[r+1]])
		}
		outEnds[i+1] = int32(end)
	}
	return ends, body, nil
}

// takeLists gathers the offsets of lists and tells which items are in these; a null list's are not.
func takeLists(src []*memory.Buffer, from int, rows []uint32, mem memory.Allocator) (*memory.Buffer, []uint32, error) {
	var in []int32
	size := int64(0)
	length := func(r uint32) int {
		if src[0] != nil && !bitutil.BitIsSet(src[0].Bytes(), from+int(r)) {
			return 0
		}
		return int(in[r+1] - in[r])
	}
	if len(rows) > 0 {
		in = arrow.Int32Traits.CastFromBytes(src[1].Bytes())[from:]
		for _, r := range rows {
			size += int64(length(r))
		}
	}
	if size > math.MaxInt32 {
		return nil, nil, ErrFull
	}
	ends, items := newBuffer(mem, arrow.Int32SizeBytes*(len(rows)+1)), make([]uint32, 0, size)
	out := arrow.Int32Traits.CastFromBytes(ends.Bytes())
	out[0] = 0
	for i, r := range rows {
		for item := range length(r) {
			items = append(items, uint32(int(in[r])+item))
		}
		out[i+1] = int32(len(items))
	}
	return ends, items, nil
}

// takeValid gathers the validity bits; without a null among the rows there is no bitmap.
func takeValid(data arrow.ArrayData, from int, rows []uint32, mem memory.Allocator) (*memory.Buffer, int) {
	src := data.Buffers()[0]
	if data.NullN() == 0 || src == nil || src.Len() == 0 {
		return nil, 0
	}
	nulls := 0
	for _, r := range rows {
		if !bitutil.BitIsSet(src.Bytes(), from+int(r)) {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return takeBits(src, from, rows, mem), nulls
}
