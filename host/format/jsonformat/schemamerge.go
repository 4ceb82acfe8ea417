package jsonformat

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/host/types"
)

// described is what schemas that hold together (one with what it refers to and with all of its allOf) say of a value.
type described struct {
	parts      []*jsonschema.Schema
	types      jsonschema.Types // 0: any
	format     string
	encoding   string
	named      string   // type under typeKeyword
	low, high  *big.Rat // of numbers, inclusive for integers; nil: unbounded
	properties []property
	places     map[string]int // of properties, by name
	required   map[string]bool
	closed     bool                 // no properties but those
	values     []*jsonschema.Schema // of the members without a property
	keys       []*jsonschema.Schema // of the names of members
	items      []*jsonschema.Schema
	tuple      bool   // items have schemas by their places
	odd        string // the keyword that makes it more than one type holds
}

// property is a member of an object, with all that is said of its value.
type property struct {
	name    string
	schemas []*jsonschema.Schema
}

// merge gathers what the schemas say.
func (r *reader) merge(all ...*jsonschema.Schema) *described {
	n := &described{required: map[string]bool{}, places: map[string]int{}}
	for _, s := range all {
		r.add(n, s)
	}
	if n.types == 0 {
		n.infer()
	}
	return n
}

// infer gives what has no types those that what is said of values is about.
func (n *described) infer() {
	switch {
	case n.odd != "":
	case len(n.properties) > 0:
		n.types.Add("object")
	case len(n.items) > 0, n.tuple:
		n.types.Add("array")
	}
}

// add adds what a schema says, with what it refers to.
func (r *reader) add(n *described, s *jsonschema.Schema) {
	const mostParts = 1000
	if s == nil || r.work < 0 || slices.Contains(n.parts, s) {
		return
	}
	r.work -= 1 + len(s.Properties)
	if len(n.parts) == mostParts {
		n.odd = "too many schemas at once"
		return
	}
	n.parts = append(n.parts, s)
	if s.Bool != nil && !*s.Bool {
		n.odd = "no value at all"
		return
	}
	r.add(n, s.Ref)
	if n.takeTypes(s); s.DynamicRef != nil || s.RecursiveRef != nil {
		n.odd = "a dynamic reference"
	}
	r.takeWords(n, s)
	n.takeBounds(s)
	r.takeObject(n, s)
	n.takeItems(s)
	for _, part := range s.AllOf {
		r.add(n, part)
	}
	r.choose(n, "oneOf", s.OneOf)
	r.choose(n, "anyOf", s.AnyOf)
}

// choose adds the one schema of oneOf or anyOf beside null.
func (r *reader) choose(n *described, keyword string, branches []*jsonschema.Schema) {
	if len(branches) == 0 {
		return
	}
	var null jsonschema.Types
	null.Add("null")
	rest := slices.DeleteFunc(slices.Clone(branches), func(s *jsonschema.Schema) bool { return s.Types != nil && *s.Types == null })
	if len(rest) != 1 {
		n.odd = keyword
		return
	}
	had := n.types
	n.types = 0
	r.add(n, rest[0])
	if n.types == 0 {
		n.infer()
	}
	if n.types != 0 && len(rest) < len(branches) {
		n.types.Add("null")
	}
	n.types = both(had, n.types)
	if n.types == 0 && had != 0 {
		n.odd = keyword
	}
}

// both are the types that are among two sets, either of which may be all.
func both(a, b jsonschema.Types) jsonschema.Types {
	if a == 0 {
		return b
	}
	if b == 0 {
		return a
	}
	var out jsonschema.Types
	for _, kind := range a.ToStrings() {
		for _, other := range b.ToStrings() {
			if kind == other || kind == "integer" && other == "number" {
				out.Add(kind)
			} else if kind == "number" && other == "integer" {
				out.Add(other)
			}
		}
	}
	return out
}

// takeTypes takes type, or enum and const where they tell it.
func (n *described) takeTypes(s *jsonschema.Schema) {
	var allowed jsonschema.Types
	switch {
	case s.Types != nil:
		allowed = *s.Types
	case s.Enum != nil:
		allowed = typesOf(s.Enum.Values...)
	case s.Const != nil:
		allowed = typesOf(*s.Const)
	default:
		return
	}
	before := n.types
	if n.types = both(before, allowed); n.types == 0 {
		n.odd = "types that exclude each other"
	}
}

