package ipc

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// Writer writes the batches of one schema as record batch messages. The metadata is made once; for each batch the counts
// and places in it are overwritten. Use it from one goroutine at a time.
type Writer struct {
	fields  []arrow.Field
	layouts []layout

	metadata                         []byte // frame included, a multiple of 64 long
	rowsAt, bodyAt, nodesAt, spansAt int    // places in metadata

	batch arrow.RecordBatch // what Prepare was given
	spans []span            // of the batch's buffers, in order
	size  int               // of the batch's message
}

// span is a buffer's place in the body.
type span struct{ offset, length int }

// NewWriter makes a writer. The error names a column whose type does not cross the boundary.
func NewWriter(schema *arrow.Schema) (*Writer, error) {
	w := &Writer{fields: schema.Fields()}
	buffers := 0
	for _, field := range w.fields {
		l, err := layoutOf(field.Type)
		if err != nil {
			return nil, errorf(CodeUnsupported, "column %q: %v", field.Name, err)
		}
		w.layouts = append(w.layouts, l)
		buffers += l.buffers()
	}
	var f flatWriter
	headerAt, bodyAt := f.message(headerRecordBatch)
	header, at := f.table(slot{0, 8, 0}, slot{1, 4, 0}, slot{2, 4, 0}) // length, nodes, buffers
	f.refer(headerAt, header)
	nodes := f.vector(len(w.layouts), 16)
	f.refer(at[1], nodes)
	spans := f.vector(buffers, 16)
	f.refer(at[2], spans)
	w.metadata = f.encapsulate(alignment)
	w.bodyAt, w.rowsAt, w.nodesAt, w.spansAt = prefix+bodyAt, prefix+at[0], prefix+nodes+4, prefix+spans+4
	w.spans = make([]span, 0, buffers)
	return w, nil
}

// Prepare lays a batch out and returns the size of its message in bytes, a multiple of 64. The batch must have the
// writer's columns, in order; it may be a slice of a larger one. It must stay unchanged until Write has returned.
func (w *Writer) Prepare(batch arrow.RecordBatch) (int, error) {
	if int(batch.NumCols()) != len(w.layouts) {
		return 0, errorf(CodeLayout, "the batch has %d columns; the schema has %d", batch.NumCols(), len(w.layouts))
	}
	w.batch, w.spans = batch, w.spans[:0]
	end := 0
	place := func(length int) {
		w.spans = append(w.spans, span{end, length})
		end = align(end+length, alignment)
	}
	for i, l := range w.layouts {
		column, field := batch.Column(i), &w.fields[i]
		if !arrow.TypeEqual(column.DataType(), field.Type) {
			return 0, errorf(CodeLayout, "column %q is %s; the schema says %s", field.Name, column.DataType(), field.Type)
		}
		n, nulls := column.Len(), column.NullN()
		if nulls > 0 && !field.Nullable {
			return 0, errorf(CodeNull, "column %q has nulls; the schema says that it has none", field.Name)
		}
		w.put(w.nodesAt+16*i, n, nulls)
		if nulls > 0 {
			place((n + 7) / 8)
		} else {
			place(0)
		}
		if l.bits > 0 {
			place(l.bytes(n))
		} else {
			first, last := textRange(column)
			place(4 * (n + 1))
			place(last - first)
		}
	}
	for i, s := range w.spans {
		w.put(w.spansAt+16*i, s.offset, s.length)
	}
	binary.LittleEndian.PutUint64(w.metadata[w.rowsAt:], uint64(batch.NumRows()))
	binary.LittleEndian.PutUint64(w.metadata[w.bodyAt:], uint64(end))
	w.size = len(w.metadata) + end
	return w.size, nil
}

// put overwrites a pair of i64 in the metadata: a FieldNode or a Buffer.
func (w *Writer) put(at, first, second int) {
	binary.LittleEndian.PutUint64(w.metadata[at:], uint64(first))
	binary.LittleEndian.PutUint64(w.metadata[at+8:], uint64(second))
}

// Write copies the prepared batch into dst, which must be as long as Prepare said, and lets go of the batch. Padding is
// zeroed, so dst may hold anything before.
func (w *Writer) Write(dst []byte) {
	dst = dst[:w.size]
	copy(dst, w.metadata)
	body := dst[len(w.metadata):]
	next := 0
	take := func() []byte { // the next buffer, the padding behind it zeroed
		s := w.spans[next]
		next++
		clear(body[s.offset+s.length : align(s.offset+s.length, alignment)])
		return body[s.offset : s.offset+s.length]
	}
	for i, l := range w.layouts {
		data := w.batch.Column(i).Data()
		n, from, buffers := data.Len(), data.Offset(), data.Buffers()
		if validity := take(); len(validity) > 0 {
			copyBits(validity, buffers[0].Bytes(), from, n)
		}
		switch {
		case l.bits == 0:
			offsets := take()
			copyText(offsets, take(), data)
		case n == 0:
			take()
		case l.bits == 1:
			copyBits(take(), buffers[1].Bytes(), from, n)
		default:
			copy(take(), buffers[1].Bytes()[l.bytes(from):])
		}
	}
	w.batch = nil
}

// copyBits copies n bits; what is left of the last byte is zero.
func copyBits(dst, src []byte, from, n int) {
	if len(dst) == 0 {
		return
	}
	if from%8 == 0 {
		copy(dst, src[from/8:])
		if n%8 != 0 {
			dst[len(dst)-1] &= 1<<(n%8) - 1
		}
		return
	}
	dst[len(dst)-1] = 0
	bitutil.CopyBitmap(src, from, n, dst, 0)
}

// offsetsOf are the offsets of a text column's values: one more than there are values, or none.
func offsetsOf(data arrow.ArrayData) []int32 {
	if data.Len() == 0 {
		return nil
	}
	offsets := arrow.Int32Traits.CastFromBytes(data.Buffers()[1].Bytes())
	return offsets[data.Offset() : data.Offset()+data.Len()+1]
}

// textRange is where a text column's values begin and end in its data.
func textRange(column arrow.Array) (first, last int) {
	offsets := offsetsOf(column.Data())
	if offsets == nil {
		return 0, 0
	}
	return int(offsets[0]), int(offsets[len(offsets)-1])
}

// copyText copies offsets, so that they begin at 0, and data.
func copyText(dstOffsets, dstText []byte, data arrow.ArrayData) {
	offsets := offsetsOf(data)
	if offsets == nil {
		clear(dstOffsets)
		return
	}
	first := offsets[0]
	if first == 0 {
		copy(dstOffsets, arrow.Int32Traits.CastToBytes(offsets))
	} else {
		for i, o := range offsets {
			binary.LittleEndian.PutUint32(dstOffsets[4*i:], uint32(o-first))
		}
	}
	if len(dstText) > 0 {
		copy(dstText, data.Buffers()[2].Bytes()[first:])
	}
}
