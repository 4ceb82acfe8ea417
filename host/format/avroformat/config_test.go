package avroformat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
)

func bagOf(t testing.TB, pairs ...string) *option.Bag {
	t.Helper()
	bag := option.New(option.Pos{})
	for i := 0; i < len(pairs); i += 2 {
		if err := bag.Set(pairs[i], option.Pos{}, option.Value{Text: pairs[i+1], Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	return bag
}

func TestOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.avsc")
	if err := os.WriteFile(path, []byte(pairSchema), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		options []string
		want    string // part of the error; empty: none
	}{
		{nil, ""}, {[]string{"avro.raw_datums", "true", "avro.schema", pairSchema}, ""},
		{[]string{"avro.single_object", "true", "avro.schema_file", path, "avro.reader_schema_file", path}, ""},
		{[]string{"avro.confluent_schema_registry", "true", "avro.registry", "http://127.0.0.1:1", "avro.schema_id", "3", "topic", "t"}, ""},
		{[]string{"avro.confluent_schema_registry", "true", "avro.schema", pairSchema, "avro.schema_id", "3"}, ""},
		{[]string{"avro.confluent_schema_registry", "true", "avro.schema", pairSchema, "avro.schema_id", "2147483648"}, "'avro.schema_id'"},
		{[]string{"avro.confluent_schema_registry", "true"}, "'avro.registry' beside it"},
		{[]string{"avro.registry", "http://127.0.0.1:1"}, ""},
		{[]string{"avro.registry", "http://127.0.0.1:1", "avro.raw_datums", "true"}, "none for datums without"},
		{[]string{"avro.raw_datums", "true", "avro.single_object", "true"}, "at most one of"},
		{[]string{"avro.registry", "nowhere"}, "the URL of a schema registry such as"}, {[]string{"avro.schema_id", "7"}, "needs 'avro.confluent_schema_registry'"},
		{[]string{"avro.schema", "{"}, "an Avro schema (not JSON: it is cut short at byte 1)"},
		{[]string{"avro.schema", "{\"type\":\n \"é\": 1}"}, "not JSON at line 2, column 5: invalid character ':'"},
		{[]string{"avro.schema", "\xe3"}, "not JSON at line 1, column 1: invalid character"},
		{[]string{"avro.schema", `{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}`},
			`the default of field "a" of R: it is no int`},
		{[]string{"avro.schema", pairSchema, "avro.schema_file", path}, "only one of"},
		{[]string{"avro.schema_file", path + "x"}, "a file that can be read"},
		{[]string{"avro.compression", "lz4"}, "one of 'null', 'deflate', 'snappy', 'zstandard'"},
		{[]string{"avro.record_name", "a-b"}, "a name of letters"}, {[]string{"avro.record_name", "a.B"}, ""},
		{[]string{"avro.max_uncompressed", "0"}, "a size from 1 byte"}, {[]string{"avro.shema", "x"}, "did you mean 'avro.schema'"},
	} {
		bag := bagOf(t, c.options...)
		f := Factory(bag)
		_, _ = bag.Lookup("topic")
		err := bag.Done()
		if c.want == "" && (err != nil || f == nil) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %q", c.options, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: one mistake is told twice: %v", c.options, err)
		}
	}
}

func TestShape(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Schema: pairSchema}, "a INT, s TEXT"}, {Config{Schema: `"int"`, Reader: pairSchema}, "a INT, s TEXT"},
		{Config{Unstructured: true}, "value JSON"},
		{Config{}, "avro: a table without columns needs"},
		{Config{Schema: `"int"`}, "avro: the schema is a int"},
	} {
		f, err := New(c.config)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := f.(format.Shaper).Shape(t.Context(), nil)
		var parts []string
		for _, c := range columns {
			parts = append(parts, c.Name+" "+types.Name(c.Type))
		}
		got := strings.Join(parts, ", ")
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: %s, want %s", c.config, got, c.want)
		}
		if declared, err := f.(format.Shaper).Shape(t.Context(), pairColumns); err != nil || len(declared) != 2 {
			t.Error(declared, err)
		}
	}
}
