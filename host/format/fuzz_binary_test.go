package format_test

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/format/avroformat"
)

// What the Avro targets read and write.
const (
	avroColumns = "b BOOLEAN, i INT NOT NULL, l BIGINT, f FLOAT, g DOUBLE, s TEXT, y BYTEA, d DECIMAL(20, 4), t DATE, c TIME(6), z TIMESTAMPTZ(3), " +
		"p TIMESTAMP(6), v INTERVAL, u UUID, n STRUCT<x BIGINT NOT NULL, q TEXT[]>[], m MAP<TEXT, INT>, e DICTIONARY<TEXT>"
	avroRow = `{"b":true,"i":-7,"l":null,"f":1.5,"g":-0.1,"s":"text","y":"AP8=","d":-12.3456,"t":"2013-01-02","c":"12:34:56.000001",` +
		`"z":"2013-01-02T15:04:05.006Z","p":"2013-01-02T15:04:05.000006","v":"P1M2DT3S","u":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6",` +
		`"n":[{"x":1,"q":["a",null]},null],"m":{"k":1,"o":null},"e":"word"}`

	// A writer and a reader whose schemas need every rule of resolution.
	avroWriter = `{"type":"record","name":"W","aliases":["R"],"fields":[{"name":"old","type":"int"},{"name":"gone","type":{"type":"map","values":["null","long"]}},` +
		`{"name":"f","type":["int","long","float"]},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B","C"]}},` +
		`{"name":"more","type":{"type":"array","items":{"type":"record","name":"M","fields":[{"name":"none","type":"null"},{"name":"x","type":"string"}]}}}]}`
	avroReader = `{"type":"record","name":"R","aliases":["W"],"fields":[{"name":"a","aliases":["old"],"type":"long"},{"name":"f","type":"double"},` +
		`{"name":"e","type":{"type":"enum","name":"E","symbols":["B","A"],"default":"A"}},{"name":"added","type":["int","null"],"default":5},` +
		`{"name":"more","type":["null",{"type":"array","items":{"type":"record","name":"M","fields":[{"name":"x","type":"bytes"}]}}]}]}`
	avroResolved = "a BIGINT, f DOUBLE, e TEXT, added INT, more STRUCT<x BYTEA>[]"
	avroDatum    = "\x0a\x02\x02k\x02\x04\x00\x02\x06\x04\x02\x02x\x00"
	avroFields   = `{"a":5,"f":3,"e":"A","added":5,"more":[{"x":"eA=="}]}`
)

// avroTarget is the table that the bits of a number choose: the mode, whether schemas are resolved, JSON, limits, the codec.
func avroTarget(t testing.TB, bits uint32) *target {
	options := []string{"format", "avro"}
	set := func(key, value string) { options = append(options, key, value) }
	var header string
	mode := bits & 3
	switch mode {
	case 1:
		set("avro.raw_datums", "true")
	case 2:
		set("avro.single_object", "true")
	case 3:
		set("avro.confluent_schema_registry", "true")
		set("avro.schema_id", "7")
		header = "\x00\x00\x00\x00\x07"
	}
	if bits>>4&1 != 0 {
		set("limit.depth", "8")
		set("limit.fields", "100")
		set("limit.string", "64")
		set("avro.max_uncompressed", "4KB")
	}
	columns, row := avroColumns, avroRow
	var good []byte
	switch kind := bits >> 2 & 3; {
	case kind == 1 && mode&1 != 0: // a datum alone is written by hand
		set("avro.schema", avroWriter)
		set("avro.reader_schema", avroReader)
		columns, row, good = avroResolved, avroFields, []byte(header+avroDatum)
	case kind == 2 && mode&1 != 0:
		set("avro.schema", avroWriter)
		set("avro.into_unstructured_json", "true")
		columns, good = "value JSON", []byte(header+avroDatum)
		row = `{"value":{"old":5,"gone":{"k":2},"f":{"long":3},"e":"C","more":[{"none":null,"x":"x"}]}}`
	case mode == 0:
		set("avro.compression", []string{"null", "deflate", "snappy", "zstandard"}[bits>>5&3])
	default:
		schema, err := avroformat.FromColumns(avroformat.Config{}, parseColumns(t, columns))
		if err != nil {
			t.Fatal(err)
		}
		set("avro.schema", schema)
	}
	return newTarget(t, columns, row, good, options...)
}

// FuzzAvro attacks the decoder of avro under any options.
func FuzzAvro(f *testing.F) {
	for bits := range uint32(1 << 7) {
		if mode, kind := bits&3, bits>>2&3; kind == 0 && (mode == 0 || bits < 1<<5) || kind < 3 && mode&1 != 0 && bits < 1<<5 {
			f.Add(bits, avroTarget(f, bits).good)
		}
	}
	f.Add(uint32(1|1<<2), []byte("\x0a\x01\x02\x02k\x02\x04\x00\x04\x06\x04\xff\xff\xff\xff\x1f\x00"))
	target := remembered(avroTarget)
	f.Fuzz(func(t *testing.T, bits uint32, record []byte) { target(t, bits&(1<<7-1)).attack(t, record) })
}

