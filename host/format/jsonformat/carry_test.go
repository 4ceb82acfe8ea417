package jsonformat

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// carriedSink is a sink over a source, planned as the host would.
type carriedSink struct {
	config   Config
	source   []format.Field
	sink     []format.Field
	values   []string // of the sink's fields that are encoded, as JSON
	carry    format.Carry
	traced   []int
	reserved []string
}

// newCarriedSink plans a sink whose columns are "name", carried, "name=other", the source's column other, or "name TYPE: value",
// encoded. whole and passthrough are asked for, and patch is.
func newCarriedSink(c Config, source string, whole, passthrough bool, columns ...string) *carriedSink {
	s := &carriedSink{config: c, carry: format.Carry{Whole: whole, Patch: true, Passthrough: passthrough}}
	for _, f := range columnsOf(source) {
		s.source = append(s.source, format.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Column: len(s.source)})
	}
	field := func(name string) int {
		return slices.IndexFunc(s.source, func(f format.Field) bool { return f.Name == name })
	}
	trace := func(field int) int {
		if !slices.Contains(s.traced, field) {
			s.traced = append(s.traced, field)
		}
		return slices.Index(s.traced, field)
	}
	own := map[int]bool{}
	for _, text := range columns {
		column, value, encoded := strings.Cut(text, ": ")
		name, from, renamed := strings.Cut(column, "=")
		at, place := -1, -1
		if encoded {
			f := columnsOf(column)[0]
			s.sink = append(s.sink, format.Field{Name: f.Name, Type: f.Type, Nullable: true})
			if declared := field(f.Name); passthrough && declared >= 0 {
				at = trace(declared)
			} else if passthrough {
				s.reserved = append(s.reserved, f.Name)
			}
			s.carry.Whole = false
		} else {
			if !renamed {
				from = name
			}
			f := s.source[field(from)]
			f.Name = name
			s.sink = append(s.sink, f)
			place = trace(field(from))
			if own[field(from)] || renamed {
				s.carry.Whole = false
			} else {
				own[field(from)] = true
			}
		}
		s.values = append(s.values, value)
		s.carry.From, s.carry.At = append(s.carry.From, place), append(s.carry.At, at)
	}
	distinct := map[int]bool{}
	twice, renamed := false, false
	for i, place := range s.carry.From {
		if place < 0 {
			continue
		}
		twice = twice || distinct[place]
		distinct[place] = true
		renamed = renamed || s.source[s.traced[place]].Name != s.sink[i].Name
	}
	s.carry.All = len(distinct) == len(s.source) && !twice && !renamed
	s.carry.Whole = s.carry.Whole && (s.carry.All || passthrough)
	return s
}

// open makes the tracer and the patcher, and a builder for what is not carried, which is nothing of the source.
func (s *carriedSink) open(t require) (*tracer, *batch.Builder, *patcher) {
	fields := slices.Clone(s.source)
	for i := range fields {
		fields[i].Column = -1
	}
	f := New(s.config).(format.Carrier)
	tracer1, err := f.NewTracer(fields, s.traced, s.reserved)
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.NewPatcher(s.sink, s.carry)
	if err != nil {
		t.Fatal(err)
	}
	return tracer1.(*tracer), batch.NewBuilder(arrow.NewSchema(nil, nil), memory.DefaultAllocator), p.(*patcher)
}

type require interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

// rowOf decodes JSON into the columns of fields, one row.
func rowOf(t require, c Config, fields []format.Field, frame []byte) (arrow.RecordBatch, error) {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Column = i
	}
	b := batch.NewBuilder(suiteSchema(fields), memory.DefaultAllocator)
	defer b.Release()
	d, err := New(c).NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(frame, b); err != nil {
		return nil, err
	}
	b.EndRow()
	return b.NewRecord(), nil
}

// encodedColumns are the values of the sink's encoded fields, nil for the others.
func (s *carriedSink) encodedColumns(t require) []arrow.Array {
	columns := make([]arrow.Array, len(s.sink))
	for i, f := range s.sink {
		if s.carry.From[i] >= 0 {
			continue
		}
		name, _ := json.Marshal(f.Name)
		rec, err := rowOf(t, Config{}, []format.Field{f}, fmt.Appendf(nil, "{%s:%s}", name, s.values[i]))
		if err != nil {
			t.Fatalf("%s %s: %v", f.Name, s.values[i], err)
		}
		columns[i] = rec.Column(0)
	}
	return columns
}

