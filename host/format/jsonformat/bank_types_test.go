package jsonformat

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format/formattest"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
)

// wideTable has the types beyond those of allTypes, and what nests.
const wideTable = "i8 TINYINT, i16 SMALLINT, u8 TINYINT UNSIGNED, u16 SMALLINT UNSIGNED, u32 INT UNSIGNED, u64 BIGINT UNSIGNED, f FLOAT, " +
	"d DECIMAL(10, 2), b BYTEA, day DATE, t0 TIME(0), t9 TIME(9), tz TIMESTAMPTZ(3), span INTERVAL, j JSON!, id UUID, dict DICTIONARY<TEXT>, " +
	"list BIGINT[], texts LIST<TEXT NOT NULL>!, s STRUCT<a BIGINT NOT NULL, b LIST<STRUCT<c TEXT>>>, " +
	"m MAP<TEXT, DOUBLE[]>, n MAP<INT, STRUCT<x BOOLEAN NOT NULL> NOT NULL>"

func wideSuite(c Config) formattest.Suite {
	const least = `"j":1,"texts":[]`
	return formattest.Suite{
		Format: New(c), Fields: fieldsOf(columnsOf(wideTable)), Encodes: true,
		Good: frames(`{`+least+`}`,
			`{"i8":-128,"i16":32767,"u8":255,"u16":65535,"u32":4294967295,"u64":18446744073709551615,"f":0.1,"d":-12345678.90,"b":"/+8=",`+
				`"day":"1969-12-31","t0":"23:59:59","t9":"00:00:00.000000001","tz":"2013-01-02T15:04:05.250Z","span":"P1M2DT-0.500S",`+
				`"j":{"a":[1,"\n",{}]},"id":"00112233-4455-6677-8899-aabbccddeeff","dict":"a","list":[1,null,-9223372036854775808],`+
				`"texts":["a","b\n\u00e9"],"s":{"a":1,"b":[{"c":"x"},null,{"c":null}]},"m":{"k":[1.5,null],"":null},"n":{"-1":{"x":true}}}`,
			`{"texts":["c"],"j":null,"s":null,"list":[],"m":{},"dict":"b","n":null}`),
		Bad: frames(`{"j":1}`, `{`+least+`,"i8":128}`, `{`+least+`,"u8":-1}`, `{`+least+`,"d":123456789}`, `{`+least+`,"b":"?"}`,
			`{`+least+`,"list":[1,"x"]}`, `{"j":1,"texts":["a",null]}`, `{`+least+`,"s":{"b":[]}}`, `{`+least+`,"s":{"a":1,"b":[{"c":"x"},{"c":7}]}}`,
			`{`+least+`,"m":{"k":[1.5,true]}}`, `{`+least+`,"n":{"x":{"x":true}}}`, `{`+least+`,"n":{"1":{"x":null}}}`, `{`+least+`,"n":{"1":null}}`,
			`{`+least+`,"dict":7}`, `{`+least+`,"dict":"new","list":[1,2`, `{`+least+`,"m":{"a":[1],"b":[2`, `{"j":[,"texts":[]}`),
	}
}

func TestBankOfWideTables(t *testing.T) {
	t.Run("lenient", func(t *testing.T) { formattest.Run(t, wideSuite(Config{})) })
	t.Run("strict", func(t *testing.T) { formattest.Run(t, wideSuite(Config{Strictness: Strict})) })
}

