package protoformat

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/types"
)

// TestEncodeJSONColumns writes JSON columns to fields of every type, in every place that a field may be in: what comes is what
// protojson makes of the row.
func TestEncodeJSONColumns(t *testing.T) {
	const known = `import "google/protobuf/struct.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/timestamp.proto";
		enum E { ZERO = 0; ONE = 1; } message P { int64 x = 1; }`
	texts := []string{`0`, `""`, `1`, `"x"`, `false`, `true`, `null`, ` null `, `-0.0`, `0.0`, `"0"`, `"-0"`, `{}`, `[]`, `{"x":0}`, `{"x":1}`, `[0]`, `"AA=="`,
		`"ZERO"`, `"ONE"`, `"NaN"`, `1e400`, `{"x":null}`, `[null]`, `{"a":{"b":[null]}}`, `"1970-01-01T00:00:00Z"`, `[[[]]]`, ``, `x`, `"\ud800"`, `{"x":1,"x":2}`}
	elements := append(strings.Fields(`E P google.protobuf.Value google.protobuf.Struct google.protobuf.ListValue google.protobuf.NullValue
		google.protobuf.Int64Value google.protobuf.StringValue google.protobuf.Timestamp`), scalarNames...)
	type place struct {
		name, field string
		column      arrow.Field
		document    string // of the row, %s is the text
		wrap        func(text string) any
	}
	plain := func(text string) any { return text }
	places := []place{
		{"implicit", `%s a = 1;`, nullable("a", jsonText), `{"a":%s}`, plain},
		{"oneof", `oneof o { %s a = 1; string b = 2; }`, nullable("a", jsonText), `{"a":%s}`, plain},
		{"repeated", `repeated %s a = 1;`, nullable("a", list(jsonText)), `{"a":[%s]}`, func(text string) any { return []any{text} }},
		{"map value", `map<string, %s> a = 1;`, nullable("a", types.Map(text, jsonText, true)), `{"a":{"k":%s}}`,
			func(text string) any { return []any{map[string]any{"key": "k", "value": text}} }},
		{"within", `Q a = 1; message Q { %s x = 1; }`, nullable("a", types.Struct(nullable("x", jsonText))), `{"a":{"x":%s}}`,
			func(text string) any { return map[string]any{"x": text} }},
		{"whole list", `repeated %s a = 1;`, nullable("a", jsonText), `{"a":%s}`, plain},
		{"whole map", `map<string, %s> a = 1;`, nullable("a", jsonText), `{"a":%s}`, plain},
	}
	for _, element := range elements {
		for _, p := range places {
			source := `syntax = "proto3";` + known + `message M { ` + fmt.Sprintf(p.field, element) + ` }`
			m := messageOf(t, source, "M")
			e, err := New(Config{Source: source, Message: "M"}).NewEncoder(fieldsFor([]arrow.Field{p.column}))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				row, err := json.Marshal(map[string]any{"a": p.wrap(text)})
				if err != nil {
					t.Fatal(err)
				}
				want := ""
				message := dynamicpb.NewMessage(m)
				if err := protojson.Unmarshal([]byte(fmt.Sprintf(p.document, text)), message); err == nil && text != "" {
					b, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
					if err != nil {
						t.Fatal(err)
					}
					want = hex.EncodeToString(b)
				} else {
					want = "protobuf."
				}
				got := encoded(t, e, []arrow.Field{p.column}, string(row))
				if strings.HasPrefix(got, "protobuf.") {
					got = "protobuf."
				}
				if !sameMessage(t, dynamicpb.NewMessage(m), got, want) {
					t.Errorf("%s %s of %q: got %s, want %s", p.name, element, text, got, want)
				}
			}
		}
	}
}

// sameMessage reports whether two messages in hexadecimal digits, or errors, are the same; an entry of a map may leave out a zero.
func sameMessage(t *testing.T, of proto.Message, a, b string) bool {
	t.Helper()
	if a == b || strings.HasPrefix(a, "protobuf.") || strings.HasPrefix(b, "protobuf.") {
		return a == b
	}
	x, y := proto.Clone(of), proto.Clone(of)
	for digits, m := range map[string]proto.Message{a: x, b: y} {
		raw, err := hex.DecodeString(digits)
		if err == nil {
			err = proto.Unmarshal(raw, m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return proto.Equal(x, y)
}

// TestEncodeJSONNull: a JSON null is no value, for which a required field and an entry of a map have no place.
func TestEncodeJSONNull(t *testing.T) {
	const source = `syntax = "proto2"; message M { required int64 a = 1; oneof o { int64 b = 2; int64 c = 3; } }`
	columns := []arrow.Field{nullable("a", jsonText), nullable("b", jsonText), nullable("c", bigint)}
	e, err := New(Config{Source: source, Message: "M"}).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[string]string{
		`{"a":"null"}`: "protobuf.missing a", `{"a":"0"}`: "0800", `{"a":"1","b":"null","c":2}`: "08011802", `{"a":"1","b":"0","c":2}`: "protobuf.oneof c",
	} {
		if got := encoded(t, e, columns, row); got != want {
			t.Errorf("%s: got %s, want %s", row, got, want)
		}
	}
}
