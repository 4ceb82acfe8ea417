package protoformat

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// A case of decoding: a message type M of a .proto text, its one column or more, and frames as hexadecimal digits with the
// JSON of their rows, or the error's code and path.
type decodeCase struct {
	source  string
	config  Config
	columns []arrow.Field
	frames  [][2]string
}

func notNull(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }

func list(t arrow.DataType) arrow.DataType { return types.List(t, true) }

var point = types.Struct(nullable("x", bigint), nullable("y", bigint))

var decodeCases = map[string]decodeCase{
	"implicit presence": {
		source: `syntax = "proto3"; message M { int64 a = 1; string b = 2; bool c = 3; double d = 4; E e = 5; bytes f = 6; } enum E { ZERO = 0; }`,
		columns: []arrow.Field{notNull("a", bigint), nullable("b", text), nullable("c", arrow.FixedWidthTypes.Boolean), nullable("d",
			arrow.PrimitiveTypes.Float64), nullable("e", text), nullable("f", text)},
		frames: [][2]string{{"", `{"a":0,"b":"","c":false,"d":0,"e":"ZERO","f":""}`}, {"0800 1801", `{"a":0,"b":"","c":true,"d":0,"e":"ZERO","f":""}`}},
	},
	"implicit presence as Arroyo": {
		source: `syntax = "proto3"; message M { int64 a = 1; repeated int64 b = 2; }`, config: Config{Arroyo: true},
		columns: []arrow.Field{notNull("a", bigint), nullable("b", list(bigint))},
		frames:  [][2]string{{"", "protobuf.missing a"}, {"0800", `{"a":0,"b":null}`}, {"0801 1201 07", `{"a":1,"b":[7]}`}},
	},
	"explicit presence in proto3": {
		source:  `syntax = "proto3"; message M { optional int64 a = 1; M2 m = 2; } message M2 { int64 x = 1; int64 y = 2; }`,
		columns: []arrow.Field{nullable("a", bigint), nullable("m", point)},
		frames: [][2]string{
			{"", `{"a":null,"m":null}`}, {"0800", `{"a":0,"m":null}`}, {"1200", `{"a":null,"m":{"x":0,"y":0}}`}, {"1202 0805", `{"a":null,"m":{"x":5,"y":0}}`},
		},
	},
	"presence in proto2": {
		source: `syntax = "proto2"; message M { optional int64 a = 1; optional int32 b = 2 [default = -5]; required string c = 3;
			optional E e = 4 [default = TWO]; } enum E { ONE = 1; TWO = 2; }`,
		columns: []arrow.Field{nullable("a", bigint), nullable("b", bigint), notNull("c", text), nullable("e", text)},
		frames: [][2]string{{"", "protobuf.missing c"}, {"1a00", `{"a":null,"b":-5,"c":"","e":"TWO"}`}, {"1a0178 0801 1000 2001",
			`{"a":1,"b":0,"c":"x","e":"ONE"}`}},
	},
	"presence in edition 2023": {
		source:  `edition = "2023"; message M { int64 a = 1; int64 b = 2 [features.field_presence = IMPLICIT]; int64 c = 3 [features.field_presence = LEGACY_REQUIRED]; }`,
		columns: []arrow.Field{nullable("a", bigint), nullable("b", bigint), notNull("c", bigint)},
		frames:  [][2]string{{"1800", `{"a":null,"b":0,"c":0}`}, {"", "protobuf.missing c"}},
	},
	"packed, unpacked, both": {
		source:  `syntax = "proto3"; message M { repeated sint32 a = 1; repeated fixed32 b = 2 [packed = false]; }`,
		columns: []arrow.Field{nullable("a", list(integer32)), nullable("b", list(bigint))},
		frames: [][2]string{
			{"", `{"a":[],"b":[]}`},
			{"0a03010203 1507000000 0804 0a0105 1208 08000000 09000000", `{"a":[-1,1,-2,2,-3],"b":[7,8,9]}`},
			{"0a0180", "protobuf.truncated a[0]"},
			{"0a020280", "protobuf.truncated a[1]"},
			{"1205 0800000009", "protobuf.truncated b[1]"},
		},
	},
	"the last of several": {
		source:  `syntax = "proto3"; message M { int64 a = 1; string b = 2; }`,
		columns: []arrow.Field{nullable("a", bigint), nullable("b", text)},
		frames:  [][2]string{{"0801 120178 0802 12017a", `{"a":2,"b":"z"}`}, {"1201ff 120178", `{"a":0,"b":"x"}`}},
	},
	"a message merges": {
		source: `syntax = "proto3"; message M { P p = 1; } message P { int64 x = 1; P q = 2; repeated int64 r = 3; }`,
		columns: []arrow.Field{nullable("p", types.Struct(nullable("x", bigint), nullable("q", types.Struct(nullable("x", bigint), nullable("r",
			list(bigint)))), nullable("r", list(bigint))))},
		frames: [][2]string{
			{"0a02 0801 0a04 1803 1804", `{"p":{"x":1,"q":null,"r":[3,4]}}`},
			{"0a06 1204 0801 1805 0a04 1202 1806 0a02 0807", `{"p":{"x":7,"q":{"x":1,"r":[5,6]},"r":[]}}`},
		},
	},
	"a oneof's last member": {
		source: `syntax = "proto3"; message M { oneof o { int64 a = 1; string b = 2; P p = 3; bool hidden = 4; } int64 z = 5; } message P { int64 x = 1;
			int64 y = 2; }`,
		columns: []arrow.Field{nullable("a", bigint), nullable("b", text), nullable("p", point)},
		frames: [][2]string{
			{"0800", `{"a":0,"b":null,"p":null}`},
			{"0801 120178", `{"a":null,"b":"x","p":null}`},
			{"120178 0801 0802", `{"a":2,"b":null,"p":null}`},
			{"1a020801 1a021002", `{"a":null,"b":null,"p":{"x":1,"y":2}}`},
			{"1a020801 0805 1a021002", `{"a":null,"b":null,"p":{"x":0,"y":2}}`},
			{"0801 2001", `{"a":null,"b":null,"p":null}`},
			{"2001 0801", `{"a":1,"b":null,"p":null}`},
		},
	},
	"maps": {
		source:  `syntax = "proto3"; message M { map<string, int32> a = 1; map<int32, P> b = 2; } message P { int64 x = 1; int64 y = 2; }`,
		columns: []arrow.Field{nullable("a", types.Map(text, bigint, true)), nullable("b", types.Map(integer32, point, true))},
		frames: [][2]string{
			{"", `{"a":[],"b":[]}`},
			{"0a00", `{"a":[{"key":"","value":0}],"b":[]}`},
			{"0a05 0a0178 1001 0a05 1002 0a0179 0a05 0a0178 1003", `{"a":[{"key":"y","value":2},{"key":"x","value":3}],"b":[]}`},
			{"1200", `{"a":[],"b":[{"key":0,"value":{"x":0,"y":0}}]}`},
			// One entry whose value comes twice merges; another with its key takes its place. -1 in 5 bytes and in 10 are one key.
			{"120a 0801 1202 0805 1202 1006", `{"a":[],"b":[{"key":1,"value":{"x":5,"y":6}}]}`},
			{"120a 08ffffffff0f 1202 0805 120f 08ffffffffffffffffff01 1202 1006", `{"a":[],"b":[{"key":-1,"value":{"x":0,"y":6}}]}`},
			{"0a03 0a01ff", "protobuf.utf8 a.key"},
			{"1204 1202 0880", "protobuf.truncated b.value"},
		},
	},
	"maps as JSON": {
		source:  `syntax = "proto3"; message M { map<bool, string> a = 1; repeated P b = 2; P p = 3; } message P { int64 x = 1; uint64 y = 2; }`,
		columns: []arrow.Field{nullable("a", jsonText), nullable("b", jsonText), nullable("p", jsonText)},
		frames: [][2]string{
			{"", `{"a":{},"b":[],"p":null}`},
			{"1a00", `{"a":{},"b":[],"p":{}}`},
			{"0a05 0801 120178 1a02 1001 1200 1202 0801", `{"a":{"true":"x"},"b":[{},{"x":1}],"p":{"y":1}}`},
			{"1a0b 10ffffffffffffffffff01", `{"a":{},"b":[],"p":{"y":18446744073709551615}}`},
		},
	},
	"open enums": {
		source:  `syntax = "proto3"; message M { E a = 1; E b = 2; repeated E c = 3; E d = 4; } enum E { ZERO = 0; ONE = 1; }`,
		columns: []arrow.Field{nullable("a", text), nullable("b", integer32), nullable("c", list(text)), nullable("d", jsonText)},
		frames: [][2]string{{"0809 1009 1a020109 2009", `{"a":"","b":9,"c":["ONE",""],"d":9}`}, {"0801 10ffffffffffffffffff01 2001",
			`{"a":"ONE","b":-1,"c":[],"d":"ONE"}`}},
	},
	"enums by number": {
		source: `syntax = "proto3"; message M { E a = 1; } enum E { ZERO = 0; }`, config: Config{EnumNumbers: true},
		columns: []arrow.Field{nullable("a", text)},
		frames:  [][2]string{{"0809", `{"a":"9"}`}, {"", `{"a":"0"}`}},
	},
	"closed enums": {
		source: `syntax = "proto2"; message M { optional E a = 1; repeated E b = 2; map<int32, E> c = 3; oneof o { E d = 4; int32 e = 5;
			} } enum E { ZERO = 0; ONE = 1; TWO = 2; }`,
		columns: []arrow.Field{nullable("a", text), nullable("b", list(text)), nullable("c", jsonText), nullable("d", integer32), nullable("e", integer32)},
		frames: [][2]string{
			{"0809", `{"a":null,"b":[],"c":{},"d":null,"e":null}`},
			{"0802 0809 1001 1009 1203010902", `{"a":"TWO","b":["ONE","ONE","TWO"],"c":{},"d":null,"e":null}`},
			{"1a04 0801 1002 1a04 0801 1009 2805 2009", `{"a":null,"b":[],"c":{"1":"TWO"},"d":null,"e":5}`},
		},
	},
	"groups": {
		source: `syntax = "proto2"; message M { optional group G = 1 { optional int64 x = 1; optional int64 y = 2;
			} repeated group H = 2 { optional int64 x = 1; } }`,
		columns: []arrow.Field{nullable("g", point), nullable("h", list(types.Struct(nullable("x", bigint))))},
		frames: [][2]string{
			{"0b 0801 0c", `{"g":{"x":1,"y":null},"h":[]}`},
			{"0b 0801 0c 13 0805 14 13 14 0b 1002 0c", `{"g":{"x":1,"y":2},"h":[{"x":5},{"x":null}]}`},
			{"0b 0801", "protobuf.group"},
			{"0b 0801 14", "protobuf.tag"},
			{"0c", "protobuf.tag"},
			{"1b 1b 1c 1c", `{"g":null,"h":[]}`},
		},
	},
	"well-known types": {
		source: `syntax = "proto3"; import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto";
			import "google/protobuf/wrappers.proto";
			message M { google.protobuf.Timestamp a = 1; google.protobuf.Timestamp b = 2; google.protobuf.Duration c = 3; google.protobuf.Int64Value d = 4; google.protobuf.StringValue e = 5; google.protobuf.Timestamp f = 6; }`,
		columns: []arrow.Field{
			nullable("a", &arrow.TimestampType{Unit: arrow.Millisecond}), nullable("b", types.Struct(nullable("seconds", bigint), nullable("nanos",
				integer32))),
			nullable("c", bigint), nullable("d", bigint), nullable("e", text), nullable("f", jsonText),
		},
		frames: [][2]string{
			{"", `{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null}`},
			{"0a08 0801 10 ffff ffff 0f", "protobuf.range a"}, // nanoseconds of -1
			{"0a06 0802 1080897a 1200 1a06 0801 1080897a 2200 2a00 3202 0805",
				`{"a":"1970-01-01T00:00:02.002","b":{"seconds":0,"nanos":0},"c":1002000000,"d":0,"e":"","f":"1970-01-01T00:00:05Z"}`},
			{"0a0b 08ffffffffffffffffff01", `{"a":"1969-12-31T23:59:59","b":null,"c":null,"d":null,"e":null,"f":null}`},
			{"1a0b 08ffffffffffffffff7f", "protobuf.truncated"}, {"1a02 0880", "protobuf.truncated c"},
			{"1a0a 08ffffffffffffffff7f", "protobuf.range c"},
			{"220308 05", "protobuf.truncated"},
			{"2a03 0a01ff", "protobuf.utf8 e"},
		},
	},
	"numbers into narrower and wider columns": {
		source: `syntax = "proto3"; message M { int64 a = 1; uint64 b = 2; sint32 c = 3; fixed64 d = 4; uint32 e = 5; }`,
		columns: []arrow.Field{nullable("a", arrow.PrimitiveTypes.Int8), nullable("b", bigint), nullable("c", arrow.PrimitiveTypes.Uint16), nullable("d",
			&arrow.Decimal128Type{Precision: 22, Scale: 2}), nullable("e", arrow.FixedWidthTypes.Date32)},
		frames: [][2]string{
			{"087f 10ffffffffffffffff7f 18feff07 210700000000000000",
				`{"a":127,"b":9223372036854775807,"c":65535,"d":"7","e":"1970-01-01"}`},
			{"088001", "protobuf.range a"}, {"10ffffffffffffffffff01", "protobuf.range b"}, {"1801", "protobuf.range c"}, {"288080808008", "protobuf.range e"},
		},
	},
	"strings and bytes into other columns": {
		source: `syntax = "proto3"; message M { string a = 1; string b = 2; bytes c = 3; bytes d = 4; string e = 5; }`,
		columns: []arrow.Field{nullable("a", arrow.BinaryTypes.Binary), nullable("b", &arrow.Decimal128Type{Precision: 5, Scale: 2}), nullable("c",
			arrow.BinaryTypes.Binary), nullable("d", text), nullable("e", types.Dictionary())},
		frames: [][2]string{
			{"0a0178 12042d312e35 1a01ff 2201ff 2a0178", `{"a":"eA==","b":"-1.5","c":"/w==","d":"/w==","e":"x"}`},
			{"1203312e78", "protobuf.parse b"}, {"1205312e323334", "protobuf.parse b"}, {"120431303030", "protobuf.range b"}, {"12003201",
				"protobuf.truncated"}, {"", "protobuf.parse b"},
		},
	},
	"unknown fields": {
		source:  `syntax = "proto3"; message M { int64 a = 100; }`,
		columns: []arrow.Field{nullable("a", bigint)},
		frames: [][2]string{
			{"0801 1101020304050607 08 1a0178 250102 0304 a00605 2b 3001 2c", `{"a":5}`},
			{"a20601 05", `{"a":0}`}, // another wire type: an unknown field
			{"08", "protobuf.truncated"}, {"08ffffffffffffffffffff01", "protobuf.varint"}, {"08ffffffffffffffffff02", "protobuf.varint"},
			{"11 01020304050607", "protobuf.truncated"},
			{"1a ffffffffffffffffff01", "protobuf.truncated"}, {"25 010203", "protobuf.truncated"}, {"00", "protobuf.tag"}, {"07", "protobuf.tag"}, {"0f",
				"protobuf.tag"},
			{strings.Repeat("2b", 99) + strings.Repeat("2c", 99), `{"a":0}`}, {strings.Repeat("2b", 100) + strings.Repeat("2c", 100), "protobuf.depth"},
		},
	},
	"paths": {
		source: `syntax = "proto3"; message M { repeated Item items = 1; } message Item { string name = 1; P price = 2; } message P { int64 x = 1; }`,
		columns: []arrow.Field{nullable("items", list(types.Struct(nullable("name", text), nullable("price", types.Struct(nullable("x",
			arrow.PrimitiveTypes.Int8))))))},
		frames: [][2]string{{"0a00 0a05 1203 08ff01", "protobuf.range items[1].price.x"}, {"0a03 0a0178 0a00 0a03 0a01ff", "protobuf.utf8 items[2].name"}},
	},
}

