package avroformat

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format/formattest"
	"github.com/weir-stream/weir/host/types"
)

// one is a batch of one row of one column.
func one(t testing.TB, c arrow.Field, put func(*batch.Column)) arrow.RecordBatch {
	t.Helper()
	b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{c}, nil), checked(t))
	defer b.Release()
	put(b.Column(0))
	b.EndRow()
	r := b.NewRecord()
	t.Cleanup(r.Release)
	return r
}

func TestValuesAreWritten(t *testing.T) {
	p := arrow.PrimitiveTypes
	ts := func(unit arrow.TimeUnit) arrow.DataType { return &arrow.TimestampType{Unit: unit} }
	i64 := func(v int64) func(*batch.Column) { return func(c *batch.Column) { c.AppendInt64(v) } }
	text := func(v string) func(*batch.Column) { return func(c *batch.Column) { _ = c.AppendString(v) } }
	dec := func(v int64) func(*batch.Column) { return func(c *batch.Column) { c.AppendDecimal(uint64(v), v>>63) } }
	interval := func(months, days int32, nanos int64) func(*batch.Column) {
		return func(c *batch.Column) { c.AppendInterval(months, days, nanos) }
	}
	for _, c := range []struct {
		column   arrow.DataType
		nullable bool
		put      func(*batch.Column)
		schema   string // of the field; empty: derived
		want     string // hex, or the beginning of an error
	}{
		{p.Int64, false, i64(-3), "", "05"}, {p.Int64, true, i64(-3), "", "0205"}, {p.Int64, true, (*batch.Column).AppendNull, "", "00"},
		{p.Int64, true, i64(-3), `["long","null"]`, "0005"},
		{p.Int64, true, i64(-3), `"long"`, "avro: the schema does not fit the table: field \"x\": the column is nullable"},
		{p.Int64, false, i64(-3), `"int"`, "avro: the schema does not fit"}, {p.Int64, false, i64(-3), `["null","string","long"]`, "0405"},
		{p.Uint64, false, i64(-1), "", "avro.range: field 'x'"}, {p.Uint64, false, i64(math.MaxInt64), "", "feffffffffffffffff01"},
		{p.Uint32, false, func(c *batch.Column) { c.AppendInt32(-1) }, "", "feffffff1f"},
		{p.Uint8, false, func(c *batch.Column) { c.AppendInt8(-1) }, "", "fe03"},
		{ts(arrow.Nanosecond), false, i64(1999), "", "02"}, {ts(arrow.Nanosecond), false, i64(-1), "", "01"}, {ts(arrow.Second), false, i64(2), "", "a01f"},
		{ts(arrow.Second), false, i64(math.MaxInt64), "", "avro.range"},
		{ts(arrow.Microsecond), false, i64(5), `{"type":"long","logicalType":"timestamp-nanos"}`, "904e"},
		{ts(arrow.Microsecond), false, i64(5), `{"type":"int","logicalType":"date"}`, "avro: the schema does not fit"},
		{arrow.FixedWidthTypes.Time32s, false, func(c *batch.Column) { c.AppendInt32(1) }, "", "d00f"},
		{must(types.Decimal(10, 2)), false, dec(-129), "", "04ff7f"}, {must(types.Decimal(10, 2)), false, dec(127), "", "027f"},
		{must(types.Decimal(10, 2)), false, dec(-1), `{"type":"fixed","name":"F","size":5,"logicalType":"decimal","precision":10,"scale":2}`, "ffffffffff"},
		{must(types.Decimal(10, 2)), false, dec(-1), `{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`, "avro: the schema does not fit"},
		{arrow.BinaryTypes.String, false, text("B"), `{"type":"enum","name":"E","symbols":["A","B"]}`, "02"},
		{arrow.BinaryTypes.String, false, text("C"), `{"type":"enum","name":"E","symbols":["A","B"]}`, "avro.enum"},
		{types.Dictionary(), false, text("BB"), "", "044242"}, {types.Dictionary(), true, (*batch.Column).AppendNull, "", "00"},
		{arrow.BinaryTypes.Binary, false, text("ab"), `{"type":"fixed","name":"F","size":2}`, "6162"},
		{arrow.BinaryTypes.Binary, false, text("abc"), `{"type":"fixed","name":"F","size":2}`, "avro.range"},
		{types.JSON(), false, text("{}"), "", "047b7d"}, {types.JSON(), false, text("{}"), `["string","int"]`, "avro.json"},
		{types.UUID(), false, func(c *batch.Column) { c.AppendFixed([]byte("0123456789abcdef")) }, "",
			"48" + hex.EncodeToString([]byte("30313233-3435-3637-3839-616263646566"))},
		{types.UUID(), false, func(c *batch.Column) { c.AppendFixed([]byte("0123456789abcdef")) },
			`{"type":"fixed","name":"F","size":16}`, hex.EncodeToString([]byte("0123456789abcdef"))},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, false, interval(1, 2, 3e6), "", "010000000200000003000000"},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, false, interval(-1, 2, 3e6), "", "avro.range"},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, false, interval(1, 2, 3), "", "avro.range"},
		{types.List(p.Int64, true), false, func(c *batch.Column) { c.Child(0).AppendInt64(1); c.Child(0).AppendNull(); _ = c.EndList() }, "", "0402020000"},
		{types.List(p.Int64, false), false, func(c *batch.Column) { _ = c.EndList() }, "", "00"},
		{types.Map(p.Int64, p.Int64, false), false,
			func(c *batch.Column) { c.Child(0).AppendInt64(1); c.Child(1).AppendInt64(2); _ = c.EndList() }, "", "02020400"},
		{types.Struct(declared("a", p.Int64, false)), true, func(c *batch.Column) { c.Child(0).AppendInt64(4); c.EndStruct() }, "", "0208"},
	} {
		col := declared("x", c.column, c.nullable)
		r := one(t, col, c.put)
		config := Config{Mode: Raw}
		if c.schema != "" {
			config.Schema = wrap(c.schema)
		}
		f, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if e, err := f.NewEncoder(fieldsFor([]arrow.Field{col})); err != nil {
			got = err.Error()
		} else if err := e.Bind(r.Columns()); err != nil {
			t.Fatal(err)
		} else if m, err := e.Append(nil, 0); err != nil {
			dataErrors(t, err)
			got = err.Error()
		} else {
			got = hex.EncodeToString(m)
		}
		if !strings.HasPrefix(got, c.want) || !strings.HasPrefix(c.want, "avro") && got != c.want {
			t.Errorf("%s as %s: %s, want %s", types.Name(c.column), c.schema, got, c.want)
		}
	}
}

