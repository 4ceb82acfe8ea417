package abi

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-stream/weir/internal/fault"
)

// Parameters are the parameters that a module takes, as its manifest declares them: a JSON Schema of an object, of which a
// subset is understood. Values are text, read as the declared type.
//
// Of the schema: type ("object"), properties, required, additionalProperties (a boolean; unlike in JSON Schema false where
// it is left out, so that a misspelled parameter is an error). Of a property: type (string, integer, number or boolean),
// enum, minimum, maximum, minLength, maxLength, pattern (Go's syntax, not anchored), default. title, description, examples,
// $schema and $comment are allowed everywhere and mean nothing here; any other keyword is refused.
type Parameters struct {
	declared   []parameter // in the manifest's order
	additional bool
}

type parameter struct {
	name                 string
	kind                 string
	enum                 []string // as JSON literals or strings
	minimum, maximum     *float64
	minLength, maxLength *int
	pattern              *regexp.Regexp
	preset               *string // default
	required             bool
}

var annotations = []string{"title", "description", "examples", "$schema", "$comment"}

func (p *manifestParser) parameters(v any) *Parameters {
	wrong := func(path, layout string, args ...any) { p.add(CodeManifestParameters, path, layout, args...) }
	o, ok := v.(*object)
	if !ok {
		wrong("parameters", "want an object")
		return nil
	}
	out := &Parameters{}
	p.keywords("parameters", o, "type", "properties", "required", "additionalProperties")
	if t, ok := o.values["type"]; ok && t != "object" {
		wrong("parameters.type", "want \"object\"")
	}
	if v, ok := o.values["additionalProperties"]; ok {
		if out.additional, ok = v.(bool); !ok {
			wrong("parameters.additionalProperties", "want true or false")
		}
	}
	if v, ok := o.values["properties"]; ok {
		properties, ok := v.(*object)
		if !ok {
			wrong("parameters.properties", "want an object")
			return nil
		}
		for _, name := range properties.keys {
			out.declared = append(out.declared, p.parameter(name, properties.values[name]))
		}
	}
	if v, ok := o.values["required"]; ok {
		list, ok := v.([]any)
		if !ok {
			wrong("parameters.required", "want a list of names")
		}
		for _, name := range list {
			i := slices.IndexFunc(out.declared, func(d parameter) bool { return d.name == name })
			if i < 0 {
				wrong("parameters.required", "%q is not among the properties", fmt.Sprint(name))
				continue
			}
			out.declared[i].required = true
		}
	}
	return out
}

func (p *manifestParser) keywords(path string, o *object, known ...string) {
	for _, k := range o.keys {
		if !slices.Contains(known, k) && !slices.Contains(annotations, k) {
			p.add(CodeManifestParameters, path, "keyword %q is not understood; %s are", shorten(k), strings.Join(known, ", "))
		}
	}
}

// parameter reads one property.
func (p *manifestParser) parameter(name string, v any) parameter {
	d := parameter{name: name}
	path := "parameters.properties." + shorten(name)
	wrong := func(key, want string) { p.add(CodeManifestParameters, path+"."+key, "want %s", want) }
	o, ok := v.(*object)
	if !ok {
		p.add(CodeManifestParameters, path, "want an object")
		return d
	}
	p.keywords(path, o, "type", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern", "default")
	d.kind, _ = o.values["type"].(string)
	if !slices.Contains([]string{"string", "integer", "number", "boolean"}, d.kind) {
		wrong("type", "string, integer, number or boolean")
		return d
	}
	for key, at := range map[string]**float64{"minimum": &d.minimum, "maximum": &d.maximum} {
		if v, ok := o.values[key]; ok {
			n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
			if _, is := v.(json.Number); !is || err != nil || (d.kind != "integer" && d.kind != "number") {
				wrong(key, "a number, on an integer or a number")
				continue
			}
			*at = &n
		}
	}
	for key, at := range map[string]**int{"minLength": &d.minLength, "maxLength": &d.maxLength} {
		if v, ok := o.values[key]; ok {
			n, err := strconv.Atoi(fmt.Sprint(v))
			if _, is := v.(json.Number); !is || err != nil || n < 0 || d.kind != "string" {
				wrong(key, "an integer of at least 0, on a string")
				continue
			}
			*at = &n
		}
	}
	if v, ok := o.values["pattern"]; ok {
		text, is := v.(string)
		compiled, err := regexp.Compile(text)
		if d.pattern = compiled; !is || err != nil || d.kind != "string" {
			d.pattern = nil
			wrong("pattern", "a regular expression in Go's syntax, on a string")
		}
	}
	if v, ok := o.values["enum"]; ok {
		list, _ := v.([]any)
		if len(list) == 0 {
			wrong("enum", "a list of values")
		}
		for _, v := range list {
			text, ok := literal(d.kind, v)
			if !ok {
				wrong("enum", "values of type "+d.kind)
			}
			d.enum = append(d.enum, text)
		}
	}
	if v, ok := o.values["default"]; ok {
		text, ok := literal(d.kind, v)
		if !ok || d.check(text) != "" {
			wrong("default", "a value that the property allows")
		}
		d.preset = &text
	}
	return d
}

// literal is a JSON value as the text of a parameter of a kind.
func literal(kind string, v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, kind == "string"
	case bool:
		return strconv.FormatBool(v), kind == "boolean"
	case json.Number:
		return v.String(), isNumber(kind, v.String())
	}
	return "", false
}

