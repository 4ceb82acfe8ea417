package ipc

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Reader reads the record batch messages of one schema that a guest made. It keeps no state between messages. One goroutine
// at a time may use it.
type Reader struct {
	tree
	schema  *arrow.Schema
	limits  Limits
	found   []found       // in the message that is read, by node
	columns []arrow.Array // of the message that is read
}

// found is what a message says of a node, checked.
type found struct {
	length, nulls int
	last          int     // of a list: where its last value ends in the child
	spans         [3]span // of its buffers, cut to what the values need
}

// NewReader makes a reader. The error names a column whose type does not cross the boundary.
func NewReader(schema *arrow.Schema, l Limits) (*Reader, error) {
	t, err := newTree(schema)
	if err != nil {
		return nil, err
	}
	for i := range t.nodes {
		if t.nodes[i].shape == dictionary {
			return nil, errorf(CodeUnsupported, "column %q: dictionaries are not read", t.path(i))
		}
	}
	return &Reader{tree: t, schema: schema, limits: l, found: make([]found, len(t.nodes))}, nil
}

// Limit changes what the next messages may have.
func (r *Reader) Limit(l Limits) { r.limits = l }

// Read checks a message and makes a record batch over its bytes, which it does not copy. The message must begin at an
// address that is a multiple of 8 and nobody else may write to it: NaNs in it are made canonical. The batch keeps the
// message alive; the caller releases both. The error is an *Error.
func (r *Reader) Read(message *memory.Buffer) (arrow.RecordBatch, error) {
	b := body{Reader: r, message: message}
	if err := b.open(); err != nil {
		return nil, err
	}
	for i := range r.nodes {
		if err := b.check(i); err != nil {
			return nil, inColumn(r.path(i), err)
		}
	}
	b.made = make([]made, len(r.nodes))
	if inside := len(r.nodes) - len(r.columnsAt); inside > 0 {
		b.inside = make([]arrow.ArrayData, inside)
	}
	defer func() {
		for _, c := range r.columns {
			c.Release()
		}
		clear(r.columns)
		r.columns = r.columns[:0]
	}()
	for _, i := range r.columnsAt {
		r.columns = append(r.columns, array.MakeFromData(b.make(i))) // which holds the only reference to the data
	}
	return array.NewRecordBatch(r.schema, r.columns, int64(b.rows)), nil
}

// body walks the buffers of one message in order.
type body struct {
	*Reader
	message *memory.Buffer
	start   int // of the body in the message
	length  int
	rows    int

	lengths []byte // the header's vector of nodes
	spans   []byte // what is left of the header's vector of buffers
	end     int    // of the buffers so far
	made    []made
	inside  []arrow.ArrayData // room for the children of the nodes to come
}

// made is what a node's array is made of. It lies together for all nodes of a message, and is allocated at once: piece by
// piece that takes longer than the checks do.
type made struct {
	data    array.Data
	buffers [3]*memory.Buffer
}

func (b *body) open() error {
	var f flat
	header, content, err := frame(&f, b.message.Bytes(), headerRecordBatch, b.limits)
	if err != nil {
		return err
	}
	b.start, b.length = b.message.Len()-len(content), len(content)
	rows := header.i64(0)
	nodesAt, nodes := header.vector(1, 16)
	buffersAt, buffers := header.vector(2, 16)
	_, variadic := header.vector(4, 8)
	compressed := header.table(3).there()
	switch {
	case f.broken:
		return errBroken
	case compressed || variadic != 0:
		return errorf(CodeUnsupported, "compressed bodies and variadic buffers are not supported")
	case rows < 0 || rows > int64(min(b.limits.Rows, MostRows)):
		return errorf(CodeLimit, "%d rows; at most %d are allowed", rows, min(b.limits.Rows, MostRows))
	case nodes != len(b.nodes) || buffers != b.buffers:
		return errorf(CodeLayout, "%d nodes and %d buffers where the declared columns have %d and %d",
			nodes, buffers, len(b.nodes), b.buffers)
	}
	b.rows, b.lengths, b.spans = int(rows), f.b[nodesAt:][:16*nodes], f.b[buffersAt:][:16*buffers]
	return nil
}

// span is the next buffer's place in the body: inside it, aligned, behind the ones before.
func (b *body) span() (span, error) {
	offset, length := pair(b.spans)
	b.spans = b.spans[16:]
	switch {
	case offset < 0 || length < 0 || offset > int64(b.length) || length > int64(b.length)-offset:
		return span{}, errorf(CodeBuffer, "%d bytes at %d in a body of %d", length, offset, b.length)
	case length == 0:
		return span{}, nil
	case offset%8 != 0:
		return span{}, errorf(CodeBuffer, "at %d, which is not a multiple of 8", offset)
	case offset < int64(b.end):
		return span{}, errorf(CodeBuffer, "at %d, where the buffer before ends at %d", offset, b.end)
	}
	b.end = int(offset + length)
	return span{int(offset), int(length)}, nil
}

// pair is the two numbers that an entry of the header's vectors begins with.
func pair(entry []byte) (first, second int64) {
	return int64(binary.LittleEndian.Uint64(entry)), int64(binary.LittleEndian.Uint64(entry[8:]))
}

// bytes is what a span covers.
func (b *body) bytes(s span) []byte {
	return b.message.Bytes()[b.start+s.offset:][:s.length]
}

// buffer is what a span covers as an Arrow buffer, nil for nothing.
func (b *body) buffer(s span) *memory.Buffer {
	if s.length == 0 {
		return nil
	}
	return memory.SliceBuffer(b.message, b.start+s.offset, s.length)
}

// make makes the data of node i, which has been checked as all others have: nothing can be wrong any more. Nobody holds a
// reference to it yet.
func (b *body) make(i int) *array.Data {
	n, f, m := &b.nodes[i], &b.found[i], &b.made[i]
	var children []arrow.ArrayData
	if n.children > 0 {
		children, b.inside = b.inside[:n.children:n.children], b.inside[n.children:]
		for k, child := 0, i+1; child < n.end; k, child = k+1, b.nodes[child].end {
			children[k] = b.make(child)
		}
	}
	buffers := n.buffers()
	parts := m.buffers[:buffers:buffers]
	for k, s := range f.spans[:buffers] {
		parts[k] = b.buffer(s)
	}
	m.data.Reset(n.dtype, f.length, parts, children, f.nulls, 0)
	for _, p := range parts {
		if p != nil {
			p.Release()
		}
	}
	return &m.data
}

func inColumn(path string, err error) error {
	e := err.(*Error)
	return errorf(e.Code, "column %q: %s", shown(path), e.Message)
}
