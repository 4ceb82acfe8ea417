package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2/lexer"
)

// TestTheSchemaHasTheDocumentsKeys holds the keys of every mapping of the schema against the structs that it is read into.
func TestTheSchemaHasTheDocumentsKeys(t *testing.T) {
	type object struct {
		Properties           map[string]json.RawMessage
		Required             []string
		AdditionalProperties any
		OneOf                []json.RawMessage
		Defs                 map[string]json.RawMessage `json:"$defs"`
	}
	parse := func(text []byte) (o object) {
		t.Helper()
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	root := parse(JSONSchema(OptionSchemas{}))
	long := func(name string) object { return parse(parse(root.Defs[name]).OneOf[1]) }
	for name, tc := range map[string]struct {
		schema object
		doc    any
	}{
		"file":     {root, document{}},
		"table":    {parse(root.Defs["table"]), tableDoc{}},
		"column":   {long("column"), columnDoc{}},
		"function": {parse(root.Defs["function"]), functionDoc{}},
		"pipeline": {parse(root.Defs["pipeline"]), pipelineDoc{}},
		"sink":     {long("sink"), sinkDoc{}},
	} {
		if tc.schema.AdditionalProperties != false {
			t.Errorf("%s: the schema takes any key", name)
		}
		docs := reflect.TypeOf(tc.doc)
		var keys, required []string
		for i := range docs.NumField() {
			if key, rest, _ := strings.Cut(docs.Field(i).Tag.Get("yaml"), ","); key != "" {
				keys = append(keys, key)
				if rest == "required" {
					required = append(required, key)
				}
			}
		}
		slices.Sort(keys)
		slices.Sort(required)
		if has := slices.Sorted(maps.Keys(tc.schema.Properties)); !slices.Equal(has, keys) {
			t.Errorf("%s: the schema has the keys %q, the reader %q", name, has, keys)
		}
		if has := slices.Sorted(slices.Values(tc.schema.Required)); !slices.Equal(has, required) {
			t.Errorf("%s: the schema requires the keys %q, the reader %q", name, has, required)
		}
	}
}

// TestTheWordsOfTypesAreTheGrammars has each of typeNames begin a type, and each word that begins one among them.
func TestTheWordsOfTypesAreTheGrammars(t *testing.T) {
	var words []string
	end := lexer.EOFToken(lexer.Position{Offset: 1})
	for _, a := range grammarTokens(typeGrammar.parser.String()) {
		if _, at, _ := typeGrammar.try([]lexer.Token{a.token, end}); at > 0 && a.token.Value != "x" {
			words = append(words, a.token.Value)
		}
	}
	slices.Sort(words)
	if want := slices.Sorted(slices.Values(typeNames)); !slices.Equal(slices.Compact(words), want) {
		t.Errorf("the grammar has %q, typeNames %q", words, want)
	}
}

// TestShorteningLeavesWhatCanFollow asks for what can follow every prefix of a statement, shortened and not.
func TestShorteningLeavesWhatCanFollow(t *testing.T) {
	const src = `CREATE TABLE t (a INT, b DECIMAL(3, 1), c MAP<TEXT, STRUCT<x INT, y INT>>, d TEXT NOT NULL, PRIMARY KEY (a, b),
		e DECIMAL(3, 1) METADATA FROM 'x')
		WITH (a = 1, b = 'x', c.d = true, e = -5)`
	tokens, err := scan(src, beginning("f.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range tokens {
		before := tokens[:n]
		if short, whole := statementGrammar.expectedAfter(shorten(before)), statementGrammar.expectedAfter(before); !slices.Equal(short, whole) {
			t.Errorf("behind %d tokens: %q shortened, %q whole", n, short, whole)
		}
	}
	if n := len(shorten(tokens)); n >= len(tokens)/2 {
		t.Errorf("%d of %d tokens are left", n, len(tokens))
	}
}
