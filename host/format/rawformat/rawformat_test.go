package rawformat

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/formattest"
	"github.com/weir-stream/weir/internal/fault"
)

func TestBank(t *testing.T) {
	for _, f := range []struct {
		format format.Format
		t      arrow.DataType
		good   []string
	}{
		{String(), arrow.BinaryTypes.String, []string{"a", "", "a\nb\x00", "naïve 日本語", "a text that is longer than a word"}},
		{Bytes(), arrow.BinaryTypes.Binary, []string{"a", "", "\x00\xff\xfe", "bytes that are longer than a word"}},
	} {
		var good [][]byte
		for _, s := range f.good {
			good = append(good, []byte(s))
		}
		formattest.Run(t, formattest.Suite{
			Format: f.format, Fields: []format.Field{{Name: "any name", Type: f.t, Nullable: true}}, Good: good, Encodes: true,
		})
	}
}

// decode is what a frame becomes in a column of type t.
func decode(t testing.TB, f format.Format, typ arrow.DataType, frame []byte) arrow.RecordBatch {
	t.Helper()
	b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "value", Type: typ, Nullable: true}}, nil), memory.DefaultAllocator)
	defer b.Release()
	d, err := f.NewDecoder([]format.Field{{Name: "value", Type: typ, Nullable: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(frame, b); err != nil {
		t.Fatal(err)
	}
	b.EndRow()
	return b.NewRecord()
}

func FuzzFramesAreKept(f *testing.F) {
	for _, s := range []string{"", "a", "a\xffb", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf\xe1\x80\xe2\xf0\x91\x92\xf1\xbfA"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		text := decode(t, String(), arrow.BinaryTypes.String, frame)
		defer text.Release()
		got := text.Column(0).(*array.String).Value(0)
		if !utf8.ValidString(got) || utf8.Valid(frame) && got != string(frame) {
			t.Errorf("%q is %q", frame, got)
		}
		raw := decode(t, Bytes(), arrow.BinaryTypes.Binary, frame)
		defer raw.Release()
		if got := raw.Column(0).(*array.Binary).Value(0); !bytes.Equal(got, frame) {
			t.Errorf("%q is %q", frame, got)
		}
	})
}

func TestTextThatIsNotUTF8(t *testing.T) {
	record := decode(t, String(), arrow.BinaryTypes.String, []byte("a\xffb"))
	defer record.Release()
	if got := record.Column(0).(*array.String).Value(0); got != "a\ufffdb" {
		t.Errorf("%q", got)
	}
}

func TestNullIsAnEmptyMessage(t *testing.T) {
	for _, f := range []format.Format{String(), Bytes()} {
		typ := f.(rawFormat).dtype
		b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "value", Type: typ, Nullable: true}}, nil), memory.DefaultAllocator)
		b.Column(0).AppendNull()
		b.EndRow()
		record := b.NewRecord()
		e, err := f.NewEncoder([]format.Field{{Name: "value", Type: typ, Nullable: true}})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Bind(record.Columns()); err != nil {
			t.Fatal(err)
		}
		if got, err := e.Append([]byte("-"), 0); string(got) != "-" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		record.Release()
		b.Release()
	}
}

func TestTheOneColumnMustFit(t *testing.T) {
	text, raw, number := arrow.BinaryTypes.String, arrow.BinaryTypes.Binary, arrow.PrimitiveTypes.Int64
	for _, c := range []struct {
		f       format.Format
		columns []arrow.DataType
		err     string // part of it; empty: it fits
	}{
		{String(), []arrow.DataType{text}, ""},
		{Bytes(), []arrow.DataType{raw}, ""},
		{String(), []arrow.DataType{raw}, "raw_string: column \"a\" is BYTEA, want TEXT"},
		{Bytes(), []arrow.DataType{text}, "raw_bytes: column \"a\" is TEXT, want BYTEA"},
		{String(), []arrow.DataType{number}, "BIGINT, want TEXT"},
		{String(), []arrow.DataType{text, text}, "has 2 columns beside its metadata, want one of type TEXT"},
	} {
		var declared []arrow.Field
		var fields []format.Field
		for i, typ := range c.columns {
			declared = append(declared, arrow.Field{Name: string(rune('a' + i)), Type: typ})
			fields = append(fields, format.Field{Name: declared[i].Name, Type: typ})
		}
		_, shaped := c.f.(format.Shaper).Shape(context.Background(), declared)
		_, decoded := c.f.NewDecoder(fields)
		_, encoded := c.f.NewEncoder(fields)
		for _, err := range []error{shaped, decoded, encoded} {
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || fault.Of(err) != fault.Input) {
				t.Errorf("%v: %v, want %q", c.columns, err, c.err)
			}
		}
	}
}

func TestTableWithoutColumns(t *testing.T) {
	for _, f := range []format.Format{String(), Bytes()} {
		columns, err := f.(format.Shaper).Shape(context.Background(), nil)
		if err != nil || len(columns) != 1 || columns[0].Name != "value" || !arrow.TypeEqual(columns[0].Type, f.(rawFormat).dtype) {
			t.Errorf("%v, %v", columns, err)
		}
		if _, err := f.NewDecoder(nil); err == nil {
			t.Error("a decoder without a column")
		}
		if !f.(format.Blanks).BlanksAreRows() {
			t.Error("blanks are rows")
		}
	}
}

func TestFramesCostNoAllocation(t *testing.T) {
	field := []format.Field{{Name: "value", Type: arrow.BinaryTypes.String}}
	b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "value", Type: field[0].Type}}, nil), memory.DefaultAllocator)
	defer b.Release()
	d, err := String().NewDecoder(field)
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range [][]byte{[]byte("a text"), []byte("not \xff UTF-8")} {
		if n := testing.AllocsPerRun(100, func() {
			if d.Decode(frame, b) != nil {
				t.Error("refused")
			}
			b.Rollback()
		}); n != 0 {
			t.Errorf("%q: %v allocations", frame, n)
		}
	}
}