// Every mode's messages come back as the rows that they were, for a table of every type, at every slice of a batch.
func TestBank(t *testing.T) {
	everything := []arrow.Field{
		declared("b", arrow.FixedWidthTypes.Boolean, true), declared("i", arrow.PrimitiveTypes.Int32, false),
		declared("u", arrow.PrimitiveTypes.Uint64, true), declared("f", arrow.PrimitiveTypes.Float32, true),
		declared("t", arrow.BinaryTypes.String, true), declared("y", arrow.BinaryTypes.Binary, false),
		declared("d", must(types.Decimal(20, 4)), true), declared("ts", &arrow.TimestampType{Unit: arrow.Microsecond}, true),
		declared("id", types.UUID(), true), declared("iv", arrow.FixedWidthTypes.MonthDayNanoInterval, true),
		declared("l", types.List(types.Struct(declared("p", arrow.PrimitiveTypes.Float64, true), declared("q", arrow.BinaryTypes.String,
			false)), true), true),
		declared("m", types.Map(arrow.BinaryTypes.String, types.List(arrow.PrimitiveTypes.Int64, false), true), true),
		declared("s", types.Struct(declared("z", arrow.FixedWidthTypes.Date32, true)), true),
		declared("w", types.Dictionary(), true),
	}
	for name, c := range map[string]Config{
		"raw": {Mode: Raw}, "single": {Mode: Single}, "confluent": {Mode: Confluent, SchemaID: 7},
		"container": {}, "deflate": {Compression: "deflate"}, "snappy": {Compression: "snappy"}, "zstandard": {Compression: "zstandard"},
	} {
		columns := everything
		if c.Mode == Container {
			columns = everything[:4] // every byte of the schema in the header is damaged too
		}
		text, err := FromColumns(Config{}, columns)
		if err != nil {
			t.Fatal(err)
		}
		if c.Mode != Container {
			c.Schema = text
		}
		f, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		suite := formattest.Suite{Format: f, Fields: fieldsFor(columns), Encodes: true}
		r := sample(t, columns)
		suite.Good = encoded(t, c, r)
		suite.Bad = [][]byte{{}, suite.Good[0][:len(suite.Good[0])-1], append(bytes.Clone(suite.Good[0]), 0), bytes.Repeat([]byte{0xff}, 40)}
		t.Run(name, func(t *testing.T) { formattest.Run(t, suite) })
	}
}

