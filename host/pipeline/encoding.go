package pipeline

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// table encodes rows and writes them to one sink.
type table struct {
	output
	Sink
	encoder format.Encoder
	carrier *carrier // nil: encoder writes all rows
	columns []arrow.Array
	buf     []byte
	records [][]byte // of each row, in buf or what the source's record is in
	lenient bool     // rows that the format can't express are bad data, which does not stop the pipeline
	refused []refusal
}

// encode fills records with those of the batch's rows. They are good until its next call, and as long as the batch is.
func (t *table) encode(b *batch.Batch, rows int, traces *traces) error {
	t.buf, t.records, t.refused = t.buf[:0], t.records[:0], t.refused[:0]
	if t.carrier != nil {
		return t.carry(b, rows, traces)
	}
	for i, col := range t.Columns {
		t.columns[i] = b.Record.Column(col)
	}
	if err := t.encoder.Bind(t.columns); err != nil {
		return err
	}
	for row := range rows {
		record, err := t.append(b, row, row)
		if err != nil {
			return err
		}
		t.records = append(t.records, record)
	}
	return nil
}

// append makes the record of a row of the encoder's columns, in buf, which is the batch's row of. Those before it stay where they are
// when buf has to grow.
func (t *table) append(b *batch.Batch, row, of int) (record []byte, err error) {
	from := len(t.buf)
	if t.buf, err = t.encoder.Append(t.buf, row); err != nil {
		return nil, t.refuse(b, of, err)
	}
	return t.buf[from:], nil
}

// keys reads record keys from a TEXT column; a null is no key. A key is good until the next one is read.
func keys(col arrow.Array) func(row int) []byte {
	text, key := col.(*array.String), make([]byte, 0, 64)
	return func(row int) []byte {
		if text.IsNull(row) {
			return nil
		}
		key = append(key[:0], text.Value(row)...)
		return key
	}
}
