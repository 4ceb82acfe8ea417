package jsonformat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bounds on a JSON Schema document. Bytes are those of one document; a registry bounds how many others it refers to.
const (
	MaxSchemaBytes = 1 << 20
	maxPointer     = 2048 // length of the JSON pointer to any part of it
	maxNumber      = 64   // characters of a number in it
	maxExponent10  = 400  // of such a number
)

// Bounds on a document and those that it refers to, together: compiling them takes a time that grows with the squares of these.
const (
	maxSchemas  = 8192            // objects and booleans, which are what a schema can be
	maxPointers = maxSchemas * 64 // length of the JSON pointers to them
	maxIDs      = 256             // keys "$id" and "id" that are not the names of properties
)

// schemaDocument is a compiled JSON Schema, draft 4 to 2020-12. What the compiler leaves out, the order of properties and annotations, is
// looked up in the texts.
type schemaDocument struct {
	root  *jsonschema.Schema
	texts map[string]*schemaText // by URL

	schemas, pointers, ids int // what the texts have of what is bounded
}

// schemaText is a document as it stands.
type schemaText struct {
	value any
	order map[string][]string // the keys of the objects under "properties", by JSON pointer (RFC 6901)
}

// mainDocument is the URL of a document that has none. Others are found relative to it, by the names that a registry has for them.
const mainDocument = "schema:///main.json"

// drafts are what a document is read as that does not say which it is, the first by which it is valid: tuples, exclusive bounds and ids have
// been written in other ways before.
var drafts = []*jsonschema.Draft{jsonschema.Draft2020, jsonschema.Draft2019, jsonschema.Draft7, jsonschema.Draft4}

// parseSchema compiles a document, and the others that it refers to, which are given by name. Nothing else is ever loaded.
func parseSchema(text string, others map[string]string) (*schemaDocument, error) {
	d := &schemaDocument{texts: map[string]*schemaText{}}
	names := make(map[string]string, len(others))
	for name, other := range others {
		names[absoluteName(name)] = other
	}
	main, err := d.parse(text)
	if err != nil {
		return nil, err
	}
	d.texts[mainDocument] = main
	var first error
	for _, draft := range drafts {
		err = d.compile(main, draft, names)
		var invalid *jsonschema.SchemaValidationError
		if !errors.As(err, &invalid) {
			return d, err
		}
		if first == nil {
			first = fmt.Errorf("no valid JSON Schema: %w", deepest(invalid.Err))
		}
	}
	return nil, first
}

// compile makes the root of the main document. Those that do not say which draft they are of are of the given one.
func (d *schemaDocument) compile(main *schemaText, draft *jsonschema.Draft, others map[string]string) (err error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	c.UseRegexpEngine(func(pattern string) (jsonschema.Regexp, error) { return &opaque{pattern}, nil })
	c.UseLoader(loader{d, others})
	if err := c.AddResource(mainDocument, main.value); err != nil {
		return err
	}
	d.root, err = c.Compile(mainDocument)
	return err
}

// deepest is the innermost cause of what is wrong with a document, in one line.
func deepest(err error) error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[0]
	}
	line := invalid.Error()
	if i := strings.LastIndex(strings.TrimSpace(line), "\n"); i >= 0 {
		line = line[i+1:]
	}
	return errors.New(strings.TrimPrefix(strings.TrimSpace(line), "- "))
}

// loader has the documents that a registry gave, and no others.
type loader struct {
	document *schemaDocument
	names    map[string]string
}

func (l loader) Load(at string) (any, error) {
	if known := l.document.texts[at]; known != nil {
		return known.value, nil
	}
	text, ok := l.names[at]
	if !ok {
		return nil, errors.New("it is in another document, which is not at hand: put it under $defs, or register it as a reference")
	}
	parsed, err := l.document.parse(text)
	if err != nil {
		return nil, err
	}
	l.document.texts[at] = parsed
	return parsed.value, nil
}

// absoluteName is a name as a reference in the main document is resolved.
func absoluteName(name string) string {
	base, _ := url.Parse(mainDocument) // a constant
	relative, err := url.Parse(name)
	if err != nil {
		return name
	}
	return base.ResolveReference(relative).String()
}

