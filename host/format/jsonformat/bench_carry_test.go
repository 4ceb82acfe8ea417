package jsonformat

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

// carriedFlights is a sink that takes all flights' columns as they are, and those that are given beside.
func carriedFlights(whole, passthrough bool, more ...string) *carriedSink {
	fields, _ := flightFields()
	var columns []string
	for _, f := range fields {
		columns = append(columns, f.Name)
	}
	return newCarriedSink(Config{}, flightTable(fields), whole, passthrough, append(columns, more...)...)
}

// BenchmarkTrace decodes flights of which nothing is stored, and notes where their values are.
func BenchmarkTrace(b *testing.B) {
	tr, builder, _ := carriedFlights(true, false).open(b)
	frames := flights(b)
	var trace []uint32
	b.ReportAllocs()
	for b.Loop() {
		trace = trace[:0]
		for _, frame := range frames {
			if err := tr.Decode(frame, builder); err != nil {
				b.Fatal(err)
			}
			trace = tr.Trace(trace)
		}
	}
	perRecord(b, len(frames))
}

// benchmarkPatch writes flights over and over that were traced before.
func benchmarkPatch(b *testing.B, s *carriedSink, want format.Way) {
	tr, builder, p := s.open(b)
	frames := flights(b)
	columns := s.encodedColumns(b)
	traces := make([][]uint32, len(frames))
	for i, frame := range frames {
		if err := tr.Decode(frame, builder); err != nil {
			b.Fatal(err)
		}
		traces[i] = tr.Trace(nil)
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = out[:0]
		if err := p.Bind(columns); err != nil {
			b.Fatal(err)
		}
		for i, frame := range frames {
			var way format.Way
			var err error
			if out, way, err = p.Patch(out, 0, frame, traces[i]); err != nil || way != want {
				b.Fatal(way, err)
			}
		}
	}
	b.SetBytes(int64(len(out)))
	perRecord(b, len(frames))
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
}

const delayClass = `delay_class TEXT: "major"`

func BenchmarkPatchOneAdded(b *testing.B) {
	benchmarkPatch(b, carriedFlights(false, false, delayClass), format.Patched)
}

// BenchmarkPatchOneAddedPicked is for records that have more than the sink.
func BenchmarkPatchOneAddedPicked(b *testing.B) {
	s := carriedFlights(false, false, delayClass)
	s.carry.All = false
	benchmarkPatch(b, s, format.Patched)
}

func BenchmarkPatchOneAddedPassthrough(b *testing.B) {
	benchmarkPatch(b, carriedFlights(false, true, delayClass), format.Patched)
}

func BenchmarkPatchTwoOf19(b *testing.B) {
	fields, _ := flightFields()
	benchmarkPatch(b, newCarriedSink(Config{}, flightTable(fields), false, false, "carrier", "dep_delay", delayClass), format.Patched)
}

func BenchmarkVerbatim(b *testing.B) { benchmarkPatch(b, carriedFlights(true, false), format.Verbatim) }

// BenchmarkEncodeOneAdded is what BenchmarkPatchOneAdded saves: all columns encoded.
func BenchmarkEncodeOneAdded(b *testing.B) {
	fields, schema := flightFields()
	fields = append(fields, format.Field{Name: "delay_class", Type: arrow.BinaryTypes.String, Nullable: true, Column: schema.NumFields()})
	frames := flights(b)
	for i, frame := range frames {
		frames[i] = append(frame[:len(frame)-1:len(frame)-1], `,"delay_class":"major"}`...)
	}
	benchmarkEncode(b, fields, frames)
}
