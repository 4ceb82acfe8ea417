package jsonformat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// encodeFrame decodes a frame of plain JSON and encodes the row.
func encodeFrame(t *testing.T, f format.Format, columns, frame string) (string, error) {
	t.Helper()
	record := decodeAll(t, New(Config{}), columnsOf(columns), frame)
	defer record.Release()
	got, err := encodeAll(t, f, record)
	if err != nil {
		return "", err
	}
	return got[0], nil
}

func TestRowsInEnvelopes(t *testing.T) {
	schemaOf := func(fields string) string {
		return `"schema":{"fields":[` + fields + `],"name":"ArroyoJson","optional":false,"type":"struct"}`
	}
	logical := func(name string) string { return `"name":"org.apache.kafka.connect.data.` + name + `","optional":true` }
	millis := Config{IncludeSchema: true, TimestampFormat: UnixMillis}
	for _, c := range []struct {
		config         Config
		columns, frame string
		fields         string
	}{
		{Config{}, "x BIGINT", `{"x":5}`, `{"field":"x","optional":true,"type":"int64"}`},
		{Config{}, "x TINYINT UNSIGNED NOT NULL", `{"x":255}`, `{"field":"x","optional":false,"type":"int16"}`},
		{Config{}, "x SMALLINT UNSIGNED", `{"x":65535}`, `{"field":"x","optional":true,"type":"int32"}`},
		{Config{}, "x INT UNSIGNED", `{"x":4294967295}`, `{"field":"x","optional":true,"type":"int64"}`},
		{Config{}, "x BIGINT UNSIGNED", `{"x":9223372036854775807}`, `{"field":"x","optional":true,"type":"int64"}`},
		{Config{}, "x TIMESTAMP(3)", `{"x":"2013-01-02T15:04:05"}`, `{"field":"x","optional":true,"type":"string"}`},
		{Config{}, "x DATE", `{"x":"2013-01-02"}`, `{"field":"x","optional":true,"type":"string"}`},
		{Config{}, "x TIME(9)", `{"x":"12:00:00"}`, `{"field":"x","optional":true,"type":"string"}`},
		{millis, "x TIMESTAMP(3)", `{"x":5}`, `{"field":"x",` + logical("Timestamp") + `,"type":"int64","version":1}`},
		{millis, "x DATE", `{"x":2}`, `{"field":"x",` + logical("Date") + `,"type":"int32","version":1}`},
		{Config{DecimalEncoding: DecimalBytes}, "x DECIMAL(5, 3)", `{"x":"AAAAAAAAAAAAAAAAAAAACg=="}`, `{"field":"x",` + logical("Decimal") +
			`,"parameters":{"connect.decimal.precision":"5","scale":"3"},"type":"bytes","version":1}`},
		{Config{DecimalEncoding: DecimalString}, "x DECIMAL(5, 3)", `{"x":"0.010"}`, `{"field":"x","optional":true,"type":"string"}`},
		{Config{}, "x LIST<TEXT NOT NULL>", `{"x":["a"]}`, `{"field":"x","items":{"optional":false,"type":"string"},"optional":true,"type":"array"}`},
		{Config{}, "x MAP<BIGINT, DOUBLE>", `{"x":{"1":1.5}}`,
			`{"field":"x","keys":{"optional":false,"type":"string"},"optional":true,"type":"map","values":{"optional":true,"type":"double"}}`},
		{Config{}, "x JSON NOT NULL", `{"x":"{\"a\": 1}"}`, `{"field":"x","name":"io.debezium.data.Json","optional":false,"type":"string","version":1}`},
		{Config{}, "x STRUCT<a BYTEA, b UUID>", `{"x":{"a":"aGk=","b":null}}`, `{"field":"x","fields":[{"field":"a","optional":true,"type":"bytes"},` +
			`{"field":"b","optional":true,"type":"string"}],"optional":true,"type":"struct"}`},
	} {
		c.config.IncludeSchema = true
		columns := columnsOf(c.columns)
		want := `{"payload":` + c.frame + `,` + schemaOf(c.fields) + `}`
		record := decodeAll(t, New(c.config), columns, `{"payload":`+c.frame+`}`)
		got, err := encodeAll(t, New(c.config), record)
		if err != nil || got[0] != want || !json.Valid([]byte(want)) {
			t.Errorf("%s: %s, %v; want %s", c.columns, got, err, want)
		}
		record.Release()
	}
	_, err := encodeFrame(t, New(Config{IncludeSchema: true}), "x BIGINT UNSIGNED", `{"x":9223372036854775808}`)
	wantPath(t, err, "json.range", "x")
}