// opaque is a pattern. Values are never matched against it, so it may be one that only ECMA 262 has, and is not compiled.
type opaque struct{ pattern string }

func (o *opaque) MatchString(string) bool { return true }
func (o *opaque) String() string          { return o.pattern }

// parse reads a text within the bounds.
func (d *schemaDocument) parse(text string) (*schemaText, error) {
	if len(text) > MaxSchemaBytes {
		return nil, fmt.Errorf("a schema has at most %d bytes", MaxSchemaBytes)
	}
	if bad := newDecoder(Config{Strictness: Strict}, nil).validate([]byte(text), 0); bad != nil {
		return nil, errors.New(strings.TrimPrefix(bad.Error(), "json."))
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	parsed := &schemaText{value, map[string][]string{}}
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	return parsed, d.scan(in, parsed, "", false)
}

// scan reads a value of a text and notes the order of keys; properties says that it is what stands under that key.
func (d *schemaDocument) scan(in *json.Decoder, t *schemaText, pointer string, properties bool) error {
	if len(pointer) > maxPointer {
		return fmt.Errorf("a part of the schema whose keys, with those around it, have more than %d bytes", maxPointer)
	}
	token, err := in.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Number:
		return checkNumber(string(token))
	case bool:
		return d.count(pointer)
	case json.Delim:
		if token == '{' {
			if err := d.count(pointer); err != nil {
				return err
			}
		}
		for i := 0; in.More(); i++ {
			step := strconv.Itoa(i)
			if token == '{' {
				key, err := in.Token()
				if err != nil {
					return err
				}
				if step = key.(string); properties { // of an object every second token is a key
					t.order[pointer] = append(t.order[pointer], step)
				}
			}
			if token == '{' && !properties && (step == "$id" || step == "id") {
				d.ids++
			}
			under := token == '{' && !properties && step == "properties"
			if err := d.scan(in, t, pointer+"/"+escapePointer.Replace(step), under); err != nil {
				return err
			}
		}
		_, err = in.Token()
		return err
	}
	return nil
}

// count counts what may be a schema.
func (d *schemaDocument) count(pointer string) error {
	d.schemas++
	d.pointers += len(pointer)
	switch {
	case d.schemas > maxSchemas:
		return fmt.Errorf("more than %d objects and booleans, with those of the documents that it refers to: declare columns", maxSchemas)
	case d.pointers > maxPointers:
		return fmt.Errorf("many parts with long keys around them, more than %d bytes in all: declare columns", maxPointers)
	case d.ids > maxIDs:
		return fmt.Errorf("more than %d parts with an id of their own: declare columns", maxIDs)
	}
	return nil
}

var escapePointer, unescapePointer = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

// checkNumber refuses numbers that take long to work with.
func checkNumber(s string) error {
	_, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	n, err := strconv.Atoi(exponent)
	if exponent != "" && (err != nil || n > maxExponent10 || n < -maxExponent10) || len(s) > maxNumber {
		return fmt.Errorf("a number of a schema has at most %d characters and an exponent of at most %d", maxNumber, maxExponent10)
	}
	return nil
}

// at finds what a compiled schema was made of, and the JSON pointer to it; nil: it is not an object.
func (d *schemaDocument) at(s *jsonschema.Schema) (object map[string]any, text *schemaText, pointer string) {
	base, fragment, _ := strings.Cut(s.Location, "#")
	pointer, err := url.PathUnescape(fragment)
	if text = d.texts[base]; text == nil || err != nil {
		return nil, nil, ""
	}
	value := text.value
	for _, step := range strings.Split(pointer, "/")[1:] {
		switch v := value.(type) {
		case map[string]any:
			value = v[unescapePointer.Replace(step)]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, nil, ""
			}
			value = v[i]
		}
	}
	object, _ = value.(map[string]any)
	return object, text, pointer
}

// word is the text that stands under a key of a schema; "" where there is none.
func (d *schemaDocument) word(s *jsonschema.Schema, key string) string {
	object, _, _ := d.at(s)
	word, _ := object[key].(string)
	return word
}
