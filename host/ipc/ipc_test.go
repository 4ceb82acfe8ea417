package ipc

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/ipc/ipctest"
)

func TestArrowReadsWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer mem.AssertSize(t, 0)
		schema := drawSchema(rt)
		n := rapid.IntRange(0, 200).Draw(rt, "rows")
		whole := ipctest.Fill(schema, n, mem, func() int { return rapid.IntRange(0, 1000).Draw(rt, "v") })
		defer whole.Release()
		from := rapid.IntRange(0, n).Draw(rt, "from")
		batch := whole.NewSlice(int64(from), int64(rapid.IntRange(from, n).Draw(rt, "to")))
		defer batch.Release()
		if schema.NumFields() == 0 {
			return // arrow-go gives a batch without columns no rows
		}
		got := arrowRead(t, mem, schemaMessage(t, schema), encode(t, batch))
		defer got[0].Release()
		if !schema.Equal(got[0].Schema()) || !array.RecordEqual(batch, got[0]) {
			rt.Fatalf("wrote %v, arrow-go reads %v", batch, got[0])
		}
	})
}

func TestWeReadWhatArrowWrites(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer mem.AssertSize(t, 0)
		batch := ipctest.Fill(drawSchema(rt), rapid.IntRange(0, 100).Draw(rt, "rows"), mem, func() int { return rapid.IntRange(0, 1000).Draw(rt, "v") })
		defer batch.Release()
		stream := arrowWrite(t, batch)
		schema, err := ReadSchema(stream[0], testLimits)
		if err != nil || !schema.Equal(batch.Schema()) {
			rt.Fatalf("%v, %v", schema, err)
		}
		got, err := decode(schema, stream[1], mem)
		if err != nil {
			rt.Fatal(err)
		}
		defer got.Release()
		touch(t, got)
		if !array.RecordEqual(batch, got) {
			rt.Fatalf("arrow-go wrote %v, we read %v", batch, got)
		}
	})
}

func TestWriterIsReusedAcrossBatches(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	schema := ipctest.EveryType()
	w, err := NewWriter(schema)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 1<<20)
	for _, n := range []int{100, 0, 1, 64, 7, 1000} {
		batch := ipctest.Fill(schema, n, mem, ipctest.Counter())
		size, err := w.Prepare(batch)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(dst)
		got, err := decode(schema, dst[:size], mem)
		if err != nil {
			t.Fatal(err)
		}
		if !array.RecordEqual(batch, got) {
			t.Errorf("%d rows came back as %v", n, got)
		}
		got.Release()
		batch.Release()
	}
}

func TestBatchWithoutColumnsKeepsItsRows(t *testing.T) {
	schema := arrow.NewSchema(nil, nil)
	batch := array.NewRecordBatch(schema, nil, 5)
	got, err := decode(schema, encode(t, batch), memory.DefaultAllocator)
	if err != nil || got.NumRows() != 5 {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestBodiesAreAlignedAndPaddingIsZero(t *testing.T) {
	batch := ipctest.Fill(ipctest.EveryType(), 13, memory.DefaultAllocator, ipctest.Counter())
	defer batch.Release()
	message := encode(t, batch)
	start := prefix + int(binary.LittleEndian.Uint32(message[4:]))
	if start%64 != 0 {
		t.Errorf("the body begins at %d", start)
	}
	header, body, err := frame(new(flat), message, headerRecordBatch, testLimits)
	if err != nil {
		t.Fatal(err)
	}
	pos, n := header.vector(2, 16)
	covered := 0
	for i := range n {
		offset, length := int(header.f.u64(pos+16*i)), int(header.f.u64(pos+16*i+8))
		if offset%64 != 0 {
			t.Errorf("buffer %d begins at %d", i, offset)
		}
		for _, b := range body[covered:offset] {
			if b != 0 {
				t.Fatalf("padding before buffer %d is not zero", i)
			}
		}
		covered = offset + length
	}
	for _, b := range body[covered:] {
		if b != 0 {
			t.Fatal("padding at the end is not zero")
		}
	}
}

func TestNaNsAreMadeCanonical(t *testing.T) {
	odd := []float64{math.Float64frombits(0xfff8000000000001), 1, math.Float64frombits(0x7ff0000000000001), math.Inf(-1)}
	short := []float32{math.Float32frombits(0xffc00001), math.Float32frombits(0x7f800001), 1, float32(math.Inf(-1))}
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Float64}, {Name: "y", Type: arrow.PrimitiveTypes.Float32}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.Float64Builder).AppendValues(odd, nil)
	b.Field(1).(*array.Float32Builder).AppendValues(short, nil)
	got, err := decode(schema, encode(t, b.NewRecordBatch()), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint64{0x7ff8000000000000, math.Float64bits(1), 0x7ff8000000000000, math.Float64bits(math.Inf(-1))} {
		if bits := math.Float64bits(got.Column(0).(*array.Float64).Value(i)); bits != want {
			t.Errorf("row %d: %x, want %x", i, bits, want)
		}
	}
	for i, want := range []uint32{0x7fc00000, 0x7fc00000, math.Float32bits(1), math.Float32bits(float32(math.Inf(-1)))} {
		if bits := math.Float32bits(got.Column(1).(*array.Float32).Value(i)); bits != want {
			t.Errorf("single, row %d: %x, want %x", i, bits, want)
		}
	}
}

func TestWriterRefusesWhatTheSchemaDoesNotSay(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int64}}, nil)
	w, err := NewWriter(schema)
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range map[string][]arrow.Field{
		"more columns": {{Name: "x", Type: arrow.PrimitiveTypes.Int64}, {Name: "y", Type: arrow.PrimitiveTypes.Int64}},
		"another type": {{Name: "x", Type: arrow.PrimitiveTypes.Int32}},
		"nulls":        {{Name: "x", Type: arrow.PrimitiveTypes.Int64, Nullable: true}},
	} {
		if _, err := w.Prepare(ipctest.Fill(arrow.NewSchema(fields, nil), 10, memory.DefaultAllocator, ipctest.Counter())); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	elsewhere := arrow.ListOf(&arrow.TimestampType{TimeZone: "CET"})
	zoned := arrow.NewSchema([]arrow.Field{{Name: "t", Type: elsewhere}}, nil)
	if _, err := NewWriter(zoned); codeOf(err) != CodeUnsupported || !strings.Contains(err.Error(), `"t[]"`) {
		t.Errorf("a timestamp with a zone: %v", err)
	}
	if _, err := AppendSchema(nil, zoned); codeOf(err) != CodeUnsupported {
		t.Errorf("a schema with a zoned timestamp: %v", err)
	}
}

func benchmarkBatch(b *testing.B) arrow.RecordBatch {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "carrier", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "dep_delay", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "distance", Type: arrow.PrimitiveTypes.Float64}, {Name: "late", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	return ipctest.Fill(schema, 1024, memory.DefaultAllocator, ipctest.Counter())
}

func BenchmarkWrite(b *testing.B) {
	batch := benchmarkBatch(b)
	w, err := NewWriter(batch.Schema())
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		size, err := w.Prepare(batch)
		if err != nil {
			b.Fatal(err)
		}
		w.Write(dst)
		b.SetBytes(int64(size))
	}
}

func BenchmarkRead(b *testing.B) {
	batch := benchmarkBatch(b)
	message := encode(b, batch)
	r, err := NewReader(batch.Schema(), testLimits)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := r.Read(memory.NewBufferBytes(message))
		if err != nil || got.NumRows() != 1024 {
			b.Fatal(err)
		}
		got.Release()
	}
}
