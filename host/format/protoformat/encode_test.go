package protoformat

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// Rows as JSON and the messages they become, or the error's code and path.
func TestEncode(t *testing.T) {
	uint8s := arrow.PrimitiveTypes.Uint8
	for name, c := range map[string]struct {
		source  string
		columns []arrow.Field
		rows    [][2]string
	}{
		"presence": {
			`syntax = "proto3"; message M { int64 a = 1; optional int64 b = 2; string c = 3; }`,
			[]arrow.Field{nullable("a", bigint), nullable("b", bigint), nullable("c", text)},
			[][2]string{{`{"a":0,"b":0,"c":""}`, "1000"}, {`{}`, ""}, {`{"a":-1,"b":1,"c":"x"}`, "08ffffffffffffffffff0110011a0178"}},
		},
		"order of the numbers": {
			`syntax = "proto3"; message M { int64 a = 2; int64 b = 1; }`, []arrow.Field{nullable("a", bigint), nullable("b", bigint)},
			[][2]string{{`{"a":1,"b":2}`, "08021001"}},
		},
		"required": {
			`syntax = "proto2"; message M { required int64 a = 1; }`, []arrow.Field{nullable("a", bigint)},
			[][2]string{{`{"a":0}`, "0800"}, {`{}`, "protobuf.missing a"}},
		},
		"oneof": {
			`syntax = "proto3"; message M { oneof o { int64 a = 1; string b = 2; } }`, []arrow.Field{nullable("a", bigint), nullable("b", text)},
			[][2]string{{`{"a":0}`, "0800"}, {`{"b":""}`, "1200"}, {`{}`, ""}, {`{"a":1,"b":""}`, "protobuf.oneof b"}},
		},
		"enums": {
			`syntax = "proto2"; message M { optional E a = 1; optional E b = 2; } enum E { ONE = 1; MINUS = -1; }`,
			[]arrow.Field{nullable("a", text), nullable("b", bigint)},
			[][2]string{{`{"a":"MINUS","b":1}`, "08ffffffffffffffffff011001"}, {`{"a":"NONE"}`, "protobuf.enum a"}, {`{"b":7}`, "protobuf.range b"},
				{`{"b":4294967297}`, "protobuf.range b"}},
		},
		"ranges": {
			`syntax = "proto3"; message M { int32 a = 1; uint32 b = 2; sint32 c = 3; fixed32 d = 4; uint64 e = 5; }`,
			[]arrow.Field{nullable("a", bigint), nullable("b", bigint), nullable("c", bigint), nullable("d", uint8s), nullable("e", bigint)},
			[][2]string{
				{`{"a":-2147483648,"b":4294967295,"c":-1,"d":255,"e":1}`, "0880808080f8ffffffff0110ffffffff0f180125ff0000002801"},
				{`{"a":2147483648}`, "protobuf.range a"}, {`{"b":-1}`, "protobuf.range b"}, {`{"c":2147483648}`, "protobuf.range c"}, {`{"e":-1}`,
					"protobuf.range e"},
			},
		},
		"arrays": {
			`syntax = "proto3"; message M { repeated int64 a = 1; repeated P b = 2; repeated string c = 3; } message P { int32 x = 1; }`,
			[]arrow.Field{nullable("a", list(bigint)), nullable("b", list(types.Struct(nullable("x", bigint)))), nullable("c", list(text))},
			[][2]string{
				{`{"a":[1,300],"b":[{"x":1},{}],"c":["","y"]}`, "0a0301ac02120208011200" + "1a001a0179"}, {`{"a":[]}`, ""},
				{`{"a":[1,null]}`, "protobuf.null a[1]"}, {`{"b":[{"x":1},{"x":2147483648}]}`, "protobuf.range b[1].x"},
			},
		},
		"maps": {
			`syntax = "proto3"; message M { map<string, int32> a = 1; map<int32, P> b = 2; } message P { int32 x = 1; }`,
			[]arrow.Field{nullable("a", types.Map(text, bigint, true)), nullable("b", jsonText)},
			[][2]string{
				{`{"a":[{"key":"x","value":0},{"key":"","value":1}],"b":"{\"-1\":{\"x\":2}}"}`, "0a050a017810000a040a001001120f08ffffffffffffffffff0112020802"},
				{`{"a":[{"key":"x","value":null}]}`, "protobuf.null a.value"}, {`{"b":"{\"x\":{}}"}`, "protobuf.json b"}, {`{"b":"{},\"a\":{}"}`,
					"protobuf.json b"},
			},
		},
		"well-known types": {
			`syntax = "proto3"; import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/wrappers.proto";
				import "google/protobuf/struct.proto";
			message M { google.protobuf.Timestamp a = 1; google.protobuf.Duration b = 2; google.protobuf.Int64Value c = 3; google.protobuf.Value d = 4; google.protobuf.Timestamp e = 5; }`,
			[]arrow.Field{nullable("a", &arrow.TimestampType{Unit: arrow.Millisecond}), nullable("b", bigint), nullable("c", bigint), nullable("d",
				jsonText), nullable("e", jsonText)},
			[][2]string{
				{`{"a":"1970-01-01T00:00:02.002","b":-1500000000,"c":0,"d":"[1]","e":"\"1970-01-01T00:00:01Z\""}`,
					"0a060802108089" + "7a121608ffffffffffffffffff011080b6ca91feffffffff011a00220d320b0a0911000000000000f03f2a020801"},
				{`{"a":"1969-12-31T23:59:59.999","c":7}`, "0a1108ffffffffffffffffff0110c08faedc031a020807"}, {`{"e":"\"x\""}`, "protobuf.json e"},
			},
		},
		"spelled otherwise": {
			`syntax = "proto3"; message M { string a = 1; bytes b = 2; int32 c = 3; string d = 4; }`,
			[]arrow.Field{nullable("a", &arrow.Decimal128Type{Precision: 5, Scale: 2}), nullable("b", text), nullable("c",
				&arrow.Decimal128Type{Precision: 12, Scale: 1}), nullable("d", arrow.BinaryTypes.Binary)},
			[][2]string{
				{`{"a":"-1.5","b":"AP8=","c":"-3.0","d":"eA=="}`, "0a052d312e3530120200ff18fdffffffffffffffff01220178"}, {`{"a":"0.01"}`, "0a04302e3031"},
				{`{"b":"?"}`, "protobuf.parse b"}, {`{"c":"0.5"}`, "protobuf.range c"}, {`{"d":"/w=="}`,
					"protobuf.utf8 d"},
			},
		},
		"groups": {
			`syntax = "proto2"; message M { optional group G = 1 { optional int32 x = 1; } }`, []arrow.Field{nullable("g", types.Struct(nullable("x",
				bigint)))},
			[][2]string{{`{"g":{"x":1}}`, "0b08010c"}, {`{"g":{}}`, "0b0c"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(Config{Source: c.source, Message: "M"}).NewEncoder(fieldsFor(c.columns))
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range c.rows {
				if got := encoded(t, e, c.columns, row[0]); got != row[1] {
					t.Errorf("%s: got %s, want %s", row[0], got, row[1])
				}
			}
		})
	}
}

// encoded is the message of a row in hexadecimal digits, or the error's code and path.
func encoded(t *testing.T, e format.Encoder, columns []arrow.Field, row string) string {
	t.Helper()
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(columns, nil), strings.NewReader("["+row+"]"))
	if err != nil {
		t.Fatalf("%s: %v", row, err)
	}
	defer record.Release()
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	out, err := e.Append([]byte("before"), 0)
	var bad *format.DataError
	if errors.As(err, &bad) {
		if string(out) != "before" {
			t.Errorf("an error leaves %q", out)
		}
		return strings.TrimSpace(bad.Code + " " + bad.Path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(out[len("before"):])
}

func TestEncoderNeedsRequiredFields(t *testing.T) {
	source := `syntax = "proto2"; message M { optional int64 a = 1; optional N n = 2; } message N { required int64 x = 1; optional int64 y = 2; }`
	columns := []arrow.Field{nullable("n", types.Struct(nullable("y", bigint)))}
	if _, err := New(Config{Source: source, Message: "M"}).NewEncoder(fieldsFor(columns)); err == nil || !strings.Contains(err.Error(),
		"N.x is required") {
		t.Error(err)
	}
}

func TestEncodeDelimited(t *testing.T) {
	source := `syntax = "proto3"; message M { string a = 1; }`
	columns := []arrow.Field{nullable("a", text)}
	e, err := New(Config{Source: source, Delimited: true}).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("y", 200)
	if got := encoded(t, e, columns, `{"a":"`+long+`"}`); got != "cb010ac801"+hex.EncodeToString([]byte(long)) {
		t.Error(got)
	}
}

// A table of every type is written by the schema made from it and comes back.
func TestFromColumns(t *testing.T) {
	point := types.Struct(notNull("x", bigint), nullable("y", list(text)))
	columns := []arrow.Field{
		nullable("a", arrow.FixedWidthTypes.Boolean), notNull("b", arrow.PrimitiveTypes.Int8), nullable("c", arrow.PrimitiveTypes.Uint64),
		nullable("d", arrow.PrimitiveTypes.Float32), nullable("e", &arrow.Decimal128Type{Precision: 38, Scale: 10}), nullable("f", text),
		nullable("g", arrow.BinaryTypes.Binary), nullable("h", arrow.FixedWidthTypes.Date32), nullable("i", &arrow.Time64Type{Unit: arrow.Nanosecond}),
		nullable("j", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}), nullable("k", arrow.FixedWidthTypes.MonthDayNanoInterval),
		nullable("l", types.JSON()),
		nullable("m", types.UUID()), nullable("n", list(bigint)), nullable("o", point), nullable("p", list(point)), nullable("q", types.Map(text, point,
			true)),
		nullable("r", types.Dictionary()), nullable("s", arrow.PrimitiveTypes.Uint16), nullable("t", &arrow.Time32Type{Unit: arrow.Second}), nullable("u",
			types.Map(bigint, types.JSON(), true)),
	}
	source, err := FromColumns("Row", columns)
	if err != nil {
		t.Fatal(err)
	}
	row := `{"a":false,"b":-128,"c":18446744073709551615,"d":1.5,"e":"-1234567890123456789012345678.0123456789","f":"","g":"/w==","h":"2020-02-29","i":"23:59:59.999999999",` +
		`"j":"2013-01-02T15:04:05.000006Z","k":{"months":0,"days":0,"nanoseconds":-1},"l":"{\"a\":[1,null]}","m":"ABEiM0RVZneImaq7zN3u/w==","n":[1],"o":{"x":0,"y":["z"]},` +
		`"p":[{"x":1,"y":[]}],"q":[{"key":"k","value":{"x":2,"y":[]}}],"r":"dd","s":65535,"t":"00:00:01","u":[{"key":-1,"value":"null"}]}`
	config := Config{Source: source}
	e, err := New(config).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	want, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(columns, nil),
		strings.NewReader("["+row+`,{"b":1,"n":[],"p":[],"q":[],"u":[]}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Release()
	if err := e.Bind(want.Columns()); err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	for i := range 2 {
		frame, err := e.Append(nil, i)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	got := newTable(t, config, columns...).decode(t, frames...)
	defer got.Release()
	for i := range columns {
		if !array.Equal(got.Column(i), want.Column(i)) {
			t.Errorf("%s: got %v, want %v", columns[i].Name, got.Column(i), want.Column(i))
		}
	}
	for _, bad := range []arrow.Field{nullable("a b", bigint), nullable("a", list(list(bigint))), nullable("a", types.Map(text, list(text), true))} {
		if _, err := FromColumns("M", []arrow.Field{bad}); err == nil {
			t.Errorf("a schema for %v", bad)
		}
	}
}
