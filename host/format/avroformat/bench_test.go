package avroformat

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/hamba/avro/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// flight is what hamba/avro decodes into, and how the sample is made.
type flight struct {
	Year         *int32     `avro:"year" json:"year"`
	Month        *int32     `avro:"month" json:"month"`
	Day          *int32     `avro:"day" json:"day"`
	DepTime      *int32     `avro:"dep_time" json:"dep_time"`
	SchedDepTime *int32     `avro:"sched_dep_time" json:"sched_dep_time"`
	DepDelay     *int64     `avro:"dep_delay" json:"dep_delay"`
	ArrTime      *int32     `avro:"arr_time" json:"arr_time"`
	SchedArrTime *int32     `avro:"sched_arr_time" json:"sched_arr_time"`
	ArrDelay     *int64     `avro:"arr_delay" json:"arr_delay"`
	Carrier      *string    `avro:"carrier" json:"carrier"`
	Flight       *int32     `avro:"flight" json:"flight"`
	Tailnum      *string    `avro:"tailnum" json:"tailnum"`
	Origin       *string    `avro:"origin" json:"origin"`
	Dest         *string    `avro:"dest" json:"dest"`
	AirTime      *int32     `avro:"air_time" json:"air_time"`
	Distance     *int32     `avro:"distance" json:"distance"`
	Hour         *int32     `avro:"hour" json:"hour"`
	Minute       *int32     `avro:"minute" json:"minute"`
	TimeHour     *time.Time `avro:"time_hour" json:"time_hour"`
}

// required is a flight whose columns are not null where the data has none: the best that a struct can do.
type required struct {
	Year         int32     `avro:"year"`
	Month        int32     `avro:"month"`
	Day          int32     `avro:"day"`
	DepTime      int32     `avro:"dep_time"`
	SchedDepTime int32     `avro:"sched_dep_time"`
	DepDelay     int64     `avro:"dep_delay"`
	ArrTime      int32     `avro:"arr_time"`
	SchedArrTime int32     `avro:"sched_arr_time"`
	ArrDelay     int64     `avro:"arr_delay"`
	Carrier      string    `avro:"carrier"`
	Flight       int32     `avro:"flight"`
	Tailnum      string    `avro:"tailnum"`
	Origin       string    `avro:"origin"`
	Dest         string    `avro:"dest"`
	AirTime      int32     `avro:"air_time"`
	Distance     int32     `avro:"distance"`
	Hour         int32     `avro:"hour"`
	Minute       int32     `avro:"minute"`
	TimeHour     time.Time `avro:"time_hour"`
}

// flightSchema is the schema of the flights' 19 columns.
func flightSchema(tb testing.TB, nullable bool) string {
	tb.Helper()
	names := []string{"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
		"arr_delay", "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour", "minute", "time_hour"}
	texts := map[string]bool{"carrier": true, "tailnum": true, "origin": true, "dest": true}
	var columns []arrow.Field
	for _, name := range names {
		c := arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int32, Nullable: nullable}
		switch {
		case name == "dep_delay" || name == "arr_delay":
			c.Type = arrow.PrimitiveTypes.Int64
		case texts[name]:
			c.Type = arrow.BinaryTypes.String
		case name == "time_hour":
			c.Type = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
		}
		columns = append(columns, c)
	}
	text, err := FromColumns(Config{}, columns)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// flights is a sample of flights as datums.
func flights(tb testing.TB, nullable bool) (schema string, datums [][]byte) {
	tb.Helper()
	packed, err := os.ReadFile("../jsonformat/testdata/flights-sample.ndjson.zst")
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
	schema = flightSchema(tb, nullable)
	as, err := avro.ParseWithCache(schema, "", &avro.SchemaCache{})
	if err != nil {
		tb.Fatal(err)
	}
	for line := range bytes.Lines(bytes.TrimSpace(plain)) {
		var f flight
		if err := json.Unmarshal(line, &f); err != nil {
			tb.Fatal(err)
		}
		var v any = f
		if !nullable {
			v = f.required()
		}
		datum, err := avro.Marshal(as, v)
		if err != nil {
			tb.Fatal(err)
		}
		datums = append(datums, datum)
	}
	return schema, datums
}

func (f flight) required() required {
	n := func(p *int32) int32 {
		if p == nil {
			return 0
		}
		return *p
	}
	l := func(p *int64) int64 {
		if p == nil {
			return 0
		}
		return *p
	}
	s := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	return required{n(f.Year), n(f.Month), n(f.Day), n(f.DepTime), n(f.SchedDepTime), l(f.DepDelay), n(f.ArrTime), n(f.SchedArrTime),
		l(f.ArrDelay), s(f.Carrier), n(f.Flight), s(f.Tailnum), s(f.Origin), s(f.Dest), n(f.AirTime), n(f.Distance), n(f.Hour),
		n(f.Minute), *f.TimeHour}
}

