package ipc

import (
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// The files are made by testdata/make_pyarrow.py with Arrow's C++ implementation.

// readPyarrow reads a stream of batches.
func readPyarrow(t *testing.T, file string) (schema *arrow.Schema, batches []arrow.RecordBatch) {
	t.Helper()
	stream, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	parts := messages(t, stream)
	if schema, err = ReadSchema(parts[0], testLimits); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts[1:] {
		got, err := decode(schema, part, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		touch(t, got)
		batches = append(batches, got)
	}
	return schema, batches
}

func TestReadsWhatPyarrowWrote(t *testing.T) {
	_, batches := readPyarrow(t, "pyarrow.arrows")
	compareText(t, batches[0], []int{0, 1, 2}, []expected{
		{"text", "TEXT", []string{"", "später", "(null)"}},
		{"i64", "BIGINT", []string{"-1", "(null)", "9223372036854775807"}},
		{"i32", "INT", []string{"1", "2", "-3"}},
		{"f64", "DOUBLE", []string{"0.5", "(null)", "NaN"}},
		{"bool", "BOOLEAN", []string{"true", "false", "(null)"}},
		{"s", "TIMESTAMP(0)", []string{"2013-01-01T05:00:00", "(null)", "1970-01-01T00:00:00"}},
		{"ms", "TIMESTAMP(3)", []string{"2013-01-01T05:00:00.123", "(null)", "1970-01-01T00:00:00"}},
		{"us", "TIMESTAMP(6)", []string{"2013-01-01T05:00:00.123456", "(null)", "1970-01-01T00:00:00"}},
		{"ns", "TIMESTAMP", []string{"2013-01-01T05:00:00.123456789", "(null)", "1970-01-01T00:00:00"}},
	})
}

func TestReadsEveryTypeThatPyarrowWrote(t *testing.T) {
	const point = "STRUCT<x SMALLINT NOT NULL, y TEXT>"
	want := []expected{
		{"i8", "TINYINT", []string{"-128", "(null)", "127", "1"}},
		{"i16", "SMALLINT", []string{"-32768", "(null)", "32767", "1"}},
		{"u8", "TINYINT UNSIGNED", []string{"0", "(null)", "255", "1"}},
		{"u16", "SMALLINT UNSIGNED", []string{"0", "(null)", "65535", "1"}},
		{"u32", "INT UNSIGNED", []string{"0", "(null)", "4294967295", "1"}},
		{"u64", "BIGINT UNSIGNED", []string{"0", "(null)", "18446744073709551615", "1"}},
		{"f32", "FLOAT", []string{"0.5", "(null)", "NaN", "-2"}},
		{"dec", "DECIMAL(4, 2)", []string{"-99.99", "(null)", "0.01", "1"}},
		{"wide", "DECIMAL(38, 0)", []string{"99999999999999999999999999999999999999", "(null)", "-99999999999999999999999999999999999999", "0"}},
		{"bin", "BYTEA", []string{"/wA=", "(null)", "", "YQ=="}},
		{"fsb", "fixed_size_binary[3]", []string{"/wAB", "(null)", "YWJj", "ZGVm"}},
		{"date", "DATE", []string{"1969-12-31", "(null)", "2024-02-29", "1970-01-01"}},
		{"t0", "TIME(0)", []string{"00:00:00", "(null)", "23:59:59", "00:00:01"}},
		{"t3", "TIME(3)", []string{"00:00:00.000", "(null)", "23:59:59.999", "00:00:00.001"}},
		{"t6", "TIME(6)", []string{"00:00:00.000000", "(null)", "23:59:59.999999", "00:00:00.000001"}},
		{"t9", "TIME", []string{"00:00:00.000000000", "(null)", "23:59:59.999999999", "00:00:00.000000001"}},
		{"zoned", "TIMESTAMP(6) WITH TIME ZONE", []string{"2013-01-01T05:00:00.123456Z", "(null)", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z"}},
		{"span", "INTERVAL", []string{
			`{"months":1,"days":-2,"nanoseconds":3}`, "(null)", `{"months":-4,"days":5,"nanoseconds":-6}`, `{"months":0,"days":0,"nanoseconds":0}`}},
		{"json", "JSON", []string{`{"a":1}`, "(null)", "[]", `"ü"`}},
		{"uuid", "UUID", []string{
			"00000000-0000-0000-0000-000000000001", "(null)", "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000002"}},
		{"list", "TEXT[]", []string{`["a",null]`, "(null)", "[]", `["b"]`}},
		{"lists", "ARRAY<BIGINT[] NOT NULL>", []string{"[[1,2],[]]", "(null)", "[]", "[[3]]"}},
		{"struct", point, []string{`{"x":1,"y":"a"}`, "(null)", `{"x":2,"y":null}`, `{"x":3,"y":"c"}`}},
		{"map", "MAP<TEXT, " + point + ">", []string{
			`[{"key":"a","value":{"x":1,"y":"a"}},{"key":"b","value":null}]`, "(null)", "[]", `[{"key":"c","value":{"x":2,"y":null}}]`}},
		{"maps", "MAP<TINYINT UNSIGNED, TEXT>[]", []string{`[[{"key":1,"value":"x"}],null]`, "(null)", "[[]]", `[[{"key":2,"value":null}]]`}},
	}
	schema, batches := readPyarrow(t, "pyarrow_types.arrows")
	compareText(t, batches[0], []int{0, 1, 2, 3}, want)
	compareText(t, batches[1], []int{3, 0, 1, 2, 3, 0}, want)
	for _, b := range batches { // and what we write of it is read the same
		again, err := decode(schema, encode(t, b), memory.DefaultAllocator)
		if err != nil || !array.RecordApproxEqual(b, again, array.WithNaNsEqual(true)) {
			t.Errorf("%v came back as %v, %v", b, again, err)
		}
	}
}

// expected is what a column is and holds.
type expected struct {
	name, typ string
	values    []string
}

// textOf is a value's text. That of decimals is not arrow's own, which is another one where words have 32 bits.
func textOf(a arrow.Array, row int) string {
	d, ok := a.(*array.Decimal128)
	if !ok || d.IsNull(row) {
		return a.ValueStr(row)
	}
	n, scale := d.Value(row), d.DataType().(*arrow.Decimal128Type).Scale
	unscaled := new(big.Int).Lsh(big.NewInt(n.HighBits()), 64)
	unscaled.Add(unscaled, new(big.Int).SetUint64(n.LowBits()))
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	text := new(big.Rat).SetFrac(unscaled, unit).FloatString(int(scale))
	if scale > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// compareText compares a batch, whose rows are some of the expected ones, with these.
func compareText(t *testing.T, batch arrow.RecordBatch, rows []int, want []expected) {
	t.Helper()
	if int(batch.NumCols()) != len(want) || int(batch.NumRows()) != len(rows) {
		t.Fatalf("%d columns, %d rows", batch.NumCols(), batch.NumRows())
	}
	for i, w := range want {
		if f := batch.Schema().Field(i); f.Name != w.name || types.Name(f.Type) != w.typ {
			t.Errorf("column %d is %s %s, want %s %s", i, f.Name, types.Name(f.Type), w.name, w.typ)
		}
		for k, row := range rows {
			if got := textOf(batch.Column(i), k); got != w.values[row] {
				t.Errorf("column %s row %d: %q, want %q", w.name, k, got, w.values[row])
			}
		}
	}
}