const protoSourceOfAll = `syntax = "proto3";
import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto";
enum E { NO = 0; YES = 1; }
message Before { int32 x = 1; }
message R { int64 i = 1; optional sint32 z = 2; repeated int32 p = 3; repeated string q = 4; map<string, N> m = 5; E e = 6; oneof c { string s = 7; bytes b = 8; }
  google.protobuf.Timestamp t = 9; google.protobuf.DoubleValue w = 10; google.protobuf.Struct d = 11; N n = 12; fixed32 f = 13; float g = 14; bool o = 15;
  message N { double x = 1; repeated uint64 u = 2; } repeated N r = 300; }`

// protoTarget is the table that the bits of a number choose.
func protoTarget(t testing.TB, bits uint32) *target {
	options := []string{"format", "protobuf", "protobuf.source", protoSourceOfAll, "protobuf.message", "R"}
	set := func(key, value string) { options = append(options, key, value) }
	bit := func(i int) bool { return bits>>i&1 != 0 }
	switch bits & 3 {
	case 1, 3:
		set("protobuf.length_delimited", "true")
	case 2:
		set("protobuf.confluent_schema_registry", "true")
		set("protobuf.schema_id", "7")
	}
	columns := `i BIGINT, z INT, p INT[], q TEXT[], m MAP<TEXT, STRUCT<x DOUBLE, u BIGINT UNSIGNED[]>>, e TEXT, s TEXT, b BYTEA, t TIMESTAMP, w DOUBLE, d JSON, ` +
		`n STRUCT<x DOUBLE, u BIGINT UNSIGNED[]>, f INT UNSIGNED, g FLOAT, o BOOLEAN, r STRUCT<x DOUBLE, u BIGINT UNSIGNED[]>[]`
	row := `{"i":1,"z":-2,"p":[1,2],"q":["a",""],"m":{"k":{"x":1.5,"u":[3]}},"e":"YES","s":null,"b":"AP8=","t":"2013-01-02T15:04:05.000000006Z","w":0.5,` +
		`"d":{"a":[1,"x"]},"n":{"x":2.5,"u":[18446744073709551615]},"f":4294967295,"g":0.25,"o":true,"r":[{"x":1,"u":[1]}]}`
	switch {
	case bit(2):
		set("protobuf.into_unstructured_json", "true")
		columns, row = "value JSON", `{"value":{"i":1,"p":[1,2]}}`
	case bit(3):
		set("protobuf.enums", "number")
		row = strings.Replace(row, `"YES"`, `"1"`, 1)
	}
	if bit(4) {
		set("protobuf.defaults", "arroyo")
	}
	if bit(5) {
		set("limit.depth", "6")
		set("limit.fields", "100")
		set("limit.string", "64")
	}
	return newTarget(t, columns, row, nil, options...)
}

// FuzzProtobuf attacks the decoder of protobuf under any options.
func FuzzProtobuf(f *testing.F) {
	for bits := range uint32(1 << 6) {
		f.Add(bits, protoTarget(f, bits).good)
	}
	zeros := protoTarget(f, 0).good // and a tag of nothing but zeros, behind the field with the highest number
	f.Add(uint32(0), append(zeros[:len(zeros):len(zeros)], 0, 0))
	f.Add(uint32(1), []byte("\xff\xff\xff\xff\x0f\x08\x01"))
	f.Add(uint32(2), []byte("\x00\x00\x00\x00\x07\x02\x02\x08\x01"))
	target := remembered(protoTarget)
	f.Fuzz(func(t *testing.T, bits uint32, record []byte) { target(t, bits&(1<<6-1)).attack(t, record) })
}

// rawTarget is a table of raw_string or raw_bytes behind framing and compression.
func rawTarget(t testing.TB, bits uint32) *target {
	options := []string{"format", "raw_string", "framing", []string{"none", "newline", "delimiter", "length", "json_array", "json_concat", "length", "length"}[bits>>1&7]}
	columns, row := "value TEXT NOT NULL", `{"value":"[1]"}`
	if bits&1 != 0 {
		options[1] = "raw_bytes"
		columns, row = "value BYTEA NOT NULL", `{"value":"WzFd"}`
	}
	set := func(key, value string) { options = append(options, key, value) }
	switch bits >> 1 & 7 {
	case 2:
		set("framing.delimiter", `||`)
	case 3:
		set("framing.length.prefix", "varint")
	case 6:
		set("framing.length.prefix", "u32_be")
	case 7:
		set("framing.length.prefix", "u16_le")
	}
	if packed := []string{"none", "gzip", "zstd", "snappy", "snappy_block", "lz4", "none", "none"}[bits>>4&7]; packed != "none" {
		set("framing.compression", packed)
		set("framing.max_uncompressed", "4KB")
	}
	return newTarget(t, columns, row, nil, options...)
}

// FuzzRaw attacks raw_string and raw_bytes with every framing and compression before them.
func FuzzRaw(f *testing.F) {
	for bits := range uint32(6 << 4) {
		f.Add(bits, rawTarget(f, bits).good)
	}
	target := remembered(rawTarget)
	f.Fuzz(func(t *testing.T, bits uint32, record []byte) { target(t, bits&(1<<7-1)).attack(t, record) })
}
