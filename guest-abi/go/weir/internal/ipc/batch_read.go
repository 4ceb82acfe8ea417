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

// Column is the buffers of a column or of what is inside of one, as long as its values ask for. Validity is nil where none is
// null.
type Column struct {
	Rows     int // values
	Nulls    int
	Validity []byte
	Offsets  []byte // of texts and bytes into Data, of lists and maps into what they hold
	Data     []byte // of texts all bytes, of the others Rows values; nil where others are held
	Inside   int    // how many values each of the fields inside has to have
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

// Column gives the buffers of a field that has to have so many values: as many as there are rows, or as the column around it
// says. That it has them, and the first and last of its offsets, are checked against the buffers; the offsets between are not.
func (b *Batch) Column(f *Field, values int) (Column, error) {
	if f.Type == Other {
		return Column{}, columnError(f, "is "+f.Type.String())
	}
	node := b.nodes + f.node*structSize
	rows, nulls := b.meta.i64(node), b.meta.i64(node+8)
	if rows < int64(values) || rows > int64(values) && !f.item || rows > math.MaxInt32 || nulls < 0 || nulls > rows {
		return Column{}, columnError(f, "has a wrong number of values or nulls")
	}
	c := Column{Rows: int(rows), Nulls: int(nulls), Validity: b.buffer(f.buffer)}
	if bits := (c.Rows + 7) / 8; nulls == 0 {
		c.Validity = nil
	} else if len(c.Validity) < bits {
		return Column{}, columnError(f, "has too short a validity buffer")
	} else {
		c.Validity = c.Validity[:bits]
	}
	switch {
	case f.Type == Struct:
		c.Inside = c.Rows
		return c, nil
	case f.Type.IsNested() || f.Type.IsVariable():
		return b.placed(f, c)
	}
	c.Data = b.buffer(f.buffer + 1)
	size := (int64(c.Rows)*int64(f.Type.bits()) + 7) / 8
	if int64(len(c.Data)) < size {
		return Column{}, columnError(f, "has fewer values than rows")
	}
	c.Data = c.Data[:size]
	return c, nil
}

// placed gives the rest of a column that has offsets.
func (b *Batch) placed(f *Field, c Column) (Column, error) {
	if c.Rows == 0 {
		return c, nil // Arrow permits no offset at all here
	}
	if c.Offsets = b.buffer(f.buffer + 1); len(c.Offsets)/4 <= c.Rows {
		return Column{}, columnError(f, "has fewer offsets than values")
	}
	c.Offsets = c.Offsets[:4*(c.Rows+1)]
	offsets := reader{b: c.Offsets}
	first, last := offsets.i32(0), offsets.i32(4*c.Rows)
	if first < 0 || last < first {
		return Column{}, columnError(f, "has offsets that descend")
	}
	if f.Type.IsNested() {
		c.Inside = last
		return c, nil
	}
	if c.Data = b.buffer(f.buffer + 2); last > len(c.Data) {
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
