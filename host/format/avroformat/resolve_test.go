package avroformat

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// The rules of the specification's section Schema Resolution, one after the other: what a datum of the writer's type is when
// it is read as the reader's. The value stands in a field x, of the column that the reader's type gives.
func TestResolution(t *testing.T) {
	const (
		millis = `{"type":"long","logicalType":"timestamp-millis"}`
		micros = `{"type":"long","logicalType":"timestamp-micros"}`
		twoDec = `{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}`
	)
	enum := func(name, symbols, more string) string {
		return `{"type":"enum","name":"` + name + `","symbols":[` + symbols + `]` + more + `}`
	}
	record := func(name, fields, more string) string {
		return `{"type":"record","name":"` + name + `","fields":[` + fields + `]` + more + `}`
	}
	for _, c := range []struct {
		rule, writer, reader string
		datum                []byte
		want                 string // the value, or the beginning of the error
	}{
		// Promotions of primitives, all there are.
		{"int to long", `"int"`, `"long"`, []byte{3}, "-2"}, {"int to float", `"int"`, `"float"`, []byte{3}, "-2"},
		{"int to double", `"int"`, `"double"`, []byte{3}, "-2"}, {"long to float", `"long"`, `"float"`, []byte{4}, "2"},
		{"long to double", `"long"`, `"double"`, []byte{4}, "2"}, {"float to double", `"float"`, `"double"`, []byte{0, 0, 0, 0x3f}, "0.5"},
		{"string to bytes", `"string"`, `"bytes"`, textual("hi"), `"aGk="`}, {"bytes to string", `"bytes"`, `"string"`, textual("hi"), `"hi"`},
		{"bytes that are no string", `"bytes"`, `"string"`, textual("\xff"), "avro.utf8"},
		// Demotions and others are errors.
		{"long to int", `"long"`, `"int"`, []byte{4}, "avro.resolution"}, {"double to float", `"double"`, `"float"`, double(1), "avro.resolution"},
		{"float to long", `"float"`, `"long"`, []byte{0, 0, 0, 0}, "avro.resolution"}, {"int to string", `"int"`, `"string"`, []byte{4}, "avro.resolution"},
		{"boolean to int", `"boolean"`, `"int"`, []byte{1}, "avro.resolution"}, {"string to enum", `"string"`, enum("E", `"A"`, ""), textual("A"), "avro.resolution"},
		{"bytes to fixed", `"bytes"`, `{"type":"fixed","name":"F","size":2}`, textual("ab"), "avro.resolution"},

		// Names: the unqualified ones must match, or an alias of the reader's.
		{"enum of another name", enum("E", `"A"`, ""), enum("G", `"A"`, ""), []byte{0}, "avro.resolution"},
		{"enum by alias", enum("E", `"A"`, ""), enum("G", `"A"`, `,"aliases":["E"]`), []byte{0}, `"A"`},
		{"enum of another namespace", enum("a.E", `"A"`, ""), enum("b.E", `"A"`, ""), []byte{0}, `"A"`},
		{"fixed of another size", `{"type":"fixed","name":"F","size":2}`, `{"type":"fixed","name":"F","size":3}`, []byte("ab"), "avro.resolution"},
		{"fixed by alias", `{"type":"fixed","name":"F","size":2}`, `{"type":"fixed","name":"G","size":2,"aliases":["n.F"]}`, []byte("ab"), `"YWI="`},
		{"record of another name", record("P", `{"name":"a","type":"int"}`, ""), record("Q", `{"name":"a","type":"int"}`, ""), []byte{2}, "avro.resolution"},
		{"record by alias", record("P", `{"name":"a","type":"int"}`, ""), record("Q", `{"name":"a","type":"int"}`, `,"aliases":["P"]`), []byte{2}, `{"a":1}`},
		{"field by alias", record("P", `{"name":"a","type":"int"}`, ""), record("P", `{"name":"b","type":"long","aliases":["a"]}`, ""), []byte{2}, `{"b":1}`},
		{"name in an enclosing namespace", record("n.P", `{"name":"a","type":`+enum("E", `"A"`, "")+`},{"name":"b","type":"n.E"}`, ""),
			record("n.P", `{"name":"a","type":`+enum("E", `"A"`, "")+`},{"name":"b","type":"E"}`, ""), []byte{0, 0}, `{"a":"A","b":"A"}`},
		{"no namespace in one", record("n.P", `{"name":"a","type":{"type":"enum","name":"E","namespace":"","symbols":["A"]}},{"name":"b","type":"E"}`, ""),
			record("P", `{"name":"a","type":`+enum("E", `"A"`, "")+`},{"name":"b","type":"E"}`, ""), []byte{0, 0}, "avro: the schema: unknown type: E"},

		// Enums: symbols by name, unknown ones by the reader's default.
		{"symbols in another order", enum("E", `"A","B"`, ""), enum("E", `"B","A"`, ""), []byte{0}, `"A"`},
		{"unknown symbol", enum("E", `"A","B"`, ""), enum("E", `"A"`, ""), []byte{2}, "avro.enum"},
		{"unknown symbol, default", enum("E", `"A","B"`, ""), enum("E", `"A","Z"`, `,"default":"Z"`), []byte{2}, `"Z"`},
		{"the writer's default is nothing", enum("E", `"A","B"`, `,"default":"A"`), enum("E", `"A"`, ""), []byte{2}, "avro.enum"},

		// Arrays and maps: by their items.
		{"array", `{"type":"array","items":"int"}`, `{"type":"array","items":"long"}`, []byte{4, 2, 4, 0}, `[1,2]`},
		{"array to map", `{"type":"array","items":"int"}`, `{"type":"map","values":"int"}`, []byte{0}, "avro.resolution"},
		{"items that do not resolve", `{"type":"array","items":"string"}`, `{"type":"array","items":"long"}`, []byte{0}, "avro.resolution"},
		{"map", `{"type":"map","values":"int"}`, `{"type":"map","values":"double"}`, []byte{2, 2, 'k', 2, 0}, `[{"key":"k","value":1}]`},

		// Unions, both ways.
		{"into a union", `"int"`, `["null","int"]`, []byte{4}, "2"}, {"into a union by promotion", `"int"`, `["null","double"]`, []byte{4}, "2"},
		{"into a union without it", `"int"`, `["null","string"]`, []byte{4}, "avro.resolution"},
		{"first branch that matches", `"int"`, `["string","long","int"]`, []byte{4}, `"{\"long\":2}"`},
		{"out of a union", `["null","int"]`, `"int"`, []byte{2, 4}, "2"}, {"null out of a union", `["null","int"]`, `"int"`, []byte{0}, "avro.resolution"},
		{"other branch out of a union", `["string","int"]`, `"int"`, []byte{0, 2, 'x'}, "avro.resolution"},
		{"union to union", `["int","null"]`, `["null","long"]`, []byte{0, 4}, "2"}, {"null to null", `["int","null"]`, `["null","long"]`, []byte{2}, "null"},
		{"record in unions by name", `["null",` + record("P", `{"name":"a","type":"int"}`, "") + `]`,
			`["null",` + record("Q", ``, "") + `,` + record("P", `{"name":"a","type":"int"}`, "") + `]`, []byte{2, 2}, `"{\"P\":{\"a\":1}}"`},

		// Fields that the writer has not: defaults of every type.
		{"no default", record("P", ``, ""), record("P", `{"name":"a","type":"int"}`, ""), nil, "avro.missing: field 'x.a'"},
		{"defaults", record("P", ``, ""), record("P", `{"name":"n","type":"null","default":null},{"name":"z","type":"boolean","default":true},
			{"name":"i","type":"int","default":-1},{"name":"l","type":"long","default":9007199254740993},{"name":"f","type":"float","default":0.5},
			{"name":"d","type":"double","default":1e300},{"name":"s","type":"string","default":"\u00ff"},{"name":"y","type":"bytes","default":"\u00ff\u0001"},
			{"name":"x","type":{"type":"fixed","name":"X","size":2},"default":"\u00ff\u0001"},{"name":"e","type":`+enum("E", `"A","B"`, "")+`,"default":"B"},
			{"name":"a","type":{"type":"array","items":"int"},"default":[1,2]},{"name":"m","type":{"type":"map","values":"int"},"default":{"k":1}},
			{"name":"u","type":["int","null"],"default":3},{"name":"v","type":["null","int"],"default":4},
			{"name":"r","type":`+record("I", `{"name":"p","type":"int"},{"name":"q","type":"int","default":8}`, "")+`,"default":{"p":7}},
			{"name":"t","type":`+millis+`,"default":1500},{"name":"c","type":`+twoDec+`,"default":"\u0001\u0000"}`, ""), nil,
			`{"a":[1,2],"c":"2.56","d":1e+300,"e":"B","f":0.5,"i":-1,"l":9007199254740993,"m":[{"key":"k","value":1}],"n":null,` +
				`"r":{"p":7,"q":8},"s":"ÿ","t":"1970-01-01T00:00:01.5Z","u":3,"v":4,"x":"/wE=","y":"/wE=","z":true}`},
		{"bytes beyond U+00FF", record("P", ``, ""), record("P", `{"name":"y","type":"bytes","default":"\u0100"}`, ""), nil, "avro: "},
		{"fixed of another length", record("P", ``, ""), record("P", `{"name":"y","type":{"type":"fixed","name":"X","size":2},"default":"a"}`, ""), nil, "avro: "},
		{"default of no branch", record("P", ``, ""), record("P", `{"name":"y","type":["null","int"],"default":"a"}`, ""), nil, "avro: "},
		{"fields in another order, one dropped", record("P", `{"name":"a","type":"int"},{"name":"gone","type":"string"},{"name":"b","type":"int"}`, ""),
			record("P", `{"name":"b","type":"int"},{"name":"a","type":"int"}`, ""), []byte{2, 2, 'x', 4}, `{"a":1,"b":2}`},

		// Logical types: the writer says what the bytes mean.
		{"millis to micros", millis, micros, []byte{4}, `"1970-01-01T00:00:00.002Z"`}, {"micros to millis", micros, millis, []byte{0xff, 1}, `"1969-12-31T23:59:59.999Z"`},
		{"number to millis", `"long"`, millis, []byte{4}, `"1970-01-01T00:00:00.002Z"`}, {"millis to number", millis, `"long"`, []byte{4}, "2"},
		{"time to micros", `{"type":"int","logicalType":"time-millis"}`, `{"type":"long","logicalType":"time-micros"}`, []byte{4}, `"00:00:00.002"`},
		{"date to timestamp", `{"type":"int","logicalType":"date"}`, millis, []byte{2}, `"1970-01-02T00:00:00Z"`},
		{"decimal of another scale", twoDec, `{"type":"bytes","logicalType":"decimal","precision":6,"scale":3}`, []byte{2, 1}, "avro.type"},
		{"decimal of more digits", twoDec, `{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`, []byte{2, 1}, `"0.01"`},
		{"decimal to bytes", twoDec, `"bytes"`, []byte{2, 1}, `"AQ=="`}, {"bytes to decimal", `"bytes"`, twoDec, []byte{2, 1}, `"0.01"`},
		{"uuid", `"string"`, `{"type":"string","logicalType":"uuid"}`, textual("00112233-4455-6677-8899-aabbccddeeff"), `"ABEiM0RVZneImaq7zN3u/w=="`},

		// Types that hold themselves.
		{"recursive", record("N", `{"name":"v","type":"int"},{"name":"next","type":["null","N"]}`, ""),
			record("N", `{"name":"next","type":["null","N"]},{"name":"v","type":"long"}`, ""), []byte{2, 2, 4, 0}, `"{\"v\":1,\"next\":{\"v\":2,\"next\":null}}"`},
		{"reused", record("P", `{"name":"a","type":`+record("I", `{"name":"p","type":"int"}`, "")+`},{"name":"b","type":"I"}`, ""),
			record("P", `{"name":"b","type":`+record("I", `{"name":"p","type":"long"}`, "")+`},{"name":"a","type":"I"}`, ""), []byte{2, 4}, `{"a":{"p":1},"b":{"p":2}}`},
	} {
		got := resolved(t, c.writer, c.reader, c.datum)
		if strings.HasPrefix(c.want, "avro") && !strings.HasPrefix(got, c.want) || !strings.HasPrefix(c.want, "avro") && !sameJSON(t, got, c.want) {
			t.Errorf("%s: %s, want %s", c.rule, got, c.want)
		}
	}
}