// jsonNumber is JSON's own form of numbers; Go's parsers take more.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func isNumber(kind, text string) bool {
	if !jsonNumber.MatchString(text) {
		return false
	}
	if kind == "integer" {
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return kind == "number" && err == nil && !math.IsInf(f, 0)
}

// check says what a value should have been, "" where it is right.
func (d parameter) check(text string) (want string) {
	switch d.kind {
	case "integer", "number":
		if !isNumber(d.kind, text) {
			return map[string]string{"integer": "an integer", "number": "a number"}[d.kind]
		}
		f, _ := strconv.ParseFloat(text, 64)
		if d.minimum != nil && f < *d.minimum {
			return fmt.Sprintf("at least %v", *d.minimum)
		}
		if d.maximum != nil && f > *d.maximum {
			return fmt.Sprintf("at most %v", *d.maximum)
		}
	case "boolean":
		if text != "true" && text != "false" {
			return "true or false"
		}
	case "string":
		length := utf8.RuneCountInString(text)
		switch {
		case !utf8.ValidString(text):
			return "UTF-8"
		case d.minLength != nil && length < *d.minLength:
			return fmt.Sprintf("at least %d characters", *d.minLength)
		case d.maxLength != nil && length > *d.maxLength:
			return fmt.Sprintf("at most %d characters", *d.maxLength)
		case d.pattern != nil && !d.pattern.MatchString(text):
			return "a match of " + d.pattern.String()
		}
	}
	if d.enum != nil && !slices.ContainsFunc(d.enum, func(e string) bool { return d.same(e, text) }) {
		return "one of " + strings.Join(d.enum, ", ")
	}
	return ""
}

// same compares two right values: 1.0 and 1 are the same number.
func (d parameter) same(a, b string) bool {
	if d.kind == "number" {
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		return x == y
	}
	return a == b
}

// Resolve checks the given values and fills defaults in. nil Parameters take any. The error says of every parameter what
// is wrong with it; its class is input.
func (p *Parameters) Resolve(given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for name, text := range given {
		out[name] = text
	}
	if p == nil {
		return out, nil
	}
	var wrong []string
	names := []string{}
	for _, d := range p.declared {
		names = append(names, d.name)
		text, ok := given[d.name]
		switch {
		case ok:
			if want := d.check(text); want != "" {
				wrong = append(wrong, fmt.Sprintf("parameter '%s': want %s, got '%s'", d.name, want, shorten(text)))
			}
		case d.preset != nil:
			out[d.name] = *d.preset
		case d.required:
			wrong = append(wrong, fmt.Sprintf("parameter '%s' is missing", d.name))
		}
	}
	if !p.additional {
		for name := range given {
			if !slices.Contains(names, name) {
				wrong = append(wrong, fmt.Sprintf("unknown parameter '%s'; the module takes %s", name, strings.Join(names, ", ")))
			}
		}
	}
	if wrong != nil {
		slices.Sort(wrong)
		return nil, fault.Inputf("%s", strings.Join(wrong, "; "))
	}
	return out, nil
}
