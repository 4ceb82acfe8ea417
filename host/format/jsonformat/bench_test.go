package jsonformat

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// flights is a sample of flight records, one a line, spread over the year.
func flights(tb testing.TB) [][]byte {
	tb.Helper()
	packed, err := os.ReadFile("testdata/flights-sample.ndjson.zst")
	if err != nil {
		tb.Fatal(err)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	plain, err := r.DecodeAll(packed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(plain), []byte("\n"))
}

// flightFields are the columns of the flights; only those kept go to a column of the schema.
func flightFields(keep ...string) ([]format.Field, *arrow.Schema) {
	names := []string{"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
		"arr_delay", "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour", "minute", "time_hour"}
	types := map[string]arrow.DataType{
		"carrier": arrow.BinaryTypes.String, "tailnum": arrow.BinaryTypes.String, "origin": arrow.BinaryTypes.String,
		"dest": arrow.BinaryTypes.String, "time_hour": arrow.FixedWidthTypes.Timestamp_ns,
	}
	kept := map[string]bool{}
	for _, name := range keep {
		kept[name] = true
	}
	var fields []format.Field
	var columns []arrow.Field
	for _, name := range names {
		t := types[name]
		switch {
		case t == nil:
			t = arrow.PrimitiveTypes.Int64
		case t.ID() == arrow.TIMESTAMP:
			t = &arrow.TimestampType{Unit: arrow.Nanosecond}
		}
		f := format.Field{Name: name, Type: t, Nullable: true, Column: -1}
		if len(keep) == 0 || kept[name] {
			f.Column = len(columns)
			columns = append(columns, arrow.Field{Name: name, Type: t, Nullable: true})
		}
		fields = append(fields, f)
	}
	return fields, arrow.NewSchema(columns, nil)
}

// benchmarkDecode decodes frames over and over, in batches of batch.DefaultLimits, and expects bad of them to be refused.
func benchmarkDecode(b *testing.B, frames [][]byte, bad int, keep ...string) {
	fields, schema := flightFields(keep...)
	d, err := New(Config{}).NewDecoder(fields)
	if err != nil {
		b.Fatal(err)
	}
	pool := batch.NewPool(memory.DefaultAllocator, 64<<20)
	builder := batch.NewBuilder(schema, pool)
	defer builder.Release()
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		refused := 0
		for _, f := range frames {
			if d.Decode(f, builder) != nil {
				refused++
				continue
			}
			builder.EndRow()
			if builder.Rows() == batch.DefaultLimits.Rows {
				builder.NewRecord().Release()
			}
		}
		if refused != bad {
			b.Fatalf("%d refused, want %d", refused, bad)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/record")
}

func BenchmarkDecodeAll(b *testing.B) { benchmarkDecode(b, flights(b), 0) }

func BenchmarkDecode3Of19(b *testing.B) {
	benchmarkDecode(b, flights(b), 0, "carrier", "dep_delay", "time_hour")
}

func BenchmarkDecodeShuffled(b *testing.B) {
	frames := flights(b)
	random := rand.New(rand.NewPCG(1, 2))
	for i, f := range frames {
		members := bytes.Split(f[1:len(f)-1], []byte(","))
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		frames[i] = []byte("{" + string(bytes.Join(members, []byte(","))) + "}")
	}
	benchmarkDecode(b, frames, 0)
}

func BenchmarkDecode1PercentBad(b *testing.B) {
	frames := flights(b)
	for i := 0; i < len(frames); i += 100 {
		frames[i] = bytes.Replace(frames[i], []byte(`"carrier":"`), []byte(`"carrier":7,"`), 1)
	}
	benchmarkDecode(b, frames, len(frames)/100)
}

func BenchmarkEncodeAll(b *testing.B) {
	fields, schema := flightFields()
	f := New(Config{})
	d, err := f.NewDecoder(fields)
	if err != nil {
		b.Fatal(err)
	}
	builder := batch.NewBuilder(schema, memory.DefaultAllocator)
	defer builder.Release()
	frames := flights(b)
	for _, frame := range frames {
		if err := d.Decode(frame, builder); err != nil {
			b.Fatal(err)
		}
		builder.EndRow()
	}
	record := builder.NewRecord()
	defer record.Release()
	e, err := f.NewEncoder(fields)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = out[:0]
		if err := e.Bind(record.Columns()); err != nil {
			b.Fatal(err)
		}
		for row := range len(frames) {
			if out, err = e.Append(out, row); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.SetBytes(int64(len(out)))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/record")
}
