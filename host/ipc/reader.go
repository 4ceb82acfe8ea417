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
	schema  *arrow.Schema
	fields  []arrow.Field // of schema
	layouts []layout
	buffers int
	limits  Limits
	columns []arrow.Array // of the message that is read
}

// NewReader makes a reader. The error names a column whose type does not cross the boundary.
func NewReader(schema *arrow.Schema, l Limits) (*Reader, error) {
	r := &Reader{schema: schema, fields: schema.Fields(), limits: l}
	for _, field := range r.fields {
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
	b := body{Reader: r, message: message}
	if err := b.open(); err != nil {
		return nil, err
	}
	b.made = make([]made, len(r.layouts))
	defer func() {
		for _, c := range r.columns {
			c.Release()
		}
		clear(r.columns)
		r.columns = r.columns[:0]
	}()
	for i := range r.layouts {
		c, err := b.column(i)
		if err != nil {
			return nil, inColumn(r.fields[i].Name, err)
		}
		r.columns = append(r.columns, c)
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

	nodes []byte // the header's vector
	spans []byte // what is left of the header's vector of buffers
	end   int    // of the buffers so far
	made  []made
}

// made is what a column's array is made of. It lies together for all columns of a message, and is allocated at once:
// piece by piece that takes longer than the checks do.
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
	case nodes != len(b.layouts) || buffers != b.buffers:
		return errorf(CodeLayout, "%d nodes and %d buffers where the declared columns have %d and %d",
			nodes, buffers, len(b.layouts), b.buffers)
	}
	b.rows, b.nodes, b.spans = int(rows), f.b[nodesAt:][:16*nodes], f.b[buffersAt:][:16*buffers]
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

// buffer is a span's first n bytes as an Arrow buffer, nil for none.
func (b *body) buffer(s span, n int) *memory.Buffer {
	if n == 0 {
		return nil
	}
	return memory.SliceBuffer(b.message, b.start+s.offset, n)
}

// column checks one column and makes its array.
func (b *body) column(i int) (arrow.Array, error) {
	l, m := b.layouts[i], &b.made[i]
	n := l.buffers()
	parts := m.buffers[:n:n]
	defer func() {
		for _, p := range parts {
			if p != nil {
				p.Release()
			}
		}
	}()
	nulls, err := b.validity(i, parts)
	if err != nil {
		return nil, err
	}
	if l.bits > 0 {
		err = b.fixed(l, parts)
	} else {
		err = b.variable(l, parts)
	}
	if err != nil {
		return nil, err
	}
	m.data.Reset(b.fields[i].Type, b.rows, parts, nil, nulls, 0)
	return array.MakeFromData(&m.data), nil // which holds the only reference to the data
}

func inColumn(name string, err error) error {
	e := err.(*Error)
	return errorf(e.Code, "column %q: %s", name, e.Message)
}
