package jsonformat

import (
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// encodeOne encodes a row of one column called x that fill has appended a value to.
func encodeOne(t *testing.T, c Config, typ arrow.DataType, fill func(*batch.Column)) (string, error) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "x", Type: typ, Nullable: true}}, nil), mem)
	fill(b.Column(0))
	b.EndRow()
	record := b.NewRecord()
	defer record.Release()
	e, err := New(c).NewEncoder([]format.Field{{Name: "x", Type: typ, Nullable: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	out, err := e.Append([]byte("-"), 0)
	return string(out), err
}

func TestEncodedDoubles(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", math.Copysign(0, -1): "-0.0", 1: "1.0", -1.5: "-1.5", 0.1: "0.1", 100: "100.0", 1234567890: "1234567890.0",
		9999999999: "9999999999.0", 1e10: "1.0e10", 12345678901: "1.2345678901e10", 1e300: "1.0e300", -1e21: "-1.0e21",
		1e-5: "0.00001", 9.5e-6: "9.5e-6", -1e-7: "-1.0e-7", 5e-324: "5.0e-324", math.MaxFloat64: "1.7976931348623157e308",
		123456.789: "123456.789", 9999999999.5: "9999999999.5", math.NaN(): "null", math.Inf(1): "null", math.Inf(-1): "null",
	} {
		got, err := encodeOne(t, Config{}, arrow.PrimitiveTypes.Float64, func(c *batch.Column) { c.AppendFloat64(v) })
		if err != nil || got != `-{"x":`+want+`}` {
			t.Errorf("%v: %s, %v; want %s", v, got, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "v")
		room := make([]byte, valueRoom)
		text := string(room[:putDouble(room, 0, v, 64)])
		if back, err := strconv.ParseFloat(text, 64); err != nil || math.Float64bits(back) != math.Float64bits(v) {
			t.Fatalf("%v is written %s, which is %v, %v", v, text, back, err)
		}
	})
}

func putIntText(v int64) string {
	room := make([]byte, valueRoom)
	return string(room[:putInt(room, 0, v)])
}

func TestEncodedIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64().Draw(t, "v")
		if got, want := putIntText(v), strconv.FormatInt(v, 10); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
	for v := int64(-11000); v < 11000; v++ {
		if got, want := putIntText(v), strconv.FormatInt(v, 10); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestEncodedText(t *testing.T) {
	for text, want := range map[string]string{
		"": `""`, "a": `"a"`, "<&>'/": `"<&>'/"`, `"\`: `"\"\\"`, "\b\f\n\r\t": `"\b\f\n\r\t"`, "\x00\x1f\x7f": "\"\\u0000\\u001f\x7f\"",
		"naïve 日本語 😀\u2028": "\"naïve 日本語 😀\u2028\"", "a long text with a \" in the middle of it": `"a long text with a \" in the middle of it"`,
	} {
		got, err := encodeOne(t, Config{}, arrow.BinaryTypes.String, func(c *batch.Column) {
			if err := c.AppendString(text); err != nil {
				t.Fatal(err)
			}
		})
		if err != nil || got != `-{"x":`+want+`}` {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestEncodedTimestamps(t *testing.T) {
	for _, c := range []struct {
		unit         arrow.TimeUnit
		v            int64
		text, millis string
	}{
		{arrow.Second, 0, `"1970-01-01T00:00:00"`, "0"},
		{arrow.Second, -1, `"1969-12-31T23:59:59"`, "-1000"},
		{arrow.Second, 951782400, `"2000-02-29T00:00:00"`, "951782400000"},
		{arrow.Second, -62167219200, `"0000-01-01T00:00:00"`, "-62167219200000"},
		{arrow.Second, 253402300799, `"9999-12-31T23:59:59"`, "253402300799000"},
		{arrow.Second, 253402300800, "json.range", "253402300800000"},
		{arrow.Second, -62167219201, "json.range", "-62167219201000"},
		{arrow.Second, math.MaxInt64, "json.range", "json.range"},
		{arrow.Millisecond, 250, `"1970-01-01T00:00:00.250"`, "250"},
		{arrow.Millisecond, -1, `"1969-12-31T23:59:59.999"`, "-1"},
		{arrow.Millisecond, math.MinInt64, "json.range", "-9223372036854775808"},
		{arrow.Microsecond, 1, `"1970-01-01T00:00:00.000001"`, "0"},
		{arrow.Microsecond, -1, `"1969-12-31T23:59:59.999999"`, "-1"},
		{arrow.Nanosecond, 1696871620200000000, `"2023-10-09T17:13:40.200"`, "1696871620200"},
		{arrow.Nanosecond, 1712274910044999999, `"2024-04-04T23:55:10.044999999"`, "1712274910044"},
		{arrow.Nanosecond, -1, `"1969-12-31T23:59:59.999999999"`, "-1"},
		{arrow.Nanosecond, math.MinInt64, `"1677-09-21T00:12:43.145224192"`, "-9223372036855"},
		{arrow.Nanosecond, math.MaxInt64, `"2262-04-11T23:47:16.854775807"`, "9223372036854"},
	} {
		for form, want := range map[TimestampFormat]string{RFC3339: c.text, UnixMillis: c.millis} {
			got, err := encodeOne(t, Config{TimestampFormat: form}, timestamp(c.unit), func(col *batch.Column) { col.AppendInt64(c.v) })
			if want == "json.range" {
				wantDataError(t, got, err, want)
			} else if err != nil || got != `-{"x":`+want+`}` {
				t.Errorf("%d %v: %s, %v; want %s", c.v, c.unit, got, err, want)
			}
		}
	}
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	for _, text := range []string{"\xff", "a long text, then \xc3", "\xc3\n\xa9", "\xed\xa0\x80"} {
		got, err := encodeOne(t, Config{}, arrow.BinaryTypes.String, func(c *batch.Column) {
			if err := c.AppendString(text); err != nil {
				t.Fatal(err)
			}
		})
		wantDataError(t, got, err, "json.utf8")
	}
}

// wantDataError expects the code, for field x, and nothing written.
func wantDataError(t *testing.T, written string, err error, code string) {
	t.Helper()
	var bad *format.DataError
	if !errors.As(err, &bad) || bad.Code != code || bad.Path != "x" || written != "-" {
		t.Errorf("%q, %v; want %s and nothing written", written, err, code)
	}
}

func TestEncodedNullsAndNoColumns(t *testing.T) {
	for _, f := range allTypes() {
		got, err := encodeOne(t, Config{}, f.Type, func(c *batch.Column) { c.AppendNull() })
		if err != nil || got != `-{"x":null}` {
			t.Errorf("%s: %s, %v", f.Type, got, err)
		}
	}
	e, err := New(Config{}).NewEncoder(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(nil); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Append(nil, 0); err != nil || string(got) != "{}" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestEncodedKeysAreEscaped(t *testing.T) {
	fields := []format.Field{{Name: "a\"\\\n", Type: arrow.FixedWidthTypes.Boolean}}
	b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: fields[0].Name, Type: fields[0].Type}}, nil), checked(t))
	b.Column(0).AppendBool(true)
	b.EndRow()
	record := b.NewRecord()
	defer record.Release()
	defer b.Release()
	e, err := New(Config{}).NewEncoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Append(nil, 0); err != nil || string(got) != `{"a\"\\\n":true}` {
		t.Errorf("%s, %v", got, err)
	}
}
