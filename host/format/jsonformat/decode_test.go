package jsonformat

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// table makes fields, each of its own column, from "name TYPE, name TYPE NOT NULL".
func table(columns string) ([]format.Field, *arrow.Schema) {
	schema := columnsOf(columns)
	var fields []format.Field
	for i, f := range schema {
		fields = append(fields, format.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Column: i})
	}
	return fields, arrow.NewSchema(schema, nil)
}

// checked is an allocator that the test fails on if it leaks.
func checked(t testing.TB) memory.Allocator {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

// decodeRows decodes frames and shows each as its values, or the code and path of what is wrong with it.
func decodeRows(t *testing.T, c Config, columns string, frames ...string) []string {
	t.Helper()
	fields, schema := table(columns)
	d, err := New(c).NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(schema, checked(t))
	defer b.Release()
	var out []string
	for _, frame := range frames {
		err := d.Decode([]byte(frame), b)
		var bad *format.DataError
		if errors.As(err, &bad) {
			out = append(out, strings.TrimSpace(bad.Code+" "+bad.Path))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		b.EndRow()
		record := b.NewRecord()
		var values []string
		for _, col := range record.Columns() {
			values = append(values, show(col))
		}
		record.Release()
		out = append(out, strings.Join(values, " "))
	}
	return out
}

// show is the first value of an array as cell has it, text in quotes.
func show(a arrow.Array) string {
	switch a := a.(type) {
	case *array.String:
		if a.IsValid(0) {
			return fmt.Sprintf("%q", a.Value(0))
		}
	case *array.MonthDayNanoInterval:
		if a.IsValid(0) {
			v := a.Value(0)
			return fmt.Sprint(v.Months, v.Days, v.Nanoseconds)
		}
	case *array.Float32, *array.Float64:
		if a.IsValid(0) {
			return a.ValueStr(0)
		}
	}
	if a.IsNull(0) {
		return "null"
	}
	return fmt.Sprint(cell(a, 0))
}

// rules say what a value becomes in a column: by default, and in strict mode ("" for the same).
var rules = []struct{ column, value, want, strict string }{
	{"BIGINT", `0`, "0", ""},
	{"BIGINT", `-0`, "0", ""},
	{"BIGINT", `12345678`, "12345678", ""},
	{"BIGINT", `-1234567890123456789`, "-1234567890123456789", ""},
	{"BIGINT", `9223372036854775807`, "9223372036854775807", ""},
	{"BIGINT", `-9223372036854775808`, "-9223372036854775808", ""},
	{"BIGINT", `9223372036854775808`, "json.range x", ""},
	{"BIGINT", `-9223372036854775809`, "json.range x", ""},
	{"BIGINT", `18446744073709551617`, "json.range x", ""},
	{"BIGINT", `100000000000000000000000`, "json.range x", ""},
	{"BIGINT", `1.9`, "1", "json.type x"},
	{"BIGINT", `-1.9`, "-1", "json.type x"},
	{"BIGINT", `-0.9`, "0", "json.type x"},
	{"BIGINT", `2E0`, "2", "json.type x"},
	{"BIGINT", `2.50e1`, "25", "json.type x"},
	{"BIGINT", `2.59e+1`, "25", "json.type x"},
	{"BIGINT", `12345e-3`, "12", "json.type x"},
	{"BIGINT", `9007199254740993.0`, "9007199254740993", "json.type x"},
	{"BIGINT", `9.223372036854775807e18`, "9223372036854775807", "json.type x"},
	{"BIGINT", `9.3e18`, "json.range x", "json.type x"},
	{"BIGINT", `1e99999999999999999999`, "json.range x", "json.type x"},
	{"BIGINT", `0e99999999999999999999`, "0", "json.type x"},
	{"BIGINT", `1e-99999999999999999999`, "0", "json.type x"},
	{"BIGINT", `0.00000000000000000000000001e27`, "10", "json.type x"},
	{"BIGINT", `007`, "7", "json.syntax x"},
	{"BIGINT", `00000000000000000000000000007`, "7", "json.syntax x"},
	{"BIGINT", `1.`, "1", "json.syntax x"},
	{"BIGINT", `-.5`, "0", "json.syntax x"},
	{"BIGINT", `-`, "json.syntax x", ""},
	{"BIGINT", `1-2`, "json.syntax x", ""},
	{"BIGINT", `1e`, "json.syntax x", ""},
	{"BIGINT", `1.5.5`, "json.syntax x", ""},
	{"BIGINT", `"42"`, "42", "json.type x"},
	{"BIGINT", `"+42"`, "42", "json.type x"},
	{"BIGINT", `"-0042"`, "-42", "json.type x"},
	{"BIGINT", `"\u0034\u0032"`, "42", "json.type x"},
	{"BIGINT", `"-9223372036854775808"`, "-9223372036854775808", "json.type x"},
	{"BIGINT", `"9223372036854775808"`, "json.range x", "json.type x"},
	{"BIGINT", `""`, "json.parse x", "json.type x"},
	{"BIGINT", `"+"`, "json.parse x", "json.type x"},
	{"BIGINT", `"+-1"`, "json.parse x", "json.type x"},
	{"BIGINT", `" 1"`, "json.parse x", "json.type x"},
	{"BIGINT", `"1.0"`, "json.parse x", "json.type x"},
	{"BIGINT", `"1e3"`, "json.parse x", "json.type x"},
	{"BIGINT", `true`, "json.type x", ""},
	{"BIGINT", `{}`, "json.type x", ""},
	{"BIGINT", `[1]`, "json.type x", ""},
	{"BIGINT", `null`, "null", ""},
	{"INT", `2147483647`, "2147483647", ""},
	{"INT", `-2147483648`, "-2147483648", ""},
	{"INT", `2147483648`, "json.range x", ""},
	{"INT", `-2147483649`, "json.range x", ""},
	{"INT", `4294967296`, "json.range x", ""},
	{"INT", `"2147483648"`, "json.range x", "json.type x"},
	{"INT", `4e0`, "4", "json.type x"},

	{"DOUBLE", `3`, "3", ""},
	{"DOUBLE", `-0`, "-0", ""},
	{"DOUBLE", `0.1`, "0.1", ""},
	{"DOUBLE", `123456789.123456789`, "1.2345678912345679e+08", ""},
	{"DOUBLE", `1.7976931348623157e308`, "1.7976931348623157e+308", ""},
	{"DOUBLE", `1.8e308`, "json.range x", ""},
	{"DOUBLE", `5e-324`, "5e-324", ""},
	{"DOUBLE", `1e-999`, "0", ""},
	{"DOUBLE", `9007199254740993`, "9.007199254740992e+15", ""},
	{"DOUBLE", `01.50`, "1.5", "json.syntax x"},
	{"DOUBLE", `1.`, "1", "json.syntax x"},
	{"DOUBLE", `-.5e0`, "-0.5", "json.syntax x"},
	{"DOUBLE", `1e+`, "json.syntax x", ""},
	{"DOUBLE", `-e1`, "json.syntax x", ""},
	{"DOUBLE", `"1.5"`, "1.5", "json.type x"},
	{"DOUBLE", `"+1e3"`, "1000", "json.type x"},
	{"DOUBLE", `"NaN"`, "NaN", "json.type x"},
	{"DOUBLE", `"-inf"`, "-Inf", "json.type x"},
	{"DOUBLE", `"+Infinity"`, "+Inf", "json.type x"},
	{"DOUBLE", `"infin"`, "json.parse x", "json.type x"},
	{"DOUBLE", `"++inf"`, "json.parse x", "json.type x"},
	{"DOUBLE", `"0x10"`, "json.parse x", "json.type x"},
	{"DOUBLE", `"1_0"`, "json.parse x", "json.type x"},
	{"DOUBLE", `""`, "json.parse x", "json.type x"},
	{"DOUBLE", `"1e999"`, "json.range x", "json.type x"},
	{"DOUBLE", `false`, "json.type x", ""},

	{"BOOLEAN", `true`, "true", ""},
	{"BOOLEAN", `false`, "false", ""},
	{"BOOLEAN", `0`, "json.type x", ""},
	{"BOOLEAN", `1`, "json.type x", ""},
	{"BOOLEAN", `"true"`, "json.type x", ""},

	{"TEXT", `""`, `""`, ""},
	{"TEXT", `"abcdefg"`, `"abcdefg"`, ""},
	{"TEXT", `"abcdefgh"`, `"abcdefgh"`, ""},
	{"TEXT", `"abcdefghi"`, `"abcdefghi"`, ""},
	{"TEXT", `"é"`, `"é"`, ""},
	{"TEXT", `"naïve, and a longer text: 日本語"`, `"naïve, and a longer text: 日本語"`, ""},
	{"TEXT", `"\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00"`, `"\"\\/\b\f\n\r\tAé😀"`, ""},
	{"TEXT", `"\u0000"`, `"\x00"`, ""},
	{"TEXT", "\"a\tb\"", `"a\tb"`, "json.syntax"},
	{"TEXT", "\"\x01\"", `"\x01"`, "json.syntax"},
	{"TEXT", "\"\x7f\"", `"\x7f"`, ""},
	{"TEXT", `"\x41"`, "json.syntax", ""},
	{"TEXT", `"\u00g0"`, "json.syntax", ""},
	{"TEXT", `"\ud83d"`, "json.syntax", ""},
	{"TEXT", `"\ud83d\u0041"`, "json.syntax", ""},
	{"TEXT", `"\ude00\ud83d"`, "json.syntax", ""},
	{"TEXT", "\"\xc3\"", "json.utf8", ""},
	{"TEXT", "\"\xed\xa0\x80\"", "json.utf8", ""},
	{"TEXT", "\"\\n\xe2\\u0082\"", "json.utf8", ""},
	{"TEXT", `1`, "json.type x", ""},
	{"TEXT", `1-2`, "json.type x", "json.syntax x"},
	{"TEXT", `true`, "json.type x", ""},
	{"TEXT", `tru`, "json.syntax", ""},
	{"TEXT", `TRUE`, "json.syntax", ""},
	{"TEXT", `NaN`, "json.syntax", ""},

	{"TIMESTAMP(3)", `"1997-01-31T09:26:56.123Z"`, "854702816123", ""},
	{"TIMESTAMP(3)", `"1997-01-31T09:26:56.123"`, "854702816123", ""},
	{"TIMESTAMP(3)", `"1997-01-31T14:26:56.123+05:00"`, "854702816123", ""},
	{"TIMESTAMP(3)", `"1997-01-31T04:26:56.1239-05:00"`, "854702816123", ""},
	{"TIMESTAMP(3)", `"1997-01-31T14:26:56.123+0500"`, "854702816123", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31T14:26:56.123 +05"`, "854702816123", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31 09:26:56.123"`, "854702816123", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31t09:26:56.123z"`, "854702816123", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31T09:26:56.1234567891"`, "854702816123", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31T092656"`, "854702816000", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31"`, "854668800000", "json.parse x"},
	{"TIMESTAMP(3)", `"1997-01-31T09:26:60Z"`, "854702820000", "json.parse x"},
	{"TIMESTAMP(0)", `"1969-12-31T23:59:59.999Z"`, "-1", ""},
	{"TIMESTAMP(0)", `"0000-01-01T00:00:00Z"`, "-62167219200", ""},
	{"TIMESTAMP(0)", `"9999-12-31T23:59:59Z"`, "253402300799", ""},
	{"TIMESTAMP(0)", `"1900-03-01T00:00:00Z"`, "-2203891200", ""},
	{"TIMESTAMP(0)", `"2000-03-01T00:00:00Z"`, "951868800", ""},
	{"TIMESTAMP(9)", `"1677-09-21T00:12:43.145224192Z"`, "-9223372036854775808", ""},
	{"TIMESTAMP(9)", `"1677-09-21T00:12:43.145224191Z"`, "json.range x", ""},
	{"TIMESTAMP(9)", `"2262-04-11T23:47:16.854775807Z"`, "9223372036854775807", ""},
	{"TIMESTAMP(9)", `"2262-04-11T23:47:16.854775808Z"`, "json.range x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00:00\u005a"`, "1357034400", ""},
	{"TIMESTAMP(0)", `"2013-02-29T10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"1900-02-29T10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2000-02-29T00:00:00Z"`, "951782400", ""},
	{"TIMESTAMP(0)", `"2013-00-01T10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-13-01T10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-00T10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T24:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:60:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00:61Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00:00.Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00:00ZZ"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00:00+24:00"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00:00 05:00"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01T10:00"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013-01-01x10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"2013/01/01T10:00:00Z"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `"1997-1-1"`, "json.parse x", ""},
	{"TIMESTAMP(0)", `""`, "json.parse x", ""},
	{"TIMESTAMP(0)", `1612274910`, "1612274910", "json.type x"},
	{"TIMESTAMP(9)", `1612274910045.9`, "1612274910045", "json.type x"},
	{"TIMESTAMP(9)", `9223372036854775808`, "json.range x", "json.type x"},
	{"TIMESTAMP(9)", `true`, "json.type x", ""},
}

func TestValues(t *testing.T) {
	for _, r := range rules {
		for _, form := range []string{`{"x":%s}`, ` { "x" : %s } `, `{"x":%s,"other":"and more than a word"}`} {
			frame := fmt.Sprintf(form, r.value)
			if got := decodeRows(t, Config{}, "x "+r.column, frame)[0]; got != r.want {
				t.Errorf("%s into %s: %s, want %s", frame, r.column, got, r.want)
			}
			want := r.want
			if r.strict != "" {
				want = r.strict
			}
			if got := decodeRows(t, Config{Strictness: Strict}, "x "+r.column, frame)[0]; got != want {
				t.Errorf("%s into %s, strict: %s, want %s", frame, r.column, got, want)
			}
		}
	}
}

func TestNumbersAsMilliseconds(t *testing.T) {
	for _, r := range []struct{ column, value, want, strict string }{
		{"TIMESTAMP(9)", `1612274910045`, "1612274910045000000", ""},
		{"TIMESTAMP(6)", `1612274910045`, "1612274910045000", ""},
		{"TIMESTAMP(3)", `1612274910045.9`, "1612274910045", "json.type x"},
		{"TIMESTAMP(0)", `1999`, "1", ""},
		{"TIMESTAMP(0)", `-1`, "-1", ""},
		{"TIMESTAMP(9)", `9223372036855`, "json.range x", ""},
		{"TIMESTAMP(9)", `-9223372036855`, "json.range x", ""},
		{"TIMESTAMP(9)", `-9223372036854`, "-9223372036854000000", ""},
		{"TIMESTAMP(3)", `"1997-01-31T09:26:56.123Z"`, "854702816123", "json.type x"},
	} {
		frame := `{"x":` + r.value + `}`
		if got := decodeRows(t, Config{TimestampFormat: UnixMillis}, "x "+r.column, frame)[0]; got != r.want {
			t.Errorf("%s into %s: %s, want %s", r.value, r.column, got, r.want)
		}
		if r.strict == "" {
			r.strict = r.want
		}
		if got := decodeRows(t, Config{TimestampFormat: UnixMillis, Strictness: Strict}, "x "+r.column, frame)[0]; got != r.strict {
			t.Errorf("%s into %s, strict: %s, want %s", r.value, r.column, got, r.strict)
		}
	}
}

func TestFrames(t *testing.T) {
	deep := func(n int) string { return `{"u":` + strings.Repeat(`[`, n) + strings.Repeat(`]`, n) + `,"a":1}` }
	for _, c := range []struct{ name, frame, want, strict string }{
		{"empty", ``, "json.empty", ""},
		{"white space", " \r\n\t", "json.empty", ""},
		{"empty object", `{}`, "json.missing b", ""},
		{"any order", `{"b":"x","a":1}`, `1 "x"`, ""},
		{"absent nullable", `{"b":"x"}`, `null "x"`, ""},
		{"null in NOT NULL", `{"b":null}`, "json.null b", ""},
		{"first wrong field of the frame", `{"a":true,"b":1}`, "json.type a", ""},
		{"syntax before types", `{"a":true,"b":1`, "json.syntax", ""},
		{"last one wins", `{"a":1,"b":"x","a":2}`, `2 "x"`, "json.duplicate a"},
		{"last one wins though the first is wrong", `{"a":"x","b":"x","a":2}`, `2 "x"`, "json.type a"},
		{"last one wins though it is wrong", `{"a":1,"b":"x","a":true}`, "json.type a", "json.duplicate a"},
		{"last one wins though it is null", `{"b":"y","b":"x","b":null}`, "json.null b", "json.duplicate b"},
		{"last null wins", `{"a":1,"b":"x","a":null}`, `null "x"`, "json.duplicate a"},
		{"escaped key", `{"\u0061":1,"\u0062":"x"}`, `1 "x"`, ""},
		{"escaped key again", `{"b":"x","a":1,"\u0061":2}`, `2 "x"`, "json.duplicate a"},
		{"case matters", `{"A":1,"b":"x"}`, `null "x"`, ""},
		{"prefix of a key", `{"bb":1,"b":"x"}`, `null "x"`, ""},
		{"undeclared", `{"u":{"a":[1,{"a":"\n"}],"b":null},"b":"x","v":[],"w":-1.5E-7}`, `null "x"`, ""},
		{"undeclared bad escape", `{"u":"\x","b":"x"}`, "json.syntax", ""},
		{"undeclared bad utf-8", "{\"u\":\"\xff\",\"b\":\"x\"}", "json.utf8", ""},
		{"undeclared key bad utf-8", "{\"\xff\":1,\"b\":\"x\"}", "json.utf8", ""},
		{"bad utf-8 outside of strings", "{\"b\":\"x\"}\xff", "json.utf8", ""},
		{"undeclared surrogate", `{"u":"\udc00","b":"x"}`, "json.syntax", ""},
		{"undeclared non-number", `{"u":1-2,"b":"x"}`, `null "x"`, "json.syntax"},
		{"undeclared mismatched", `{"u":[1},"b":"x"}`, "json.syntax", ""},
		{"undeclared mismatched object", `{"u":{"a":1],"b":"x"}`, "json.syntax", ""},
		{"undeclared nothing", `{"u":,"b":"x"}`, "json.syntax", ""},
		{"undeclared no colon", `{"u" 1,"b":"x"}`, "json.syntax", ""},
		{"undeclared object without key", `{"u":{1:2},"b":"x"}`, "json.syntax", ""},
		{"commas", `{,"a":1,,"b":"x",}`, `1 "x"`, "json.syntax"},
		{"no commas", `{"a":1"b":"x"}`, `1 "x"`, "json.syntax"},
		{"commas in arrays", `{"u":[,1,,2 3,],"b":"x"}`, `null "x"`, "json.syntax"},
		{"trailing comma", `{"b":"x",}`, `null "x"`, "json.syntax"},
		{"trailing comma in array", `{"b":"x","u":[1,]}`, `null "x"`, "json.syntax"},
		{"comma before all", `,{"b":"x"}`, "json.syntax", ""},
		{"garbage behind", `{"b":"x"}xyz`, "json.syntax", ""},
		{"brace behind", `{"b":"x"}}`, "json.syntax", ""},
		{"second object", `{"b":"x"}{"b":"y"}`, "json.syntax", ""},
		{"second object on a line", "{\"b\":\"x\"}\n{\"b\":\"y\"}", "json.syntax", ""},
		{"carriage return behind", "{\"b\":\"x\"}\r", `null "x"`, ""},
		{"byte order mark", "\ufeff{\"b\":\"x\"}", "json.syntax", ""},
		{"no object: array", `[{"b":"x"}]`, "json.type", ""},
		{"no object: string", `"b"`, "json.type", ""},
		{"no object: number", `12`, "json.type", ""},
		{"no object: null", `null`, "json.type", ""},
		{"no object: nor JSON", `hello`, "json.syntax", ""},
		{"no object: array cut short", `[1`, "json.syntax", ""},
		{"no object: array and more", `[1] 2`, "json.syntax", ""},
		{"cut short in key", `{"b`, "json.syntax", ""},
		{"cut short behind key", `{"b"`, "json.syntax", ""},
		{"cut short behind colon", `{"b":`, "json.syntax", ""},
		{"cut short behind colon and space", `{"b" : `, "json.syntax", ""},
		{"cut short in literal", `{"a":tru`, "json.syntax", ""},
		{"cut short in escape", `{"b":"\`, "json.syntax", ""},
		{"cut short in unicode escape", `{"b":"\u00`, "json.syntax", ""},
		{"cut short in string", `{"b":"xxxxxxxxxxxxxxxxxxxxxxxxxxx`, "json.syntax", ""},
		{"cut short in number", `{"a":12`, "json.syntax", ""},
		{"deep", deep(format.DefaultDepth - 1), "json.missing b", ""},
		{"too deep", deep(format.DefaultDepth), "json.depth", ""},
		{"too deep for the stack", `{"u":` + strings.Repeat(`[`, 1<<20), "json.depth", ""},
		{"too deep in a field", `{"a":` + strings.Repeat(`{"x":`, 1<<20), "json.depth", ""},
	} {
		if c.strict == "" {
			c.strict = c.want
		}
		if got := decodeRows(t, Config{}, "a BIGINT, b TEXT NOT NULL", c.frame)[0]; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := decodeRows(t, Config{Strictness: Strict}, "a BIGINT, b TEXT NOT NULL", c.frame)[0]; got != c.strict {
			t.Errorf("%s, strict: %s, want %s", c.name, got, c.strict)
		}
	}
}

// The prediction must never change what is decoded, whatever the records before.
func TestShapesOfRecordsMayChange(t *testing.T) {
	got := decodeRows(t, Config{}, `a BIGINT, b"c BIGINT, averylongcolumnname BIGINT, averylongcolumnnamf BIGINT`,
		`{"a":1,"b\"c":2,"averylongcolumnname":3,"averylongcolumnnamf":4}`,
		`{"averylongcolumnnamf":4,"averylongcolumnname":3,"b\"c":2,"a":1}`,
		`{"averylongcolumnnamf":4,"averylongcolumnname":3,"b\"c":2,"a":1}`,
		`{"x":0,"a":1,"y":[],"averylongcolumnname":3}`,
		`{"x":0,"a":1,"y":[],"averylongcolumnname":3}`,
		`{"x":0,"a":1,"y":[],"averylongcolumnnamf":4,"x":0,"x":0,"a":1}`,
		`{}`,
		`{"b"c":1}`,
		`{"a":1,"b\"c":2,"averylongcolumnname":3,"averylongcolumnnamf":4 }`,
	)
	want := []string{"1 2 3 4", "1 2 3 4", "1 2 3 4", "1 null 3 null", "1 null 3 null", "1 null null 4",
		"null null null null", "json.syntax", "1 2 3 4"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A stream whose keys never repeat must not make the decoder grow.
func TestUndeclaredKeysAreLearnedUpToABound(t *testing.T) {
	fields, schema := table("a BIGINT")
	d := newDecoder(Config{}, fields)
	b := batch.NewBuilder(schema, checked(t))
	defer b.Release()
	for i := range patience + 10*spareKeys {
		frame := fmt.Sprintf("{\"k%d\":1,\"%s\":2,\"\t%d\":3,\"a\":%d}", i, strings.Repeat("k", spareKeySize+1), i, i)
		if err := d.Decode([]byte(frame), b); err != nil {
			t.Fatal(err)
		}
		if got := b.Column(0).Len(); got != i+1 {
			t.Fatalf("%d values after %d rows", got, i+1)
		}
		b.EndRow()
	}
	if n := len(d.record.shape.names); n != 1+spareKeys {
		t.Errorf("%d keys known, want %d", n, 1+spareKeys)
	}
}

func TestMessagesSayWhatAndWhereAndNeverTheValue(t *testing.T) {
	for _, c := range []struct{ columns, frame, want string }{
		{"age INT NOT NULL", `{"age":null}`, "json.null: field 'age': null value for non-nullable field (expected INT) at byte 7"},
		{"age INT NOT NULL", `{"Age":1}`, "json.missing: field 'age': required field is missing (expected INT)"},
		{"id BIGINT", `{"id":"secret@company.com"}`, "json.parse: field 'id': expected BIGINT, got string (length: 18) - parse failure at byte 6"},
		{"id BIGINT", `{"id":""}`, "json.parse: field 'id': expected BIGINT, got string (length: 0) - parse failure at byte 6"},
		{"name TEXT", `{"x":1, "name":12345}`, "json.type: field 'name': expected TEXT, got number (length: 5) at byte 15"},
		{"n INT", `{"n":99999999999}`, "json.range: field 'n': expected INT, got number (length: 11) - out of range at byte 5"},
		{"n INT", `{"n":[1]}`, "json.type: field 'n': expected INT, got array at byte 5"},
		{"n BOOLEAN", `{"n":"secret"}`, "json.type: field 'n': expected BOOLEAN, got string (length: 6) at byte 5"},
		{"t TIMESTAMP(3)", `{"t":"secret time"}`, "json.parse: field 't': expected TIMESTAMP(3), got string (length: 11) - parse failure at byte 5"},
		{"t TIMESTAMP(3)", `{"t":{"secret":1}}`, "json.type: field 't': expected TIMESTAMP(3), got object at byte 5"},
		{"n INT", `{"secret":1`, "json.syntax: cut short at byte 11"},
		{"n INT", `{"n":1 secret}`, "json.syntax: no key in quotes, nor the end of the object at byte 7"},
		{"n INT", `{"n":secret}`, "json.syntax: no value at byte 5"},
		{"n INT", "\xef\xbb\xbf{}", "json.syntax: byte order mark in place of a value at byte 0"},
		{"n INT", `{"n":"\secret"}`, "json.syntax: unknown or incomplete escape at byte 6"},
		{"n INT", "{\"n\":\"secret\xff\"}", "json.utf8: not UTF-8 at byte 12"},
		{"n INT", "", "json.empty: no JSON object, nothing but white space"},
		{"n INT", " 7", "json.type: expected an object, got number at byte 1"},
	} {
		fields, schema := table(c.columns)
		d, err := New(Config{}).NewDecoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(schema, checked(t))
		if err := d.Decode([]byte(c.frame), b); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.frame, err, c.want)
		}
		b.Release()
	}
}

func TestTablesThatJSONCannotHave(t *testing.T) {
	f := New(Config{})
	for _, fields := range [][]format.Field{
		{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "a", Type: arrow.BinaryTypes.String}},
		{{Name: "a", Type: arrow.FixedWidthTypes.Date64}},
		{{Name: "a", Type: &arrow.TimestampType{Unit: arrow.Second, TimeZone: "Europe/Berlin"}}},
	} {
		if _, err := f.NewDecoder(fields); err == nil {
			t.Errorf("decoder for %v", fields)
		}
		if _, err := f.NewEncoder(fields); err == nil {
			t.Errorf("encoder for %v", fields)
		}
	}
	if _, err := f.NewEncoder([]format.Field{{Name: "\xff", Type: arrow.PrimitiveTypes.Int64}}); err == nil {
		t.Error("encoder for a name that is not UTF-8")
	}
}

func TestBuilderThatDoesNotFitIsNoDataError(t *testing.T) {
	fields, _ := table("a BIGINT, b TEXT")
	_, other := table("a BIGINT, b BIGINT")
	_, fewer := table("a BIGINT")
	for _, schema := range []*arrow.Schema{other, fewer} {
		d, err := New(Config{}).NewDecoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(schema, checked(t))
		var bad *format.DataError
		if err := d.Decode([]byte(`{}`), b); err == nil || errors.As(err, &bad) {
			t.Errorf("%v: %v", schema, err)
		}
		b.Release()
	}
}
