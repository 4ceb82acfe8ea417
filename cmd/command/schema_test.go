package command

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestColumnsArePrinted(t *testing.T) {
	dir := folder(t, map[string]string{
		"flight.proto": `syntax = "proto3"; message Flight { string carrier = 1; optional int64 dep_delay = 2; repeated string tags = 3; }`,
		"f.sql": `
CREATE TABLE flights (o BIGINT METADATA FROM 'offset') WITH (connector = 'file', path = 'x', type = 'source', format = 'protobuf', protobuf.file = 'flight.proto');
CREATE TABLE changes (id BIGINT PRIMARY KEY, "a ""b""" TEXT) WITH (connector = 'file', path = 'x', type = 'source', format = 'debezium_json');
CREATE TABLE plain (id BIGINT PRIMARY KEY, d DECIMAL(10, 2)) WITH (connector = 'file', path = 'x', type = 'source', format = 'json');
`})
	file := filepath.Join(dir, "f.sql")
	avro := `avro.schema={"type":"record","name":"R","fields":[{"name":"a","type":["null","long"]},{"name":"b","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}]}`
	for _, tc := range []struct {
		args []string
		code int
		want string // on stdout; with code 2 in what is said
	}{
		{[]string{"--schema", "a int2 not null, \"B\" varchar[]"}, 0, "\"a\" SMALLINT NOT NULL,\n\"B\" TEXT[]\n"},
		{[]string{"--format", "avro", "--option", avro}, 0, "\"a\" BIGINT,\n\"b\" DECIMAL(9, 2) NOT NULL\n"},
		{[]string{"--format", "raw_bytes"}, 0, "\"value\" BYTEA\n"},
		{[]string{file, "plain"}, 0, "\"id\" BIGINT PRIMARY KEY,\n\"d\" DECIMAL(10, 2)\n"},
		{[]string{file, "flights"}, 0, "\"carrier\" TEXT,\n\"dep_delay\" BIGINT,\n\"tags\" TEXT[],\n\"o\" BIGINT METADATA FROM 'offset'\n"},
		{[]string{file, "plain", "--json"}, 0, `{"name":"id","type":"BIGINT","nullable":false,"primary_key":true}` + "\n" + `{"name":"d","type":"DECIMAL(10, 2)","nullable":true}` + "\n"},
		{nil, 2, "no columns"},
		{[]string{"--schema", "a BIGNT"}, 2, "BIGNT"},
		{[]string{"--format", "avro", "--option", "avro.schem=x"}, 2, "did you mean 'avro.schema'"},
		{[]string{"--format", "parquet"}, 2, "column by column"},
		{[]string{file}, 2, "want TABLE"},
		{[]string{file, "plan"}, 2, "did you mean 'plain'?"},
		{[]string{file, "plain", "--format", "avro"}, 2, "has its own"},
		{[]string{"--to", "thrift", "--schema", "a INT"}, 2, "'avro', 'json', 'protobuf'"},
		{[]string{"--to", "protobuf", "--schema", "a INT[][]"}, 2, "--to protobuf"},
	} {
		code, out, errs := weir(append([]string{"schema"}, tc.args...)...)
		if code != tc.code || code == 0 && out != tc.want || code != 0 && !strings.Contains(errs, tc.want) {
			t.Errorf("%q: code %d\n%s%s", tc.args, code, out, errs)
		}
	}
	code, out, errs := weir("schema", file, "changes")
	if code != 0 || !strings.Contains(out, "\"before\" STRUCT<") || !strings.Contains(out, "\"op\" TEXT NOT NULL") {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
}

// TestColumnsThatArePrintedAreRead reads what is printed, and what a schema document is made of.
func TestColumnsThatArePrintedAreRead(t *testing.T) {
	const columns = "\"a\" BIGINT,\n\"b\" TEXT,\n\"c\" DOUBLE[]\n"
	code, out, errs := weir("schema", "--schema", columns)
	if code != 0 || out != columns {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
	for _, tc := range []struct{ to, format, option string }{{"avro", "avro", "avro.schema="}, {"protobuf", "protobuf", "protobuf.source="}, {"json", "json", "json.schema="}} {
		code, document, errs := weir("schema", "--to", tc.to, "--schema", columns)
		if code != 0 {
			t.Errorf("code %d, %s", code, errs)
		}
		code, out, errs := weir("schema", "--format", tc.format, "--option", tc.option+document)
		if code != 0 || out != columns {
			t.Errorf("%s: code %d, %s%s of\n%s", tc.to, code, out, errs, document)
		}
	}
	code, out, errs = weir("schema", "--to", "json", "--schema", columns, "--json")
	var shown struct{ Kind, Schema string }
	if err := json.Unmarshal([]byte(out), &shown); err != nil || code != 0 || shown.Kind != "json" || !json.Valid([]byte(shown.Schema)) {
		t.Errorf("code %d, %s%s%v", code, out, errs, err)
	}
}

// TestASchemaFollowsTheOptionsOfItsFormat prints documents for values as options have them written, and says what columns can't hold.
func TestASchemaFollowsTheOptionsOfItsFormat(t *testing.T) {
	for options, want := range map[string]string{
		"": `"at":{"type":["null","string"],"x-weir-type":"TIMESTAMP(3)"},"d":{"type":["null","number"],"x-weir-type":"DECIMAL(10, 2)"}`,
		"json.timestamp_format=unix_millis json.decimal_encoding=string": `"at":{"type":["null","integer"],"x-weir-type":"TIMESTAMP(3)"},"d":{"type":["null","string"],"x-weir-type":"DECIMAL(10, 2)"}`,
	} {
		args := []string{"schema", "--to", "json", "--schema", "at TIMESTAMP(3), d DECIMAL(10, 2)", "--json"}
		for option := range strings.FieldsSeq(options) {
			args = append(args, "--option", option)
		}
		code, out, errs := weir(args...)
		if code != 0 || !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), want) {
			t.Errorf("%s: code %d, %s%s", options, code, out, errs)
		}
	}
	for _, tc := range []struct{ to, options, want string }{
		{"avro", "", `"name":"Row","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]`},
		{"avro", "avro.record_name=n.Flight avro.timestamp_nanos=true",
			`"name":"Flight","namespace":"n","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-nanos"}}]`},
		{"protobuf", "", "message Row {"}, {"protobuf", "protobuf.message=Flight", "message Flight {"},
	} {
		args := []string{"schema", "--to", tc.to, "--format", tc.to, "--schema", "at TIMESTAMP(9) NOT NULL", "--json"}
		for option := range strings.FieldsSeq(tc.options) {
			args = append(args, "--option", option)
		}
		_, out, errs := weir(args...)
		if !strings.Contains(strings.ReplaceAll(out, `\"`, `"`)+errs, tc.want) {
			t.Errorf("%s %s: %s%s, want %s", tc.to, tc.options, out, errs, tc.want)
		}
	}
	code, out, errs := weir("schema", "--option", `json.schema={"type":"object","properties":{"a":{"oneOf":[{"type":"string"},{"type":"object"}]}}}`)
	if code != 0 || out != "\"a\" JSON\n" || !strings.Contains(errs, "a: oneOf") {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
}