// ordinary is what the encoder writes for a frame, or what the decoder, or the encoder, finds wrong.
func (s *carriedSink) ordinary(t require, frame []byte) (_ []byte, decoding, encoding error) {
	rec, err := rowOf(t, s.config, s.source, frame)
	if err != nil {
		return nil, err, nil
	}
	columns := s.encodedColumns(t)
	for i, place := range s.carry.From {
		if place >= 0 {
			columns[i] = rec.Column(s.traced[place])
		}
	}
	e, err := New(s.config).NewEncoder(s.sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(columns); err != nil {
		t.Fatal(err)
	}
	out, err := e.Append(nil, 0)
	return out, nil, err
}

// patched is what becomes of a frame.
func (s *carriedSink) patched(t require, tr *tracer, b *batch.Builder, p *patcher, frame []byte) ([]byte, format.Way, error) {
	if err := tr.Decode(frame, b); err != nil {
		return nil, 0, err
	}
	b.Rollback()
	if err := p.Bind(s.encodedColumns(t)); err != nil {
		t.Fatal(err)
	}
	trace := tr.Trace(nil)
	if len(trace) != 1+len(s.traced) {
		t.Fatalf("a trace of %d numbers", len(trace))
	}
	out, way, err := p.Patch(nil, 0, frame, trace)
	if way == format.Verbatim {
		out = frame
	}
	return out, way, err
}

func TestFramesAreCarried(t *testing.T) {
	const abc = "a BIGINT, b TEXT, c DOUBLE"
	tests := []struct {
		name        string
		source      string
		columns     string // of the sink, between bars
		passthrough bool
		frame       string
		want        string // "": the ordinary path
		way         format.Way
	}{
		{"whole", abc, "a|b|c", false, ` {"a" : 1, "c":1,"b":"x" } `, ` {"a" : 1, "c":1,"b":"x" } `, format.Verbatim},
		{"undeclared", abc, "a|b|c", false, `{"a":1,"b":"x","c":1.50,"d":2}`, `{"a":1,"b":"x","c":1.50}`, format.Patched},
		{"undeclared, passthrough", abc, "a|b|c", true, `{"a":1,"b":"x","c":1.50,"d":2}`, `{"a":1,"b":"x","c":1.50,"d":2}`, format.Verbatim},
		{"absent", abc, "a|b|c", false, `{"c":1.50,"a":1}`, `{"a":1,"b":null,"c":1.50}`, format.Patched},
		{"absent, passthrough", abc, "a|b|c", true, `{"c":1.50,"a":1 }`, `{"c":1.50,"a":1 ,"b":null}`, format.Patched},
		{"nothing, passthrough", abc, "a|n BIGINT: 7", true, ` { } `, ` { "a":null,"n":7} `, format.Patched},
		{"some", abc, "c|a", false, `{"a":1,"b":"x","c":1.50}`, `{"c":1.50,"a":1}`, format.Patched},
		{"some, passthrough", abc, "c|a", true, `{"a":1,"b":"x","c":1.50}`, `{"a":1,"b":"x","c":1.50}`, format.Verbatim},
		{"added", abc, "a|b|c|n BIGINT: 7", false, `{"a":1,"b":"x\ty","c":1.50}`, `{"a":1,"b":"x\ty","c":1.50,"n":7}`, format.Patched},
		{"added in the middle", abc, "n TEXT: \"z\"|a|m INT: null|b|c", false, `{"a":1,"b":"x","c":1.50 } `,
			`{"n":"z","a":1,"m":null,"b":"x","c":1.50 }`, format.Patched},
		{"added, spaces in the record", abc, "a|n BIGINT: 7|b|c", false,
			`{"a":1, "b": "x","c":1.50}`, `{"a":1,"n":7,"b":"x","c":1.50}`, format.Patched},
		{"added, another order", abc, "a|b|c|n BIGINT: 7", false, `{"c":1.50,"b":"x","a":1}`, `{"a":1,"b":"x","c":1.50,"n":7}`, format.Patched},
		{"added, passthrough", abc, "a|n BIGINT: 7", true,
			`{"c":1.50,"b":"x","a":1,"d":{"e":[]}}`, `{"c":1.50,"b":"x","a":1,"d":{"e":[]},"n":7}`, format.Patched},
		{"replaced", abc, "a BIGINT: 7|b|c", false, `{"a":1,"b":"x","c":1.50}`, `{"a":7,"b":"x","c":1.50}`, format.Patched},
		{"replaced, passthrough", abc, "c TEXT: \"z\"|b|a BIGINT: 7", true,
			`{"a":1,"d":[1, 2],"b":"x","c":1.50}`, `{"a":7,"d":[1, 2],"b":"x","c":"z"}`, format.Patched},
		{"replaced and absent, passthrough", abc, "a BIGINT: 7|b", true, `{"d":[1, 2],"b":"x"}`, `{"d":[1, 2],"b":"x","a":7}`, format.Patched},
		{"a name that is taken, passthrough", abc, "a|n BIGINT: 7", true, `{"a":1,"n":2}`, "", 0},
		{"that name, no passthrough", abc, "a|n BIGINT: 7", false, `{"a":1,"n":2}`, `{"a":1,"n":7}`, format.Patched},
		{"renamed", abc, "x=a|b", false, `{"a":1,"b":"x","x":3}`, `{"x":1,"b":"x"}`, format.Patched},
		{"twice", abc, "a|x=a", false, `{"a":1}`, `{"a":1,"x":1}`, format.Patched},
		{"null", abc, "a|b", false, `{"a":null,"b":null}`, `{"a":null,"b":null}`, format.Patched},
		{"an escaped value", abc, "b", false, `{"b":"\u0041\"]}"}`, `{"b":"\u0041\"]}"}`, format.Patched},
		{"an escaped key", abc, "a|b|c", false, `{"\u0061":1,"b":"x","c":1}`, "", 0},
		{"an escaped key that goes", abc, "b", false, `{"\u0061":1,"b":"x","c":1}`, "", 0},
		{"an escaped undeclared key", abc, "a", false, `{"\u0064":1,"a":2}`, `{"a":2}`, format.Patched},
		{"a field twice", abc, "a|b|c", false, `{"a":1,"b":"x","c":1,"a":2}`, "", 0},
		{"a number in a string", abc, "a", false, `{"a":"1"}`, "", 0},
		{"a fraction for an integer", abc, "a", false, `{"a":1.0}`, "", 0},
		{"commas", abc, "a", false, `{"a":1,}`, "", 0},
		{"a leading zero", abc, "a", false, `{"a":01}`, "", 0},
		{"an undeclared number that is none", abc, "a", true, `{"a":1,"d":1-2}`, "", 0},
		{"a control character", abc, "b", false, "{\"b\":\"\t\"}", "", 0},
		{"UTC", "t TIMESTAMP(9)", "t", false, `{"t":"2013-01-02T15:04:05Z"}`, `{"t":"2013-01-02T15:04:05Z"}`, format.Verbatim},
		{"a zone", "t TIMESTAMP(9)", "t", false, `{"t":"2013-01-02T15:04:05+05:00"}`, "", 0},
		{"a date for a time", "t TIMESTAMP(9)", "t", false, `{"t":"2013-01-02"}`, "", 0},
		{"a number for a time", "t TIMESTAMP(9)", "t", false, `{"t":5}`, "", 0},
		{"finer than the column", "t TIMESTAMP(3)", "t", false, `{"t":"2013-01-02T15:04:05.0001Z"}`, "", 0},
		{"as fine as the column", "t TIMESTAMP(3)", "t", false, `{"t":"2013-01-02T15:04:05.001000Z"}`, `{"t":"2013-01-02T15:04:05.001000Z"}`, format.Verbatim},
		{"a time of day finer than the column", "t TIME(3)", "t", false, `{"t":"15:04:05.0001"}`, "", 0},
		{"digits past the scale", "d DECIMAL(6, 2)", "d", false, `{"d":1.234}`, "", 0},
		{"zeros past the scale", "d DECIMAL(6, 2)", "d", false, `{"d":1.230}`, `{"d":1.230}`, format.Verbatim},
		{"nested", "s STRUCT<a BIGINT, b TEXT[]>", "s", false, `{"s":{"b":["]}"], "a":1}}`, `{"s":{"b":["]}"], "a":1}}`, format.Verbatim},
		{"nested, undeclared", "s STRUCT<a BIGINT>", "s", false, `{"s":{"a":1,"z":2}}`, "", 0},
		{"nested, undeclared, passthrough", "s STRUCT<a BIGINT>", "s", true, `{"s":{"a":1,"z":2}}`, `{"s":{"a":1,"z":2}}`, format.Verbatim},
		{"nested, absent", "s STRUCT<a BIGINT, b BIGINT>", "s", false, `{"s":{"a":1}}`, "", 0},
		{"nested, an escaped key", "s STRUCT<a BIGINT>", "s", false, `{"s":{"\u0061":1}}`, "", 0},
		{"nested, a null", "s STRUCT<a BIGINT>, x BIGINT", "s", false, `{"x":3,"s":null}`, `{"s":null}`, format.Patched},
		{"a map", "m MAP<TEXT, BIGINT>", "m", false, `{"m":{"\u0061":1}}`, `{"m":{"\u0061":1}}`, format.Verbatim},
		{"a map with a key twice", "m MAP<TEXT, BIGINT>", "m", false, `{"m":{"\u0061":1,"a":2}}`, "", 0},
		{"what is dropped", abc, "a", false, `{"a":1,"d":{"b":[{}, "}"]},"c":2}`, `{"a":1}`, format.Patched},
		{"a long name", "abcdefghijklmnopqrstuvwxyz0123456789 BIGINT, b TEXT", "b|abcdefghijklmnopqrstuvwxyz0123456789|n TEXT: \"z\"", false,
			`{"abcdefghijklmnopqrstuvwxyz0123456789":1,"b":"x"}`, `{"b":"x","abcdefghijklmnopqrstuvwxyz0123456789":1,"n":"z"}`, format.Patched},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newCarriedSink(Config{}, test.source, true, test.passthrough, strings.Split(test.columns, "|")...)
			tr, b, p := s.open(t)
			for range 2 { // the second time every key is expected
				got, way, err := s.patched(t, tr, b, p, []byte(test.frame))
				if err != nil || string(got) != test.want || way != test.way {
					t.Fatalf("%s\nbecomes %s (%d), %v\nwant    %s (%d)", test.frame, got, way, err, test.want, test.way)
				}
			}
		})
	}
}

