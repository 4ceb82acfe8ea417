package jsonformat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// spell is columns as a CREATE TABLE has them.
func spell(fields []arrow.Field) string {
	var out []string
	for _, f := range fields {
		column := f.Name + " " + types.Name(f.Type)
		if !f.Nullable {
			column += " NOT NULL"
		}
		out = append(out, column)
	}
	return strings.Join(out, ", ")
}

// TestColumnsOfSchemas reads a schema of one required property a, and what is beside it in the document.
func TestColumnsOfSchemas(t *testing.T) {
	for _, c := range []struct{ schema, beside, want, note string }{
		{`{"type":"boolean"}`, ``, `BOOLEAN NOT NULL`, ""},
		{`{"type":"integer"}`, ``, `BIGINT NOT NULL`, ""},
		{`{"type":["integer","null"]}`, ``, `BIGINT`, ""},
		{`{"type":["integer","number"]}`, ``, `DOUBLE NOT NULL`, ""},
		{`{"type":"integer","format":"int8"}`, ``, `TINYINT NOT NULL`, ""},
		{`{"type":"integer","format":"int32"}`, ``, `INT NOT NULL`, ""},
		{`{"type":"integer","format":"uint32"}`, ``, `INT UNSIGNED NOT NULL`, ""},
		{`{"type":"integer","format":"uint64"}`, ``, `BIGINT UNSIGNED NOT NULL`, ""},
		{`{"type":"integer","minimum":-2147483648,"maximum":2147483647}`, ``, `INT NOT NULL`, ""},
		{`{"type":"integer","minimum":-2147483649,"maximum":0}`, ``, `BIGINT NOT NULL`, ""},
		{`{"type":"integer","minimum":0,"maximum":10}`, ``, `INT NOT NULL`, ""},
		{`{"type":"integer","minimum":0,"maximum":4294967295}`, ``, `INT UNSIGNED NOT NULL`, ""},
		{`{"type":"integer","minimum":0,"exclusiveMaximum":4294967296}`, ``, `INT UNSIGNED NOT NULL`, ""},
		{`{"type":"integer","minimum":-1,"maximum":4294967295}`, ``, `BIGINT NOT NULL`, ""},
		{`{"type":"integer","minimum":0}`, ``, `BIGINT UNSIGNED NOT NULL`, ""},
		{`{"type":"integer","maximum":18446744073709551615,"minimum":0}`, ``, `BIGINT UNSIGNED NOT NULL`, ""},
		{`{"type":"integer","maximum":18446744073709551616,"minimum":0}`, ``, `JSON NOT NULL`, "a: integers of more than 64 bits"},
		{`{"type":"number"}`, ``, `DOUBLE NOT NULL`, ""},
		{`{"type":"number","format":"float"}`, ``, `FLOAT NOT NULL`, ""},
		{`{"type":"string"}`, ``, `TEXT NOT NULL`, ""},
		{`{"type":"string","format":"date-time"}`, ``, `TIMESTAMP NOT NULL`, ""},
		{`{"type":"string","format":"date"}`, ``, `DATE NOT NULL`, ""},
		{`{"type":"string","format":"time"}`, ``, `TIME NOT NULL`, ""},
		{`{"type":"string","format":"duration"}`, ``, `INTERVAL NOT NULL`, ""},
		{`{"type":"string","format":"uuid"}`, ``, `UUID NOT NULL`, ""},
		{`{"type":"string","format":"e-mail","pattern":"^(?=x)"}`, ``, `TEXT NOT NULL`, ""},
		{`{"type":"string","contentEncoding":"base64"}`, ``, `BYTEA NOT NULL`, ""},
		{`{"enum":["x","y"]}`, ``, `TEXT NOT NULL`, ""},
		{`{"enum":["x",null]}`, ``, `TEXT`, ""},
		{`{"enum":[1,2]}`, ``, `BIGINT NOT NULL`, ""},
		{`{"const":1.5}`, ``, `DOUBLE NOT NULL`, ""},
		{`{"enum":["x",1]}`, ``, `JSON NOT NULL`, "a: several types"},
		{`{"type":"array","items":{"type":"string"}}`, ``, `ARRAY<TEXT NOT NULL> NOT NULL`, ""},
		{`{"type":"array","items":{"type":["string","null"]}}`, ``, `TEXT[] NOT NULL`, ""},
		{`{"type":"array"}`, ``, `JSON NOT NULL`, "a: an array whose items may be anything"},
		{`{"type":"array","items":{"oneOf":[{"type":"string"},{"type":"integer"}]}}`, ``, `JSON[] NOT NULL`, "a[]: oneOf"},
		{`{"type":"object","properties":{"x":{"type":"integer"},"b":{"type":"string"}},"required":["b"]}`, ``,
			`STRUCT<x BIGINT, b TEXT NOT NULL> NOT NULL`, ""},
		{`{"type":"object","additionalProperties":{"type":"integer"}}`, ``, `MAP<TEXT, BIGINT NOT NULL> NOT NULL`, ""},
		{`{"type":"object","additionalProperties":true}`, ``, `JSON NOT NULL`, "a: an object whose members may be anything"},
		{`{}`, ``, `JSON`, "a: any type"},
		{`true`, ``, `JSON`, "a: any type"},
		{`{"type":["string","integer"]}`, ``, `JSON NOT NULL`, "a: several types"},
		{`{"oneOf":[{"type":"null"},{"type":"string","format":"date"}]}`, ``, `DATE`, ""},
		{`{"anyOf":[{"type":"integer"},{"type":"null"}]}`, ``, `BIGINT`, ""},
		{`{"anyOf":[{"type":"integer"},{"type":"string"}]}`, ``, `JSON`, "a: anyOf"},
		{`{"allOf":[{"type":"integer"},{"minimum":0},{"maximum":9}]}`, ``, `INT NOT NULL`, ""},
		{`{"allOf":[{"properties":{"x":{"type":"string"}}},{"properties":{"y":{"type":"string"}},"required":["y"]}]}`, ``,
			`STRUCT<x TEXT, y TEXT NOT NULL> NOT NULL`, ""},
		{`{"allOf":[{"type":"integer"},{"type":"string"}]}`, ``, `JSON`, "a: types that exclude each other"},
		{`{"$ref":"#/$defs/d~1%25"}`, `"$defs":{"d/%":{"type":"string"}},`, `TEXT NOT NULL`, ""},
		{`{"$ref":"#/definitions/d"}`, `"$schema":"http://json-schema.org/draft-04/schema#","definitions":{"d":{"type":"string"}},`, `TEXT NOT NULL`, ""},
		{`{"$ref":"#/definitions/d"}`, `"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"d":{"type":"integer","format":"int32"}},`,
			`INT NOT NULL`, ""},
		{`{"$ref":"#name"}`, `"$defs":{"d":{"$anchor":"name","type":"string","format":"uuid"}},`, `UUID NOT NULL`, ""},
		{`{"$ref":"https://example.com/d"}`, `"$defs":{"d":{"$id":"https://example.com/d","type":"string","format":"uuid"}},`, `UUID NOT NULL`, ""},
		{`{"$ref":"#"}`, ``, `JSON NOT NULL`, "a: it contains itself, or is nested deep"},
		{`{"$ref":"#/$defs/d"}`, `"$defs":{"d":{"type":"object","properties":{"next":{"$ref":"#/$defs/d"},"v":{"type":"string"}}}},`,
			`STRUCT<next JSON, v TEXT> NOT NULL`, "a.next: it contains itself, or is nested deep"},
		{`{"$ref":"#/$defs/d","type":["object","null"]}`, `"$defs":{"d":{"properties":{"v":{"$ref":"#/$defs/e"},"w":{"$ref":"#/$defs/e"}}},"e":{"type":"string"}},`,
			`STRUCT<v TEXT, w TEXT>`, ""},
	} {
		text := `{` + c.beside + `"type":"object","properties":{"a":` + c.schema + `},"required":["a"]}`
		got, err := ParseColumns(text)
		if err != nil || spell(got.Fields) != "a "+c.want || strings.Join(got.Notes, "; ") != c.note {
			t.Errorf("%s: %s, %q, %v; want a %s, %q", text, spell(got.Fields), got.Notes, err, c.want, c.note)
		}
	}
}

