package app

import (
	"maps"
	"reflect"
	"slices"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
)

// ConfigSchema is the JSON Schema (draft 2020-12) of a file of pipelines in YAML, with the connectors and formats of this build and their
// options. Editors that know earlier drafts only, as far as draft 7, understand what it says of options.
func ConfigSchema() []byte {
	s := optionSchemas{defs: map[string]any{}}
	return config.JSONSchema(config.OptionSchemas{Table: s.table(), Function: functionSchema(), Defs: s.defs})
}

// optionSchemas makes the schemas of options. Those that tables share are described once, in defs.
type optionSchemas struct{ defs map[string]any }

// object is a part of a JSON Schema.
type object = map[string]any

// table is the schema of a table's options. Which there are its connector and type say, and of those of formats its format.
func (s *optionSchemas) table() object {
	connectors := builtin.Connectors()
	roles := []string{connector.RoleSource.String(), connector.RoleSink.String()}
	var all []any
	for _, name := range connectors.Names() {
		c := connectors[name]
		for _, role := range c.Roles() {
			all = append(all, object{
				"if":   object{"required": []string{"connector", "type"}, "properties": object{"connector": object{"const": name}, "type": object{"const": role.String()}}},
				"then": s.options(tableOptions(c, role)),
			})
		}
		all = append(all, object{
			"if":   object{"required": []string{"connector"}, "properties": object{"connector": object{"const": name}}},
			"then": object{"properties": object{"type": oneOf(listed(c).Roles)}},
		})
	}
	for _, name := range FormatNames() {
		all = append(all, object{
			"if":   object{"required": []string{"format"}, "properties": object{"format": object{"const": name}}},
			"then": object{"propertyNames": object{"not": object{"enum": optionsOfOthers(name)}}},
		})
	}
	return object{
		"required":   []string{"connector", "type", "format"},
		"properties": object{"connector": oneOf(connectors.Names()), "type": oneOf(roles), "format": oneOf(FormatNames())},
		"allOf":      all,
	}
}

func oneOf(values []string) object { return orReference(object{"enum": values}) }

// options is an object with these options, and no others.
func (s *optionSchemas) options(specs []option.Spec) object {
	out := option.JSONSchema(specs)
	delete(out, "$schema")
	properties := out["properties"].(object)
	for key, described := range properties {
		properties[key] = s.shared(key, orReference(described.(object)))
	}
	return out
}

// shared refers to the description of an option, where it is the one that other tables have too.
func (s *optionSchemas) shared(key string, described object) object {
	name := "option." + key
	if known, ok := s.defs[name]; !ok {
		s.defs[name] = described
	} else if !reflect.DeepEqual(known, described) {
		return described
	}
	return object{"$ref": "#/$defs/" + name}
}

// orReference lets a text with a reference to the environment stand for a value; what that says is not known before the file is read.
func orReference(value object) object {
	if value["type"] == "string" && value["pattern"] == nil {
		return value
	}
	out := object{}
	for _, key := range []string{"description", "default"} { // where editors look for them
		if word, ok := value[key]; ok {
			out[key] = word
			delete(value, key)
		}
	}
	out["anyOf"] = []any{value, object{"type": "string", "pattern": `\$\{`}}
	return out
}

// optionsOfOthers are the options of the formats that are not those of one of them, sorted.
func optionsOfOthers(name string) []string {
	others := map[string]bool{}
	formats := builtin.FormatOptions()
	for _, specs := range formats {
		for _, spec := range specs {
			others[spec.Key] = true
		}
	}
	for _, spec := range formats[name] {
		delete(others, spec.Key)
	}
	return slices.Sorted(maps.Keys(others))
}

// functionSchema is the schema of a function's options: those for the host are known by their names, the module's are its own.
func functionSchema() object {
	bag := option.New(option.Pos{})
	new(function).take(bag)
	return object{"propertyNames": object{"if": object{"pattern": `^weir\.`}, "then": object{"enum": bag.Known()}}}
}
