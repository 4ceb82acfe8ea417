package avroformat

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

func wrap(t string) string {
	return `{"type":"record","name":"R","fields":[{"name":"x","type":` + t + `}]}`
}

func must(t arrow.DataType, err error) arrow.DataType {
	if err != nil {
		panic(err)
	}
	return t
}

func double(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }

func textual(s string) []byte { return append(appendLong(nil, int64(len(s))), s...) }

// What values become in columns of other types than their schema gives: exactly the value, or an error.
func TestValuesInOtherColumns(t *testing.T) {
	ts := func(unit arrow.TimeUnit) arrow.DataType { return &arrow.TimestampType{Unit: unit} }
	p := arrow.PrimitiveTypes
	f := arrow.FixedWidthTypes
	const millis = `{"type":"long","logicalType":"timestamp-millis"}`
	const dec = `{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}`
	least := append([]byte{32, 0x80}, make([]byte, 15)...)
	for _, c := range []struct {
		schema string
		datum  []byte
		column arrow.DataType
		want   string // the value, or the beginning of the error
	}{
		{`"int"`, appendLong(nil, 127), p.Int8, "127"}, {`"int"`, appendLong(nil, 128), p.Int8, "avro.range: field 'x'"},
		{`"long"`, appendLong(nil, -1), p.Uint64, "avro.range"}, {`"long"`, appendLong(nil, 1<<32-1), p.Uint32, "4294967295"},
		{`"long"`, appendLong(nil, 1<<31), p.Int32, "avro.range"}, {`"int"`, appendLong(nil, 1<<31), p.Int32, "avro.syntax"},
		{`"int"`, appendLong(nil, 1<<31), p.Int64, "avro.syntax"}, {`"int"`, appendLong(nil, 65535), p.Uint16, "65535"},
		{`"long"`, appendLong(nil, 5), p.Float64, "5"}, {`"long"`, appendLong(nil, 5), arrow.BinaryTypes.String, "avro: the schema does not fit"},
		{`"double"`, double(0.5), p.Float32, "0.5"}, {`"double"`, double(0.1), p.Float32, "avro.range"},
		{`"double"`, double(math.NaN()), p.Float32, "NaN"}, {`"double"`, double(0.5), p.Int64, "avro: the schema does not fit"},
		{`"int"`, appendLong(nil, 5), must(types.Decimal(5, 2)), "5"}, {`"int"`, appendLong(nil, 1000), must(types.Decimal(5, 2)), "avro.range"},
		{dec, []byte{4, 0x30, 0x39}, must(types.Decimal(10, 4)), "123.45"}, {dec, []byte{4, 0x30, 0x39}, must(types.Decimal(10, 1)), "avro.range"},
		{dec, []byte{2, 0x9c}, must(types.Decimal(10, 0)), "-1"}, {dec, []byte{0}, must(types.Decimal(10, 2)), "0"},
		{dec, append([]byte{40}, make([]byte, 20)...), must(types.Decimal(10, 2)), "0"},
		{dec, append([]byte{40, 1}, make([]byte, 19)...), must(types.Decimal(10, 2)), "avro.range"},
		{dec, least, must(types.Decimal(10, 2)), "avro.range"}, {dec, least, must(types.Decimal(38, 4)), "avro.range"},
		{dec, []byte{4, 0x30, 0x39}, arrow.BinaryTypes.Binary, "MDk="},
		{dec, []byte{4, 0x30, 0x39}, arrow.BinaryTypes.String, "avro: the schema does not fit"},
		{`"string"`, textual("hi"), arrow.BinaryTypes.Binary, "aGk="}, {`"bytes"`, textual("hi"), arrow.BinaryTypes.String, "hi"},
		{`"bytes"`, textual("\xff"), arrow.BinaryTypes.String, "avro.utf8: field 'x': not UTF-8 at byte 1"},
		{`"string"`, textual("hi"), types.Dictionary(), "hi"},
		{`"string"`, textual("hi"), types.JSON(), `"\"hi\""`}, {`"string"`, textual("hi"), types.UUID(), "avro.parse"},
		{`"string"`, textual("00112233-4455-6677-8899-AABBccddeeff"), types.UUID(), "ABEiM0RVZneImaq7zN3u/w=="},
		{`{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}`, []byte("0123456789abcdef"), arrow.BinaryTypes.String,
			"30313233-3435-3637-3839-616263646566"},
		{`{"type":"enum","name":"E","symbols":["A","B"]}`, []byte{2}, types.Dictionary(), "B"},
		{`{"type":"enum","name":"E","symbols":["A","B"]}`, []byte{4}, types.Dictionary(), "avro.enum"},
		{millis, appendLong(nil, 1500), ts(arrow.Second), "1970-01-01T00:00:01"}, {millis, appendLong(nil, -1), ts(arrow.Second), "1969-12-31T23:59:59"},
		{millis, appendLong(nil, 1), ts(arrow.Nanosecond), "1970-01-01T00:00:00.001"},
		{millis, appendLong(nil, math.MaxInt64), ts(arrow.Nanosecond), "avro.range"},
		{millis, appendLong(nil, 15), p.Int64, "15"}, {millis, appendLong(nil, 15), f.Date32, "avro: the schema does not fit"},
		{`"long"`, appendLong(nil, 15), ts(arrow.Millisecond), "1970-01-01T00:00:00.015"},
		{`{"type":"int","logicalType":"date"}`, appendLong(nil, 2), ts(arrow.Second), "1970-01-03T00:00:00"},
		{`{"type":"int","logicalType":"date"}`, appendLong(nil, 2), p.Int32, "2"},
		{`{"type":"long","logicalType":"time-micros"}`, appendLong(nil, 86399999999), f.Time32s, "23:59:59"},
		{`{"type":"long","logicalType":"time-micros"}`, appendLong(nil, 86400000000), f.Time64us, "avro.range"},
		{`{"type":"long","logicalType":"time-micros"}`, appendLong(nil, -1), f.Time64ns, "avro.range"},
		{`{"type":"long","logicalType":"time-micros"}`, appendLong(nil, 1), ts(arrow.Second), "avro: the schema does not fit"},
		{`["null","int"]`, []byte{0}, p.Int64, "avro.null: field 'x': expected BIGINT, got null"}, {`["null","int"]`, []byte{2, 4}, p.Int64, "2"},
		{`["null","int"]`, []byte{4, 4}, p.Int64, "avro.union"}, {`["null","int"]`, []byte{0x82, 0, 4}, p.Int64, "2"},
		{`["int","long","string"]`, []byte{2, 4}, p.Int64, "2"}, {`["int","long","string"]`, []byte{4, 2, 'x'}, p.Int64, "avro.type: field 'x'"},
		{`["boolean","string"]`, []byte{0, 1}, p.Int64, "avro: the schema does not fit"},
		{`"boolean"`, []byte{2}, f.Boolean, "avro.syntax"},
		{`"boolean"`, nil, f.Boolean, "avro.syntax"},
		{`"boolean"`, []byte{1, 1}, f.Boolean, "avro.trailing"},
		{`"long"`, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, p.Int64, "avro.syntax"},
		{`{"type":"array","items":"int"}`, []byte{3, 2, 4, 0}, types.List(p.Int32, false), "avro.syntax"}, // the block says one byte
		{`{"type":"array","items":"int"}`, []byte{3, 4, 4, 6, 0}, types.List(p.Int32, false), "[2,3]"},
		{`{"type":"array","items":"int"}`, []byte{4, 4, 6, 2, 8, 0}, types.List(p.Int64, false), "[2,3,4]"},
		{`{"type":"array","items":["null","int"]}`, []byte{4, 2, 4, 0, 0}, types.List(p.Int64, false), "avro.null: field 'x[1]'"},
		{`{"type":"array","items":"null"}`, appendLong(nil, 1<<60), types.List(p.Int64, true), "avro.limit"},
		{`{"type":"array","items":"int"}`, appendLong(nil, 1<<60), types.List(p.Int64, true), "avro.syntax"},
		{`{"type":"array","items":"int"}`, appendLong(nil, math.MinInt64), types.List(p.Int64, true), "avro.syntax"},
		{`{"type":"map","values":"int"}`, []byte{2, 2, 'k', 4, 0}, types.Map(arrow.BinaryTypes.String, p.Int32, false), `[{"key":"k","value":2}]`},
		{`{"type":"map","values":"int"}`, []byte{2, 2, 'k', 4, 0}, types.JSON(), `"{\"k\":2}"`},
		{`{"type":"fixed","name":"F","size":12,"logicalType":"duration"}`, []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}, types.JSON(),
			`"{\"months\":1,\"days\":2,\"milliseconds\":3}"`},
		{`{"type":"fixed","name":"F","size":12,"logicalType":"duration"}`, []byte{1, 0, 0, 0x80, 2, 0, 0, 0, 3, 0, 0, 0},
			f.MonthDayNanoInterval, "avro.range"},
		{`{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}`, []byte{2, 2, 0}, types.JSON(), `"{\"n\":{\"n\":{\"n\":null}}}"`},
		{`{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}`, []byte(strings.Repeat("\x02", 200)), types.JSON(), "avro.depth"},
		{`{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}`, []byte{0}, p.Int64, "avro: the schema does not fit"},
	} {
		columns := []arrow.Field{declared("x", c.column, false)}
		f, err := New(Config{Mode: Raw, Schema: wrap(c.schema)})
		if err != nil {
			t.Fatalf("%s: %v", c.schema, err)
		}
		got := ""
		if _, err := f.NewDecoder(fieldsFor(columns)); err != nil {
			got = err.Error()
		} else {
			got = newBench(t, Config{Mode: Raw, Schema: wrap(c.schema)}, columns).row(c.datum)
			got = strings.TrimSuffix(strings.TrimPrefix(got, `{"x":`), "}")
			if strings.HasPrefix(got, `"`) && c.column.ID() != arrow.EXTENSION || types.IsUUID(c.column) {
				got = strings.Trim(got, `"`)
			}
			got = strings.TrimSuffix(got, "Z")
		}
		if strings.HasPrefix(c.want, "avro") && !strings.HasPrefix(got, c.want) || !strings.HasPrefix(c.want, "avro") && got != c.want {
			t.Errorf("%s to %s of %s: %s, want %s", c.schema, types.Name(c.column), hex.EncodeToString(c.datum), got, c.want)
		}
	}
}