func TestColumnsHaveTheDocumentsOrder(t *testing.T) {
	got, err := ToColumns(`{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string"},"properties":{"properties":{"y":{"type":"string"},"b":true}}}}`)
	if want := "z TEXT, a TEXT, properties STRUCT<y TEXT, b JSON>"; err != nil || spell(got) != want {
		t.Errorf("%s, %v; want %s", spell(got), err, want)
	}
}

func TestSchemasThatGiveNoColumns(t *testing.T) {
	double := `{"type":"object","properties":{"x":{"$ref":"#/$defs/NEXT"},"y":{"$ref":"#/$defs/NEXT"}}}`
	var defs []string
	for c := 'a'; c < 'p'; c++ {
		defs = append(defs, `"`+string(c)+`":`+strings.ReplaceAll(double, "NEXT", string(c+1)))
	}
	bomb := `{"$defs":{` + strings.Join(defs, ",") + `,"p":{"type":"string"}},"type":"object","properties":{"x":{"$ref":"#/$defs/a"}}}`
	many := `"a":{"$ref":"#/$defs/a"}`
	for i := range 100 {
		many += fmt.Sprintf(`,"a%d":{"$ref":"#/$defs/a"}`, i)
	}
	for text, want := range map[string]string{
		``:                  "cut short",
		`{"type":"object"`:  "cut short",
		`{"type":"objekt"}`: "no valid JSON Schema",
		`{"type":"string"}`: "its root is not an object",
		`[]`:                "no valid JSON Schema",
		`{"type":"object"}`: "its root has no properties",
		`{"oneOf":[{},{}]}`: "its root is an object with properties, not one of several things (oneOf)",
		`{"properties":{"a":{"$ref":"http://example.com/x.json"}}}`:    "http://example.com/x.json",
		`{"properties":{"a":{"$ref":"file:///etc/passwd"}}}`:           "not at hand",
		`{"properties":{"a":{"$ref":"#/$defs/x"}}}`:                    "#/$defs/x",
		`{"properties":{"a":{"maximum":1e999999999}}}`:                 "an exponent of at most 400",
		`{"$schema":"http://example.com/draft","properties":{"a":{}}}`: "http://example.com/draft",
		bomb: "more than 4096 fields",
		`{"properties":{"a":{}},"x":[` + strings.Repeat("{},", 9000) + `{}]}`:                                     "more than 8192 objects and booleans",
		`{"` + strings.Repeat("k", 2000) + `":[` + strings.Repeat("{},", 900) + `{}]}`:                            "long keys",
		`{"properties":{"a":{}},"x":[` + strings.Repeat(`{"$id":""},`, 300) + `{}]}`:                              "more than 256 parts",
		`{"$defs":{"a":{"allOf":[` + strings.Repeat(`{"minimum":0},`, 900) + `{}]}},"properties":{` + many + `}}`: "made of more than 65536 schemas",
		strings.Repeat(`{"not":`, 200) + "{}" + strings.Repeat(`}`, 200):                                          "depth",
		`{"properties":{"a":{"` + strings.Repeat("k", 3000) + `":{}}}}`:                                           "2048 bytes",
		`{"properties":{"a":{"description":"` + strings.Repeat("k", MaxSchemaBytes) + `"}}}`:                      "at most 1048576 bytes",
	} {
		if columns, err := ToColumns(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %s, %v; want %q", text, spell(columns), err, want)
		}
	}
}

