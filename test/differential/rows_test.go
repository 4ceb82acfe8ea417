//go:build differential

package differential

import (
	"bytes"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/option"
)

// formats are those that others have too.
var formats = format.Registry{
	"json":     func(bag *option.Bag) format.Format { return jsonformat.New(jsonformat.FromOptions(bag)) },
	"avro":     avroformat.Factory,
	"protobuf": func(bag *option.Bag) format.Format { return protoformat.New(protoformat.FromOptions(bag)) },
}

// newFormat makes a format of weir from options, as a table of a pipeline does.
func newFormat(t *testing.T, name string, options map[string]string) format.Format {
	t.Helper()
	bag := option.New(option.Pos{})
	for key, value := range options {
		if err := bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	f := formats[name](bag)
	if err := bag.Done(); err != nil {
		t.Fatalf("%s with %v: %v", name, options, err)
	}
	return f
}

// shape is the columns that a format gives a table which declares none.
func shape(t *testing.T, f format.Format) []arrow.Field {
	t.Helper()
	columns, err := f.(format.Shaper).Shape(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

func fieldsOf(columns []arrow.Field) []format.Field {
	fields := make([]format.Field, len(columns))
	for i, c := range columns {
		fields[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
	}
	return fields
}

// table is a format with columns, and the rows that were decoded into them.
type table struct {
	columns []arrow.Field
	format  format.Format
	decoder format.Decoder
	rows    *batch.Builder
}

func newTable(t *testing.T, f format.Format, columns []arrow.Field) *table {
	t.Helper()
	d, err := f.NewDecoder(fieldsOf(columns))
	if err != nil {
		t.Fatal(err)
	}
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	c := &table{columns, f, d, batch.NewBuilder(arrow.NewSchema(columns, nil), mem)}
	t.Cleanup(func() {
		c.rows.Release()
		mem.AssertSize(t, 0)
	})
	return c
}

// decode takes the rows of a frame. The error is that of its first bad row.
func (c *table) decode(t *testing.T, frame []byte) *format.DataError {
	t.Helper()
	err := c.walk(frame)
	var bad *format.DataError
	if err != nil && !errors.As(err, &bad) {
		t.Fatalf("an error that is not of the data: %v", err)
	}
	return bad
}

func (c *table) walk(frame []byte) error {
	unpacker, unpacks := c.decoder.(format.Unpacker)
	if !unpacks {
		return c.take(frame)
	}
	for {
		row, rest, ok, err := unpacker.Next(frame)
		if err != nil || !ok {
			return err
		}
		if err := c.take(row); err != nil {
			return err
		}
		frame = rest
	}
}

func (c *table) take(row []byte) error {
	err := c.decoder.Decode(row, c.rows)
	if err == nil {
		c.rows.EndRow()
	}
	return err
}

// record takes the rows.
func (c *table) record(t *testing.T) arrow.RecordBatch {
	t.Helper()
	record := c.rows.NewRecord()
	t.Cleanup(record.Release)
	return record
}

// encode makes the messages for all rows with a format; nil where the format cannot express a row.
func encode(t *testing.T, f format.Format, record arrow.RecordBatch) [][]byte {
	t.Helper()
	e, err := f.NewEncoder(fieldsOf(record.Schema().Fields()))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	messages := make([][]byte, record.NumRows())
	for row := range messages {
		message, err := e.Append([]byte{}, row)
		var bad *format.DataError
		switch {
		case err == nil:
			messages[row] = message
		case !errors.As(err, &bad):
			t.Fatalf("row %d: %v", row, err)
		}
	}
	return messages
}

// stream is a record batch as an Arrow IPC stream, for peers to read.
func stream(t *testing.T, record arrow.RecordBatch) []byte {
	t.Helper()
	var out bytes.Buffer
	w := arrowipc.NewWriter(&out, arrowipc.WithSchema(record.Schema()))
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
