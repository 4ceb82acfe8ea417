package batch

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Take gathers rows of col, in the order given and as often as named, into a new array, which the caller releases. It
// fails on a row that col does not have, on a type that columns cannot have, and with ErrFull where the gathered text
// would pass 2^31-1 bytes; nothing is allocated then.
func Take(col arrow.Array, rows []uint32, mem memory.Allocator) (arrow.Array, error) {
	kind, err := KindOf(col.DataType())
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if uint64(r) >= uint64(col.Len()) {
			return nil, fmt.Errorf("row %d of an array of %d rows", r, col.Len())
		}
	}
	data := col.Data()
	src, from := data.Buffers(), data.Offset()
	var out []*memory.Buffer
	switch kind {
	case KindInt64, KindFloat64:
		out = []*memory.Buffer{takeWords(src[1], from, rows, mem)}
	case KindInt32:
		out = []*memory.Buffer{takeHalves(src[1], from, rows, mem)}
	case KindBool:
		out = []*memory.Buffer{takeBits(src[1], from, rows, mem)}
	case KindText:
		offsets, text, err := takeText(src[1], src[2], from, rows, mem)
		if err != nil {
			return nil, err
		}
		out = []*memory.Buffer{offsets, text}
	}
	valid, nulls := takeValid(col, rows, mem)
	out = append([]*memory.Buffer{valid}, out...)
	taken := array.NewData(col.DataType(), len(rows), out, nil, nulls, 0)
	defer taken.Release()
	for _, b := range out {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(taken), nil
}

func newBuffer(mem memory.Allocator, size int) *memory.Buffer {
	b := memory.NewResizableBuffer(mem)
	b.Resize(size)
	return b
}

func takeWords(src *memory.Buffer, from int, rows []uint32, mem memory.Allocator) *memory.Buffer {
	b := newBuffer(mem, 8*len(rows))
	if len(rows) > 0 {
		in, out := arrow.Uint64Traits.CastFromBytes(src.Bytes())[from:], arrow.Uint64Traits.CastFromBytes(b.Bytes())
		for i, r := range rows {
			out[i] = in[r]
		}
	}
	return b
}

func takeHalves(src *memory.Buffer, from int, rows []uint32, mem memory.Allocator) *memory.Buffer {
	b := newBuffer(mem, 4*len(rows))
	if len(rows) > 0 {
		in, out := arrow.Uint32Traits.CastFromBytes(src.Bytes())[from:], arrow.Uint32Traits.CastFromBytes(b.Bytes())
		for i, r := range rows {
			out[i] = in[r]
		}
	}
	return b
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
	size := 0
	if len(rows) > 0 {
		in = arrow.Int32Traits.CastFromBytes(offsets.Bytes())[from:]
		for _, r := range rows {
			size += int(in[r+1] - in[r])
		}
	}
	if size > math.MaxInt32 {
		return nil, nil, ErrFull
	}
	ends, body := newBuffer(mem, 4*(len(rows)+1)), newBuffer(mem, size)
	end, out := 0, body.Bytes()
	for i, r := range rows {
		binary.NativeEndian.PutUint32(ends.Bytes()[4*i:], uint32(end))
		if in[r] < in[r+1] {
			end += copy(out[end:], text.Bytes()[in[r]:in[r+1]])
		}
	}
	binary.NativeEndian.PutUint32(ends.Bytes()[4*len(rows):], uint32(end))
	return ends, body, nil
}

// takeValid gathers the validity bits; without a null among the rows there is no bitmap.
func takeValid(col arrow.Array, rows []uint32, mem memory.Allocator) (*memory.Buffer, int) {
	if col.NullN() == 0 {
		return nil, 0
	}
	nulls := 0
	for _, r := range rows {
		if col.IsNull(int(r)) {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return takeBits(col.Data().Buffers()[0], col.Data().Offset(), rows, mem), nulls
}
