package option

import (
	"maps"
	"slices"
	"strconv"
)

// Type is what the value of an option is, named after the reader that takes it.
type Type uint8

// The types.
const (
	Text     Type = iota // String, Required
	Word                 // Enum: one of Spec.Values
	Boolean              // Bool
	Choice               // Lookup: true, false, or a text that says what is true
	Integer              // Int
	Number               // Float
	Duration             // Duration
	Size                 // Size
)

var typeNames = [...]string{Text: "text", Word: "word", Boolean: "boolean", Choice: "boolean or text", Integer: "whole number", Number: "number", Duration: "duration", Size: "size"}

// String is the type's name for people.
func (t Type) String() string { return typeNames[t] }

// Spec describes an option to people and to editors. Reading it is its owner's business; a test holds one against the other.
type Spec struct {
	Key      string
	Type     Type
	Values   []string // of a Word
	Default  string   // as a file has it, without quotes; empty: there is none
	Required bool
	Help     string // what it is for, in one line, lower case
}

// The forms of numbers that may also stand in quotes.
const (
	numberPattern   = `^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`
	integerPattern  = `^[+-]?[0-9]+$`
	sizePattern     = `^[0-9]+( ?([kmgtpeKMGTPE]([iI]?[bB])?|[bB]))?$`
	durationPattern = `^\+?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`
)

// JSONSchema describes the option's value.
func (s Spec) JSONSchema() map[string]any {
	schema := map[string]any{"description": s.Help}
	switch {
	case s.Default == "true", s.Default == "false":
		schema["default"] = s.Default == "true"
	case s.Default != "":
		schema["default"] = s.Default
	}
	switch s.Type {
	case Text:
		schema["type"] = "string"
		if s.Required {
			schema["minLength"] = 1
		}
	case Word:
		schema["enum"] = s.Values
	case Choice:
		schema["type"] = []string{"boolean", "string"}
	case Boolean:
		schema["enum"] = []any{true, false, "true", "false", "yes", "no"}
	case Integer:
		schema["type"], schema["pattern"] = []string{"integer", "string"}, integerPattern
		if n, err := strconv.ParseInt(s.Default, 10, 64); err == nil {
			schema["default"] = n
		}
	case Number:
		schema["type"], schema["pattern"] = []string{"number", "string"}, numberPattern
	case Duration:
		schema["type"], schema["pattern"] = "string", durationPattern
	case Size:
		schema["type"], schema["pattern"] = []string{"integer", "string"}, sizePattern
	}
	return schema
}

// JSONSchema is the JSON Schema (draft 2020-12) of an object with these options and no others. Of equal keys the first
// counts.
func JSONSchema(specs []Spec) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, s := range specs {
		if properties[s.Key] != nil {
			continue
		}
		properties[s.Key] = s.JSONSchema()
		if s.Required {
			required = append(required, s.Key)
		}
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
		"properties": properties, "required": required, "additionalProperties": false,
	}
}

// Known lists the options that have been asked for so far, set or not, sorted.
func (b *Bag) Known() []string { return slices.Sorted(maps.Keys(b.known)) }
