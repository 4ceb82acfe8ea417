package jsonformat

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// fieldsOf are the columns as fields, field i going to column i.
func fieldsOf(columns []arrow.Field) []format.Field {
	fields := make([]format.Field, len(columns))
	for i, c := range columns {
		fields[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
	}
	return fields
}

// encodeAll encodes the rows of a record.
func encodeAll(t testing.TB, f format.Format, record arrow.RecordBatch) ([]string, error) {
	t.Helper()
	e, err := f.NewEncoder(fieldsOf(record.Schema().Fields()))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	var out []string
	for row := range int(record.NumRows()) {
		message, err := e.Append([]byte("-"), row)
		if err != nil {
			if string(message) != "-" {
				t.Fatalf("%q beside %v", message, err)
			}
			return out, err
		}
		out = append(out, string(message[1:]))
	}
	return out, nil
}

// decodeAll decodes frames, which must be good.
func decodeAll(t testing.TB, f format.Format, columns []arrow.Field, frames ...string) arrow.RecordBatch {
	t.Helper()
	d, err := f.NewDecoder(fieldsOf(columns))
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
	defer b.Release()
	for _, frame := range frames {
		if err := d.Decode([]byte(frame), b); err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		b.EndRow()
	}
	return b.NewRecord()
}

// TestEncodedTypes decodes a value and encodes it again: as it came, where want is empty.
func TestEncodedTypes(t *testing.T) {
	decimals := func(e DecimalEncoding) Config { return Config{DecimalEncoding: e} }
	millis := Config{TimestampFormat: UnixMillis}
	for _, c := range []struct {
		config           Config
		typ, value, want string
	}{
		{Config{}, "TINYINT", "-128", ""}, {Config{}, "SMALLINT", "-32768", ""}, {Config{}, "TINYINT UNSIGNED", "255", ""},
		{Config{}, "SMALLINT UNSIGNED", "65535", ""}, {Config{}, "INT UNSIGNED", "4294967295", ""},
		{Config{}, "BIGINT UNSIGNED", "18446744073709551615", ""}, {Config{}, "FLOAT", "0.1", ""},
		{Config{}, "FLOAT", "123456789", "123456790.0"}, {Config{}, "FLOAT", "3.4028235e38", ""}, {Config{}, "FLOAT", "16777216", "16777216.0"},
		{Config{}, "DECIMAL(10, 2)", "123.45", ""}, {Config{}, "DECIMAL(10, 2)", "-0.05", ""}, {Config{}, "DECIMAL(10, 2)", "0", "0.00"},
		{Config{}, "DECIMAL(38, 0)", "-99999999999999999999999999999999999999", ""},
		{Config{}, "DECIMAL(38, 38)", "0.00000000000000000000000000000000000001", ""},
		{Config{}, "DECIMAL(38, 10)", "1234567890123456789012345678.0123456789", ""},
		{Config{}, "DECIMAL(38, 0)", "18446744073709551616", ""}, {Config{}, "DECIMAL(38, 0)", "10000000000000000000", ""},
		{decimals(DecimalString), "DECIMAL(10, 2)", "123.45", `"123.45"`},
		{decimals(DecimalBytes), "DECIMAL(5, 3)", `"AAAAAAAAAAAAAAAAAAAACg=="`, ""},
		{decimals(DecimalBytes), "DECIMAL(5, 3)", `"///////////////////+cQ=="`, ""},
		{decimals(DecimalBytes), "DECIMAL(5, 3)", "-0.399", `"///////////////////+cQ=="`},
		{Config{}, "BYTEA", `"AAECAwQ="`, ""}, {Config{}, "BYTEA", `""`, ""},
		{Config{}, "DATE", `"2024-02-29"`, ""}, {Config{}, "DATE", `"0000-01-01"`, ""}, {millis, "DATE", "86400000", ""},
		{millis, "DATE", "-1", "-86400000"},
		{Config{}, "TIME(0)", `"23:59:59"`, ""}, {Config{}, "TIME(3)", `"00:00:00.007"`, ""}, {Config{}, "TIME(6)", `"12:34:56.000001"`, ""},
		{Config{}, "TIME(9)", `"12:34:56.123456789"`, ""}, {millis, "TIME(9)", `"12:34:56.100"`, ""},
		{Config{}, "TIMESTAMPTZ(3)", `"2013-01-02T15:04:05.250Z"`, ""},
		{Config{}, "TIMESTAMPTZ(9)", `"2013-01-02T15:04:05+01:00"`, `"2013-01-02T14:04:05Z"`},
		{millis, "TIMESTAMPTZ(9)", "1357139045250", ""},
		{Config{}, "INTERVAL", `"PT0S"`, ""}, {Config{}, "INTERVAL", `"P1Y2M3DT4H5M6.007S"`, ""}, {Config{}, "INTERVAL", `"P-1M"`, ""},
		{Config{}, "INTERVAL", `"PT-0.500S"`, ""}, {Config{}, "INTERVAL", `"P14M"`, `"P1Y2M"`}, {Config{}, "INTERVAL", `"PT90S"`, `"PT1M30S"`},
		{Config{}, "JSON", `{"a":[1,9007199254740993,1e-9,"\u00e9"]}`, ""}, {Config{}, "JSON", "\"x\"", ""},
		{Config{}, "JSON", "{\"a\":\r\n1}", "{\"a\":  1}"},
		{Config{}, "UUID", `"00112233-4455-6677-8899-aabbccddeeff"`, ""},
		{Config{}, "BIGINT[]", "[1,null,-3]", ""}, {Config{}, "BIGINT[]", "[]", ""}, {Config{}, "TEXT[][]", `[["a","b\n"],null,[null]]`, ""},
		{Config{}, "STRUCT<a BIGINT, b STRUCT<c TEXT>>", `{"a":1,"b":{"c":"x"}}`, ""},
		{Config{}, "STRUCT<a BIGINT, b STRUCT<c TEXT>>", `{"a":null,"b":null}`, ""},
		{Config{}, "MAP<TEXT, BIGINT>", `{"a":1,"":null}`, ""}, {Config{}, "MAP<BIGINT, TEXT>", `{"-1":"a","9223372036854775807":"b"}`, ""},
		{Config{}, "MAP<BOOLEAN, STRUCT<a BIGINT>[]>", `{"true":[{"a":1}],"false":[]}`, ""}, {Config{}, "MAP<TEXT, BIGINT>", `{}`, ""},
		{Config{}, "DICTIONARY<TEXT>", `"a longer text"`, ""}, {Config{}, "DICTIONARY<TEXT>", `"a"`, ""},
	} {
		columns := []arrow.Field{{Name: "x", Type: typeOf(c.typ), Nullable: true}}
		want := c.want
		if want == "" {
			want = c.value
		}
		f := New(c.config)
		record := decodeAll(t, f, columns, `{}`, `{"x":`+c.value+`}`)
		got, err := encodeAll(t, f, record)
		if err != nil || got[0] != `{"x":null}` || got[1] != `{"x":`+want+`}` {
			t.Errorf("%s %s: %s, %v; want %s", c.typ, c.value, got, err, want)
		}
		record.Release()
	}
}

// wantPath expects a DataError with code and path.
func wantPath(t *testing.T, err error, code, path string) {
	t.Helper()
	if bad, ok := err.(*format.DataError); !ok || bad.Code != code || bad.Path != path {
		t.Errorf("%v; want %s at %s", err, code, path)
	}
}

func TestWhatJSONCannotExpressIsRefusedWithItsPath(t *testing.T) {
	text := func(s string) func(*batch.Column) {
		return func(c *batch.Column) {
			if err := c.AppendString(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		typ        string
		fill       func(*batch.Column)
		code, path string
	}{
		{"JSON", text(""), "json.syntax", "x"}, {"JSON", text("{"), "json.syntax", "x"}, {"JSON", text("1 2"), "json.syntax", "x"},
		{"JSON", text(`{"a":,}`), "json.syntax", "x"}, {"JSON", text("NaN"), "json.syntax", "x"}, {"JSON", text("01"), "json.syntax", "x"},
		{"JSON", text("\"\xff\""), "json.utf8", "x"}, {"JSON", text("\"\n\""), "json.syntax", "x"}, {"JSON", text("[1,]"), "json.syntax", "x"},
		{"JSON", text(strings.Repeat("[", 128)), "json.depth", "x"},
		{"TEXT", text("a\xff"), "json.utf8", "x"}, {"DICTIONARY<TEXT>", text("\xff"), "json.utf8", "x"},
		{"DATE", func(c *batch.Column) { c.AppendInt32(math.MaxInt32) }, "json.range", "x"},
		{"TIME(0)", func(c *batch.Column) { c.AppendInt32(86400) }, "json.range", "x"},
		{"TIME(9)", func(c *batch.Column) { c.AppendInt64(-1) }, "json.range", "x"},
		{"STRUCT<a JSON[]>", func(c *batch.Column) {
			items := c.Child(0)
			text("1")(items.Child(0))
			text("?")(items.Child(0))
			if err := items.EndList(); err != nil {
				t.Fatal(err)
			}
			c.EndStruct()
		}, "json.syntax", "x.a[1]"},
		{"MAP<TEXT, TEXT>", func(c *batch.Column) {
			text("secret")(c.Child(0))
			text("\xff")(c.Child(1))
			if err := c.EndList(); err != nil {
				t.Fatal(err)
			}
		}, "json.utf8", "x{0}"},
		{"MAP<TEXT, TEXT>", func(c *batch.Column) {
			text("\xff")(c.Child(0))
			text("")(c.Child(1))
			if err := c.EndList(); err != nil {
				t.Fatal(err)
			}
		}, "json.utf8", "x{0}"},
	} {
		for _, config := range []Config{{}, {IncludeSchema: true}, {Debezium: true}, {IncludeSchema: true, Debezium: true}} {
			got, err := encodeOne(t, config, typeOf(c.typ), c.fill)
			wantPath(t, err, c.code, c.path)
			if got != "-" {
				t.Errorf("%s: %q written", c.typ, got)
			}
		}
	}
	for _, config := range []Config{{InvalidAsText: true}, {InvalidAsText: true, IncludeSchema: true}} {
		_, err := encodeOne(t, config, types.JSON(), text("\xff"))
		wantPath(t, err, "json.utf8", "x")
	}
}

// TestMapsThatHaveAKeyTwiceAreRefused writes maps of n entries, of which perhaps one has the key of another.
func TestMapsThatHaveAKeyTwiceAreRefused(t *testing.T) {
	for _, key := range []string{"TEXT", "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED", "BIGINT UNSIGNED"} {
		for _, n := range []int{2, 3, 16, 17, 100} {
			if key == "BOOLEAN" {
				n = 2
			}
			for _, again := range []int{-1, 1, n / 2, n - 1} {
				fill := func(c *batch.Column) {
					for i := range n {
						v := i
						if i == again {
							v = 0
						}
						switch keys := c.Child(0); keys.Kind() {
						case batch.KindText:
							if err := keys.AppendString("key" + strconv.Itoa(v)); err != nil {
								t.Fatal(err)
							}
						case batch.KindBool:
							keys.AppendBool(v > 0)
						case batch.KindInt8:
							keys.AppendInt8(int8(v))
						case batch.KindInt16:
							keys.AppendInt16(int16(v))
						case batch.KindInt32:
							keys.AppendInt32(int32(v))
						default:
							keys.AppendInt64(int64(v))
						}
						c.Child(1).AppendInt64(int64(i))
					}
					if err := c.EndList(); err != nil {
						t.Fatal(err)
					}
				}
				got, err := encodeOne(t, Config{}, types.List(types.Map(typeOf(key), arrow.PrimitiveTypes.Int64, true), true), func(c *batch.Column) {
					c.Child(0).AppendNull()
					fill(c.Child(0))
					if err := c.EndList(); err != nil {
						t.Fatal(err)
					}
				})
				if again >= 0 {
					wantPath(t, err, "json.duplicate", "x[1]{"+strconv.Itoa(again)+"}")
				} else if err != nil || !json.Valid([]byte(got[1:])) {
					t.Errorf("%s: %s, %v", key, got, err)
				}
			}
		}
	}
}

// anyType draws a type of at most so many levels.
func anyType(depth int) *rapid.Generator[arrow.DataType] {
	return rapid.Custom(func(t *rapid.T) arrow.DataType {
		if depth > 0 && rapid.Bool().Draw(t, "nested") {
			inner := anyType(depth - 1)
			nullable := rapid.Bool()
			switch rapid.IntRange(0, 2).Draw(t, "which") {
			case 0:
				return types.List(inner.Draw(t, "item"), nullable.Draw(t, "nullable"))
			case 1:
				key := rapid.SampledFrom([]string{"TEXT", "BIGINT", "BOOLEAN", "TINYINT", "BIGINT UNSIGNED", "INT"}).Draw(t, "key")
				return types.Map(typeOf(key), inner.Draw(t, "value"), nullable.Draw(t, "nullable"))
			}
			fields := make([]arrow.Field, rapid.IntRange(1, 3).Draw(t, "fields"))
			for i := range fields {
				fields[i] = arrow.Field{Name: "f" + strconv.Itoa(i), Type: inner.Draw(t, "field"), Nullable: nullable.Draw(t, "nullable")}
			}
			return types.Struct(fields...)
		}
		names := []string{"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED",
			"BIGINT UNSIGNED", "FLOAT", "DOUBLE", "TEXT", "BYTEA", "DATE", "TIME(0)", "TIME(3)", "TIME(6)", "TIME(9)", "TIMESTAMP(0)",
			"TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(9)", "TIMESTAMPTZ(3)", "TIMESTAMPTZ(9)", "INTERVAL", "JSON", "UUID",
			"DICTIONARY<TEXT>", "DECIMAL(38, 10)", "DECIMAL(5, 5)", "DECIMAL(38, 38)", "DECIMAL(18, 0)"}
		return typeOf(rapid.SampledFrom(names).Draw(t, "type"))
	})
}

// appendAny appends a value of the column's type that JSON can express, or a null where there may be one. coarse says that
// timestamps are whole milliseconds that an int64 of them can hold.
func appendAny(t *rapid.T, c *batch.Column, typ arrow.DataType, nullable, coarse bool) {
	// A JSON column takes null for the text "null", so a null does not come back as one.
	if nullable && kindOf(typ) != kindJSON && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		c.AppendNull()
		return
	}
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	clock := func(unit arrow.TimeUnit) int64 {
		return rapid.Int64Range(0, daySeconds*unitsPerSecond[unit]-1).Draw(t, "clock")
	}
	switch kindOf(typ) {
	case kindBool:
		c.AppendBool(rapid.Bool().Draw(t, "v"))
	case kindTinyint, kindUtinyint:
		c.AppendInt8(rapid.Int8().Draw(t, "v"))
	case kindSmallint, kindUsmallint:
		c.AppendInt16(rapid.Int16().Draw(t, "v"))
	case kindInt, kindUint:
		c.AppendInt32(rapid.Int32().Draw(t, "v"))
	case kindBigint, kindUbigint:
		c.AppendInt64(rapid.Int64().Draw(t, "v"))
	case kindFloat:
		c.AppendFloat32(rapid.Float32().Draw(t, "v"))
	case kindDouble:
		c.AppendFloat64(rapid.Float64().Draw(t, "v"))
	case kindText, kindDictionary:
		fail(c.AppendString(rapid.String().Draw(t, "v")))
	case kindBinary:
		fail(c.AppendBytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "v")))
	case kindUUID:
		c.AppendFixed(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v"))
	case kindDate:
		c.AppendInt32(int32(rapid.Int64Range(firstDay, lastDay).Draw(t, "v")))
	case kindClock32:
		c.AppendInt32(int32(clock(typ.(*arrow.Time32Type).Unit)))
	case kindClock64:
		c.AppendInt64(clock(typ.(*arrow.Time64Type).Unit))
	case kindTime:
		second := unitsPerSecond[typ.(*arrow.TimestampType).Unit]
		low, high := int64(math.MinInt64), int64(math.MaxInt64)
		if second != 1e9 {
			low, high = firstDay*daySeconds*second, (lastDay+1)*daySeconds*second-1
		}
		v := rapid.Int64Range(low, high).Draw(t, "v")
		if coarse {
			v -= v % max(second/1000, 1)
		}
		c.AppendInt64(v)
	case kindInterval:
		c.AppendInterval(rapid.Int32().Draw(t, "months"), rapid.Int32().Draw(t, "days"), rapid.Int64().Draw(t, "nanos"))
	case kindDecimal:
		limit := wideTens[typ.(*arrow.Decimal128Type).Precision]
		w := wide{rapid.Uint64Range(0, limit.hi).Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}
		if !w.less(limit) {
			w = wide{0, w.lo % max(limit.lo, 1)}
		}
		c.AppendDecimal(w.signed(rapid.Bool().Draw(t, "negative")))
	case kindJSON:
		text, err := json.Marshal(anyJSON(2).Draw(t, "v"))
		fail(err)
		fail(c.AppendBytes(text))
	case kindList:
		item := typ.(*arrow.ListType).ElemField()
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			appendAny(t, c.Child(0), item.Type, item.Nullable, coarse)
		}
		fail(c.EndList())
	case kindMap:
		m := typ.(*arrow.MapType)
		entries := rapid.IntRange(0, 2).Draw(t, "entries")
		for i := range entries { // keys that differ
			switch keys := c.Child(0); keys.Kind() {
			case batch.KindText:
				fail(keys.AppendString(strconv.Itoa(i) + rapid.String().Draw(t, "key")))
			case batch.KindBool:
				keys.AppendBool(i == 0)
			case batch.KindInt8:
				keys.AppendInt8(int8(-i))
			case batch.KindInt32:
				keys.AppendInt32(int32(i) - 1)
			default:
				keys.AppendInt64(math.MaxInt64 - int64(i))
			}
			appendAny(t, c.Child(1), m.ItemType(), m.ItemField().Nullable, coarse)
		}
		fail(c.EndList())
	case kindStruct:
		for i, f := range typ.(*arrow.StructType).Fields() {
			appendAny(t, c.Child(i), f.Type, f.Nullable, coarse)
		}
		c.EndStruct()
	}
}

