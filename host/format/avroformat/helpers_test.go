package avroformat

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// fieldsFor are fields of a table, field i for column i.
func fieldsFor(columns []arrow.Field) []format.Field {
	out := make([]format.Field, len(columns))
	for i, c := range columns {
		out[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
	}
	return out
}

// table is the columns of a schema.
func table(t testing.TB, schema string) []arrow.Field {
	t.Helper()
	columns, err := ToColumns(schema)
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

func declared(name string, t arrow.DataType, nullable bool) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: nullable}
}

// checked is an allocator that the test fails on if it leaks.
func checked(t testing.TB) memory.Allocator {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

// bench is a decoder with the builder that it fills.
type bench struct {
	format.Decoder
	*batch.Builder
}

func newBench(t testing.TB, c Config, columns []arrow.Field) bench {
	t.Helper()
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.NewDecoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(arrow.NewSchema(columns, nil), checked(t))
	t.Cleanup(b.Release)
	return bench{d, b}
}

// rows decodes all rows of a frame; a bad one is its error.
func (b bench) rows(frame []byte) (rows []string) {
	u, ok := b.Decoder.(format.Unpacker)
	if !ok {
		return []string{b.row(frame)}
	}
	for rest := frame; ; {
		row, remaining, ok, err := u.Next(rest)
		if !ok {
			return rows
		}
		if err != nil {
			rows = append(rows, err.Error())
		} else {
			rows = append(rows, b.row(row))
		}
		rest = remaining
	}
}

func (b bench) row(frame []byte) string {
	if err := b.Decode(frame, b.Builder); err != nil {
		return err.Error()
	}
	b.EndRow()
	r := b.NewRecord()
	defer r.Release()
	text, err := r.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(strings.Trim(strings.TrimSpace(string(text)), "[]"))
}

// encoded is the messages for the rows of a batch.
func encoded(t testing.TB, c Config, r arrow.RecordBatch) [][]byte {
	t.Helper()
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.NewEncoder(fieldsFor(r.Schema().Fields()))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(r.Columns()); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for i := range int(r.NumRows()) {
		m, err := e.Append(nil, i)
		if err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		out = append(out, m)
	}
	return out
}