func TestBankOfEnvelopes(t *testing.T) {
	columns := columnsOf("x BIGINT, s STRUCT<a TEXT>")
	header := schemaregistry.Config{SchemaID: 258}
	for name, s := range map[string]formattest.Suite{
		"include_schema": {
			Format: New(Config{IncludeSchema: true}),
			Good:   frames(`{"payload":{"x":1}}`, ` {"schema":{"type":"struct","fields":[]}, "payload": {"x":2,"s":{"a":"b"}} }`, `{"payload":{},"more":[1]}`),
			Bad: frames(``, `{}`, `[]`, `{"payload":null}`, `{"payload":7}`, `{"x":1}`, `{"payload":{"x":1}`, `{"payload":{"x":1}}}`, `{"payload":{"x":"a"}}`,
				`{"schema":{,"payload":{}}`, "{\"payload\":{},\"schema\":\"\xff\"}"),
		},
		"header": {
			Format: New(Config{Header: true, Registry: header}),
			Good:   frames("\x00\x00\x00\x01\x02{\"x\":5}", "\x00\xff\xff\xff\xff{\"s\":{\"a\":\"b\"}}"),
			Bad: frames("", "\x00", "\x00\x00\x00\x01", "{\"x\":5}", "\x01\x00\x00\x01\x02{\"x\":5}",
				"\x00\x00\x00\x01\x02", "\x00\x00\x00\x01\x02{\"x\":\"\xff\"}"),
		},
	} {
		s.Fields, s.Encodes = fieldsOf(columns), true
		t.Run(name, func(t *testing.T) { formattest.Run(t, s) })
	}
}

func TestBankOfChangeEvents(t *testing.T) {
	declared := columnsOf("id BIGINT NOT NULL, v TEXT, at TIMESTAMP(3), price DECIMAL(5, 3), day DATE")
	columns, err := shapeEvents(declared)
	if err != nil {
		t.Fatal(err)
	}
	s := formattest.Suite{
		Format: New(debezium), Fields: fieldsOf(columns), Declared: declared, Encodes: true,
		Good: frames(`{"before":null,"after":{"id":1,"v":"a"},"op":"c"}`, `{"after":{"id":1},"op":"r","source":{"db":"x"},"ts_ms":1}`,
			`{"before":{"id":1,"v":"a"},"after":{"id":1,"v":"b","at":1612274910045,"price":"AAAAAAAAAAAAAAAAAAAACg==","day":19000},"op":"u"}`,
			`{"before":null,"after":{"id":2},"op":"u"}`, `{"op":"d","before":{"id":1},"after":null}`, `{"op":"t"}`, `{"op":"\u0063","after":{"id":3}}`),
		Bad: frames(`{}`, `{"op":"c"}`, `{"op":"c","after":null}`, `{"op":"r","before":{"id":1}}`, `{"op":"u","before":{"id":1}}`,
			`{"op":"d","after":{"id":1}}`,
			`{"op":"m"}`, `{"op":"","after":{"id":1}}`, `{"op":"C","after":{"id":1}}`,
			`{"op":null}`, `{"after":{"id":1}}`, `{"op":"c","after":{}}`, `{"op":7}`,
			`{"op":"c","after":{"id":1}`, `[]`),
	}
	formattest.Run(t, s)
	envelope := debezium
	envelope.IncludeSchema = true
	s.Format = New(envelope)
	for _, frames := range [][][]byte{s.Good, s.Bad} {
		for i, frame := range frames {
			frames[i] = append(append([]byte(`{"schema":{"type":"struct"},"payload":`), frame...), '}')
		}
	}
	formattest.Run(t, s)
}

func TestBankOfUnstructured(t *testing.T) {
	for _, typ := range []arrow.DataType{types.JSON(), arrow.BinaryTypes.String} {
		fields := fieldsOf([]arrow.Field{{Name: "any name", Type: typ, Nullable: true}})
		formattest.Run(t, formattest.Suite{
			Format: New(Config{Unstructured: true}), Fields: fields, Encodes: true, Good: frames(`{"a": [1]}`, `7`, `"text"`, ` null `),
		})
		formattest.Run(t, formattest.Suite{
			Format: New(Config{Unstructured: true, Strictness: UncheckedText}), Fields: fields, Encodes: true,
			Good: frames(`{"a": [1]}`, `7`, `"text"`), Bad: frames("", " ", "not json at all", `{"a":1,}`, `1 2`, "\"\xff\""),
		})
	}
}
