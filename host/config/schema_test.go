package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/host/config"
)

// shape are the words of the errors that a schema can tell as well.
var shape = []string{"want a list", "want a mapping", "want text", "want true or false", "want one value", "want a value", "want options",
	"want at least one", "want wasm", "unknown key", "is not there"}

// TestTheSchemaRefusesWhatTheLoaderDoes holds the schema against the scripts: it takes what is read, and refuses what is refused for
// its shape.
func TestTheSchemaRefusesWhatTheLoaderDoes(t *testing.T) {
	schema := compile(t)
	check := func(name, src string, err error) {
		var doc any
		if yaml.Unmarshal([]byte(src), &doc) != nil || doc == nil {
			return // no document that a schema could see
		}
		judged := schema.Validate(doc)
		switch misshapen := err != nil && containsAny(err.Error(), shape); {
		case err == nil && judged != nil:
			t.Errorf("%s: it is read, but %v", name, judged)
		case misshapen && judged == nil:
			t.Errorf("%s: the schema takes it, but %v", name, err)
		}
	}
	read, refused := 0, 0
	for _, c := range scripts(t) {
		if !c.yaml() || strings.Contains(c.src, ".inf") { // which JSON does not have
			continue
		}
		_, err := c.parse()
		check(c.name, c.src, err)
		if err == nil {
			read++
		} else if containsAny(err.Error(), shape) {
			refused++
		}
	}
	if read < 4 || refused < 8 {
		t.Errorf("%d scripts are read and %d refused for their shape", read, refused)
	}
	_, err := config.ParseYAML("f.yaml", []byte(example(t, "yaml")), environment)
	check("the example", example(t, "yaml"), err)
	for _, one := range oneMistakeEach {
		_, err := config.ParseYAML("f.yaml", []byte(one), environment)
		if err == nil || !containsAny(err.Error(), shape) {
			t.Errorf("%s: %v", one, err)
		}
		check(one, one, err)
	}
}

// oneMistakeEach are files with one mistake in their shape, so that the schema cannot refuse them for another.
var oneMistakeEach = []string{
	"tables: {}", "tables: []", "tables: x", "tables: ~", "functions: []", "pipelines: []", "sources: []", "[]", "x", "tables: [x]",
	"tables: [{}]", "tables: [{name: 1}]", "tables: [{name: ''}]", "tables: [{name: [x]}]", "tables: [{name: x, topic: y}]",
	"tables: [{name: x, columns: []}]", "tables: [{name: x, columns: a TEXT}]", "tables: [{name: x, columns: {a: TEXT}}]",
	"tables: [{name: x, columns: [1]}]", "tables: [{name: x, columns: ['']}]", "tables: [{name: x, columns: [[]]}]",
	"tables: [{name: x, columns: [{name: a}]}]", "tables: [{name: x, columns: [{type: TEXT}]}]",
	"tables: [{name: x, columns: [{name: a, type: 1}]}]", "tables: [{name: x, columns: [{name: a, type: TEXT, not_null: 1}]}]",
	"tables: [{name: x, columns: [{name: a, type: TEXT, primary_key: 'true'}]}]",
	"tables: [{name: x, columns: [{name: a, type: TEXT, metadata: ''}]}]",
	"tables: [{name: x, columns: [{name: a, type: TEXT, nullable: true}]}]", "tables: [{name: x, with: []}]",
	"tables: [{name: x, with: a}]", "tables: [{name: x, with: ~}]", "tables: [{name: x, with: {a: ~}}]",
	"tables: [{name: x, with: {a: []}}]", "tables: [{name: x, with: {a: {b: c}}}]", "functions: [{name: f}]", "functions: [{module: f}]",
	"functions: [{name: f, module: f, language: python}]", "functions: [{name: f, module: f, language: 1}]",
	"functions: [{name: f, module: f, options: {}}]", "functions: [{name: f, module: f, with: 1}]", "pipelines: [{from: t}]",
	"pipelines: [{into: t}]", "pipelines: [{from: t, into: ''}]", "pipelines: [{from: t, into: []}]", "pipelines: [{from: t, into: 1}]",
	"pipelines: [{from: 1, into: t}]", "pipelines: [{from: t, into: t, name: 1}]", "pipelines: [{from: t, into: t, where: x}]",
	"pipelines: [{from: t, into: {}}]", "pipelines: [{from: t, into: {table: t, columns: []}}]",
	"pipelines: [{from: t, into: {table: t, columns: a}}]", "pipelines: [{from: t, into: {table: t, columns: [1]}}]",
	"pipelines: [{from: t, into: {table: t, output: ''}}]", "pipelines: [{from: t, into: [[t]]}]",
	"pipelines: [{from: t, into: {table: t, select: x}}]",
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.JSONSchema(config.OptionSchemas{})))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json") // which checks it against the schema of schemas
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTheSchemaIsTheCallers(t *testing.T) {
	config.JSONSchema(config.OptionSchemas{})[0] = 'x'
	if config.JSONSchema(config.OptionSchemas{})[0] != '{' {
		t.Error("one caller changed what the next one gets")
	}
}