func TestWhatIsNotCarried(t *testing.T) {
	tests := []struct {
		from, to Config
		of       string
		carried  bool
	}{
		{of: "BIGINT", carried: true}, {of: "TIMESTAMP(3)", carried: true}, {of: "DECIMAL(5, 2)", carried: true},
		{of: "STRUCT<a BIGINT, b MAP<TEXT, DATE>>", carried: true},
		{of: "JSON"}, {of: "LIST<STRUCT<a JSON>>"},
		{from: Config{Strictness: Strict}, of: "BIGINT", carried: true},
		{from: Config{TimestampFormat: UnixMillis}, of: "BIGINT"},
		{from: Config{TimestampFormat: UnixMillis}, to: Config{TimestampFormat: UnixMillis}, of: "BIGINT", carried: true},
		{from: Config{TimestampFormat: UnixMillis}, to: Config{TimestampFormat: UnixMillis}, of: "MAP<TEXT, TIMESTAMP(3)>"},
		{from: Config{DecimalEncoding: DecimalString}, to: Config{DecimalEncoding: DecimalString}, of: "DECIMAL(5, 2)"},
		{from: Config{IncludeSchema: true}, to: Config{IncludeSchema: true}, of: "BIGINT"},
		{from: Config{Header: true}, of: "BIGINT"}, {to: Config{Debezium: true}, of: "BIGINT"},
	}
	for _, test := range tests {
		err := New(test.from).(format.Carrier).Carries(typeOf(test.of), New(test.to))
		if (err == nil) != test.carried {
			t.Errorf("%s from %+v to %+v: %v", test.of, test.from, test.to, err)
		}
	}
	if New(Config{}).(format.Carrier).Carries(typeOf("BIGINT"), nil) == nil {
		t.Error("another format")
	}
}

