package builtin_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
)

// settings are options, "key=value".
type settings []string

func (s settings) bag(t *testing.T, more ...string) *option.Bag {
	t.Helper()
	bag := option.New(option.Pos{})
	for _, o := range slices.Concat(s, more) {
		key, value, _ := strings.Cut(o, "=")
		if err := bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	return bag
}

// tables are one for each format that has limits, and one for each of its ways to write records.
var tables = map[string]struct {
	settings settings
	columns  string
	row      string // as JSON
}{
	"json":              {settings{"format=json"}, values, row},
	"envelope":          {settings{"format=json", "json.include_schema=true"}, values, row},
	"header":            {settings{"format=json", "json.confluent_schema_registry=true", "json.schema_id=1"}, values, row},
	"unstructured":      {settings{"format=json", "json.unstructured=true", "json.strict=unchecked_text"}, "value JSON", row},
	"debezium_json":     {settings{"format=debezium_json"}, values, `{"before":null,"after":` + row + `,"op":"c"}`},
	"avro":              {settings{"format=avro"}, values, row},
	"avro datums":       {settings{"format=avro", "avro.raw_datums=true", "avro.schema=" + schema}, values, row},
	"protobuf":          {settings{"format=protobuf", "protobuf.message=Row", "protobuf.source=" + message}, "", row},
	"protobuf messages": {settings{"format=protobuf", "protobuf.length_delimited=true", "protobuf.message=Row", "protobuf.source=" + message}, "", row},
}

const (
	values = "s TEXT, l BIGINT[], m STRUCT<n BIGINT>"
	schema = `{"type":"record","name":"R","fields":[{"name":"s","type":["null","string"]},{"name":"l","type":["null",{"type":"array","items":["null","long"]}]},` +
		`{"name":"m","type":["null",{"type":"record","name":"M","fields":[{"name":"n","type":["null","long"]}]}]}]}`
	message = `syntax = "proto3"; message Row { optional string s = 1; repeated int64 l = 2; M m = 3; } message M { optional int64 n = 1; }`
)

var row = `{"s":"` + strings.Repeat("x", 65) + `","l":[1,2,3],"m":{"n":4}}`

// limited are values of the limits that the row is beyond, and what is told then: the end of a code, or a part of why there is no such table.
var limited = map[string]struct{ value, code string }{
	"limit.depth": {"1", "depth"}, "limit.fields": {"2", ".fields"}, "limit.string": {"64", ".size"},
}

// TestEveryLimitHasAnEffect reads a record of each format without its limits, and with each of them.
func TestEveryLimitHasAnEffect(t *testing.T) {
	seen := map[string]bool{}
	for name, table := range tables {
		kind := strings.TrimPrefix(table.settings[0], "format=")
		seen[kind] = true
		record := write(t, table.settings, table.columns, table.row)
		if got := read(t, table.settings, table.columns, record); got != "" {
			t.Fatalf("%s: %s without limits", name, got)
		}
		for _, o := range builtin.FormatOptions()[kind] {
			if !strings.HasPrefix(o.Key, "limit.") {
				continue
			}
			l, ok := limited[o.Key]
			if !ok {
				t.Fatalf("%s of %s is not tested", o.Key, kind)
			}
			got := read(t, append(table.settings[:len(table.settings):len(table.settings)], o.Key+"="+l.value), table.columns, record)
			if !strings.Contains(got, l.code) {
				t.Errorf("%s: %q with %s = %s, want %s", name, got, o.Key, l.value, l.code)
			}
		}
	}
	for kind, options := range builtin.FormatOptions() {
		if has := slices.ContainsFunc(options, func(o option.Spec) bool { return strings.HasPrefix(o.Key, "limit.") }); has != seen[kind] {
			t.Errorf("%s: it has limits: %v, and is tested: %v", kind, has, seen[kind])
		}
	}
}

// shape makes the format and the columns of a table.
func shape(t *testing.T, s settings, columns string) (format.Format, []arrow.Field) {
	t.Helper()
	bag := s.bag(t)
	f := builtin.Formats().Find(bag)
	if err := bag.Done(); err != nil {
		t.Fatal(err)
	}
	var declared []arrow.Field
	if columns != "" {
		parsed, err := config.ParseColumns(columns)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parsed {
			declared = append(declared, arrow.Field{Name: p.Name, Type: p.Type, Nullable: !p.NotNull})
		}
	}
	if shaper, ok := f.(format.Shaper); ok {
		var err error
		if declared, err = shaper.Shape(context.Background(), declared); err != nil {
			t.Fatal(err)
		}
	}
	return f, declared
}

func fieldsOf(columns []arrow.Field) []format.Field {
	fields := make([]format.Field, len(columns))
	for i, c := range columns {
		fields[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
	}
	return fields
}

// write is the row, which is JSON, as a record of the table.
func write(t *testing.T, s settings, columns, row string) []byte {
	t.Helper()
	_, declared := shape(t, s, columns)
	plain := settings{"format=json"}
	if len(declared) == 1 {
		plain = append(plain, "json.unstructured=true")
	}
	source := plain.bag(t)
	d, err := builtin.Formats().Find(source).NewDecoder(fieldsOf(declared))
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(arrow.NewSchema(declared, nil), memory.DefaultAllocator)
	defer b.Release()
	if err := d.Decode([]byte(row), b); err != nil {
		t.Fatal(err)
	}
	b.EndRow()
	made := b.NewRecord()
	defer made.Release()
	return encode(t, s, columns, made)
}

func encode(t *testing.T, s settings, columns string, rows arrow.RecordBatch) []byte {
	t.Helper()
	f, declared := shape(t, s, columns)
	e, err := f.NewEncoder(fieldsOf(declared))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(rows.Columns()); err != nil {
		t.Fatal(err)
	}
	record, err := e.Append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// read tells what is wrong with a record, or with the table.
func read(t *testing.T, s settings, columns string, record []byte) string {
	t.Helper()
	b, err := decode(t, s, columns, record)
	if b != nil {
		b.Release()
	}
	var bad *format.DataError
	if errors.As(err, &bad) {
		return bad.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// decode reads the rows of a record.
func decode(t *testing.T, s settings, columns string, record []byte) (*batch.Builder, error) {
	t.Helper()
	f, declared := shape(t, s, columns)
	d, err := f.NewDecoder(fieldsOf(declared))
	if err != nil {
		return nil, err
	}
	b := batch.NewBuilder(arrow.NewSchema(declared, nil), memory.DefaultAllocator)
	unpacker, _ := d.(format.Unpacker)
	if unpacker == nil {
		if err := d.Decode(record, b); err != nil {
			return b, err
		}
		b.EndRow()
		return b, nil
	}
	for rest := record; ; {
		row, remaining, ok, err := unpacker.Next(rest)
		if !ok || err != nil {
			return b, err
		}
		if err := d.Decode(row, b); err != nil {
			return b, err
		}
		b.EndRow()
		rest = remaining
	}
}

// TestEveryFramingOptionHasAnEffect cuts a value without each option and with it.
func TestEveryFramingOptionHasAnEffect(t *testing.T) {
	const newline, gzip = "framing=newline", "framing.compression=gzip"
	cases := map[string]struct {
		before      settings
		value       string // of the option
		record      string
		without, is string
	}{
		"framing":                        {nil, "newline", "a\nb", "a\nb", "a|b"},
		"framing.delimiter":              {settings{"framing=delimiter"}, ";", "a;b", "refused", "a|b"},
		"framing.length.prefix":          {settings{"framing=length"}, "u16_be", "\x00\x01a", "refused", "a"},
		"framing.compression":            {settings{newline}, "snappy_block", "\x01\x00a", "\x01\x00a", "a"},
		"framing.max_uncompressed":       {settings{"framing.compression=snappy_block"}, "1", "\x02\x04ab", "ab", "framing.too_large"},
		"framing.max_frames":             {settings{newline}, "1", "a\nb\nc", "a|b|c", "a|framing.too_many"},
		"framing.newline.max_length":     {settings{newline}, "1", "a\nbc", "a|bc", "a|framing.too_long"},
		"framing.delimiter.max_length":   {settings{"framing=delimiter", "framing.delimiter=;"}, "1", "a;bc", "a|bc", "a|framing.too_long"},
		"framing.length.max_length":      {settings{"framing=length", "framing.length.prefix=varint"}, "1", "\x01a\x02bc", "a|bc", "a|framing.too_long"},
		"framing.json_array.max_length":  {settings{"framing=json_array"}, "1", "[1,23]", "1|23", "1|framing.too_long"},
		"framing.json_concat.max_length": {settings{"framing=json_concat"}, "1", "1 23", "1|23", "1|framing.too_long"},
		"framing.newline.on_long":        {settings{newline, "framing.newline.max_length=1"}, "truncate", "a\nbc", "a|framing.too_long", "a|b"},
		"framing.delimiter.on_long":      {settings{"framing=delimiter", "framing.delimiter=;", "framing.delimiter.max_length=1"}, "truncate", "a;bc", "a|framing.too_long", "a|b"},
	}
	cut := func(s settings, record string) string {
		bag := s.bag(t)
		splitter := framing.New(framing.FromOptions(bag))
		if bag.Done() != nil {
			return "refused"
		}
		var out []string
		for rest := []byte(record); ; {
			frame, remaining, ok, err := splitter.Next(rest)
			if !ok {
				return strings.Join(out, "|")
			}
			var bad *framing.Error
			if errors.As(err, &bad) {
				frame = []byte(bad.Code)
			}
			out, rest = append(out, string(frame)), remaining
		}
	}
	source, _ := builtin.FramingOptions()
	for _, o := range source {
		c, ok := cases[o.Key]
		if !ok {
			t.Errorf("%s is not tested", o.Key)
			continue
		}
		if got := cut(c.before, c.record); got != c.without {
			t.Errorf("%q without %s, want %q", got, o.Key, c.without)
		}
		if got := cut(append(c.before[:len(c.before):len(c.before)], o.Key+"="+c.value), c.record); got != c.is {
			t.Errorf("%q with %s = %s, want %q", got, o.Key, c.value, c.is)
		}
	}
}

// TestEveryBadDataOptionHasAnEffect reads what a table says with each option and without it. What comes of the bounds the pipeline tests.
func TestEveryBadDataOptionHasAnEffect(t *testing.T) {
	drop := settings{"bad_data=drop"}
	cases := map[string]struct {
		before settings
		value  string
		is     func(format.BadData) bool
	}{
		"bad_data":            {nil, "drop", func(b format.BadData) bool { return b.Policy == format.Drop }},
		"bad_data.topic":      {settings{"bad_data=dead_letter"}, "t", func(b format.BadData) bool { return b.Topic == "t" }},
		"bad_data.max_errors": {drop, "0", func(b format.BadData) bool { return b.Limited && b.MaxErrors == 0 }},
		"bad_data.max_ratio":  {drop, "0.5", func(b format.BadData) bool { return b.MaxRatio == 0.5 && b.Window == format.DefaultWindow }},
		"bad_data.window":     {append(drop[:1:1], "bad_data.max_ratio=0.5"), "7", func(b format.BadData) bool { return b.Window == 7 }},
	}
	for _, o := range builtin.BadDataOptions() {
		c, ok := cases[o.Key]
		if !ok {
			t.Errorf("%s is not tested", o.Key)
			continue
		}
		if b := format.BadDataOptions(c.before.bag(t)); c.is(b) {
			t.Errorf("%+v without %s", b, o.Key)
		}
		bag := c.before.bag(t, o.Key+"="+c.value)
		if b := format.BadDataOptions(bag); bag.Done() != nil || !c.is(b) {
			t.Errorf("%+v with %s = %s: %v", b, o.Key, c.value, bag.Done())
		}
	}
}

// TestNumbersThatAreNone writes and reads floats by their bits, whatever NaN they are; JSON has null for what it can't say.
func TestNumbersThatAreNone(t *testing.T) {
	doubles := []float64{
		math.NaN(), math.Float64frombits(0x7ff8000000000abc), math.Float64frombits(0xfff8000000000001), math.Float64frombits(0x7ff0000000000001),
		math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 5e-324, math.MaxFloat64,
	}
	floats := []float32{
		float32(math.NaN()), math.Float32frombits(0x7fc00abc), math.Float32frombits(0xffc00001), math.Float32frombits(0x7f800001),
		float32(math.Inf(1)), float32(math.Inf(-1)), math.Float32frombits(1 << 31), 0, 1e-45, math.MaxFloat32,
	}
	const schema = `avro.schema={"type":"record","name":"R","fields":[{"name":"d","type":["null","double"]},{"name":"f","type":["null","float"]}]}`
	const columns, message = "d DOUBLE, f FLOAT", `protobuf.source=syntax = "proto3"; message R { optional double d = 1; optional float f = 2; }`
	for i, d := range doubles {
		f := floats[i]
		b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{
			{Name: "d", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "f", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		}, nil), memory.DefaultAllocator)
		b.Column(0).AppendFloat64(d)
		b.Column(1).AppendFloat32(f)
		b.EndRow()
		rows := b.NewRecord()
		for _, s := range []settings{
			{"format=avro"}, {"format=avro", "avro.raw_datums=true", schema}, {"format=protobuf", message}, {"format=protobuf", "protobuf.length_delimited=true", message},
		} {
			read, err := decode(t, s, columns, encode(t, s, columns, rows))
			if err != nil {
				t.Fatal(err)
			}
			again := read.NewRecord()
			d2, f2 := again.Column(0).(*array.Float64).Value(0), again.Column(1).(*array.Float32).Value(0)
			if math.Float64bits(d2) != math.Float64bits(d) || math.Float32bits(f2) != math.Float32bits(f) || again.Column(0).NullN()+again.Column(1).NullN() > 0 {
				t.Errorf("%.40q: %#x and %#x, want %#x and %#x", s, math.Float64bits(d2), math.Float32bits(f2), math.Float64bits(d), math.Float32bits(f))
			}
			again.Release()
			read.Release()
		}
		want := fmt.Sprintf(`{"d":%s,"f":%s}`, number(d, 64), number(float64(f), 32))
		if got := encode(t, settings{"format=json"}, columns, rows); string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
		rows.Release()
		b.Release()
	}
}

// number is how JSON has one of them.
func number(v float64, bits int) string {
	switch {
	case math.IsNaN(v), math.IsInf(v, 0):
		return "null"
	case v == 0 && math.Signbit(v):
		return "-0.0"
	case v == 0:
		return "0.0"
	case v == math.MaxFloat64:
		return "1.7976931348623157e308"
	case v == math.MaxFloat32:
		return "3.4028235e38"
	case bits == 32:
		return "1.0e-45"
	}
	return "5.0e-324"
}
