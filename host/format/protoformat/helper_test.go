package protoformat

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// fieldsFor makes the fields of a table whose column i is field i.
func fieldsFor(columns []arrow.Field) []format.Field {
	fields := make([]format.Field, len(columns))
	for i, c := range columns {
		fields[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
	}
	return fields
}

func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// messageOf is the message type of that name in a .proto text.
func messageOf(tb testing.TB, source, name string) protoreflect.MessageDescriptor {
	tb.Helper()
	doc, err := compileSource("test.proto", source, nil, nil)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := doc.message(name)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// table is a decoder with a builder for its columns.
type table struct {
	format.Decoder
	*batch.Builder
	columns []arrow.Field
}

func newTable(tb testing.TB, c Config, columns ...arrow.Field) *table {
	tb.Helper()
	d, err := New(c).NewDecoder(fieldsFor(columns))
	if err != nil {
		tb.Fatal(err)
	}
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	b := batch.NewBuilder(arrow.NewSchema(columns, nil), mem)
	tb.Cleanup(func() {
		b.Release()
		if n := mem.CurrentAlloc(); n != 0 {
			tb.Errorf("%d bytes leaked", n)
		}
	})
	return &table{d, b, columns}
}

// decode decodes good frames.
func (t *table) decode(tb testing.TB, frames ...[]byte) arrow.RecordBatch {
	tb.Helper()
	for _, f := range frames {
		if err := t.Decode(f, t.Builder); err != nil {
			tb.Fatalf("%x: %v", f, err)
		}
		t.EndRow()
	}
	return t.NewRecord()
}

// row decodes one frame into the text of its values.
func (t *table) row(tb testing.TB, frame []byte) string {
	tb.Helper()
	record := t.decode(tb, frame)
	defer record.Release()
	text, err := record.MarshalJSON()
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

type arrowField = arrow.Field

var (
	typeName  = types.Name
	text      = arrow.BinaryTypes.String
	bigint    = arrow.PrimitiveTypes.Int64
	integer32 = arrow.PrimitiveTypes.Int32
	jsonText  = types.JSON()
)
