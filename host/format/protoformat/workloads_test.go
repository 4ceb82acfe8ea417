package protoformat

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/batch"
)

const shapesSource = `syntax = "proto3"; import "google/protobuf/struct.proto";
message Texts { string a = 1; string b = 2; string c = 3; string d = 4; string e = 5; string f = 6; int64 n = 7; }
message Order { int64 id = 1; Customer customer = 2; repeated Item items = 3; map<string, int64> stock = 4; repeated int64 codes = 5; }
message Customer { string name = 1; string mail = 2; Place at = 3; } message Place { double lat = 1; double lon = 2; }
message Item { string sku = 1; int32 count = 2; double price = 3; }
message Loose { int64 id = 1; google.protobuf.Struct more = 2; }`

// workload is messages of one kind, decoded into columns.
type workload struct {
	m       protoreflect.MessageDescriptor
	columns []arrow.Field
	source  string
	frames  [][]byte
}

// workloadOf is a thousand messages made of JSON, %[1]d is the number of each.
func workloadOf(tb testing.TB, name, text string) workload {
	tb.Helper()
	s := workload{m: messageOf(tb, shapesSource, name), source: shapesSource}
	var err error
	if s.columns, err = ToColumns(s.m); err != nil {
		tb.Fatal(err)
	}
	mapsAsMaps(s.m, s.columns)
	for i := range 1000 {
		message := dynamicpb.NewMessage(s.m)
		if err := protojson.Unmarshal(fmt.Appendf(nil, text, i), message); err != nil {
			tb.Fatal(err)
		}
		frame, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			tb.Fatal(err)
		}
		s.frames = append(s.frames, frame)
	}
	return s
}

// workloads are those that differ from flights as their writer leaves them.
func workloads(tb testing.TB) map[string]workload {
	frames, m, source := flights(tb)
	columns := flightColumns(tb, m)
	random := rand.New(rand.NewPCG(1, 2))
	var shuffled, unknown, damaged [][]byte
	for i, f := range frames {
		var fields [][]byte
		for p := 0; p < len(f); {
			tag, q := readTag(f, p)
			_, _, q = readValue(f, q, tag, DefaultDepth)
			fields = append(fields, f[p:q])
			p = q
		}
		random.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		var mixed, more []byte
		for j, field := range fields {
			mixed = append(mixed, field...)
			if more = append(more, field...); j%4 == 0 {
				more = append(binary.AppendUvarint(more, uint64(1000+j)<<3|wireBytes), 3, 'a', 'b', 'c')
			}
		}
		shuffled, unknown = append(shuffled, mixed), append(unknown, more)
		if i%100 == 50 {
			f = f[:len(f)-1]
		}
		damaged = append(damaged, f)
	}
	return map[string]workload{
		"flights": {m, columns, source, frames}, "shuffled": {m, columns, source, shuffled}, "unknown": {m, columns, source, unknown},
		"damaged": {m, columns, source, damaged},
		"texts": workloadOf(tb, "Texts", `{"a":"customer number %[1]d of this shop","b":"Grüße aus der Stadt %[1]d","c":"short",
			"d":"https://example.org/a/longer/path/%[1]d?with=query&and=more","e":"2013-01-01T05:00:00Z","f":"x","n":"%[1]d"}`),
		"nested": workloadOf(tb, "Order", `{"id":"%[1]d","customer":{"name":"Ada Lovelace","mail":"ada%[1]d@example.org","at":{"lat":52.5,"lon":13.4}},
			"items":[{"sku":"a-%[1]d","count":1,"price":9.5},{"sku":"b-1","count":2,"price":1.25},{"sku":"c-1","count":3,"price":0.5}],
			"stock":{"north":"5","south":"%[1]d","west":"7"},"codes":["1","200","30000","%[1]d"]}`),
		"json": workloadOf(tb, "Loose", `{"id":"%[1]d","more":{"a":%[1]d,"b":"text","c":[true,null,1.5],"d":{"e":"f"}}}`),
	}
}

func (s workload) decode(tb testing.TB) func() {
	d, err := New(Config{Source: s.source, Message: string(s.m.Name())}).NewDecoder(fieldsFor(s.columns))
	if err != nil {
		tb.Fatal(err)
	}
	builder := batch.NewBuilder(arrow.NewSchema(s.columns, nil), batch.NewPool(memory.DefaultAllocator, 64<<20))
	tb.Cleanup(builder.Release)
	return func() {
		for _, f := range s.frames {
			if d.Decode(f, builder) == nil {
				builder.EndRow()
			}
		}
		builder.NewRecord().Release()
	}
}

// BenchmarkWorkloads sets decoding into columns beside dynamicpb, which makes no columns here.
func BenchmarkWorkloads(b *testing.B) {
	for name, s := range workloads(b) {
		run := s.decode(b)
		b.Run(name+"/columns", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.frames)), "ns/record")
		})
		b.Run(name+"/dynamicpb", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, f := range s.frames {
					_ = proto.Unmarshal(f, dynamicpb.NewMessage(s.m))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.frames)), "ns/record")
		})
	}
}

// BenchmarkEncodeJSON writes JSON columns as messages, which goes through protojson and dynamicpb: the price of a form that has no
// columns.
func BenchmarkEncodeJSON(b *testing.B) {
	s := workloadOf(b, "Loose", `{"id":"%[1]d","more":{"a":%[1]d,"b":"text","c":[true,null,1.5],"d":{"e":"f"}}}`)
	record := newTable(b, Config{Source: s.source, Message: "Loose"}, s.columns...).decode(b, s.frames...)
	defer record.Release()
	e, err := New(Config{Source: s.source, Message: "Loose"}).NewEncoder(fieldsFor(s.columns))
	if err != nil {
		b.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		for row := range s.frames {
			if out, err = e.Append(out[:0], row); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.frames)), "ns/record")
}

// Whatever the messages, good records cost no allocation once the buffers have their size. What a batch costs is measured
// beside, as that of one that is half as large.
func TestWorkloadsAllocateNothing(t *testing.T) {
	for name, s := range workloads(t) {
		half := s
		half.frames = s.frames[:len(s.frames)/2]
		whole, less := s.decode(t), half.decode(t)
		whole()
		less()
		per := (testing.AllocsPerRun(10, whole) - testing.AllocsPerRun(10, less)) / float64(len(s.frames)-len(half.frames))
		if name != "damaged" && per > 0.01 {
			t.Errorf("%s: %.3f allocations a record", name, per)
		}
	}
}
