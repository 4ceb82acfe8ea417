package format_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/types"
)

func TestRepeats(t *testing.T) {
	for _, n := range []int{0, 1, 2, 16, 17, 1000} {
		hashes := make([]uint64, n)
		for i := range hashes {
			hashes[i] = uint64(i) * 0x9e3779b97f4a7c15
		}
		if format.Repeats(hashes) {
			t.Errorf("%d different ones repeat", n)
		}
		if n > 1 {
			if hashes[n-1] = hashes[0]; !format.Repeats(hashes) {
				t.Errorf("one of %d repeats, and is not seen", n)
			}
		}
	}
}

// TestRepeatedKeysAreWrittenAsTheyAre: a MAP of a module may hold a key twice. Every entry is written, and who reads it takes the last.
func TestRepeatedKeysAreWrittenAsTheyAre(t *testing.T) {
	avro, err := avroformat.New(avroformat.Config{})
	if err != nil {
		t.Fatal(err)
	}
	column := arrow.Field{Name: "m", Type: types.Map(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, true), Nullable: true}
	fields, schema := []format.Field{{Name: "m", Type: column.Type, Nullable: true}}, arrow.NewSchema([]arrow.Field{column}, nil)
	const row = `[{"m":[{"key":"first","value":1},{"key":"b","value":2},{"key":"first","value":3}]}]`
	for name, f := range map[string]format.Format{
		"avro":     avro,
		"protobuf": protoformat.New(protoformat.Config{Source: `syntax = "proto3"; message M { map<string, int64> m = 1; }`}),
	} {
		record, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(row))
		if err != nil {
			t.Fatal(err)
		}
		e, err := f.NewEncoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Bind(record.Columns()); err != nil {
			t.Fatal(err)
		}
		message, err := e.Append(nil, 0)
		if err != nil || strings.Count(string(message), "first") != 2 {
			t.Errorf("%s: %q, %v", name, message, err)
		}
		d, err := f.NewDecoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(schema, memory.DefaultAllocator)
		if err := d.Decode(message, b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b.EndRow()
		back := b.NewRecord()
		text, err := back.MarshalJSON()
		if want := `[{"m":[{"key":"b","value":2},{"key":"first","value":3}]}` + "\n]"; err != nil || string(text) != want {
			t.Errorf("%s: %s, %v", name, text, err)
		}
		back.Release()
		b.Release()
		record.Release()
	}
}