func TestDecode(t *testing.T) {
	for name, c := range decodeCases {
		t.Run(name, func(t *testing.T) {
			c.config.Source, c.config.Message = c.source, "M"
			table := newTable(t, c.config, c.columns...)
			for _, f := range c.frames {
				frame, err := hex.DecodeString(strings.ReplaceAll(f[0], " ", ""))
				if err != nil {
					t.Fatal(err)
				}
				if got := table.result(t, frame); got != f[1] && sorted(got) != sorted(f[1]) {
					t.Errorf("%s:\ngot  %s\nwant %s", f[0], got, f[1])
				}
			}
		})
	}
}

// result is the JSON of the frame's row, or the error's code and path.
func (t *table) result(tb testing.TB, frame []byte) string {
	err := t.Decode(frame, t.Builder)
	var bad *format.DataError
	switch {
	case err == nil:
		return t.ended(tb)
	case errors.As(err, &bad):
		return strings.TrimSpace(bad.Code + " " + bad.Path)
	}
	tb.Fatal(err)
	return ""
}

// ended is the row that was decoded.
func (t *table) ended(tb testing.TB) string {
	t.EndRow()
	record := t.NewRecord()
	defer record.Release()
	return rowText(tb, record)
}

// rowText is the first row as JSON, its JSON columns as they are.
func rowText(tb testing.TB, record arrow.RecordBatch) string {
	var out strings.Builder
	for i, c := range record.Columns() {
		out.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + `"` + record.ColumnName(i) + `":`)
		switch {
		case c.IsNull(0):
			out.WriteString("null")
		case types.IsJSON(c.DataType()):
			out.WriteString(textAt(c, 0))
		default:
			text, err := c.MarshalJSON()
			if err != nil {
				tb.Fatal(err)
			}
			out.WriteString(strings.TrimSuffix(strings.TrimPrefix(string(text), "["), "]"))
		}
	}
	return out.String() + "}"
}

