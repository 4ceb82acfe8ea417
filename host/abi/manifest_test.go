package abi

import (
	"maps"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/internal/fault"
)

const fullManifest = `{
  "abi": 1,
  "name": "late_flights", "version": "1.0.0", "description": "keeps late flights",
  "parameters": {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "title": "Parameters",
    "properties": {
      "min_delay": {"type": "integer", "minimum": 0, "maximum": 10000, "default": 60, "description": "minutes"},
      "factor": {"type": "number", "minimum": 0.5, "enum": [1, 2.5]},
      "mode": {"type": "string", "enum": ["fast", "exact"]},
      "tag": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-zü]+$"},
      "strict": {"type": "boolean"}
    },
    "required": ["mode"], "additionalProperties": false
  },
  "input": {"columns": [{"name": "dep_delay", "type": "BIGINT"}, {"name": "carrier"}]},
  "outputs": [{"name": "", "kind": "patch", "columns": [{"name": "delay_class", "type": "TEXT", "nullable": false}]}, {"name": "rows", "kind": "batch"}],
  "state": "none", "batch_independent": true, "capabilities": []
}`

func TestParseManifest(t *testing.T) {
	m, reasons := ParseManifest([]byte(fullManifest))
	if reasons != nil {
		t.Fatal(reasons)
	}
	if m.Name != "late_flights" || m.Version != "1.0.0" || !m.BatchIndependent || len(m.Input) != 2 || m.Input[1].Type != nil ||
		len(m.Outputs) != 2 || m.Outputs[0].Kind != OutputPatch || m.Outputs[0].Columns[0].Type != arrow.BinaryTypes.String ||
		*m.Outputs[0].Columns[0].Nullable || m.Outputs[1].Columns != nil || string(m.Text) != fullManifest {
		t.Errorf("%+v", m)
	}
}

func TestManifestIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for text, code := range map[string]string{
		``:                                    CodeManifestSyntax,
		`{"abi":1,}`:                          CodeManifestSyntax,
		`{"abi":1} {}`:                        CodeManifestSyntax,
		`{"abi":1,"abi":1}`:                   CodeManifestSyntax,
		`{"abi":1,"name":"` + "\xff\"}":       CodeManifestSyntax,
		`{'abi':1}`:                           CodeManifestSyntax,
		deep:                                  CodeManifestSyntax,
		strings.Repeat(" ", 1<<20) + "1":      CodeManifestSize,
		`[]`:                                  CodeManifestValue,
		`null`:                                CodeManifestValue,
		`{}`:                                  CodeManifestValue,
		`{"abi":2}`:                           CodeManifestABI,
		`{"abi":"1"}`:                         CodeManifestABI,
		`{"abi":1.0}`:                         CodeManifestABI,
		`{"ABI":1,"abi":1}`:                   CodeManifestValue,
		`{"abi":1,"name":1}`:                  CodeManifestValue,
		`{"abi":1,"name":null}`:               CodeManifestValue,
		`{"abi":1,"colour":"red"}`:            CodeManifestValue,
		`{"abi":1,"state":"memory"}`:          CodeManifestState,
		`{"abi":1,"batch_independent":"yes"}`: CodeManifestValue,
		`{"abi":1,"capabilities":["net"]}`:    CodeManifestValue,
		`{"abi":1,"capabilities":{}}`:         CodeManifestValue,
		`{"abi":1,"input":{"columns":{}}}`:    CodeManifestValue,
		`{"abi":1,"input":{"columns":[{"name":""}]}}`:                                                  CodeManifestValue,
		`{"abi":1,"input":{"columns":[{"name":"a"},{"name":"a"}]}}`:                                    CodeManifestValue,
		`{"abi":1,"input":{"columns":[{"name":"a","type":"bigint"}]}}`:                                 CodeManifestValue,
		`{"abi":1,"input":{"columns":[{"name":"a","nullable":true}]}}`:                                 CodeManifestValue,
		`{"abi":1,"outputs":[]}`:                                                                       CodeManifestValue,
		`{"abi":1,"outputs":[{"kind":"table"}]}`:                                                       CodeManifestValue,
		`{"abi":1,"outputs":[{}]}`:                                                                     CodeManifestValue,
		`{"abi":1,"outputs":[{"kind":"patch"},{"kind":"patch"}]}`:                                      CodeManifestValue,
		`{"abi":1,"outputs":[1]}`:                                                                      CodeManifestValue,
		`{"abi":1,"parameters":[]}`:                                                                    CodeManifestParameters,
		`{"abi":1,"parameters":{"type":"array"}}`:                                                      CodeManifestParameters,
		`{"abi":1,"parameters":{"oneOf":[]}}`:                                                          CodeManifestParameters,
		`{"abi":1,"parameters":{"required":["x"]}}`:                                                    CodeManifestParameters,
		`{"abi":1,"parameters":{"additionalProperties":{}}}`:                                           CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{}}}}`:                                               CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"object"}}}}`:                                CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"string","format":"date"}}}}`:                CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"string","minimum":1}}}}`:                    CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"integer","minimum":"1"}}}}`:                 CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"string","minLength":-1}}}}`:                 CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"string","pattern":"("}}}}`:                  CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"string","enum":[]}}}}`:                      CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"string","enum":[1]}}}}`:                     CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"integer","default":1.5}}}}`:                 CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"integer","minimum":2,"default":1}}}}`:       CodeManifestParameters,
		`{"abi":1,"parameters":{"properties":{"x":{"type":"integer","default":9223372036854775808}}}}`: CodeManifestParameters,
	} {
		m, reasons := ParseManifest([]byte(text))
		if m != nil || len(reasons) == 0 || reasons[0].Code != code {
			t.Errorf("%.80s: %v, want %s", text, reasons, code)
		}
	}
}

func TestParametersAreResolved(t *testing.T) {
	m, reasons := ParseManifest([]byte(fullManifest))
	if reasons != nil {
		t.Fatal(reasons)
	}
	full := map[string]string{"min_delay": "0", "factor": "2.50", "mode": "fast", "tag": "aü", "strict": "true"}
	with := func(key, value string) map[string]string {
		c := maps.Clone(full)
		c[key] = value
		return c
	}
	if got, err := m.Parameters.Resolve(map[string]string{"mode": "exact"}); err != nil || !maps.Equal(got, map[string]string{"mode": "exact", "min_delay": "60"}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, right := range []map[string]string{full, with("min_delay", "10000"), with("factor", "1e0"), with("factor", "1.0")} {
		if got, err := m.Parameters.Resolve(right); err != nil || !maps.Equal(got, right) {
			t.Errorf("%v, %v", got, err)
		}
	}
	for says, wrong := range map[string]map[string]string{
		"parameter 'mode' is missing":                                   {},
		"unknown parameter 'min_dealy'; the module takes min_delay,":    with("min_dealy", "1"),
		"parameter 'min_delay': want at least 0, got '-1'":              with("min_delay", "-1"),
		"parameter 'min_delay': want at most 10000, got '10001'":        with("min_delay", "10001"),
		"parameter 'min_delay': want an integer, got '1.0'":             with("min_delay", "1.0"),
		"parameter 'min_delay': want an integer, got '007'":             with("min_delay", "007"),
		"parameter 'min_delay': want an integer, got ' 1'":              with("min_delay", " 1"),
		"parameter 'min_delay': want an integer, got ''":                with("min_delay", ""),
		"parameter 'factor': want a number, got '0x10'":                 with("factor", "0x10"),
		"parameter 'factor': want a number, got '1e999'":                with("factor", "1e999"),
		"parameter 'factor': want a number, got 'NaN'":                  with("factor", "NaN"),
		"parameter 'factor': want one of 1, 2.5, got '2'":               with("factor", "2"),
		"parameter 'mode': want one of fast, exact, got 'FAST'":         with("mode", "FAST"),
		"parameter 'tag': want at least 2 characters, got 'ü'":          with("tag", "ü"),
		"parameter 'tag': want at most 4 characters, got 'abcde'":       with("tag", "abcde"),
		"parameter 'tag': want a match of ^[a-zü]+$, got 'A1'":          with("tag", "A1"),
		"parameter 'tag': want UTF-8":                                   with("tag", "\xff\xff"),
		"parameter 'strict': want true or false, got '1'":               with("strict", "1"),
		"'min_delay': want at least 0, got '-1'; unknown parameter 'x'": {"mode": "fast", "min_delay": "-1", "x": ""},
	} {
		_, err := m.Parameters.Resolve(wrong)
		if err == nil || !strings.Contains(err.Error(), says) || fault.Of(err) != fault.Input {
			t.Errorf("%v: %v; want %s", wrong, err, says)
		}
	}
	var none *Parameters
	if got, err := none.Resolve(map[string]string{"x": "y"}); err != nil || got["x"] != "y" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestInputColumns(t *testing.T) {
	m, reasons := ParseManifest([]byte(fullManifest))
	if reasons != nil {
		t.Fatal(reasons)
	}
	field := func(name string, dt arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: dt} }
	i64, text := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	for says, schema := range map[string]*arrow.Schema{
		"": arrow.NewSchema([]arrow.Field{field("carrier", text), field("x", i64), field("dep_delay", i64)}, nil),
		`column "dep_delay" is TEXT; the module needs BIGINT; column "carrier" is absent`: arrow.NewSchema([]arrow.Field{field("dep_delay", text)}, nil),
	} {
		got, err := m.InputColumns(schema)
		if says == "" {
			if err != nil || len(got) != 2 || got[0] != 2 || got[1] != 0 {
				t.Errorf("%v, %v", got, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), says) || fault.Of(err) != fault.Input {
			t.Errorf("%v; want %s", err, says)
		}
	}
	var none *Manifest
	if got, err := none.InputColumns(inputSchema); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

// FuzzManifest reads arbitrary manifests; of one that is accepted, the parameters can be resolved.
func FuzzManifest(f *testing.F) {
	f.Add(fullManifest, "min_delay", "1")
	f.Add(`{"abi":1,"parameters":{"properties":{"x":{"type":"number","enum":[1e3]}},"additionalProperties":true}}`, "x", "1000")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		m, reasons := ParseManifest([]byte(text))
		if (m == nil) == (reasons == nil) {
			t.Fatalf("%v and %v", m, reasons)
		}
		if m == nil {
			return
		}
		got, err := m.Parameters.Resolve(map[string]string{key: value})
		if err == nil && got[key] != value {
			t.Fatalf("%q became %q", value, got[key])
		}
		_, _ = m.InputColumns(inputSchema)
	})
}
