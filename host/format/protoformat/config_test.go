package protoformat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
)

func options(pairs ...string) *option.Bag {
	bag := option.New(option.Pos{})
	for i := 0; i < len(pairs); i += 2 {
		if err := bag.Set(pairs[i], option.Pos{}, option.Value{Text: pairs[i+1], Quoted: true, Pos: option.Pos{File: "conf/t.sql", Line: 1,
			Col: 1}}); err != nil {
			panic(err)
		}
	}
	return bag
}

func TestFromOptions(t *testing.T) {
	bag := options("protobuf.file", "a.proto", "protobuf.import_path", "x, /y", "protobuf.message_name", "M", "protobuf.length_delimited", "true",
		"protobuf.enums", "number", "protobuf.defaults", "arroyo")
	c := FromOptions(bag)
	if err := bag.Done(); err != nil {
		t.Fatal(err)
	}
	if c.File != filepath.Join("conf", "a.proto") || strings.Join(c.ImportPath, " ") != filepath.Join("conf",
		"x")+" /y" || c.Message != "M" || !c.Delimited ||
		!c.EnumNumbers || !c.Arroyo || c.Confluent || c.SchemaID != 0 || c.Registry != nil {
		t.Errorf("%+v", c)
	}
	bag = options("protobuf.registry", "http://localhost:1", "protobuf.message", "M")
	if c := FromOptions(bag); bag.Done() != nil || !c.Confluent || c.Registry == nil {
		t.Errorf("%+v", c)
	}
	bag = options("protobuf.confluent_schema_registry", "true", "protobuf.schema_id", "7", "protobuf.message", "M", "protobuf.message_name", "M")
	if c := FromOptions(bag); bag.Done() != nil || !c.Confluent || c.SchemaID != 7 || c.Message != "M" {
		t.Errorf("%+v", c)
	}
	for _, id := range []string{"-1", "0", "2147483648", "4294967297", "9223372036854775807"} {
		bag = options("protobuf.confluent_schema_registry", "true", "protobuf.schema_id", id)
		FromOptions(bag)
		if err := bag.Done(); err == nil || !strings.Contains(err.Error(), "option 'protobuf.schema_id': want a whole number from 1 to 2147483647") {
			t.Errorf("the id %s: %v", id, err)
		}
	}
	for _, wrong := range [][]string{
		{"protobuf.file", "a", "protobuf.source", "b"}, {"protobuf.enums", "x"}, {"protobuf.fiel", "a"}, {"protobuf.schema_id", "-1"},
		{"protobuf.schema_id", "7"}, {"protobuf.message", "A", "protobuf.message_name", "B"},
		{"protobuf.length_delimited", "true", "protobuf.confluent_schema_registry", "true"},
	} {
		bag := options(wrong...)
		FromOptions(bag)
		if bag.Done() == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// write makes files and returns their folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestImports(t *testing.T) {
	folder := write(t, map[string]string{
		"p/a.proto": `syntax = "proto3"; import "b.proto"; import "sub/c.proto"; import "google/protobuf/timestamp.proto"; message A { B b = 1;
			sub.C c = 2; google.protobuf.Timestamp t = 3; }`,
		"p/b.proto":       `syntax = "proto3"; message B { int64 x = 1; }`,
		"lib/sub/c.proto": `syntax = "proto3"; package sub; message C { message B {} int64 x = 1; }`,
	})
	doc, err := compileFile(filepath.Join(folder, "p", "a.proto"), []string{filepath.Join(folder, "lib")})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "A", "A": "A", ".sub.C": "sub.C", "C": "sub.C", "B": "B"} {
		if m, err := doc.message(name); err != nil || string(m.FullName()) != want {
			t.Errorf("%q: %v, %v", name, m, err)
		}
	}
	if _, err := doc.message("Nothing"); err == nil || !strings.Contains(err.Error(), "A") {
		t.Error(err)
	}
	if _, err := compileFile(filepath.Join(folder, "p", "a.proto"), nil); err == nil || !strings.Contains(err.Error(), "sub/c.proto") {
		t.Error(err)
	}
}

func TestWhatDoesNotCompile(t *testing.T) {
	for name, source := range map[string]string{
		"syntax": "message", "outside": `import "../x.proto";`, "itself": `import "protobuf.source"; message M {}`,
		"nesting": strings.Repeat("message M { ", 100) + strings.Repeat("}", 100), "unknown type": `syntax = "proto3"; message M { X x = 1; }`,
	} {
		_, err := New(Config{Source: source}).NewDecoder(fieldsFor(nil))
		if err == nil || !strings.Contains(err.Error(), "does not compile") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Config{}).NewDecoder(nil); err == nil {
		t.Error("a decoder without a schema")
	}
	if _, err := loadSet([]byte("\xff")); err == nil {
		t.Error("a set of nothing")
	}
}

func TestColumnsThatDoNotFit(t *testing.T) {
	source := `syntax = "proto3"; message M { int64 a = 1; repeated string b = 2; map<string, int64> c = 3; double d = 4; }`
	for want, column := range map[string]int{"no field": 0, "use an integer type": 1, "use an array": 2, "use MAP": 3, "use DOUBLE": 4} {
		c := nullable([]string{"x", "a", "b", "c", "d"}[column], text)
		if _, err := New(Config{Source: source}).NewDecoder(fieldsFor([]arrowField{c})); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestToColumns(t *testing.T) {
	m := messageOf(t, `syntax = "proto2"; import "google/protobuf/struct.proto"; message M { required int64 a = 1; optional Tree t = 2;
		optional Empty e = 3; repeated Item i = 4;
		optional google.protobuf.Struct s = 5; optional bytes b = 6; } message Tree { repeated Tree t = 1; } message Empty {} message Item { optional Tree t = 1; optional sint32 x = 2; }`, "M")
	columns, err := ToColumns(m)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range columns {
		text := c.Name + " " + typeName(c.Type)
		if !c.Nullable {
			text += " NOT NULL"
		}
		got = append(got, text)
	}
	want := "a BIGINT NOT NULL, t JSON, e JSON, i STRUCT<t JSON, x INT>[], s JSON, b TEXT"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	// Each type holds the next one twice: exponentially many columns.
	var source strings.Builder
	source.WriteString(`syntax = "proto3";`)
	for i := range 25 {
		name, next := string(rune('A'+i)), string(rune('A'+i+1))
		source.WriteString("message " + name + " { " + next + " a = 1; " + next + " b = 2; }")
	}
	source.WriteString("message Z { int64 x = 1; }")
	if _, err := ToColumns(messageOf(t, source.String(), "A")); err == nil {
		t.Error("2^25 columns")
	}
}