// TestWhatIsWrittenFitsItsSchema validates rows of any columns, in every form, against the schema that the format makes for them, and makes
// the columns of it again.
func TestWhatIsWrittenFitsItsSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.String(), 1, 4, rapid.ID[string]).Draw(t, "names")
		var columns []arrow.Field
		for _, name := range names {
			columns = append(columns, arrow.Field{Name: name, Type: anyType(3).Draw(t, "type"), Nullable: rapid.Bool().Draw(t, "nullable")})
		}
		c := Config{
			TimestampFormat: rapid.SampledFrom([]TimestampFormat{RFC3339, UnixMillis}).Draw(t, "timestamps"),
			DecimalEncoding: rapid.SampledFrom([]DecimalEncoding{DecimalNumber, DecimalString, DecimalBytes}).Draw(t, "decimals"),
		}
		text, err := FromColumns(c, columns)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseColumns(text)
		if err != nil || spell(again.Fields) != spell(columns) || len(again.Notes) > 0 {
			t.Fatalf("%s: %s, %q, %v; want %s", text, spell(again.Fields), again.Notes, err, spell(columns))
		}
		f := c
		f.Schema = text
		if _, err := New(f).(format.Shaper).Shape(t.Context(), columns); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		message := written(t, c, columns)
		if err := validate(text, message); err != nil {
			t.Fatalf("%s does not fit %s: %v", message, text, err)
		}
	})
}