// TestDocumentsInEnvelopes writes the documents of JSON columns, which stand in strings, and reads them again as they were.
func TestDocumentsInEnvelopes(t *testing.T) {
	for _, debezium := range []bool{false, true} {
		f := New(Config{IncludeSchema: true, Debezium: debezium})
		rapid.Check(t, func(rt *rapid.T) {
			text, err := json.Marshal(anyJSON(3).Draw(rt, "document"))
			if err != nil {
				rt.Fatal(err)
			}
			row := fmt.Sprintf(`{"x":%s,"l":[%[1]s,%[1]s]}`, text)
			columns := "x JSON, l LIST<JSON>"
			if debezium {
				row = fmt.Sprintf(`{"before":null,"after":%s,"op":"c"}`, row)
				columns = "before STRUCT<x JSON, l LIST<JSON>>, after STRUCT<x JSON, l LIST<JSON>>, op TEXT NOT NULL"
			}
			before := decodeAll(t, New(Config{Debezium: debezium}), columnsOf(columns), row)
			defer before.Release()
			messages, err := encodeAll(t, f, before)
			if err != nil {
				rt.Fatal(err)
			}
			after := decodeAll(t, f, columnsOf(columns), messages[0])
			defer after.Release()
			if !array.RecordEqual(before, after) {
				rt.Fatalf("%s: %v, want %v", messages[0], after, before)
			}
		})
	}
	f := New(Config{IncludeSchema: true})
	for in, want := range map[string]string{
		`{"a": 1}`: `{"a": 1}`, `"{\"a\":\n1}"`: "{\"a\":\n1}", `"no JSON"`: `"no JSON"`, `"\"t\""`: `"t"`, `""`: `""`, `"[1,]"`: `"[1,]"`, `null`: `null`,
		`"` + strings.Repeat("[", 127) + strings.Repeat("]", 127) + `"`: strings.Repeat("[", 127) + strings.Repeat("]", 127),
		`"` + strings.Repeat("[", 128) + strings.Repeat("]", 128) + `"`: `"` + strings.Repeat("[", 128) + strings.Repeat("]", 128) + `"`,
	} {
		record := decodeAll(t, f, columnsOf("x JSON"), `{"payload":{"x":`+in+`}}`)
		if got := record.Column(0).ValueStr(0); got != want {
			t.Errorf("%.50s is %.50s, want %.50s", in, got, want)
		}
		record.Release()
	}
}

// decodeErr is the error for a frame.
func decodeErr(t *testing.T, f format.Format, columns, frame string) *format.DataError {
	t.Helper()
	fields := columnsOf(columns)
	d, err := f.NewDecoder(fieldsOf(fields))
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(arrow.NewSchema(fields, nil), memory.DefaultAllocator)
	defer b.Release()
	var bad *format.DataError
	if err := d.Decode([]byte(frame), b); err == nil || !errors.As(err, &bad) {
		t.Fatalf("%q: %v", frame, err)
	}
	return bad
}

func TestErrorsOfEnvelopes(t *testing.T) {
	header := Config{Header: true, Registry: schemaregistry.Config{SchemaID: 1}}
	for _, c := range []struct {
		config            Config
		frame, code, path string
		part              string
	}{
		{Config{IncludeSchema: true}, `{"schema":{}}`, "json.envelope", "payload", "no payload"},
		{Config{IncludeSchema: true}, `{"payload":{"x":"secret"}}`, "json.parse", "x", "at byte 16"},
		{Config{IncludeSchema: true, Strictness: Strict}, `{"payload":{},"payload":{}}`, "json.duplicate", "", "at byte 24"},
		{header, "\x00\x00\x00\x00\x01{\"x\":\"secret\"}", "json.parse", "x", "at byte 10"},
		{header, "\x00\x00\x00", "json.registry_header", "", "shorter"},
		{header, "abcdefg", "json.registry_header", "", "byte 0"},
	} {
		bad := decodeErr(t, New(c.config), "x BIGINT", c.frame)
		if bad.Code != c.code || bad.Path != c.path || !strings.Contains(bad.Message, c.part) || strings.Contains(bad.Message, "secret") {
			t.Errorf("%q: %v", c.frame, bad)
		}
	}
}

