package ipc

import "math"

// Batch is a record batch message, read in place: it is valid as long as the message's bytes are. The zero value is ready
// and may be parsed into again and again without allocating.
type Batch struct {
	schema  *Schema
	meta    reader
	body    []byte
	rows    int
	nodes   int // position of the first node
	buffers int // position of the first buffer
}

// Column is a column's buffers, as long as its rows ask for. Validity is nil where no row is null.
type Column struct {
	Rows     int
	Nulls    int
	Validity []byte
	Offsets  []byte // TEXT only
	Data     []byte // of TEXT all bytes, of the others Rows values
}

const structSize = 16 // of FieldNode and of Buffer

// Field ids of RecordBatch in Message.fbs.
const (
	batchLength, batchNodes, batchBuffers, batchCompression, batchVariadic = 0, 1, 2, 3, 4
)

// Parse reads a RecordBatch message of the given schema.
func (b *Batch) Parse(schema *Schema, message []byte) error {
	r, table, body, err := split(message, headerRecordBatch)
	if err != nil {
		return err
	}
	length := r.int(table, batchLength, 8)
	nodes, nodeCount := r.vector(table, batchNodes, structSize)
	buffers, bufferCount := r.vector(table, batchBuffers, structSize)
	_, variadic := r.vector(table, batchVariadic, 8)
	switch {
	case r.table(table, batchCompression) != 0:
		return messageError("it is compressed")
	case variadic != 0 || nodeCount != schema.nodes || bufferCount != schema.buffers:
		return messageError("it has not the columns of its schema")
	case r.bad:
		return messageError("its metadata is damaged")
	case length > math.MaxInt32:
		return messageError("it has too many rows")
	}
	*b = Batch{schema, r, body, int(length), nodes, buffers}
	return nil
}

// Rows is the batch's number of rows.
func (b *Batch) Rows() int { return b.rows }

// Column gives field i's buffers. Its rows, and of a TEXT the first and last offset, are checked against the buffers; the
// offsets between are not.
func (b *Batch) Column(i int) (Column, error) {
	f := &b.schema.Fields[i]
	width := 0
	switch f.Type {
	case Other:
		return Column{}, columnError(f, "is "+f.Type.String())
	case Int32:
		width = 4
	case Int64, Float64, TimestampSecond, TimestampMilli, TimestampMicro, TimestampNano:
		width = 8
	}
	node := b.nodes + f.node*structSize
	rows, nulls := b.meta.i64(node), b.meta.i64(node+8)
	if rows != int64(b.rows) || nulls < 0 || nulls > rows {
		return Column{}, columnError(f, "has a wrong number of rows or nulls")
	}
	c := Column{Rows: b.rows, Nulls: int(nulls), Validity: b.buffer(f.buffer)}
	if bits := (b.rows + 7) / 8; nulls == 0 {
		c.Validity = nil
	} else if len(c.Validity) < bits {
		return Column{}, columnError(f, "has too short a validity buffer")
	} else {
		c.Validity = c.Validity[:bits]
	}
	if f.Type == Text {
		return b.textColumn(f, c)
	}
	c.Data = b.buffer(f.buffer + 1)
	size := b.rows * width
	if f.Type == Bool {
		size = (b.rows + 7) / 8
	}
	if len(c.Data) < size {
		return Column{}, columnError(f, "has fewer values than rows")
	}
	c.Data = c.Data[:size]
	return c, nil
}

func (b *Batch) textColumn(f *Field, c Column) (Column, error) {
	c.Offsets, c.Data = b.buffer(f.buffer+1), b.buffer(f.buffer+2)
	if b.rows == 0 {
		c.Offsets, c.Data = nil, nil // Arrow permits no offset at all here
		return c, nil
	}
	size := 4 * (b.rows + 1)
	if len(c.Offsets) < size {
		return Column{}, columnError(f, "has fewer offsets than rows")
	}
	c.Offsets = c.Offsets[:size]
	offsets := reader{b: c.Offsets}
	first, last := offsets.i32(0), offsets.i32(size-4)
	if first < 0 || last < first || last > len(c.Data) {
		return Column{}, columnError(f, "has offsets outside of its bytes")
	}
	return c, nil
}

// buffer is the i-th buffer, nil where it does not lie inside the body.
func (b *Batch) buffer(i int) []byte {
	at := b.buffers + i*structSize
	offset, length := b.meta.i64(at), b.meta.i64(at+8)
	size := int64(len(b.body))
	if offset < 0 || length < 0 || offset > size || length > size-offset {
		return nil
	}
	return b.body[offset : offset+length]
}

func columnError(f *Field, problem string) error {
	return messageError(`column "` + f.Name + `" ` + problem)
}
