package jsonformat

import (
	"bytes"
	"fmt"
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
		case name == "dep_delay" || name == "arr_delay":
			t = arrow.PrimitiveTypes.Int64
		case t == nil:
			t = arrow.PrimitiveTypes.Int32
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
	benchmarkTable(b, frames, bad, fields, schema)
}

func benchmarkTable(b *testing.B, frames [][]byte, bad int, fields []format.Field, schema *arrow.Schema) {
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

// citations are records of texts of many lengths, a few of them empty or null, as parking citations have them.
func citations() [][]byte {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	out := make([][]byte, 2000)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"ticket_number":"%d","issue_date":"2015-12-%02dT00:00:00","issue_time":"%d","meter_id":%s,"marked_time":null,`+
			`"rp_state_plate":"%s","plate_expiry_date":"2016%02d","vin":"","make":"%s","body_style":"%s","color":"%s","location":"%d %s ST",`+
			`"route":"00%d","agency":"%d","violation_code":"%s","violation_description":"%s","fine_amount":"%d","latitude":"%d","longitude":"%d"}`,
			1103341116+random.IntN(1e6), 1+random.IntN(28), random.IntN(2400), pick(`null`, `"WF74"`, `"CB3011"`), pick("CA", "CA", "CA", "NV", "AZ"),
			1+random.IntN(12), pick("HOND", "TOYT", "FORD", "GMC", "NISS"), pick("PA", "TK", "VN"), pick("GY", "WH", "BK", "BL"),
			random.IntN(9999), pick("WALL", "COLLEGE", "SAN PEDRO ST AND 12TH", "WILSHIRE"), random.IntN(600), random.IntN(60),
			pick("4000A1", "8939", "80.69BS", "5204A-"), pick("NO EVIDENCE OF REG", "WHITE CURB", "NO PARK/STREET CLEAN", "METER EXP."),
			50+random.IntN(100), 6439997+random.IntN(99999), 1802686+random.IntN(99999))
	}
	return out
}

func BenchmarkDecodeTexts(b *testing.B) {
	fields, schema := table("ticket_number TEXT, issue_date TEXT, issue_time TEXT, meter_id TEXT, marked_time TEXT, rp_state_plate TEXT, " +
		"plate_expiry_date TEXT, vin TEXT, make TEXT, body_style TEXT, color TEXT, location TEXT, route TEXT, agency TEXT, " +
		"violation_code TEXT, violation_description TEXT, fine_amount TEXT, latitude TEXT, longitude TEXT")
	benchmarkTable(b, citations(), 0, fields, schema)
}

func BenchmarkDecodeFloats(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	frames := make([][]byte, 2000)
	for i := range frames {
		frames[i] = fmt.Appendf(nil, `{"id":%d,"lat":%v,"lon":%v,"alt":%.2f,"speed":%.3f,"x":%v,"y":%v,"z":%v,"tiny":%v,"temperature":%.1f,"ratio":%v}`,
			i, random.Float64()*90, random.Float64()*-180, random.Float64()*1e4, random.Float64()*100, random.NormFloat64(), random.NormFloat64(),
			random.NormFloat64(), random.Float64()*1e-9, random.Float64()*40-10, float32(random.Float64()))
	}
	fields, schema := table("id BIGINT, lat DOUBLE, lon DOUBLE, alt DOUBLE, speed DOUBLE, x DOUBLE, y DOUBLE, z DOUBLE, tiny DOUBLE, " +
		"temperature FLOAT, ratio FLOAT")
	benchmarkTable(b, frames, 0, fields, schema)
}

func BenchmarkDecodeNested(b *testing.B) {
	random := rand.New(rand.NewPCG(7, 8))
	frames := make([][]byte, 2000)
	for i := range frames {
		f := fmt.Appendf(nil, `{"id":%d,"user":{"name":"user %d","address":{"city":"Springfield","zip":"%05d"},"verified":true},"items":[`,
			i, random.IntN(1e6), random.IntN(1e5))
		for j := range 1 + random.IntN(5) {
			if j > 0 {
				f = append(f, ',')
			}
			f = fmt.Appendf(f, `{"sku":"SKU-%d","quantity":%d,"price":%.2f,"tags":["new","sale"]}`, random.IntN(1e5), 1+random.IntN(9), random.Float64()*100)
		}
		frames[i] = fmt.Appendf(f, `],"attributes":{"channel":"web","campaign":"c%d"},"total":%.2f}`, random.IntN(100), random.Float64()*1000)
	}
	fields, schema := table("id BIGINT, user STRUCT<name TEXT, address STRUCT<city TEXT, zip TEXT>, verified BOOLEAN>, " +
		"items LIST<STRUCT<sku TEXT, quantity INT, price DECIMAL(10, 2), tags TEXT[]>>, attributes MAP<TEXT, TEXT>, total DOUBLE")
	benchmarkTable(b, frames, 0, fields, schema)
}

func BenchmarkEncodeAll(b *testing.B) {
	fields, _ := flightFields()
	benchmarkEncode(b, fields, flights(b))
}

// benchmarkEncode encodes the rows of frames over and over.
func benchmarkEncode(b *testing.B, fields []format.Field, frames [][]byte) {
	f := New(Config{})
	d, err := f.NewDecoder(fields)
	if err != nil {
		b.Fatal(err)
	}
	builder := batch.NewBuilder(suiteSchema(fields), memory.DefaultAllocator)
	defer builder.Release()
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
