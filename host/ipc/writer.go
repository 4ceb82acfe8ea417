package ipc

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
)

// Writer writes the batches of one schema as record batch messages. The metadata is made once; for each batch the counts
// and places in it are overwritten. Use it from one goroutine at a time.
type Writer struct {
	tree

	metadata                         []byte // frame included, a multiple of 64 long
	rowsAt, bodyAt, nodesAt, spansAt int    // places in metadata

	parts []part // a node's each, of the batch that Prepare was given
	spans []span // of the batch's buffers, in order
	end   int    // of the body so far
	size  int    // of the batch's message
}

// span is a buffer's place in the body.
type span struct{ offset, length int }

// NewWriter makes a writer. The error names a column whose type does not cross the boundary. A dictionary of text is written
// as text.
func NewWriter(schema *arrow.Schema) (*Writer, error) {
	t, err := newTree(schema)
	if err != nil {
		return nil, err
	}
	w := &Writer{tree: t, parts: make([]part, len(t.nodes)), spans: make([]span, 0, t.buffers)}
	var f flatWriter
	headerAt, bodyAt := f.message(headerRecordBatch)
	header, at := f.table(slot{0, 8, 0}, slot{1, 4, 0}, slot{2, 4, 0}) // length, nodes, buffers
	f.refer(headerAt, header)
	nodes := f.vector(len(w.nodes), 16)
	f.refer(at[1], nodes)
	spans := f.vector(w.buffers, 16)
	f.refer(at[2], spans)
	w.metadata = f.encapsulate(alignment)
	w.bodyAt, w.rowsAt, w.nodesAt, w.spansAt = prefix+bodyAt, prefix+at[0], prefix+nodes+4, prefix+spans+4
	return w, nil
}

// Prepare lays a batch out and returns the size of its message in bytes, a multiple of 64. The batch must have the
// writer's columns, in order; it may be a slice of a larger one. It must stay unchanged until Write has returned. A message of
// more than 2^31-1 bytes can be measured, but not written.
func (w *Writer) Prepare(batch arrow.RecordBatch) (int, error) {
	if int(batch.NumCols()) != len(w.columnsAt) {
		return 0, errorf(CodeLayout, "the batch has %d columns; the schema has %d", batch.NumCols(), len(w.columnsAt))
	}
	w.spans, w.end = w.spans[:0], 0
	for i, at := range w.columnsAt {
		column, want := batch.Column(i), w.nodes[at].dtype
		if !arrow.TypeEqual(column.DataType(), want) {
			return 0, errorf(CodeLayout, "column %q is %s; the schema says %s", w.path(at), column.DataType(), want)
		}
		data := column.Data()
		if err := w.lay(at, part{data, data.Offset(), data.Len()}); err != nil {
			return 0, err
		}
	}
	for i, s := range w.spans {
		w.put(w.spansAt+16*i, s.offset, s.length)
	}
	binary.LittleEndian.PutUint64(w.metadata[w.rowsAt:], uint64(batch.NumRows()))
	binary.LittleEndian.PutUint64(w.metadata[w.bodyAt:], uint64(w.end))
	w.size = len(w.metadata) + w.end
	return w.size, nil
}

// lay gives the values of node i, and those inside of them, their places.
func (w *Writer) lay(i int, p part) error {
	node := &w.nodes[i]
	w.parts[i] = p
	nulls := p.nulls()
	if nulls > 0 && !node.nullable && !w.masked(i) {
		return errorf(CodeNull, "column %q has nulls; the schema says that it has none", w.path(i))
	}
	w.put(w.nodesAt+16*i, p.n, nulls)
	if nulls > 0 {
		w.place((p.n + 7) / 8)
	} else {
		w.place(0)
	}
	switch node.shape {
	case fixed:
		w.place(node.bytes(p.n))
	case variable:
		first, last := p.ends()
		w.place(4 * (p.n + 1))
		w.place(last - first)
	case dictionary:
		size, err := p.textSize()
		if err != nil {
			return inColumn(w.path(i), err)
		}
		w.place(4 * (p.n + 1))
		w.place(size)
	case list:
		first, last := p.ends()
		w.place(4 * (p.n + 1))
		items := p.data.Children()[0]
		return w.lay(i+1, part{items, items.Offset() + first, last - first})
	case structure:
		child := i + 1
		for _, c := range p.data.Children() {
			if err := w.lay(child, part{c, c.Offset() + p.from, p.n}); err != nil {
				return err
			}
			child = w.nodes[child].end
		}
	}
	return nil
}

// place puts a buffer behind the others.
func (w *Writer) place(length int) {
	w.spans = append(w.spans, span{w.end, length})
	w.end = align(w.end+length, alignment)
}

// put overwrites a pair of i64 in the metadata: a FieldNode or a Buffer.
func (w *Writer) put(at, first, second int) {
	binary.LittleEndian.PutUint64(w.metadata[at:], uint64(first))
	binary.LittleEndian.PutUint64(w.metadata[at+8:], uint64(second))
}

// masked says that node i is null only where the struct that holds it is: there a field without nulls has no value either.
func (w *Writer) masked(i int) bool {
	above := w.nodes[i].parent
	if above < 0 || w.nodes[above].shape != structure {
		return false
	}
	field, structs := &w.parts[i], &w.parts[above]
	for k := range field.n {
		if !field.valid(k) && structs.valid(k) {
			return false
		}
	}
	return true
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
	for i := range w.nodes {
		node, p := &w.nodes[i], &w.parts[i]
		if validity := take(); len(validity) > 0 {
			copyBits(validity, p.data.Buffers()[0].Bytes(), p.from, p.n)
		}
		switch node.shape {
		case fixed:
			p.copyValues(take(), node)
		case variable:
			p.copyOffsets(take())
			p.copyData(take())
		case dictionary:
			offsets := take()
			p.copyTexts(offsets, take())
		case list:
			p.copyOffsets(take())
		}
	}
	clear(w.parts)
}