// Frames cost no allocation, whatever way they go.
func TestCarryingCostsNoAllocation(t *testing.T) {
	fields, _ := flightFields()
	frames := flights(t)
	for _, passthrough := range []bool{false, true} {
		for _, added := range []bool{false, true} {
			columns := make([]string, len(fields))
			for i, f := range fields {
				columns[i] = f.Name
			}
			if added {
				columns = append(columns, "delay_class TEXT: \"major\"", "dep_delay BIGINT: 5")
				columns = slices.DeleteFunc(columns, func(c string) bool { return c == "dep_delay" })
			}
			s := newCarriedSink(Config{}, flightTable(fields), true, passthrough, columns...)
			tr, b, p := s.open(t)
			if err := p.Bind(s.encodedColumns(t)); err != nil {
				t.Fatal(err)
			}
			var trace []uint32
			out := make([]byte, 0, 1024)
			carry := func() {
				for _, frame := range frames {
					err := tr.Decode(frame, b)
					b.Rollback()
					trace = tr.Trace(trace[:0])
					got, way, patching := p.Patch(out, 0, frame, trace)
					if err != nil || patching != nil || way == format.Ordinary || way == format.Patched && len(got) < len(frame) {
						t.Fatalf("%s becomes %s (%d), %v, %v", frame, got, way, err, patching)
					}
				}
			}
			carry()
			if n := testing.AllocsPerRun(1, carry); n != 0 {
				t.Errorf("passthrough %v, added %v: %v allocations for %d records", passthrough, added, n, len(frames))
			}
		}
	}
}

