package avroformat

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

func TestToColumns(t *testing.T) {
	for schema, want := range map[string]string{
		`"boolean"`: "BOOLEAN NOT NULL", `"int"`: "INT NOT NULL", `"long"`: "BIGINT NOT NULL", `"float"`: "FLOAT NOT NULL",
		`"double"`: "DOUBLE NOT NULL", `"string"`: "TEXT NOT NULL", `"bytes"`: "BYTEA NOT NULL", `"null"`: "JSON",
		`["null","long"]`: "BIGINT", `["long","null"]`: "BIGINT", `["null","long","string"]`: "JSON", `["long","string"]`: "JSON NOT NULL",
		`["long"]`:                             "JSON NOT NULL",
		`{"type":"fixed","name":"F","size":3}`: "BYTEA NOT NULL",
		`{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}`:                 "UUID NOT NULL",
		`{"type":"fixed","name":"F","size":15,"logicalType":"uuid"}`:                 "BYTEA NOT NULL",
		`{"type":"string","logicalType":"uuid"}`:                                     "UUID NOT NULL",
		`{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`:           "DECIMAL(9, 2) NOT NULL",
		`{"type":"bytes","logicalType":"decimal","precision":39,"scale":2}`:          "JSON NOT NULL",
		`{"type":"bytes","logicalType":"decimal"}`:                                   "BYTEA NOT NULL",
		`{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":9}`: "DECIMAL(9, 0) NOT NULL",
		`{"type":"int","logicalType":"date"}`:                                        "DATE NOT NULL",
		`{"type":"long","logicalType":"date"}`:                                       "BIGINT NOT NULL",
		`{"type":"int","logicalType":"time-millis"}`:                                 "TIME(3) NOT NULL",
		`{"type":"long","logicalType":"time-micros"}`:                                "TIME(6) NOT NULL",
		`{"type":"long","logicalType":"timestamp-millis"}`:                           "TIMESTAMP(3) WITH TIME ZONE NOT NULL",
		`{"type":"long","logicalType":"timestamp-micros"}`:                           "TIMESTAMP(6) WITH TIME ZONE NOT NULL",
		`{"type":"long","logicalType":"timestamp-nanos"}`:                            "TIMESTAMP WITH TIME ZONE NOT NULL",
		`{"type":"long","logicalType":"local-timestamp-millis"}`:                     "TIMESTAMP(3) NOT NULL",
		`{"type":"long","logicalType":"local-timestamp-micros"}`:                     "TIMESTAMP(6) NOT NULL",
		`{"type":"long","logicalType":"local-timestamp-nanos"}`:                      "TIMESTAMP NOT NULL",
		`{"type":"long","logicalType":"unheard-of"}`:                                 "BIGINT NOT NULL",
		`{"type":"fixed","name":"F","size":12,"logicalType":"duration"}`:             "INTERVAL NOT NULL",
		`{"type":"enum","name":"E","symbols":["A"]}`:                                 "TEXT NOT NULL",
		`{"type":"array","items":["null","int"]}`:                                    "INT[] NOT NULL",
		`{"type":"array","items":"int"}`:                                             "ARRAY<INT NOT NULL> NOT NULL",
		`{"type":"map","values":["null","int"]}`:                                     "MAP<TEXT, INT> NOT NULL",
		`{"type":"record","name":"S","fields":[{"name":"a","type":"int"}]}`:          "STRUCT<a INT NOT NULL> NOT NULL",
		`{"type":"record","name":"S","fields":[{"name":"n","type":["null","S"]}]}`:   "JSON NOT NULL",
		`{"type":"record","name":"S","fields":[]}`:                                   "JSON NOT NULL",
		`{"type":"array","logicalType":"map","items":{"type":"record","name":"S","fields":[{"name":"key","type":"int"},` +
			`{"name":"value","type":["null","string"]}]}}`: "MAP<INT, TEXT> NOT NULL",
	} {
		columns, err := ToColumns(`{"type":"record","name":"R","fields":[{"name":"x","type":` + schema + `}]}`)
		if err != nil {
			t.Errorf("%s: %v", schema, err)
			continue
		}
		got := types.Name(columns[0].Type)
		if !columns[0].Nullable {
			got += " NOT NULL"
		}
		if got != want {
			t.Errorf("%s is %s, want %s", schema, got, want)
		}
	}
}