// typesOf are the types of values.
func typesOf(values ...any) (t jsonschema.Types) {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			t.Add("null")
		case bool:
			t.Add("boolean")
		case string:
			t.Add("string")
		case []any:
			t.Add("array")
		case map[string]any:
			t.Add("object")
		case json.Number:
			if strings.ContainsAny(string(v), ".eE") {
				t.Add("number")
			}
			t.Add("integer")
		}
	}
	return t
}

// words are what a schema says of its values in keywords that the compiler leaves out.
type words struct{ format, encoding, named string }

func (r *reader) wordsOf(s *jsonschema.Schema) words {
	w, known := r.words[s]
	if !known {
		w = words{format: r.document.word(s, "format"), encoding: r.document.word(s, "contentEncoding")}
		if r.takesNames {
			w.named = r.document.word(s, typeKeyword)
		}
		r.words[s] = w
	}
	return w
}

// takeWords takes them; the first schema that has one counts.
func (r *reader) takeWords(n *described, s *jsonschema.Schema) {
	w := r.wordsOf(s)
	n.format, n.encoding, n.named = cmp.Or(n.format, w.format), cmp.Or(n.encoding, w.encoding), cmp.Or(n.named, w.named)
}

// takeBounds takes the bounds of numbers; of integers exclusive ones are one off.
func (n *described) takeBounds(s *jsonschema.Schema) {
	one := big.NewRat(1, 1)
	raise := func(v *big.Rat) {
		if v != nil && (n.low == nil || v.Cmp(n.low) > 0) {
			n.low = v
		}
	}
	lower := func(v *big.Rat) {
		if v != nil && (n.high == nil || v.Cmp(n.high) < 0) {
			n.high = v
		}
	}
	raise(s.Minimum)
	lower(s.Maximum)
	if s.ExclusiveMinimum != nil {
		raise(new(big.Rat).Add(s.ExclusiveMinimum, one))
	}
	if s.ExclusiveMaximum != nil {
		lower(new(big.Rat).Sub(s.ExclusiveMaximum, one))
	}
}

// takeObject takes what is said of the members of objects.
func (r *reader) takeObject(n *described, s *jsonschema.Schema) {
	for _, name := range r.document.names(s) {
		if len(n.properties) > types.MaxFields {
			break // there is no such table
		}
		i, had := n.places[name]
		if !had {
			i = len(n.properties)
			n.places[name] = i
			n.properties = append(n.properties, property{name: name})
		}
		n.properties[i].schemas = append(n.properties[i].schemas, s.Properties[name])
	}
	for _, name := range s.Required {
		n.required[name] = true
	}
	switch other := s.AdditionalProperties.(type) {
	case bool:
		n.closed = n.closed || !other
	case *jsonschema.Schema:
		n.values = append(n.values, other)
	}
	if s.PropertyNames != nil {
		n.keys = append(n.keys, s.PropertyNames)
	}
	if len(s.PatternProperties) > 0 {
		n.values = nil // members by pattern are of several kinds
		n.closed = false
	}
}

// takeItems takes what is said of the items of arrays.
func (n *described) takeItems(s *jsonschema.Schema) {
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		n.items = append(n.items, items)
	case []*jsonschema.Schema:
		n.tuple = true
	}
	n.tuple = n.tuple || len(s.PrefixItems) > 0
	if s.Items2020 != nil {
		n.items = append(n.items, s.Items2020)
	}
}

// names are the properties of a schema in the order in which its document has them.
func (d *schemaDocument) names(s *jsonschema.Schema) []string {
	if len(s.Properties) == 0 {
		return nil
	}
	var names []string
	if _, text, pointer := d.at(s); text != nil {
		seen := map[string]bool{}
		for _, name := range text.order[pointer+"/properties"] {
			if s.Properties[name] != nil && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	if len(names) != len(s.Properties) {
		return slices.Sorted(maps.Keys(s.Properties))
	}
	return names
}
