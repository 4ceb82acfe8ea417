package avroformat

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/types"
)

// jsonDatum is the datum in hexadecimal digits that JSON becomes in a column of its own, or the error.
func jsonDatum(t *testing.T, schema, text string) string {
	t.Helper()
	columns := []arrow.Field{declared("x", types.JSON(), strings.HasPrefix(schema, `["null"`))}
	f, err := New(Config{Mode: Raw, Schema: wrap(schema)})
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.NewEncoder(fieldsFor(columns))
	if err != nil {
		return err.Error()
	}
	b := array.NewBinaryBuilder(checked(t), arrow.BinaryTypes.String)
	defer b.Release()
	if text == "NULL" {
		b.AppendNull()
	} else {
		b.AppendString(text)
	}
	storage := b.NewArray()
	defer storage.Release()
	a := array.NewExtensionArrayWithStorage(types.JSON().(arrow.ExtensionType), storage)
	defer a.Release()
	if err := e.Bind([]arrow.Array{a}); err != nil {
		t.Fatal(err)
	}
	out, err := e.Append(nil, 0)
	if err != nil {
		return err.Error()
	}
	return hex.EncodeToString(out)
}

func TestJSONByTheSchema(t *testing.T) {
	const (
		point   = `{"type":"record","name":"P","fields":[{"name":"x","type":"int"},{"name":"y","type":["null","int"],"default":null}]}`
		number  = `{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`
		short   = `{"type":"fixed","name":"D","size":2,"logicalType":"decimal","precision":4,"scale":2}`
		choice  = `["null","long","string",` + point + `]`
		tree    = `{"type":"record","name":"T","fields":[{"name":"kids","type":{"type":"array","items":"T"},"default":[]}]}`
		lasting = `{"type":"fixed","name":"L","size":12,"logicalType":"duration"}`
		id      = `{"type":"fixed","name":"I","size":16,"logicalType":"uuid"}`
	)
	for _, c := range []struct{ schema, text, want string }{
		{`"int"`, `5`, "0a"}, {`"int"`, `5.5`, "avro.json"}, {`"int"`, `2147483648`, "avro.json"}, {`"int"`, `null`, "avro.null"},
		{`"double"`, `0.5`, "000000000000e03f"}, {`"double"`, `"Infinity"`, "000000000000f07f"}, {`"boolean"`, `true`, "01"},
		{`"bytes"`, `"\u00ff"`, "02ff"}, {`"bytes"`, `"\u0100"`, "avro.json"}, {`"string"`, `{"a":1}`, "0e7b2261223a317d"},
		{`["null","string"]`, `[1]`, "02065b315d"}, {`["null","string"]`, `NULL`, "00"},
		{point, `{"x":1}`, "0200"}, {point, `{"y":2,"x":1}`, "020204"}, {point, `{"y":2}`, `avro.json: field 'x': the JSON cannot be written as record P: its field "x": no default`},
		{point, `{"x":1,"z":2}`, "avro.json: field 'x': the JSON cannot be written as record P: it has a member"}, {point, `[]`, "avro.json"},
		{choice, `NULL`, "00"}, {choice, `null`, "00"}, {choice, `7`, "020e"}, {choice, `{"long":7}`, "020e"}, {choice, `"a"`, "040261"},
		{choice, `{"string":"a"}`, "040261"}, {choice, `{"P":{"x":1}}`, "060200"}, {choice, `{"x":1}`, "060200"}, {choice, `true`, "avro.json"},
		{number, `1.5`, "040096"}, {number, `-1.5`, "04ff6a"}, {number, `15e-1`, "040096"}, {number, `0`, "0200"}, {number, `-1.28`, "0280"},
		{number, `1.555`, "avro.json"}, {number, `100`, "avro.json"}, {number, `1e999999999`, "avro.json"}, {number, `"1"`, "avro.json"},
		{short, `-0.01`, "ffff"}, {short, `1`, "0064"},
		{tree, `{"kids":[{},{"kids":[{}]}]}`, "0400020000" + "00"},
		{tree, strings.Repeat(`{"kids":[`, 200) + strings.Repeat(`]}`, 200), "avro.json"},
		{lasting, `{"months":1,"days":2,"milliseconds":256}`, "010000000200000000010000"}, {lasting, `{"months":1,"days":2}`, "avro.json"},
		{id, `"00112233-4455-6677-8899-aabbccddeeff"`, "00112233445566778899aabbccddeeff"}, {id, `"x"`, "avro.json"},
		{`{"type":"map","values":"int"}`, `{"b":1,"a":2}`, "0402610402620200"}, {`{"type":"enum","name":"E","symbols":["A","B"]}`, `"B"`, "02"},
		{`{"type":"enum","name":"E","symbols":["A","B"]}`, `"C"`, "avro.json"}, {`"int"`, `1 2`, "avro.json"}, {`"int"`, `{`, "avro.json"},
	} {
		got := jsonDatum(t, c.schema, c.text)
		if strings.HasPrefix(c.want, "avro") && !strings.HasPrefix(got, c.want) || !strings.HasPrefix(c.want, "avro") && got != c.want {
			t.Errorf("%.100s as %s: %s, want %s", c.text, c.schema, got, c.want)
		}
	}
}

// What a JSON column got from a datum becomes that datum again.
func TestJSONComesBackWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &shapes{T: rt}
		schema, value := s.record(0)
		datum := datumOf(rt, schema, value())
		c := Config{Mode: Raw, Schema: schema}
		columns := table(t, schema)
		parsed, err := parse(schema)
		if err != nil {
			rt.Fatal(err)
		}
		for i, f := range parsed.fields {
			if !f.schema.holdsText() {
				columns[i].Type = types.JSON()
			}
		}
		b := newBench(t, c, columns)
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