func TestSchemasThatAreNone(t *testing.T) {
	deep := strings.Repeat(`{"type":"array","items":`, maxSchemaDepth+1) + `"int"` + strings.Repeat("}", maxSchemaDepth+1)
	for schema, want := range map[string]string{
		``: "not JSON", `{`: "not JSON", `{} {}`: "not JSON", `"int"`: "a record", `"wrong"`: "unknown type: wrong", `{"type":{"a":1}}`: `an object whose "type" is no type's name`, `[]`: "without types",
		`{"type":"record","name":"R","fields":[{"name":"a","type":"R2"}]}`:                            "unknown type",
		`{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`: "duplicate field",
		`{"type":"record","name":"1R","fields":[]}`:                                                   "invalid name",
		`{"type":"record","name":"R","fields":[]}`:                                                    "no fields",
		`{"type":"enum","name":"E","symbols":[]}`:                                                     "symbols",
		`{"type":"record","name":"R","fields":[{"name":"a","type":["int","int"]}]}`:                   "unique",
		`{"type":"record","name":"R","fields":[{"name":"a","type":` + deep + `}]}`:                    "too large",
		strings.Repeat(" ", MaxSchemaBytes+1):                                                         "are allowed",
	} {
		if _, err := ToColumns(schema); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", schema, err, want)
		}
	}
}

func TestFromColumns(t *testing.T) {
	decimal, _ := types.Decimal(12, 3)
	columns := []arrow.Field{
		declared("b", arrow.FixedWidthTypes.Boolean, false), declared("dep-delay", arrow.PrimitiveTypes.Int16, true),
		declared("u", arrow.PrimitiveTypes.Uint32, false), declared("f", arrow.PrimitiveTypes.Float32, false),
		declared("d", decimal, true), declared("t", &arrow.TimestampType{Unit: arrow.Nanosecond}, false),
		declared("day", arrow.FixedWidthTypes.Date32, false), declared("j", types.JSON(), true), declared("id", types.UUID(), false),
		declared("i", arrow.FixedWidthTypes.MonthDayNanoInterval, false), declared("i2", arrow.FixedWidthTypes.MonthDayNanoInterval, true),
		declared("s", types.Struct(declared("x", arrow.BinaryTypes.Binary, false)), true),
		declared("l", types.List(types.Dictionary(), true), false), declared("m", types.Map(arrow.BinaryTypes.String,
			arrow.PrimitiveTypes.Int64, true), false),
		declared("n", types.Map(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, false), false),
	}
	got, err := FromColumns(Config{}, columns)
	const want = `{"type":"record","name":"Row","fields":[{"name":"b","type":"boolean"},{"name":"dep_delay","type":["null","int"],"default":null},` +
		`{"name":"u","type":"long"},{"name":"f","type":"float"},` +
		`{"name":"d","type":["null",{"type":"bytes","logicalType":"decimal","precision":12,"scale":3}],"default":null},` +
		`{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"day","type":{"type":"int","logicalType":"date"}},` +
		`{"name":"j","type":["null","string"],"default":null},{"name":"id","type":{"type":"string","logicalType":"uuid"}},` +
		`{"name":"i","type":{"type":"fixed","name":"duration","size":12,"logicalType":"duration"}},` +
		`{"name":"i2","type":["null","duration"],"default":null},` +
		`{"name":"s","type":["null",{"type":"record","name":"Row_s","fields":[{"name":"x","type":"bytes"}]}],"default":null},` +
		`{"name":"l","type":{"type":"array","items":["null","string"]}},{"name":"m","type":{"type":"map","values":["null","long"]}},` +
		`{"name":"n","type":{"type":"array","logicalType":"map","items":{"type":"record","name":"Row_n_entry","fields":[` +
		`{"name":"key","type":"int"},{"name":"value","type":"long"}]}}}]}`
	if err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	if _, err := ToColumns(got); err != nil {
		t.Error(err)
	}
	text := arrow.BinaryTypes.String
	if _, err := FromColumns(Config{}, []arrow.Field{declared("a-b", text, false), declared("a_b", text, false)}); err == nil {
		t.Error("two columns became one field")
	}
}