// sample is a few rows of every type: full, empty and null.
func sample(t testing.TB, columns []arrow.Field) arrow.RecordBatch {
	t.Helper()
	b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
	defer b.Release()
	for row := range 3 {
		for i, c := range columns {
			fillColumn(b.Column(i), row, c.Nullable)
		}
		b.EndRow()
	}
	r := b.NewRecord()
	t.Cleanup(r.Release)
	return r
}

func fillColumn(c *batch.Column, row int, nullable bool) {
	if row == 2 && nullable {
		c.AppendNull()
		return
	}
	switch c.Kind() {
	case batch.KindBool:
		c.AppendBool(row == 0)
	case batch.KindInt32:
		c.AppendInt32(int32(-5 + 100*row))
	case batch.KindInt64:
		c.AppendInt64(int64(70000 * row))
	case batch.KindFloat32:
		c.AppendFloat32(float32(row) + 0.5)
	case batch.KindFloat64:
		c.AppendFloat64(float64(row) - 0.25)
	case batch.KindText, batch.KindDictionary:
		_ = c.AppendString(strings.Repeat("é-text", row+1))
	case batch.KindDecimal:
		c.AppendDecimal(uint64(int64(-12345*row)), int64(-row)>>63)
	case batch.KindFixed:
		c.AppendFixed([]byte("0123456789abcdef"))
	case batch.KindInterval:
		c.AppendInterval(int32(row), 2, 3e6)
	case batch.KindList, batch.KindMap:
		for k := range c.Children() {
			for n := range 2 * (1 - row%2) {
				fillColumn(c.Child(k), n, false)
			}
		}
		_ = c.EndList()
	case batch.KindStruct:
		for k := range c.Children() {
			fillColumn(c.Child(k), row, false)
		}
		c.EndStruct()
	}
}

func TestGivenSchemaIsChecked(t *testing.T) {
	long := arrow.PrimitiveTypes.Int64
	for schema, want := range map[string]string{
		`{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"long"}]}`:             `the schema's field "b" has no column`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"long","default":1}]}`: ``,
		`{"type":"record","name":"R","fields":[{"name":"c","type":"long","default":1}]}`:                            `no field for column "a"`,
		`"long"`: "cannot be written as long",
	} {
		f, err := New(Config{Mode: Raw, Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.NewEncoder(fieldsFor([]arrow.Field{declared("a", long, false)}))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", schema, err, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	schema, datums := flights(t, true)
	columns := table(t, schema)
	b := newBench(t, Config{Mode: Raw, Schema: schema}, columns)
	decodeAll(t, b.Decoder, b.Builder, datums)
	r := b.NewRecord()
	defer r.Release()
	f, _ := New(Config{Mode: Raw, Schema: schema})
	e, err := f.NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(r.Columns()); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(5, func() {
		for i, datum := range datums {
			if err := b.Decode(datum, b.Builder); err != nil {
				t.Fatal(err)
			}
			b.Rollback()
			if out, err = e.Append(out[:0], i); err != nil || !bytes.Equal(out, datum) {
				t.Fatalf("row %d: %x, want %x, %v", i, out, datum, err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations for %d records", n, len(datums))
	}
}
