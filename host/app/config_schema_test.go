package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/internal/fault"
)

// configSchema is the schema as an editor has it.
func configSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(ConfigSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("weir.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("weir.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// judge is what a schema says of a file in YAML.
func judge(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return schema.Validate(document)
}

// TestExamplesFitTheSchema takes the files in YAML that the documentation has.
func TestExamplesFitTheSchema(t *testing.T) {
	schema := configSchema(t)
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, rest := range strings.Split(string(text), "```yaml\n")[1:] {
			block, _, _ := strings.Cut(rest, "```")
			if !strings.HasPrefix(block, "tables:") {
				continue
			}
			found++
			if err := judge(t, schema, block); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found == 0 {
		t.Error("there are no examples")
	}
}

// TestTheSchemaKnowsOptions holds tables against the schema and against the planner.
func TestTheSchemaKnowsOptions(t *testing.T) {
	t.Setenv("IT", "file")
	t.Setenv("NUMBER", "7")
	schema := configSchema(t)
	for _, tc := range []struct {
		with string
		good bool
	}{
		{"connector: file, path: f, type: source, format: json, json.strict: true", true},
		{"connector: file, path: f, type: source, format: json, json.strict: commas", true},
		{"connector: file, path: f, type: source, format: json, json.strct: true", false},
		{"connector: file, path: f, type: source, format: csv", false},
		{"connector: kafka, topic: f, type: source, format: json", false},
		{"connector: file, type: source, format: json", false},
		{"connector: fluvio, type: sink, format: json", false},
		{"connector: file, path: f, type: lookup, format: json", false},
		{"connector: file, path: f, type: source", false},
		{"connector: file, path: f, format: json", false},
		{"path: f, type: source, format: json", false},
		{"", false},
		{"connector: file, path: f, type: source, format: json, avro.raw_datums: true", false},
		{"connector: file, path: f, type: source, format: debezium_json, json.unstructured: true", false},
		{"connector: file, path: f, type: source, format: debezium_json, json.decimal_encoding: string", true},
		{"connector: file, path: f, type: source, format: avro, limit.depth: 7", true},
		{"connector: file, path: f, type: source, format: avro, limit.depth: deep", false},
		{"connector: file, path: f, type: source, format: json, json.timestamp_format: rfc", false},
		{"connector: file, path: f, type: sink, format: json, bad_data: drop", false},
		{"connector: file, path: f, type: sink, format: json, framing.newline.on_long: reject", false},
		{"connector: file, path: 7, type: source, format: json", false},
		{"connector: fluvio, topic: '${IT}', type: source, format: json", true},
		{"connector: '${IT}', path: f, type: source, format: json", true},
		{"connector: file, path: f, type: source, format: json, limit.depth: '${NUMBER}'", true},
		{"connector: file, path: f, type: source, format: json, limit.depth: '1${NUMBER}', limit.string: 1 MB", true},
		{"connector: fluvio, topic: t, type: sink, format: json, delivery: exactly_once, sink.linger: 5ms", true},
		{"connector: stdio, type: source, format: json, framing: newline, framing.newline.max_length: 4096", true},
	} {
		text := fmt.Sprintf("tables:\n  - name: t\n    columns: [n BIGINT]\n    with: {%s}\n", tc.with)
		folder := t.TempDir()
		put(t, folder, "f", "")
		file := put(t, folder, "f.yaml", text)
		_, err := (&Schema{File: file, Table: "t", Convert: Convert{Log: quiet}}).configured(t.Context())
		judged := judge(t, schema, text)
		if (err == nil) != tc.good || (judged == nil) != tc.good {
			t.Errorf("%s: the planner says %v, the schema %v", tc.with, err, judged)
		}
	}
	for with, good := range map[string]bool{
		"weir.memory: 64MB, anything: 7": true, "weir.memry: 64MB": false, "weir.error_topic: t, weir.engine: wazero": true,
	} {
		text := "functions: [{name: f, module: f.wasm, with: {" + with + "}}]"
		if judged := judge(t, schema, text); (judged == nil) != good {
			t.Errorf("%s: %v", with, judged)
		}
	}
}

// TestNothingToRun is told in the language of the file.
func TestNothingToRun(t *testing.T) {
	for file, want := range map[string]string{"f.yaml": "nothing to run: the file has no pipelines", "f.sql": "nothing to run: the file has no INSERT INTO"} {
		text := "CREATE TABLE t (n BIGINT) WITH (connector = 'file', path = 'f', type = 'source', format = 'json');"
		if file == "f.yaml" {
			text = "tables: [{name: t, columns: [n BIGINT], with: {connector: file, path: f, type: source, format: json}}]"
		}
		if err := runFile(t.Context(), put(t, t.TempDir(), file, text), ""); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
