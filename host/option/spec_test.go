package option_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/host/option"
)

// TestSchemasAcceptWhatReadersDo holds the JSON Schema of each type against its reader.
func TestSchemasAcceptWhatReadersDo(t *testing.T) {
	readers := map[option.Type]func(b *option.Bag){
		option.Text:     func(b *option.Bag) { b.Required("x") },
		option.Word:     func(b *option.Bag) { b.Enum("x", "", "a", "b") },
		option.Boolean:  func(b *option.Bag) { b.Bool("x", false) },
		option.Integer:  func(b *option.Bag) { b.Int("x", 0) },
		option.Number:   func(b *option.Bag) { b.Float("x", 0) },
		option.Duration: func(b *option.Bag) { b.Duration("x", 0) },
		option.Size:     func(b *option.Bag) { b.Size("x", 0) },
	}
	for kind, read := range readers {
		document, err := json.Marshal(option.JSONSchema([]option.Spec{
			{Key: "x", Type: kind, Values: []string{"a", "b"}, Required: true, Help: "first"}, {Key: "x", Help: "second"},
		}))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("x", parsed); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("x")
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		for _, text := range []string{
			"a", "", "c", "true", "yes", "True", "1", "-1", "+7", "1.5", ".5", "1e3", "1m30s", "1.5h", "0", "0s", "-1s", "10", "64MB", "64 KiB", "2b", "1 furlong", "1 k", "NaN", "0x10", "1_0",
		} {
			var b option.Bag
			_ = b.Set("x", option.Pos{}, option.Value{Text: text, Quoted: true})
			read(&b)
			good := b.Done() == nil
			if err := schema.Validate(map[string]any{"x": text}); (err == nil) != good {
				t.Errorf("%s: '%s' is %v for the reader, by its schema %v", kind, text, good, err)
			}
		}
		if schema.Validate(map[string]any{}) == nil || schema.Validate(map[string]any{"x": "a", "y": 1}) == nil {
			t.Errorf("%s: an option too few or too many", kind)
		}
	}
}

func TestKnownOptionsAreThoseAskedFor(t *testing.T) {
	b := bag(t, "topic", "t", "other", "x")
	b.String("topic", "")
	b.Peek("other")
	b.Bool("flag", false)
	if got := b.Known(); !slices.Equal(got, []string{"flag", "topic"}) {
		t.Errorf("%q", got)
	}
}