// written is a message of any row.
func written(t *rapid.T, c Config, columns []arrow.Field) string {
	b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
	defer b.Release()
	for i, column := range columns {
		appendAny(t, b.Column(i), column.Type, column.Nullable, c.TimestampFormat == UnixMillis)
	}
	b.EndRow()
	record := b.NewRecord()
	defer record.Release()
	e, err := New(c).NewEncoder(fieldsOf(columns))
	if err == nil {
		err = e.Bind(record.Columns())
	}
	if err != nil {
		t.Fatal(err)
	}
	message, err := e.Append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

// validate checks a message against a schema, formats and encodings included, as who has not heard of weir does.
func validate(schema, message string) error {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource(mainDocument, document); err != nil {
		return err
	}
	root, err := c.Compile(mainDocument)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(message))
	if err != nil {
		return err
	}
	return root.Validate(value)
}

// TestTypesNestAsDeepInSchemas reads columns as deep as columns are, again.
func TestTypesNestAsDeepInSchemas(t *testing.T) {
	for _, around := range []func(arrow.DataType) arrow.DataType{
		func(t arrow.DataType) arrow.DataType { return types.List(t, false) },
		func(t arrow.DataType) arrow.DataType { return types.Struct(arrow.Field{Name: "a", Type: t}) },
	} {
		deep := types.UUID()
		for range types.MaxDepth - 1 {
			deep = around(deep)
		}
		columns := []arrow.Field{{Name: "a", Type: deep}}
		text, err := FromColumns(Config{}, columns)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ToColumns(text); err != nil || spell(got) != spell(columns) {
			t.Errorf("%s, %v; want %s", spell(got), err, spell(columns))
		}
		text = strings.Replace(text, `{"type":"string","format":"uuid"}`, `{"type":"array","items":{"type":"string"}}`, 1)
		got, err := ParseColumns(text)
		if want := strings.Replace(spell(columns), "UUID", "JSON", 1); err != nil || spell(got.Fields) != want || len(got.Notes) != 1 {
			t.Errorf("%s, %q, %v; want %s", spell(got.Fields), got.Notes, err, want)
		}
	}
}

// TestNamedTypes reads what a schema names beside what it describes.
func TestNamedTypes(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{`{"type":"string","x-weir-type":"TIMESTAMP(3)"}`, "TIMESTAMP(3) NOT NULL"},
		{`{"type":"integer","x-weir-type":"TIMESTAMP"}`, "TIMESTAMP NOT NULL"},
		{`{"type":["string","null"],"format":"date-time","x-weir-type":"TIMESTAMP(6) WITH TIME ZONE"}`, "TIMESTAMP(6) WITH TIME ZONE"},
		{`{"type":"string","contentEncoding":"base64","x-weir-type":"DECIMAL(38, 0)"}`, "DECIMAL(38, 0) NOT NULL"},
		{`{"type":["number","null"],"x-weir-type":"DOUBLE NOT NULL"}`, "DOUBLE NOT NULL"},
		{`{"type":"integer","minimum":-5,"exclusiveMaximum":6,"x-weir-type":"TINYINT"}`, "TINYINT NOT NULL"},
		{`{"minimum":-5,"x-weir-type":"JSON"}`, "JSON"},
		{`{"type":["string","integer"],"x-weir-type":"JSON NOT NULL"}`, "JSON NOT NULL"},
		{`{"type":"object","additionalProperties":{"x-weir-type":"JSON"},"propertyNames":{"x-weir-type":"SMALLINT"}}`, "MAP<SMALLINT, JSON> NOT NULL"},
		{`{"allOf":[{"type":"string"},{"x-weir-type":"TIME(0)"}]}`, "TIME(0) NOT NULL"},
	} {
		got, err := ParseColumns(`{"type":"object","properties":{"a":` + c.schema + `},"required":["a"]}`)
		if err != nil || spell(got.Fields) != "a "+c.want || len(got.Notes) > 0 {
			t.Errorf("%s: %s, %q, %v; want %s", c.schema, spell(got.Fields), got.Notes, err, c.want)
		}
	}
	for schema, want := range map[string]string{
		`{"type":"string","x-weir-type":"TIMESTAMP(4)"}`:                                                    `of "a": "TIMESTAMP(4)" is no type`,
		`{"type":"string","x-weir-type":"DECIMAL(39, 0)"}`:                                                  "is no type",
		`{"type":"string","x-weir-type":"TEXT[]"}`:                                                          "no type of a single value",
		`{"type":"string","x-weir-type":"BIGINT"}`:                                                          "not what the rest of the schema describes: TEXT",
		`{"type":"number","x-weir-type":"BIGINT"}`:                                                          "describes: DOUBLE",
		`{"type":"integer","x-weir-type":"INT"}`:                                                            "describes: BIGINT",
		`{"type":"integer","minimum":0,"maximum":300,"x-weir-type":"TINYINT UNSIGNED"}`:                     "describes: INT",
		`{"x-weir-type":"BIGINT"}`:                                                                          "describes: any type",
		`{"type":["null","string"],"x-weir-type":"TEXT NOT NULL"}`:                                          "it may be null",
		`{"type":"array","items":{"type":"string","x-weir-type":"UUIDs"}}`:                                  `of "a[]": "UUIDs"`,
		`{"type":"object","additionalProperties":{"type":"string"},"propertyNames":{"x-weir-type":"DATE"}}`: `"DATE" is no type of a MAP's keys`,
	} {
		got, err := ToColumns(`{"type":"object","properties":{"a":` + schema + `}}`)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want %q", schema, spell(got), err, want)
		}
		f := New(Config{Schema: `{"type":"object","properties":{"a":` + schema + `}}`}).(format.Shaper)
		if _, err := f.Shape(t.Context(), []arrow.Field{{Name: "a", Type: types.JSON()}}); err != nil {
			t.Errorf("%s: declared columns are checked against what records hold: %v", schema, err)
		}
	}
}