// sorted is a JSON document with its keys sorted, "" if it is none.
func sorted(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	out, _ := json.Marshal(v)
	return string(out)
}

// A few bytes may be many values: what a record becomes is bounded.
func TestValuesOfARecordAreBounded(t *testing.T) {
	var fields strings.Builder
	var columns []arrow.Field
	for i := range 100 {
		fmt.Fprintf(&fields, "int64 f%d = %d; ", i, i+1)
		columns = append(columns, nullable(fmt.Sprintf("f%d", i), bigint))
	}
	source := `syntax = "proto3"; message M { repeated N n = 1; } message N { ` + fields.String() + "}"
	table := newTable(t, Config{Source: source, Message: "M"}, nullable("n", list(types.Struct(columns...))))
	if got := table.result(t, []byte(strings.Repeat("\x0a\x00", 200_000))); !strings.HasPrefix(got, "protobuf.fields n[") {
		t.Errorf("got %.100s", got)
	}
}

// Messages that come in pieces at every level are read in one go, not once a level.
func TestMergesInMerges(t *testing.T) {
	const depth = 14
	source := `syntax = "proto3"; message M { M m = 1; int64 x = 2; }`
	dtype := types.Struct(nullable("x", bigint))
	for range depth {
		dtype = types.Struct(nullable("x", bigint), nullable("m", dtype))
	}
	table := newTable(t, Config{Source: source, Message: "M"}, nullable("m", dtype))
	frame := []byte{0x10, 1}
	for range depth {
		frame = append(append([]byte{0x0a, byte(len(frame)) | 0x80, byte(len(frame) >> 7)}, frame...), 0x0a, 2, 0x10, 2)
	}
	if got := sorted(table.result(t, frame)); strings.Count(got, `"x":2`) != depth || !strings.HasSuffix(got,
		`"m":null,"x":2}`+strings.Repeat(`,"x":2}`, depth-1)+"}") {
		t.Errorf("got %s", got)
	}
}