// flightTable are fields as columnsOf reads them.
func flightTable(fields []format.Field) string {
	var columns []string
	for _, f := range fields {
		name := "BIGINT"
		switch f.Type.ID() {
		case arrow.STRING:
			name = "TEXT"
		case arrow.TIMESTAMP:
			name = "TIMESTAMP(9)"
		}
		columns = append(columns, f.Name+" "+name)
	}
	return strings.Join(columns, ", ")
}

// FuzzCarry: any frame is as good or bad for a tracer as for a decoder, and what is carried of it reads as what is encoded.
func FuzzCarry(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x","s":{"x":1.5,"y":["]"]},"t":"2013-01-02T15:04:05Z"}`, ` { } `, `{"a":1 ,"z":{"}":[{}]},"n":3}`,
		`{"s":{"x":1,"y":[],"z":2},"a":-5,"b":"\"}"}`, `{"\u0061":1,,}`, `{"a":12345678,"b":"1234567","t":null}`} {
		f.Add([]byte(s))
	}
	const source = "a BIGINT, b TEXT, s STRUCT<x DOUBLE, y TEXT[]>, t TIMESTAMP(3)"
	var sinks []*carriedSink
	for _, passthrough := range []bool{false, true} {
		for _, columns := range [][]string{{"a", "b", "s", "t"}, {"b", "n BIGINT: 7", "a"}, {"a", "b", "s", "n TEXT: \"z\"", "t"}, {"t", "a TEXT: \"z\"", "s"}} {
			sinks = append(sinks, newCarriedSink(Config{}, source, true, passthrough, columns...))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, s := range sinks {
			tr, b, p := s.open(t)
			want, wrong, inexpressible := s.ordinary(t, frame)
			got, way, err := s.patched(t, tr, b, p, frame)
			if !reflect.DeepEqual(err, wrong) {
				t.Fatalf("%q: %v, want %v", frame, err, wrong)
			}
			if err != nil || way == format.Ordinary {
				continue
			}
			if inexpressible != nil {
				t.Fatalf("%q: becomes %q in spite of %v", frame, got, inexpressible)
			}
			s.compare(t, frame, got, want)
		}
	})
}