// TestDraftsAreFound reads documents that do not say which draft they are of.
func TestDraftsAreFound(t *testing.T) {
	for _, c := range []struct{ beside, schema, want, note string }{
		{``, `{"type":"array","items":[{"type":"string"},{"type":"integer"}]}`, "JSON NOT NULL", "a: a tuple"},
		{``, `{"type":"array","items":[{"type":"string"}],"additionalItems":{"type":"string"}}`, "JSON NOT NULL", "a: a tuple"},
		{``, `{"type":"array","prefixItems":[{"type":"string"}],"items":{"type":"string"}}`, "JSON NOT NULL", "a: a tuple"},
		{`"$schema":"http://json-schema.org/draft-07/schema#",`, `{"items":[{"type":"string"}]}`, "JSON NOT NULL", "a: a tuple"},
		{``, `{"type":"integer","minimum":-1,"exclusiveMinimum":true,"maximum":9}`, "INT NOT NULL", ""},
		{`"id":"http://example.com/x","definitions":{"d":{"id":"#d","type":"string"},"t":{"minimum":0,"exclusiveMinimum":true}},`, `{"$ref":"#d"}`, "TEXT NOT NULL", ""},
		{`"definitions":{"d":{"$id":"#d","type":"string"},"t":{"items":[{}]}},`, `{"$ref":"#d"}`, "TEXT NOT NULL", ""},
	} {
		text := `{` + c.beside + `"type":"object","properties":{"a":` + c.schema + `},"required":["a"]}`
		got, err := ParseColumns(text)
		if err != nil || spell(got.Fields) != "a "+c.want || strings.Join(got.Notes, "; ") != c.note {
			t.Errorf("%s: %s, %q, %v; want a %s, %q", text, spell(got.Fields), got.Notes, err, c.want, c.note)
		}
	}
	c, err := parseColumns(`{"properties":{"a":{"$ref":"other"}}}`, map[string]string{"other": `{"type":"array","items":[{}]}`}, true)
	if err != nil || spell(c.Fields) != "a JSON NOT NULL" && spell(c.Fields) != "a JSON" {
		t.Errorf("%s, %v", spell(c.Fields), err)
	}
	if _, err := ToColumns(`{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"a":{"items":[{}]}}}`); err == nil {
		t.Error("a document of 2020-12 has a tuple of an earlier draft")
	}
}

func FuzzToColumns(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"type":["string","null"],"format":"date"}},"required":["a"]}`)
	f.Add(`{"$defs":{"d":{"allOf":[{"$ref":"#/$defs/d"},{"properties":{"x":{"items":{"$ref":"#"}}}}]}},"$ref":"#/$defs/d"}`)
	f.Add(`{"$id":"x","$dynamicRef":"#a","properties":{"a":{"oneOf":[{"type":"null"},{"patternProperties":{"(":{}}}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		columns, err := ToColumns(text)
		if err == nil && (len(columns) == 0 || types.CheckAll(columns) != nil) {
			t.Fatalf("%s: %s", text, spell(columns))
		}
	})
}
