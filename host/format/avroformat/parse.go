package avroformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hamba/avro/v2"
)

// Bounds of a schema document, which may come from whoever writes to a topic.
const (
	MaxSchemaBytes = 1 << 20 // length of the text
	maxSchemaDepth = 128     // nesting of the JSON
	maxTypes       = 1 << 16 // types in it, each mention counted
)

// parse reads a schema document and the documents that it refers to, which come before it, each after those it needs.
//
// The parser is hamba/avro's. What it loses is put where it survives before (see lift), or is looked at afterwards:
// logical types that it does not know, and those that do not fit their type.
func parse(text string, needed ...string) (*schema, error) {
	cache := &avro.SchemaCache{} // the library's own is shared by the whole process, by name
	r := &reader{named: map[string]*schema{}}
	for _, t := range append(needed, text) {
		lifted, err := lift(t)
		if err != nil {
			return nil, err
		}
		parsed, err := avro.ParseBytesWithCache(lifted, "", cache)
		if err != nil {
			return nil, plainly(err)
		}
		if r.last, err = r.read(parsed); err != nil {
			return nil, err
		}
	}
	return r.last, nil
}

// plainly is what the parser says, without what only it knows of.
func plainly(err error) error {
	text := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "avro: "), nullSpace+".", "")
	if strings.HasPrefix(text, "unknown type: map[") {
		text = `an object whose "type" is no type's name`
	}
	return errors.New(text)
}

// Where lift puts what the parser loses.
const (
	liftedDefault = "weir.default"  // the JSON of a field's default
	nullSpace     = "weir_no_space" // a namespace that says there is none
)

// notJSON says where a schema's text is no JSON.
func notJSON(text string, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 1 {
		return fmt.Errorf("not JSON: it is cut short at byte %d", len(text))
	}
	before := text[:syntax.Offset-1]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return fmt.Errorf("not JSON at line %d, column %d: %w", line, column, err)
}

// lift rewrites a schema document so that nothing is lost on the way through the parser: defaults become text, since it
// reads every number as a float64 and knows no default of a branch but the first; an empty namespace, which ends an
// enclosing one (spec: Names), gets a name. Attributes that mean nothing here are left out.
func lift(text string) ([]byte, error) {
	if len(text) > MaxSchemaBytes {
		return nil, fmt.Errorf("a schema of %d bytes, %d are allowed", len(text), MaxSchemaBytes)
	}
	if trimmed := strings.TrimSpace(text); isName(trimmed) {
		return json.Marshal(trimmed) // a bare type name
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, notJSON(text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not JSON: there is something behind the schema")
	}
	l := lifter{}
	if err := l.schema(v, 1, ""); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

type lifter struct{ types int }

// attributes are those that make a schema what it is.
var attributes = map[string]bool{"type": true, "name": true, "namespace": true, "aliases": true, "fields": true, "symbols": true,
	"default": true, "items": true, "values": true, "size": true, "logicalType": true, "precision": true, "scale": true}

func (l *lifter) schema(v any, depth int, space string) error {
	if l.types++; l.types > maxTypes || depth > maxSchemaDepth {
		return fmt.Errorf("too large a schema: at most %d types, nested %d deep", maxTypes, maxSchemaDepth)
	}
	switch v := v.(type) {
	case []any:
		for _, branch := range v {
			if err := l.schema(branch, depth+1, space); err != nil {
				return err
			}
		}
	case map[string]any:
		return l.object(v, depth, space)
	}
	return nil
}

func (l *lifter) object(m map[string]any, depth int, space string) error {
	for key, v := range m {
		if !attributes[key] || v == nil {
			delete(m, key)
		}
	}
	if nested, ok := m["type"].(map[string]any); ok && m["name"] == nil && m["logicalType"] == nil {
		// {"type": {"type": "long"}} means the inner type; the parser takes it in fields only.
		clear(m)
		for key, v := range nested {
			m[key] = v
		}
		return l.object(m, depth+1, space)
	}
	space = namespace(m, space)
	for _, key := range [...]string{"items", "values"} {
		if err := l.schema(m[key], depth+1, space); err != nil {
			return err
		}
	}
	if _, union := m["type"].([]any); union {
		if err := l.schema(m["type"], depth+1, space); err != nil {
			return err
		}
	}
	fields, _ := m["fields"].([]any)
	for _, f := range fields {
		if err := l.field(f, depth+1, space); err != nil {
			return err
		}
	}
	return nil
}

// namespace is the namespace that holds inside a type.
func namespace(m map[string]any, outer string) string {
	name, _ := m["name"].(string)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	own, given := m["namespace"].(string)
	switch {
	case !given || name == "":
		return outer
	case own == "" && outer != "":
		m["namespace"] = nullSpace
		return nullSpace
	}
	return own
}

func (l *lifter) field(v any, depth int, space string) error {
	m, ok := v.(map[string]any)
	if !ok {
		return nil // the parser says what is wrong
	}
	fallback, given := m["default"]
	for key := range m {
		if key != "name" && key != "type" && key != "aliases" {
			delete(m, key)
		}
	}
	if given {
		text, err := json.Marshal(fallback)
		if err != nil {
			return err
		}
		m[liftedDefault] = string(text)
	}
	return l.schema(m["type"], depth, space)
}

// isName says whether s is the name of a type, without quotes.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || i > 0 && (c >= '0' && c <= '9' || c == '.') {
			continue
		}
		return false
	}
	return s != ""
}

