package format_test

import (
	"strings"
	"testing"
)

// jsonColumns has every type. Their values are written the same under all options but for digits that some leave out.
const (
	jsonColumns = "i TINYINT, j SMALLINT UNSIGNED NOT NULL, k BIGINT UNSIGNED, f FLOAT, g DOUBLE, d DECIMAL(20, 3), b BYTEA, t DATE, c TIME(6), " +
		"z TIMESTAMPTZ(3), v INTERVAL, w JSON, u UUID, y DICTIONARY<TEXT>, l ARRAY<INT NOT NULL>, " +
		"s STRUCT<a BIGINT NOT NULL, b TEXT[], c STRUCT<d DECIMAL(5, 2)>>, m MAP<TEXT, STRUCT<x TIMESTAMP(3)>>, n MAP<INT, MAP<TEXT, BYTEA>>, " +
		"o BOOLEAN, e TEXT"
	jsonRow = `{"i":-5,"j":65535,"k":9223372036854775807,"f":1.5,"g":-0.1,"d":-12.345,"b":"AAEC","t":"2013-01-02","c":"12:34:56.5",` +
		`"z":"2013-01-02T15:04:05Z","v":"P1M2DT3S","w":{"a":[1,null]},"u":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","y":"word",` +
		`"l":[1,2,3],"s":{"a":1,"b":["x",null],"c":{"d":2.5}},"m":{"p":{"x":"2013-01-02T15:04:05.006"},"q":null},"n":{"1":{"a":"/w=="},"2":{}},` +
		`"o":true,"e":"a \"text\"\n"}`
)

// leniencies are the words of json.strict.
var leniencies = strings.Split("commas,control_characters,number_syntax,skipped_numbers,duplicate_keys,integer_fractions,"+
	"decimal_fractions,string_numbers,timestamp_forms,text_forms,unchecked_text", ",")

// jsonTarget is the table that the bits of a number choose: eleven leniencies, and then one option after the other.
func jsonTarget(t testing.TB, bits uint32) *target {
	bit := func(i int) bool { return bits>>i&1 != 0 }
	var off []string
	for i, name := range leniencies {
		if bit(i) {
			off = append(off, name)
		}
	}
	var options []string
	set := func(key, value string) { options = append(options, key, value) }
	if len(off) > 0 {
		set("json.strict", strings.Join(off, ","))
	}
	if bit(11) {
		set("json.timestamp_format", "unix_millis")
	}
	set("json.decimal_encoding", []string{"number", "string", "bytes", "number"}[bits>>12&3])
	if bit(14) {
		set("limit.depth", "12")
		set("limit.fields", "400")
		set("limit.string", "64")
	}
	columns, row := jsonColumns, jsonRow
	format := "json"
	switch bits >> 15 & 7 {
	case 1: // Kafka Connect has no JSON
		set("json.include_schema", "true")
		columns = strings.Replace(columns, "w JSON", "w TEXT", 1)
		row = strings.Replace(row, `"w":{"a":[1,null]}`, `"w":"x"`, 1)
	case 2:
		set("json.confluent_schema_registry", "true")
		set("json.schema_id", "7")
	case 3:
		set("json.unstructured", "true")
		columns, row = "value JSON", `{"value":{"a":[1,"x"]}}`
	case 4:
		set("json.unstructured", "true")
		columns, row = "value TEXT NOT NULL", `{"value":"[1]"}`
	case 5, 6:
		format = "debezium_json"
		columns, row = "id BIGINT NOT NULL, at TIMESTAMP(3), cost DECIMAL(9, 2), tags TEXT[]",
			`{"before":null,"after":{"id":1,"at":"2013-01-02T15:04:05","cost":1.25,"tags":["a",null]},"op":"c"}`
		if bits>>15&7 == 6 {
			set("json.include_schema", "true")
			row = `{"before":{"id":1},"after":null,"op":"d"}`
		}
	}
	return newTarget(t, columns, row, nil, append(options, "format", format)...)
}

// FuzzJSON attacks the decoders of json and debezium_json under any options.
func FuzzJSON(f *testing.F) {
	for kind := range uint32(8) {
		for _, options := range []uint32{0, 1<<11 - 1, 3 << 11, 1<<14 | 1<<13} {
			bits := kind<<15 | options
			f.Add(bits, jsonTarget(f, bits).good)
		}
	}
	f.Add(uint32(0), []byte(`{"\u006a":1,"j":2,"l":[1,,],"m":{"p":{"x":1},"p":null},"n":{"x":1},"s":{"a":1,"a":"2"},"w":{"a":1e999}}`))
	target := remembered(jsonTarget)
	f.Fuzz(func(t *testing.T, bits uint32, record []byte) { target(t, bits&(1<<18-1)).attack(t, record) })
}
