package ipc

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Reader reads the record batch messages of one schema that a guest made. It keeps no state between messages.
type Reader struct {
	schema  *arrow.Schema
	layouts []layout
	buffers int
	limits  Limits
}

// NewReader makes a reader. The error names a column whose type does not cross the boundary.
func NewReader(schema *arrow.Schema, l Limits) (*Reader, error) {
	r := &Reader{schema: schema, limits: l}
	for _, field := range schema.Fields() {
		lay, err := layoutOf(field.Type)
		if err != nil {
			return nil, errorf(CodeUnsupported, "column %q: %v", field.Name, err)
		}
		r.layouts = append(r.layouts, lay)
		r.buffers += lay.buffers()
	}
	return r, nil
}

// Limit changes what the next messages may have.
func (r *Reader) Limit(l Limits) { r.limits = l }

// Read checks a message and makes a record batch over its bytes, which it does not copy. The message must begin at an
// address that is a multiple of 8 and nobody else may write to it: NaNs in it are made canonical. The batch keeps the
// message alive; the caller releases both. The error is an *Error.
func (r *Reader) Read(message *memory.Buffer) (arrow.RecordBatch, error) {
	b, err := r.open(message)
	if err != nil {
		return nil, err
	}
	columns := make([]arrow.Array, 0, len(r.layouts))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for i := range r.layouts {
		c, err := b.column(i)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return array.NewRecordBatch(r.schema, columns, int64(b.rows)), nil
}

// body walks the buffers of one message in order.
type body struct {
	*Reader
	message *memory.Buffer
	start   int // of the body in the message
	length  int
	rows    int

	f              *flat
	nodes, buffers int // where the vectors of the header are
	next           int // the next buffer's index
	end            int // of the buffers so far
}

func (r *Reader) open(message *memory.Buffer) (*body, error) {
	header, content, err := frame(message.Bytes(), headerRecordBatch, r.limits)
	if err != nil {
		return nil, err
	}
	b := &body{Reader: r, message: message, start: message.Len() - len(content), length: len(content), f: header.f}
	rows := header.i64(0)
	nodes, nodeCount := header.vector(1, 16)
	buffers, bufferCount := header.vector(2, 16)
	_, variadic := header.vector(4, 8)
	compressed := header.table(3).there()
	switch {
	case b.f.broken:
		return nil, errBroken
	case compressed || variadic != 0:
		return nil, errorf(CodeUnsupported, "compressed bodies and variadic buffers are not supported")
	case rows < 0 || rows > int64(min(r.limits.Rows, MostRows)):
		return nil, errorf(CodeLimit, "%d rows; at most %d are allowed", rows, min(r.limits.Rows, MostRows))
	case nodeCount != len(r.layouts) || bufferCount != r.buffers:
		return nil, errorf(CodeLayout, "%d nodes and %d buffers where the declared columns have %d and %d",
			nodeCount, bufferCount, len(r.layouts), r.buffers)
	}
	b.rows, b.nodes, b.buffers = int(rows), nodes, buffers
	return b, nil
}

// span is the next buffer's place in the body: inside it, aligned, behind the ones before.
func (b *body) span() (span, error) {
	at := b.buffers + 16*b.next
	offset, length := int64(b.f.u64(at)), int64(b.f.u64(at+8))
	b.next++
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

// bytes is what a span covers.
func (b *body) bytes(s span) []byte {
	return b.message.Bytes()[b.start+s.offset:][:s.length]
}

// buffer is a span's first n bytes as an Arrow buffer, nil for none.
func (b *body) buffer(s span, n int) *memory.Buffer {
	if n == 0 {
		return nil
	}
	return memory.SliceBuffer(b.message, b.start+s.offset, n)
}

// column checks one column and makes its array.
func (b *body) column(i int) (arrow.Array, error) {
	field, l := b.schema.Field(i), b.layouts[i]
	nulls, validity, err := b.validity(i)
	if err != nil {
		return nil, inColumn(field.Name, err)
	}
	parts := make([]*memory.Buffer, 1, 3)
	parts[0] = validity
	defer func() {
		for _, p := range parts {
			if p != nil {
				p.Release()
			}
		}
	}()
	if l.bits > 0 {
		values, err := b.fixed(l)
		if err != nil {
			return nil, inColumn(field.Name, err)
		}
		parts = append(parts, values)
	} else {
		offsets, data, err := b.variable(l)
		if err != nil {
			return nil, inColumn(field.Name, err)
		}
		parts = append(parts, offsets, data)
	}
	data := array.NewData(field.Type, b.rows, parts, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

func inColumn(name string, err error) error {
	e := err.(*Error)
	return errorf(e.Code, "column %q: %s", name, e.Message)
}