func TestStream(t *testing.T) {
	source := `syntax = "proto3"; message M { int64 a = 1; }`
	table := newTable(t, Config{Source: source, Delimited: true}, nullable("a", bigint))
	u := table.Decoder.(format.Unpacker)
	var got []string
	walk := func(rest []byte) {
		for {
			row, remaining, ok, err := u.Next(rest)
			if !ok {
				return
			}
			if err != nil {
				got = append(got, err.(*format.DataError).Code+" "+hex.EncodeToString(u.Whole()(row)))
			} else {
				got = append(got, table.result(t, row), hex.EncodeToString(u.Whole()(row)))
			}
			rest = remaining
		}
	}
	walk([]byte{2, 8, 1, 0, 2, 8, 0x80, 2, 8, 3})
	walk(nil)
	walk([]byte{1})
	walk([]byte{0x80})
	want := []string{`{"a":1}`, "020801", `{"a":0}`, "00", "protobuf.truncated", "020880", `{"a":3}`, "020803", "protobuf.truncated 01",
		"protobuf.truncated 80"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestFuzzSeeds(t *testing.T) {
	source, err := os.ReadFile("testdata/all.proto")
	if err != nil {
		t.Fatal(err)
	}
	m := messageOf(t, string(source), "All")
	columns, err := ToColumns(m)
	if err != nil {
		t.Fatal(err)
	}
	table := newTable(t, Config{Source: string(source), Message: "test.All"}, columns...)
	for i, seed := range allSeeds(t, m) {
		if got := table.result(t, seed); !strings.HasPrefix(got, "{") {
			t.Errorf("message %d: %s", i, got)
		}
	}
}
