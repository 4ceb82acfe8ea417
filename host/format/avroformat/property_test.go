package avroformat

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"pgregory.net/rapid"
)

// shapes draws schemas, each with JSON for a value of it.
type shapes struct {
	*rapid.T
	names int
}

func (s *shapes) name() string {
	s.names++
	return fmt.Sprintf("N%d", s.names)
}

// draw is a schema, and the JSON of a value: what a default of that type would be.
func (s *shapes) draw(depth int) (schema string, value func() any) {
	most := 11
	if depth > 3 {
		most = 7
	}
	switch rapid.IntRange(0, most).Draw(s.T, "kind") {
	case 0:
		return `"boolean"`, func() any { return rapid.Bool().Draw(s.T, "boolean") }
	case 1:
		return `"int"`, func() any { return rapid.Int32().Draw(s.T, "int") }
	case 2:
		return `"long"`, func() any { return rapid.Int64().Draw(s.T, "long") }
	case 3:
		return `"double"`, func() any { return rapid.Float64Range(-1e200, 1e200).Draw(s.T, "double") }
	case 4:
		return `"string"`, func() any { return strings.ToValidUTF8(rapid.String().Draw(s.T, "string"), "?") }
	case 5:
		return fmt.Sprintf(`{"type":"enum","name":%q,"symbols":["A","B","C"]}`, s.name()), func() any {
			return rapid.SampledFrom([]string{"A", "B", "C"}).Draw(s.T, "symbol")
		}
	case 6:
		return `"float"`, func() any { return float32(rapid.Int16().Draw(s.T, "float")) / 4 }
	case 7:
		return `{"type":"long","logicalType":"unheard-of"}`, func() any { return rapid.Int64().Draw(s.T, "long") }
	case 8:
		inner, v := s.draw(depth + 1)
		return `{"type":"array","items":` + inner + `}`, func() any { return s.list(v) }
	case 9:
		inner, v := s.draw(depth + 1)
		return `{"type":"map","values":` + inner + `}`, func() any { return s.mapping(v) }
	case 10:
		return s.record(depth)
	}
	inner, v := s.draw(depth + 1)
	if inner[0] == '[' {
		return inner, v
	}
	return `["null",` + inner + `]`, func() any {
		if rapid.Bool().Draw(s.T, "null") {
			return nil
		}
		return v()
	}
}

func (s *shapes) list(v func() any) any {
	items := make([]any, rapid.IntRange(0, 3).Draw(s.T, "items"))
	for i := range items {
		items[i] = v()
	}
	return items
}

func (s *shapes) mapping(v func() any) any {
	members := map[string]any{}
	for i := range rapid.IntRange(0, 3).Draw(s.T, "members") {
		members[fmt.Sprint("k", i)] = v()
	}
	return members
}

func (s *shapes) record(depth int) (string, func() any) {
	var fields []string
	var values []func() any
	for i := range rapid.IntRange(1, 4).Draw(s.T, "fields") {
		inner, v := s.draw(depth + 1)
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%s}`, i, inner))
		values = append(values, v)
	}
	return fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]}`, s.name(), strings.Join(fields, ",")), func() any {
		members := map[string]any{}
		for i, v := range values {
			members[fmt.Sprint("f", i)] = v()
		}
		return members
	}
}

// datumOf writes a value, given as JSON, as a datum.
func datumOf(t rapid.TB, schema string, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	datum, err := (&field{schema: s, fallback: string(text)}).datum()
	if err != nil {
		t.Fatal(schema, string(text), err)
	}
	return datum
}

// hamba/avro reads the same value of the same bytes.
func TestDatumsAsHamba(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &shapes{T: rt}
		schema, value := s.record(0)
		v := value()
		datum := datumOf(rt, schema, v)
		as, err := avro.ParseWithCache(schema, "", &avro.SchemaCache{})
		if err != nil {
			rt.Fatal(err)
		}
		var theirs any
		if err := avro.Unmarshal(as, datum, &theirs); err != nil {
			rt.Fatal(err)
		}
		text, err := json.Marshal(theirs)
		if err != nil {
			rt.Fatal(err)
		}
		ours := newBench(t, Config{Mode: Raw, Schema: schema, Unstructured: true}, unstructured).value(datum)
		if want, _ := json.Marshal(v); !sameJSON(t, ours, string(want)) || !sameJSON(t, ours, unwrapped(string(text))) {
			rt.Fatalf("%s of %s\nours   %s\ntheirs %s", schema, want, ours, text)
		}
	})
}

// unwrapped takes away the names of branches, which hamba/avro puts around values of named types and of arrays and maps.
func unwrapped(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return text
	}
	out, _ := json.Marshal(unwrap(v))
	return string(out)
}

func unwrap(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if len(v) == 1 && k[0] != 'k' && (k[0] != 'f' || k == "float") {
				return unwrap(inner)
			}
			v[k] = unwrap(inner)
		}
	case []any:
		for i := range v {
			v[i] = unwrap(v[i])
		}
	}
	return v
}

// What is cut short, and what goes on, is bad data; and rows come back from what is written of them.
func TestDatumsComeBackWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &shapes{T: rt}
		schema, value := s.record(0)
		datum := datumOf(rt, schema, value())
		c := Config{Mode: Raw, Schema: schema}
		columns := table(t, schema)
		b := newBench(t, c, columns)
		for n := range datum {
			if b.Decode(datum[:n], b.Builder) == nil {
				rt.Fatalf("%s: %x is cut short after %d bytes", schema, datum, n)
			}
		}
		if b.Decode(append(datum, 0), b.Builder) == nil {
			rt.Fatalf("%s: %x goes on", schema, datum)
		}
		if err := b.Decode(datum, b.Builder); err != nil {
			rt.Fatal(err)
		}
		b.EndRow()
		r := b.NewRecord()
		defer r.Release()
		if got := encoded(t, c, r); string(got[0]) != string(datum) {
			rt.Fatalf("%s: %x, was %x", schema, got[0], datum)
		}
	})
}