// reader turns what the parser gives into schemas.
type reader struct {
	named map[string]*schema // by full name
	last  *schema
}

func (r *reader) read(from avro.Schema) (*schema, error) {
	switch from := from.(type) {
	case *avro.NullSchema:
		return &schema{kind: kindNull}, nil
	case *avro.PrimitiveSchema:
		s := &schema{kind: primitives[from.Type()]}
		s.annotate(from.Logical(), from)
		return s, nil
	case *avro.RefSchema:
		return r.read(from.Schema())
	case *avro.ArraySchema:
		items, err := r.read(from.Items())
		s := &schema{kind: kindArray, items: items}
		s.annotate(nil, from)
		return s, err
	case *avro.MapSchema:
		values, err := r.read(from.Values())
		return &schema{kind: kindMap, items: values}, err
	case *avro.UnionSchema:
		return r.union(from)
	case avro.NamedSchema:
		if s := r.named[from.FullName()]; s != nil {
			return s, nil
		}
		return r.readNamed(from)
	}
	return nil, fmt.Errorf("a type %q is not known", from.Type())
}

var primitives = map[avro.Type]kind{avro.Boolean: kindBoolean, avro.Int: kindInt, avro.Long: kindLong, avro.Float: kindFloat,
	avro.Double: kindDouble, avro.Bytes: kindBytes, avro.String: kindString}

func (r *reader) union(from *avro.UnionSchema) (*schema, error) {
	s := &schema{kind: kindUnion}
	for _, t := range from.Types() {
		branch, err := r.read(t)
		if err != nil {
			return nil, err
		}
		s.branches = append(s.branches, branch)
	}
	if len(s.branches) == 0 {
		return nil, errors.New("a union without types has no values")
	}
	return s, nil
}

func (r *reader) readNamed(from avro.NamedSchema) (*schema, error) {
	s := &schema{name: plainName(from.FullName()), fallback: -1}
	for _, a := range from.Aliases() {
		s.aliases = append(s.aliases, plainName(a))
	}
	r.named[from.FullName()] = s
	switch from := from.(type) {
	case *avro.FixedSchema:
		s.kind, s.size = kindFixed, from.Size()
		s.annotate(from.Logical(), from)
	case *avro.EnumSchema:
		s.kind, s.symbols = kindEnum, from.Symbols()
		for i, symbol := range s.symbols {
			if from.HasDefault() && symbol == from.Default() {
				s.fallback = i
			}
		}
	case *avro.RecordSchema:
		s.kind = kindRecord
		for _, f := range from.Fields() {
			t, err := r.read(f.Type())
			if err != nil {
				return nil, err
			}
			fallback, _ := f.Prop(liftedDefault).(string)
			s.fields = append(s.fields, field{name: f.Name(), aliases: f.Aliases(), schema: t, fallback: fallback})
		}
	}
	return s, nil
}

func plainName(name string) string { return strings.TrimPrefix(name, nullSpace+".") }

// annotate adds the logical type: the one the parser knows, or the one it left in the properties.
func (s *schema) annotate(known avro.LogicalSchema, props avro.PropertySchema) {
	name, _ := props.Prop("logicalType").(string)
	if d, ok := known.(*avro.DecimalLogicalSchema); ok {
		s.logical, s.precision, s.scale = logicalDecimal, d.Precision(), d.Scale()
		return
	}
	if known != nil {
		name = string(known.Type())
	}
	for l := logicalUUID; int(l) < len(logicalNames); l++ {
		if logicalNames[l] == name && l.fits(s) {
			s.logical = l
		}
	}
}

// fits says whether a logical type may annotate the type (spec: Logical Types).
func (l logical) fits(s *schema) bool {
	switch l {
	case logicalUUID:
		return s.kind == kindString || s.kind == kindFixed && s.size == 16
	case logicalDate, logicalTimeMillis:
		return s.kind == kindInt
	case logicalDuration:
		return s.kind == kindFixed && s.size == 12
	case logicalMap:
		_, _, ok := s.entries()
		return ok
	}
	return s.kind == kindLong
}

// compact is the document without white space, as it goes into headers.
func compact(text string) string {
	if isName(strings.TrimSpace(text)) {
		return `"` + strings.TrimSpace(text) + `"`
	}
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}