// resolved is the value of x, or what is wrong.
func resolved(t *testing.T, writer, reader string, datum []byte) string {
	t.Helper()
	columns, err := ToColumns(wrap(reader))
	if err != nil {
		return err.Error()
	}
	c := Config{Mode: Raw, Schema: wrap(writer), Reader: wrap(reader)}
	f, err := New(c)
	if err != nil {
		return err.Error()
	}
	if _, err := f.NewDecoder(fieldsFor(columns)); err != nil {
		_, reason, _ := strings.Cut(err.Error(), "does not fit the table: ")
		return reason
	}
	return strings.TrimSuffix(strings.TrimPrefix(newBench(t, c, columns).row(datum), `{"x":`), "}")
}

// A column other than JSON cannot hold itself, which is said before the first row; and JSON for whole datums can.
func TestRecursionIsRefusedForColumns(t *testing.T) {
	const node = `{"type":"record","name":"N","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","N"]}]}`
	inner := types.Struct(declared("v", arrow.PrimitiveTypes.Int32, false), declared("next", arrow.PrimitiveTypes.Int32, true))
	f, err := New(Config{Mode: Raw, Schema: node})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.NewDecoder(fieldsFor([]arrow.Field{declared("v", arrow.PrimitiveTypes.Int32, false), declared("next", inner, true)}))
	if err == nil || !strings.Contains(err.Error(), "avro.type: field 'next.next'") || !strings.Contains(err.Error(), "a JSON column takes any value") {
		t.Error(err)
	}
	b := newBench(t, Config{Mode: Raw, Schema: node, Unstructured: true}, unstructured)
	if got := b.value([]byte{2, 2, 4, 0}); got != `{"v":1,"next":{"v":2,"next":null}}` {
		t.Error(got)
	}
}
