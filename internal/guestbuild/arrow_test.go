package guestbuild

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The Go SDK has an IPC reader and writer of its own and no requirements. Its test data is made here by Arrow's own Go library
// (go test ./internal/guestbuild -run ArrowGo -update), and what the SDK wrote is read by it.

var update = flag.Bool("update", false, "write the golden files of the Go SDK's reader")

func golden(name string) string {
	return root("guest-abi", "go", "weir", "internal", "ipc", "testdata", name)
}

const goldenRows = 21

// values are row r's values, the same as in the SDK's test; nil is null.
func values(r int) []any {
	row := []any{
		r%3 == 0, int32(-r), int64(r) << 33, float64(r) / 4, strings.Repeat("é", r%4),
		arrow.Timestamp(r), arrow.Timestamp(r * 1e3), arrow.Timestamp(r * 1e6), arrow.Timestamp(-r * 1e9),
	}
	for i := range row {
		if i != 3 && (r+i)%5 == 0 {
			row[i] = nil
		}
	}
	return row
}

func plainSchema() *arrow.Schema {
	fields := []arrow.Field{
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "i", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "l", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "f", Type: arrow.PrimitiveTypes.Float64},
		{Name: "t", Type: arrow.BinaryTypes.String, Nullable: true},
	}
	for _, unit := range []arrow.TimeUnit{arrow.Second, arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond} {
		fields = append(fields, arrow.Field{Name: unit.String(), Type: &arrow.TimestampType{Unit: unit}, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// nestedSchema has columns that the SDK can't read before one that it can.
func nestedSchema() *arrow.Schema {
	point := arrow.StructOf(
		arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Uint8},
		arrow.Field{Name: "names", Type: arrow.ListOf(arrow.BinaryTypes.LargeString), Nullable: true})
	return arrow.NewSchema([]arrow.Field{
		{Name: "none", Type: arrow.Null, Nullable: true},
		{Name: "points", Type: arrow.ListOf(point), Nullable: true},
		{Name: "price", Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}},
		{Name: "pair", Type: arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float32)},
		{Name: "tags", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.Binary), Nullable: true},
		{Name: "either", Type: arrow.DenseUnionOf([]arrow.Field{
			{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true},
		}, []arrow.UnionTypeCode{0, 1})},
		{Name: "l", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
}

func TestArrowGoWritesTheGoldenFilesOfTheSDK(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)

	nested := array.NewRecordBuilder(alloc, nestedSchema())
	defer nested.Release()
	for r := range 3 {
		for i, b := range nested.Fields() {
			if l, ok := b.(*array.Int64Builder); ok && i == len(nested.Fields())-1 {
				l.Append(int64(100 + r))
				continue
			}
			b.AppendEmptyValue()
		}
	}
	for name, batch := range map[string]arrow.RecordBatch{
		"plain": plainBatch(alloc, goldenRows), "empty": plainBatch(alloc, 0), "nested": nested.NewRecordBatch(),
	} {
		schema, message := messages(t, batch)
		batch.Release()
		compare(t, "arrowgo_"+name+".schema", schema)
		compare(t, "arrowgo_"+name+".batch", message)
	}
}

func plainBatch(alloc memory.Allocator, rows int) arrow.RecordBatch {
	b := array.NewRecordBuilder(alloc, plainSchema())
	defer b.Release()
	for r := range rows {
		for i, v := range values(r) {
			appendValue(b.Field(i), v)
		}
	}
	return b.NewRecordBatch()
}

func appendValue(b array.Builder, v any) {
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int32Builder:
		b.Append(v.(int32))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.TimestampBuilder:
		b.Append(v.(arrow.Timestamp))
	}
}

// messages takes the two messages out of a stream.
func messages(t *testing.T, batch arrow.RecordBatch) (schema, message []byte) {
	t.Helper()
	var stream bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(batch.Schema()))
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := stream.Bytes()
	end := 8 + binary.LittleEndian.Uint32(b[4:])
	return b[:end], b[end : len(b)-8] // without the end of the stream
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden(name), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden(name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what arrow-go writes; if arrow-go was updated, run with -update and look at the change", name)
	}
}

func TestArrowGoReadsWhatTheSDKWrites(t *testing.T) {
	for name, rows := range map[string]int{"plain": goldenRows, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			batch := read(t, "sdk_"+name)
			want := plainBatch(memory.DefaultAllocator, rows)
			defer want.Release()
			if !batch.Schema().Equal(want.Schema()) || !array.RecordEqual(batch, want) {
				t.Fatalf("%v, want %v", batch, want)
			}
		})
	}
}

func read(t *testing.T, name string) arrow.RecordBatch {
	t.Helper()
	var stream []byte
	for _, part := range []string{".schema", ".batch"} {
		b, err := os.ReadFile(golden(name + part))
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, b...)
	}
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	batch, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range batch.Columns() {
		if c, ok := column.(interface{ ValidateFull() error }); ok {
			if err := c.ValidateFull(); err != nil {
				t.Fatal(err)
			}
		}
	}
	batch.Retain()
	t.Cleanup(batch.Release)
	return batch
}
