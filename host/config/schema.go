package config

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"maps"
)

//go:embed schema.json
var schema []byte

// OptionSchemas are JSON Schemas (draft 2020-12) of what is known of options outside of this package. nil is anything.
type OptionSchemas struct {
	Table, Function map[string]any // of all that stands under with
	Defs            map[string]any // what they refer to, as #/$defs/NAME; no NAME is one of schema.json
}

// JSONSchema is the JSON Schema (draft 2020-12) of the YAML that [ParseYAML] reads. The caller owns it. It tells the shape of
// a file: the keys, what they hold, and which have to be there. Types, calls and names are texts to it, and options are what known says.
// It panics where known holds what is no JSON, which is a mistake of the caller's.
func JSONSchema(known OptionSchemas) []byte {
	var document map[string]any
	if err := json.Unmarshal(schema, &document); err != nil {
		panic(err) // it is part of this package
	}
	defs := document["$defs"].(map[string]any)
	maps.Copy(defs, known.Defs)
	for name, of := range map[string]map[string]any{"tableOptions": known.Table, "functionOptions": known.Function} {
		if of != nil {
			defs[name] = map[string]any{"allOf": []any{defs[name], of}}
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		panic(err) // whoever describes options does so in JSON
	}
	return out.Bytes()
}
