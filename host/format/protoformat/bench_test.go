package protoformat

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/batch"
)

// flights is a sample of flight records as messages, with the type and its .proto text.
func flights(tb testing.TB) (frames [][]byte, m protoreflect.MessageDescriptor, source string) {
	tb.Helper()
	text, err := os.ReadFile("testdata/flights.proto")
	if err != nil {
		tb.Fatal(err)
	}
	m = messageOf(tb, string(text), "Flight")
	packed, err := os.ReadFile("../jsonformat/testdata/flights-sample.ndjson.zst")
	if err != nil {
		tb.Fatal(err)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	lines, err := r.DecodeAll(packed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			tb.Fatal(err)
		}
		message := dynamicpb.NewMessage(m)
		for name, v := range row {
			fd := m.Fields().ByName(protoreflect.Name(name))
			switch v := v.(type) {
			case float64:
				message.Set(fd, protoreflect.ValueOfInt64(int64(v)))
			case string:
				if fd.Kind() == protoreflect.StringKind {
					message.Set(fd, protoreflect.ValueOfString(v))
					continue
				}
				at, err := time.Parse("2006-01-02T15:04:05", v[:19])
				if err != nil {
					tb.Fatal(err)
				}
				message.Mutable(fd).Message().Set(fd.Message().Fields().ByNumber(1), protoreflect.ValueOfInt64(at.Unix()))
			}
		}
		frame, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			tb.Fatal(err)
		}
		frames = append(frames, frame)
	}
	return frames, m, string(text)
}

func flightColumns(tb testing.TB, m protoreflect.MessageDescriptor) []arrow.Field {
	tb.Helper()
	columns, err := ToColumns(m)
	if err != nil {
		tb.Fatal(err)
	}
	if len(columns) != 19 {
		tb.Fatalf("%d columns", len(columns))
	}
	return columns
}

func benchmarkFlights(b *testing.B, keep ...string) {
	frames, m, source := flights(b)
	columns := flightColumns(b, m)
	fields := fieldsFor(columns)
	if len(keep) > 0 {
		kept := columns[:0:0]
		for i := range fields {
			fields[i].Column = -1
			for _, name := range keep {
				if name == fields[i].Name {
					fields[i].Column = len(kept)
					kept = append(kept, columns[i])
				}
			}
		}
		columns = kept
	}
	d, err := New(Config{Source: source}).NewDecoder(fields)
	if err != nil {
		b.Fatal(err)
	}
	builder := batch.NewBuilder(arrow.NewSchema(columns, nil), batch.NewPool(memory.DefaultAllocator, 64<<20))
	defer builder.Release()
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range frames {
			if err := d.Decode(f, builder); err != nil {
				b.Fatal(err)
			}
			builder.EndRow()
			if builder.Rows() == batch.DefaultLimits.Rows {
				builder.NewRecord().Release()
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/record")
}

func BenchmarkDecodeAll(b *testing.B)   { benchmarkFlights(b) }
func BenchmarkDecode3Of19(b *testing.B) { benchmarkFlights(b, "carrier", "dep_delay", "time_hour") }

// BenchmarkDynamicpb is the way without this package: dynamicpb, and Arrow's builders.
func BenchmarkDynamicpb(b *testing.B) {
	frames, m, _ := flights(b)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(flightColumns(b, m), nil))
	defer builder.Release()
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range frames {
			message := dynamicpb.NewMessage(m)
			if err := proto.Unmarshal(f, message); err != nil {
				b.Fatal(err)
			}
			for i, to := range builder.Fields() {
				fd := m.Fields().Get(i)
				if fd.HasPresence() && !message.Has(fd) {
					to.AppendNull()
					continue
				}
				switch to := to.(type) {
				case *array.Int64Builder:
					to.Append(message.Get(fd).Int())
				case *array.StringBuilder:
					to.Append(message.Get(fd).String())
				case *array.TimestampBuilder:
					t := message.Get(fd).Message()
					to.Append(arrow.Timestamp(t.Get(t.Descriptor().Fields().ByNumber(1)).Int()*1e9 + t.Get(t.Descriptor().Fields().ByNumber(2)).Int()))
				}
			}
			if rows++; rows%batch.DefaultLimits.Rows == 0 {
				builder.NewRecordBatch().Release()
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/record")
}

func BenchmarkEncodeAll(b *testing.B) {
	frames, m, source := flights(b)
	columns := flightColumns(b, m)
	t := newTable(b, Config{Source: source}, columns...)
	record := t.decode(b, frames...)
	defer record.Release()
	e, err := New(Config{Source: source}).NewEncoder(fieldsFor(columns))
	if err != nil {
		b.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		for row := range frames {
			if out, err = e.Append(out[:0], row); err != nil {
				b.Fatal(err)
			}
			if !bytes.Equal(out, frames[row]) {
				b.Fatalf("row %d is %x, want %x", row, out, frames[row])
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/record")
}

// Once the buffers have their size a record costs no allocation.
func TestDecodeAllocatesNothing(t *testing.T) {
	frames, m, source := flights(t)
	columns := flightColumns(t, m)
	d, err := New(Config{Source: source}).NewDecoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	builder := batch.NewBuilder(arrow.NewSchema(columns, nil), batch.NewPool(memory.DefaultAllocator, 64<<20))
	defer builder.Release()
	run := func() {
		for _, f := range frames {
			if err := d.Decode(f, builder); err != nil {
				t.Fatal(err)
			}
			builder.EndRow()
		}
		builder.NewRecord().Release()
	}
	run()
	if per := testing.AllocsPerRun(5, run) / float64(len(frames)); per > 0.05 || math.IsNaN(per) {
		t.Errorf("%.3f allocations a record", per)
	}
}