func size(datums [][]byte) (n int64) {
	for _, d := range datums {
		n += int64(len(d))
	}
	return n
}

func benchmarkDecode(b *testing.B, nullable bool, keep int) {
	schema, datums := flights(b, nullable)
	columns := table(b, schema)
	f, err := New(Config{Mode: Raw, Schema: schema})
	if err != nil {
		b.Fatal(err)
	}
	fields := fieldsFor(columns)
	for i := range fields {
		if i >= keep {
			fields[i].Column = -1
		}
	}
	d, err := f.NewDecoder(fields)
	if err != nil {
		b.Fatal(err)
	}
	builder := batch.NewBuilder(arrow.NewSchema(columns[:keep], nil), batch.NewPool(memory.DefaultAllocator, 64<<20))
	defer builder.Release()
	b.SetBytes(size(datums))
	b.ReportAllocs()
	for b.Loop() {
		decodeAll(b, d, builder, datums)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(datums)), "ns/record")
}

func decodeAll(tb testing.TB, d format.Decoder, builder *batch.Builder, datums [][]byte) {
	for _, datum := range datums {
		if err := d.Decode(datum, builder); err != nil {
			tb.Fatal(err)
		}
		builder.EndRow()
		if builder.Rows() == batch.DefaultLimits.Rows {
			builder.NewRecord().Release()
		}
	}
}

func BenchmarkDecodeNullable(b *testing.B) { benchmarkDecode(b, true, 19) }
func BenchmarkDecodeRequired(b *testing.B) { benchmarkDecode(b, false, 19) }
func BenchmarkDecode3Of19(b *testing.B)    { benchmarkDecode(b, true, 3) }

// BenchmarkDecodeContainer decodes the flights of one container, blocks of 64 KB as they are usual, uncompressed.
func BenchmarkDecodeContainer(b *testing.B) {
	schema, datums := flights(b, true)
	var blocks [][][]byte
	for rest := datums; len(rest) > 0; {
		n := min(1000, len(rest))
		blocks, rest = append(blocks, rest[:n]), rest[n:]
	}
	frame := file(b, codecNull, schema, blocks...)
	columns := table(b, schema)
	f, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	d, err := f.NewDecoder(fieldsFor(columns))
	if err != nil {
		b.Fatal(err)
	}
	u := d.(format.Unpacker)
	builder := batch.NewBuilder(arrow.NewSchema(columns, nil), batch.NewPool(memory.DefaultAllocator, 64<<20))
	defer builder.Release()
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		for rest := frame; ; {
			row, remaining, ok, err := u.Next(rest)
			if !ok {
				break
			}
			if err == nil {
				err = d.Decode(row, builder)
			}
			if err != nil {
				b.Fatal(err)
			}
			builder.EndRow()
			rest = remaining
		}
		builder.NewRecord().Release()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(datums)), "ns/record")
}

// BenchmarkHambaNullable and BenchmarkHambaRequired decode the same datums with hamba/avro into one struct, over and over.
func BenchmarkHambaNullable(b *testing.B) { benchmarkHamba(b, true, &flight{}) }
func BenchmarkHambaRequired(b *testing.B) { benchmarkHamba(b, false, &required{}) }

func benchmarkHamba(b *testing.B, nullable bool, into any) {
	schema, datums := flights(b, nullable)
	as, err := avro.ParseWithCache(schema, "", &avro.SchemaCache{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size(datums))
	b.ReportAllocs()
	for b.Loop() {
		for _, datum := range datums {
			if err := avro.Unmarshal(as, datum, into); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(datums)), "ns/record")
}

func BenchmarkEncodeNullable(b *testing.B) {
	schema, datums := flights(b, true)
	columns := table(b, schema)
	f, err := New(Config{Mode: Raw, Schema: schema})
	if err != nil {
		b.Fatal(err)
	}
	d, err := f.NewDecoder(fieldsFor(columns))
	if err != nil {
		b.Fatal(err)
	}
	builder := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
	defer builder.Release()
	for _, datum := range datums {
		if err := d.Decode(datum, builder); err != nil {
			b.Fatal(err)
		}
		builder.EndRow()
	}
	record := builder.NewRecord()
	defer record.Release()
	e, err := f.NewEncoder(fieldsFor(columns))
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.SetBytes(size(datums))
	b.ReportAllocs()
	for b.Loop() {
		out = out[:0]
		if err := e.Bind(record.Columns()); err != nil {
			b.Fatal(err)
		}
		for row := range len(datums) {
			if out, err = e.Append(out, row); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(datums)), "ns/record")
}
