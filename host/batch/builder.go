package batch

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Builder collects rows into a record batch. In this order, for each row:
//
//  1. append one value or null to every column
//  2. EndRow, or Rollback, which leaves no trace of the row
//
// and when the batch is to be closed NewRecord, after which the builder is empty and takes the next batch. Release ends
// its use. A Builder is for one goroutine.
type Builder struct {
	schema  *arrow.Schema
	columns []*Column
	text    []*Column // those of columns whose size is not their number of rows
	width   int       // bits a row takes in the other columns
	rows    int
}

// NewBuilder makes an empty builder for schema, whose memory comes from mem (and returns there when the batches are
// released). It panics on a type that KindOf refuses; whoever plans a pipeline asks there first.
func NewBuilder(schema *arrow.Schema, mem memory.Allocator) *Builder {
	b := &Builder{schema: schema, columns: make([]*Column, schema.NumFields())}
	for i, f := range schema.Fields() {
		kind, err := KindOf(f.Type)
		if err != nil {
			panic(fmt.Sprintf("batch: column %q: %v", f.Name, err))
		}
		c := &Column{dtype: f.Type, mem: mem, kind: kind}
		b.columns[i] = c
		if fixed, ok := f.Type.(arrow.FixedWidthDataType); ok {
			b.width += fixed.BitWidth()
		} else {
			b.text = append(b.text, c)
			b.width += 8 * arrow.Int32SizeBytes
		}
	}
	return b
}

// Schema is the schema of the batches.
func (b *Builder) Schema() *arrow.Schema { return b.schema }

// Column is the column of the schema's field i. It stays the same one from batch to batch.
func (b *Builder) Column(i int) *Column { return b.columns[i] }

// EndRow says that every column has its value for the row.
func (b *Builder) EndRow() { b.rows++ }

// Rollback drops what was appended since the last EndRow.
func (b *Builder) Rollback() {
	for _, c := range b.columns {
		if c.n > b.rows {
			c.truncate(b.rows)
		}
	}
}

// Rows is the number of whole rows.
func (b *Builder) Rows() int { return b.rows }

// Bytes is about the size of the batch so far, without validity bitmaps. It costs a step for each text column.
func (b *Builder) Bytes() int {
	n := b.rows * b.width / 8
	for _, c := range b.text {
		n += c.used
	}
	return n
}

// NewRecord hands the whole rows over as a record batch, which the caller releases; an open row is dropped. The builder
// is empty afterwards. It panics if a column missed a row, which is a mistake in the code that filled it.
func (b *Builder) NewRecord() arrow.RecordBatch {
	b.Rollback()
	columns := make([]arrow.Array, len(b.columns))
	for i, c := range b.columns {
		if c.n != b.rows {
			panic(fmt.Sprintf("batch: column %q has %d values in %d rows", b.schema.Field(i).Name, c.n, b.rows))
		}
		columns[i] = c.finish()
	}
	record := array.NewRecordBatch(b.schema, columns, int64(b.rows))
	for _, c := range columns {
		c.Release()
	}
	b.rows = 0
	return record
}

// Release frees what the builder holds; the builder is empty afterwards. Batches handed out are not touched.
func (b *Builder) Release() {
	for _, c := range b.columns {
		c.release()
	}
	b.rows = 0
}
