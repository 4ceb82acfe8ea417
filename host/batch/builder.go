package batch

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
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
	width   int       // bits that a row takes wherever values are as many as rows
	text    []*Column // all that hold text
	items   []items   // all whose values are as many as they like
	rows    int
}

// items are values in lists, or texts of a dictionary.
type items struct {
	column *Column
	width  int // bits of one
}

// NewBuilder makes an empty builder for schema, whose memory comes from mem (and returns there when the batches are
// released). It panics on a type that KindOf refuses; whoever plans a pipeline asks there first.
func NewBuilder(schema *arrow.Schema, mem memory.Allocator) *Builder {
	b := &Builder{schema: schema, columns: make([]*Column, schema.NumFields())}
	if err := types.CheckAll(schema.Fields()); err != nil {
		panic("batch: " + err.Error())
	}
	for i, f := range schema.Fields() {
		b.columns[i] = newColumn(f.Type, mem)
		b.width += b.measure(b.columns[i])
	}
	return b
}

// measure notes what c's size depends on besides its number of values, and tells the bits of one.
func (b *Builder) measure(c *Column) int {
	width := bitsOf(c.dtype)
	switch c.kind {
	case KindText:
		b.text = append(b.text, c)
	case KindDictionary:
		b.items = append(b.items, items{c.words.values, b.measure(c.words.values)})
	case KindList, KindMap:
		for _, child := range c.children {
			b.items = append(b.items, items{child, b.measure(child)})
		}
	case KindStruct:
		for _, child := range c.children {
			width += b.measure(child)
		}
	}
	return width
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
		if c.n > b.rows || c.children != nil {
			c.truncate(b.rows)
		}
	}
}

// Rows is the number of whole rows.
func (b *Builder) Rows() int { return b.rows }

// Bytes is about the size of the batch so far, without validity bitmaps. It costs a step for each column that
// holds text, and two for each list.
func (b *Builder) Bytes() int {
	n := b.rows * b.width / 8
	for _, c := range b.text {
		n += c.used
	}
	for _, i := range b.items {
		n += i.column.n * i.width / 8
	}
	return n
}

// NewRecord hands the whole rows over as a record batch, which the caller releases; an open row is dropped. The builder
// is empty afterwards. It panics if a column, or a child of one, misses a value, or a key of a map is null: mistakes in the
// code that filled it.
func (b *Builder) NewRecord() arrow.RecordBatch {
	b.Rollback()
	columns := make([]arrow.Array, len(b.columns))
	var lists slots
	for i, c := range b.columns {
		c.whole(b.schema.Field(i).Name, b.rows)
		columns[i] = c.finish(&lists)
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
