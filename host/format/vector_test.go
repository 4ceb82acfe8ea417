package format_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// vector is a case of the bank: what Arroyo does with an input, and where that is a defect what is recommended instead.
type vector struct {
	ID, Format, Direction string
	Options               map[string]any
	Schema                []column
	Input                 *string
	InputB64              *string `json:"input_b64"`
	Inputs                []string
	InputsB64             []string `json:"inputs_b64"`
	Bug                   bool
	Expect                struct {
		expectation
		Recommended *expectation
	}
}

type column struct {
	Name, Type string
	Nullable   bool
}

type expectation struct {
	Rows     []map[string]any
	Frames   []string // of the one record
	Error    string
	Contains string
	GoodMask []bool `json:"good_mask"`
	Messages []string
	Base64   []string   `json:"messages_b64"`
	Mistaken []mistaken `json:"validation_errors"`

	// Of testdata/siblings.json alone: every rejection, "code path", and that messages count byte for byte. What its cases say
	// under otherwise is how Arroyo differs.
	Rejected []string
	Same     bool
}

// mistaken is a field that Arroyo's validator names.
type mistaken struct {
	Row  int
	Path string `json:"field_path"`
	Kind string
}

func readVectors(t testing.TB, path string) (vectors []*vector) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&vectors); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return vectors
}

// want is what weir is to do.
func (v *vector) want() expectation {
	if v.Bug && v.Expect.Recommended != nil {
		return *v.Expect.Recommended
	}
	return v.Expect.expectation
}

// records are the inputs.
func (v *vector) records(t testing.TB) (out [][]byte) {
	t.Helper()
	for _, text := range v.Inputs {
		out = append(out, []byte(text))
	}
	if v.Input != nil {
		out = append(out, []byte(*v.Input))
	}
	encoded := slices.Clone(v.InputsB64)
	if v.InputB64 != nil {
		encoded = append(encoded, *v.InputB64)
	}
	for _, text := range encoded {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// columns are those that the table declares.
func (v *vector) columns(t testing.TB) (out []arrow.Field) {
	t.Helper()
	for _, c := range v.Schema {
		dtype, err := typeOf(c.Type)
		if err != nil {
			t.Fatalf("column %s: %v", c.Name, err)
		}
		out = append(out, arrow.Field{Name: c.Name, Type: dtype, Nullable: c.Nullable})
	}
	return out
}

// option is one of the vector's own, as text; "" where it is not there.
func (v *vector) option(key string) string {
	if v.Options[key] == nil {
		return ""
	}
	return fmt.Sprint(v.Options[key])
}

// keys are the names of the vector's options, sorted.
func (v *vector) keys() []string { return slices.Sorted(maps.Keys(v.Options)) }