// TestRowsOfAnyTypeComeBack encodes rows of any columns, in every form, and decodes them again; what is written is JSON on
// one line.
func TestRowsOfAnyTypeComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := make([]arrow.Field, rapid.IntRange(1, 4).Draw(t, "columns"))
		for i := range columns {
			columns[i] = arrow.Field{Name: "c" + strconv.Itoa(i), Type: anyType(3).Draw(t, "type"), Nullable: rapid.Bool().Draw(t, "nullable")}
		}
		c := Config{
			TimestampFormat: rapid.SampledFrom([]TimestampFormat{RFC3339, UnixMillis}).Draw(t, "timestamps"),
			DecimalEncoding: rapid.SampledFrom([]DecimalEncoding{DecimalNumber, DecimalString, DecimalBytes}).Draw(t, "decimals"),
		}
		schema := arrow.NewSchema(columns, nil)
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		b := batch.NewBuilder(schema, mem)
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			for i, f := range columns {
				appendAny(t, b.Column(i), f.Type, f.Nullable, c.TimestampFormat == UnixMillis)
			}
			b.EndRow()
		}
		want := b.NewRecord()
		from := rapid.Int64Range(0, want.NumRows()-1).Draw(t, "from")
		part := want.NewSlice(from, want.NumRows())
		f := New(c)
		e, err := f.NewEncoder(fieldsOf(columns))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Bind(part.Columns()); err != nil {
			t.Fatal(err)
		}
		d, err := f.NewDecoder(fieldsOf(columns))
		if err != nil {
			t.Fatal(err)
		}
		var messages []string
		for row := range int(part.NumRows()) {
			message, err := e.Append(nil, row)
			messages = append(messages, string(message))
			if err != nil {
				t.Fatalf("%v: %v", part, err)
			}
			if !json.Valid(message) || strings.ContainsAny(string(message), "\r\n") {
				t.Fatalf("not JSON on one line: %q", message)
			}
			if err := d.Decode(message, b); err != nil {
				t.Fatalf("%s: %v", message, err)
			}
			b.EndRow()
		}
		got := b.NewRecord()
		// Equal arrays have equal dictionaries; that of a slice has the texts of all rows.
		if sliced := from > 0 && strings.Contains(schema.String(), "dictionary"); !sliced && !array.RecordEqual(got, part) {
			t.Fatalf("got\n%v\nwant\n%v", got, part)
		}
		if err := e.Bind(got.Columns()); err != nil {
			t.Fatal(err)
		}
		for row, want := range messages {
			if again, err := e.Append(nil, row); err != nil || string(again) != want {
				t.Fatalf("%s, %v; before %s", again, err, want)
			}
		}
		for _, r := range []arrow.RecordBatch{got, part, want} {
			r.Release()
		}
		b.Release()
		mem.AssertSize(t, 0)
	})
}

// FuzzDocument: what a JSON column is let through with is JSON.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{``, `1`, `{"a":[1,2,{"b":null}]}`, "[1,\n2]", `"\ud800"`, `{"a":1,}`, `-0.5e+1`} {
		f.Add([]byte(s))
	}
	d := newDecoder(Config{Strictness: Strict}, nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		if d.validate(text, 1) == nil && !json.Valid(text) {
			t.Fatalf("let through: %q", text)
		}
		if line := appendLine(nil, text); json.Valid(text) && !json.Valid(line) {
			t.Fatalf("%q on one line is %q", text, line)
		}
	})
}