func TestHeaders(t *testing.T) {
	got, err := encodeFrame(t, New(Config{Header: true, Registry: schemaregistry.Config{SchemaID: 258}}), "x BIGINT", `{"x":5}`)
	if err != nil || got != "\x00\x00\x00\x01\x02{\"x\":5}" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := New(Config{Header: true}).NewEncoder(fieldsOf(columnsOf("x BIGINT"))); fault.Of(err) != fault.Input {
		t.Errorf("a header without an id: %v", err)
	}
	if _, err := New(Config{Header: true}).NewDecoder(fieldsOf(columnsOf("x BIGINT"))); err != nil {
		t.Error(err)
	}
}

func TestHeadersFromARegistry(t *testing.T) {
	reg := srfake.New()
	defer reg.Close()
	const columns = "x BIGINT NOT NULL, d DECIMAL(5, 2), t TIMESTAMPTZ(3), j JSON, l LIST<TEXT>, m MAP<TEXT, DOUBLE>, s STRUCT<u TINYINT UNSIGNED>"
	config := Config{Header: true, Registry: schemaregistry.Config{URL: reg.URL(), Topic: "rows"}}
	if _, err := encodeFrame(t, New(config), columns, `{"x":5}`); err == nil || !errors.Is(err, schemaregistry.ErrNotFound) {
		t.Errorf("nothing is registered: %v", err)
	}
	config.Registry.Register = true
	registered, err := encodeFrame(t, New(config), columns, `{"x":5}`)
	if err != nil || len(registered) < 5 || registered[0] != 0 {
		t.Fatalf("%q, %v", registered, err)
	}
	config.Registry.Register = false
	for _, version := range []int{0, 1} {
		config.Registry.SchemaVersion = version
		if latest, err := encodeFrame(t, New(config), columns, `{"x":5}`); err != nil || latest != registered {
			t.Errorf("%q, %v; registered %q", latest, err, registered)
		}
	}
	client, err := sr.NewClient(sr.URLs(reg.URL()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := client.SchemaByVersion(context.Background(), "rows-value", 1)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"record","type":"object","properties":{"x":{"type":"integer"},` +
		`"d":{"type":["null","number"],"x-weir-type":"DECIMAL(5, 2)"},` +
		`"t":{"type":["null","string"],"format":"date-time","x-weir-type":"TIMESTAMP(3) WITH TIME ZONE"},"j":{"x-weir-type":"JSON"},` +
		`"l":{"type":["null","array"],"items":{"type":["null","string"]}},` +
		`"m":{"type":["null","object"],"additionalProperties":{"type":["null","number"]}},` +
		`"s":{"type":["null","object"],"properties":{"u":{"type":["null","integer"],"minimum":0,"maximum":255,"x-weir-type":"TINYINT UNSIGNED"}},` +
		`"required":["u"]}},"required":["x","d","t","j","l","m","s"]}`
	if s.Type != sr.TypeJSON || s.Schema.Schema != want {
		t.Errorf("%v schema %s, want %s", s.Type, s.Schema.Schema, want)
	}
	config.Registry.Topic = "others"
	if _, err := client.CreateSchema(context.Background(), "others-value", sr.Schema{Schema: `"string"`, Type: sr.TypeAvro}); err != nil {
		t.Fatal(err)
	}
	config.Registry.SchemaVersion = 0
	if _, err := encodeFrame(t, New(config), columns, `{"x":5}`); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "AVRO") {
		t.Errorf("a schema that is not JSON's: %v", err)
	}
}

// textRecord is a row of a column value of type TEXT.
func textRecord(value *string) arrow.RecordBatch {
	schema := arrow.NewSchema(columnsOf("value TEXT"), nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	if value == nil {
		b.Field(0).AppendNull()
	} else {
		b.Field(0).(*array.StringBuilder).Append(*value)
	}
	return b.NewRecordBatch()
}

func TestUnstructured(t *testing.T) {
	f := New(Config{Unstructured: true})
	for _, c := range []struct{ typ, frame, want string }{
		{"JSON", "not json at all", "not json at all"}, {"TEXT", "a\xffb", "a\ufffdb"}, {"TEXT", "", ""},
		{"TEXT", "\n" + strings.Repeat("x", keepScratch) + "\xff", "\n" + strings.Repeat("x", keepScratch) + "\ufffd"},
	} {
		record := decodeAll(t, f, columnsOf("value "+c.typ), c.frame)
		if got := record.Column(0).ValueStr(0); got != c.want {
			t.Errorf("%q is %q", c.frame, got)
		}
		messages, err := encodeAll(t, f, record)
		if c.typ == "TEXT" && (err != nil || messages[0] != c.want) {
			t.Errorf("%q, %v; want %q", messages, err, c.want)
		}
		if c.typ == "JSON" {
			wantPath(t, err, "json.syntax", "value")
		}
		if messages, err = encodeAll(t, New(Config{Unstructured: true, Strictness: UncheckedText}), record); len(messages) != 0 || err == nil {
			t.Errorf("who reads strictly does not read %q", messages)
		}
		record.Release()
	}
	nothing, err := encodeAll(t, f, textRecord(nil))
	if err != nil || nothing[0] != "null" {
		t.Errorf("a null is %q, %v", nothing, err)
	}
	bad := "a\xff"
	_, err = encodeAll(t, f, textRecord(&bad))
	wantPath(t, err, "json.utf8", "value")
	for _, columns := range []string{"a BIGINT", "a TEXT, b TEXT", "a LIST<JSON>"} {
		if _, err := f.NewDecoder(fieldsOf(columnsOf(columns))); err == nil {
			t.Errorf("%s: no column for the text", columns)
		}
		if _, err := f.NewEncoder(fieldsOf(columnsOf(columns))); err == nil {
			t.Errorf("%s: no column for the text", columns)
		}
	}
	columns, err := f.(format.Shaper).Shape(context.Background(), nil)
	if err != nil || len(columns) != 1 || columns[0].Name != "value" || kindOf(columns[0].Type) != kindJSON {
		t.Errorf("%v, %v", columns, err)
	}
	with := New(Config{Unstructured: true, Header: true, Registry: schemaregistry.Config{SchemaID: 1}})
	record := decodeAll(t, with, columnsOf("value TEXT"), "\x00\x00\x00\x00\x07[1]")
	defer record.Release()
	if got, err := encodeAll(t, with, record); err != nil || got[0] != "\x00\x00\x00\x00\x01[1]" {
		t.Errorf("%q, %v", got, err)
	}
}

// What is not UTF-8 is told as that wherever it is in an envelope and whatever else is wrong, and where it can't be written by its place in the row.
func TestTextsThatAreNotUTF8InEnvelopes(t *testing.T) {
	for _, c := range []struct {
		config  Config
		columns string
		frame   string
	}{
		{Config{IncludeSchema: true}, "a TEXT", "{\"payload\":{\"a\":\"\xff\"}}"},
		{Config{IncludeSchema: true}, "a TEXT", "{\"payload\":{\"a\":1},\"schema\":\"\xff\"}"},
		{Config{IncludeSchema: true}, "a TEXT", "{\"payload\":{\"a\":tru},\"schema\":\"\xff\"}"},
		{Config{IncludeSchema: true}, "a TEXT", "{\"payload\":1,\"schema\":\"\xff\"}"},
		{Config{IncludeSchema: true}, "a JSON", "{\"payload\":{\"a\":\"\xff\"}}"},
		{Config{IncludeSchema: true, Debezium: true}, "before STRUCT<a TEXT>, after STRUCT<a TEXT>, op TEXT", "{\"payload\":{\"op\":\"x\",\"after\":{\"a\":1}},\"schema\":tru\xff}"},
		{Config{Debezium: true}, "before STRUCT<a TEXT>, after STRUCT<a TEXT>, op TEXT", "{\"op\":\"c\",\"after\":{\"a\":\"\xff\"}}"},
	} {
		err := decodeErr(t, New(c.config), c.columns, c.frame)
		if err == nil || err.Code != "json.utf8" || err.Path != "" {
			t.Errorf("%q: %v", c.frame, err)
		}
	}
}