func TestFieldsMeetColumns(t *testing.T) {
	schema := `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"dep_delay","type":"int"},{"name":"c","type":"string"}]}`
	datum := append([]byte{2, 4}, textual("x")...)
	text, long := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64
	got := newBench(t, Config{Mode: Raw, Schema: schema},
		[]arrow.Field{declared("dep-delay", long, false), declared("none", text, true), declared("a", long, false)}).row(datum)
	if got != `{"a":1,"dep-delay":2,"none":null}` && got != `{"dep-delay":2,"none":null,"a":1}` {
		t.Error(got)
	}
	f, _ := New(Config{Mode: Raw, Schema: schema})
	_, err := f.NewDecoder(fieldsFor([]arrow.Field{declared("C", text, false)}))
	if err == nil || !strings.Contains(err.Error(), `avro.missing: field 'C'`) || !strings.Contains(err.Error(), `did you mean "c"?`) {
		t.Error(err)
	}
	// Where the schema comes with the data, it is bad data.
	b := newBench(t, Config{}, []arrow.Field{declared("C", text, false)})
	if got := b.rows(file(t, 0, schema, [][]byte{datum})); len(got) != 1 || !strings.HasPrefix(got[0], "avro.missing") {
		t.Errorf("%q", got)
	}
}

// A few bytes must not become many: what a schema adds to each item counts.
func TestRowsAreBounded(t *testing.T) {
	symbol := strings.Repeat("S", 100000)
	for name, c := range map[string]struct {
		schema string
		column arrow.DataType
	}{
		"symbols": {`{"type":"array","items":{"type":"enum","name":"E","symbols":["` + symbol + `"]}}`,
			types.List(arrow.BinaryTypes.String, false)},
		"symbols in JSON": {`{"type":"array","items":{"type":"enum","name":"E","symbols":["` + symbol + `"]}}`, types.JSON()},
		"names in JSON": {`{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"` + symbol + `","type":"boolean"}]}}`,
			types.JSON()},
	} {
		b := newBench(t, Config{Mode: Raw, Schema: wrap(c.schema)}, []arrow.Field{declared("x", c.column, false)})
		datum := append(appendLong(nil, 5000), make([]byte, 5001)...)
		if got := b.row(datum); !strings.HasPrefix(got, "avro.limit") {
			t.Errorf("%s: %.200s", name, got)
		}
	}
	// Records of records of nothing double at each level, without a byte.
	schema := `{"type":"record","name":"R0","fields":[]}`
	for i := range 40 {
		n := string(rune('A' + i%26))
		schema = `{"type":"record","name":"` + n + strings.Repeat("x", i) + `","fields":[{"name":"l","type":` + schema + `},{"name":"r","type":"` +
			shortOf(schema) + `"}]}`
	}
	b := newBench(t, Config{Mode: Raw, Schema: `{"type":"record","name":"Top","fields":[{"name":"z","type":` + schema + `},{"name":"x","type":"int"}]}`},
		[]arrow.Field{declared("x", arrow.PrimitiveTypes.Int32, false)})
	if got := b.row([]byte{6}); got != `{"x":3}` {
		t.Error(got)
	}
}

func shortOf(schema string) string {
	_, rest, _ := strings.Cut(schema, `"name":"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}
