package jsonformat

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// nestedRules say what a value becomes in a nested column.
var nestedRules = []struct{ column, value, want, strict string }{
	{"BIGINT[]", `[]`, "[]", ""},
	{"BIGINT[]", `[1,2, 3 ,"4",null]`, "[1 2 3 4 <nil>]", "json.type x[3]"},
	{"BIGINT[]", `[,1,,2 3,]`, "[1 2 3]", "json.syntax"},
	{"BIGINT[]", `null`, "null", ""},
	{"BIGINT[]", `1`, "json.type x", ""},
	{"BIGINT[]", `"1"`, "json.type x", ""},
	{"BIGINT[]", `{}`, "json.type x", ""},
	{"BIGINT[]", `[1,true,"y"]`, "json.type x[1]", ""},
	{"BIGINT[]", `[1,[2]]`, "json.type x[1]", ""},
	{"BIGINT[]", `[1`, "json.syntax", ""},
	{"BIGINT[]", `[1}`, "json.syntax", ""},
	{"BIGINT[]", `[1,}`, "json.syntax", ""},
	{"LIST<BIGINT NOT NULL>", `[1,2]`, "[1 2]", ""},
	{"LIST<BIGINT NOT NULL>", `[1,null]`, "json.null x[1]", ""},
	{"TEXT[]", `["a","a longer text than that",""]`, "[a a longer text than that ]", ""},
	{"LIST<LIST<INT NOT NULL> NOT NULL>", `[[5,6],[7,"invalid"]]`, "json.parse x[1][1]", "json.type x[1][1]"},
	{"LIST<LIST<INT NOT NULL> NOT NULL>", `[[],[5,6],[7]]`, "[[] [5 6] [7]]", ""},

	{"STRUCT<a BIGINT, b TEXT>", `{"b":"x","a":1}`, "map[a:1 b:x]", ""},
	{"STRUCT<a BIGINT, b TEXT>", `{ "u" : [ { } ] , "a" : 1 }`, "map[a:1 b:<nil>]", ""},
	{"STRUCT<a BIGINT, b TEXT>", `{}`, "map[a:<nil> b:<nil>]", ""},
	{"STRUCT<a BIGINT, b TEXT>", `null`, "null", ""},
	{"STRUCT<a BIGINT, b TEXT>", `[1,"x"]`, "json.type x", ""},
	{"STRUCT<a BIGINT, b TEXT>", `{"a":1,"b":"y","a":2}`, "map[a:2 b:y]", "json.duplicate x.a"},
	{"STRUCT<a BIGINT, b TEXT>", `{"a":"?","b":"y","a":2}`, "map[a:2 b:y]", "json.type x.a"},
	{"STRUCT<a BIGINT, b TEXT>", `{"a":2,"b":"y","a":"?"}`, "json.parse x.a", "json.duplicate x.a"},
	{"STRUCT<a BIGINT NOT NULL, b TEXT>", `{"b":"y"}`, "json.missing x.a", ""},
	{"STRUCT<a BIGINT NOT NULL, b TEXT>", `{"a":null}`, "json.null x.a", ""},
	{"STRUCT<a BIGINT NOT NULL, b TEXT>", `null`, "null", ""},
	{"STRUCT<s STRUCT<d BIGINT NOT NULL>>", `{"s":{"d":null}}`, "json.null x.s.d", ""},
	{"STRUCT<s STRUCT<d BIGINT NOT NULL>, t BIGINT>", `{"s":{"d":null},"t":5,"s":{"d":7}}`, "map[s:map[d:7] t:5]",
		"json.null x.s.d"},
	{"STRUCT<s STRUCT<d BIGINT NOT NULL>, t BIGINT>", `{"s":{},"t":true,"s":{"d":7}}`, "json.type x.t", "json.missing x.s.d"},
	{"STRUCT<s STRUCT<d BIGINT NOT NULL>, t BIGINT>", `{"s":{"d":7},"t":0,"s":null}`, "map[s:<nil> t:0]", "json.duplicate x.s"},
	{"LIST<STRUCT<price DOUBLE NOT NULL>>", `[{"price":1},{"price":"x"},{}]`, "json.parse x[1].price", "json.type x[1].price"},
	{"LIST<STRUCT<price DOUBLE NOT NULL>>", `[{"price":1},{"price":2,"price":3},null]`, "[map[price:1] map[price:3] <nil>]",
		"json.duplicate x[1].price"},
	{"LIST<STRUCT<price DOUBLE>>", `[{"price":"x","price":3},{"price":"x"}]`, "json.parse x[1].price", "json.type x[0].price"},
	{"LIST<STRUCT<price DOUBLE>>", `[{"price":"x"},{"price":"x","price":3}]`, "json.parse x[0].price", "json.type x[0].price"},
	{"STRUCT<l BIGINT[]>", `{"l":[1,"x",3],"l":[4]}`, "map[l:[4]]", "json.type x.l[1]"},
	{"STRUCT<l BIGINT[]>", `{"l":[1,2,3],"l":[4,5],"l":null}`, "map[l:<nil>]", "json.duplicate x.l"},

	{"MAP<TEXT, BIGINT>", `{"b":1,"a":null,"":3}`, "map[:3 a:<nil> b:1]", ""},
	{"MAP<TEXT, BIGINT>", `{}`, "map[]", ""},
	{"MAP<TEXT, BIGINT>", `null`, "null", ""},
	{"MAP<TEXT, BIGINT>", `[]`, "json.type x", ""},
	{"MAP<TEXT, BIGINT>", `{"a":1,"b":2,"a":3}`, "map[a:3 b:2]", "json.duplicate x{0}"},
	{"MAP<TEXT, BIGINT>", `{"a":1,"b":2,"\u0061":3}`, "map[a:3 b:2]", "json.duplicate x{0}"},
	{"MAP<TEXT, BIGINT>", `{"a":"?","b":2,"a":3}`, "map[a:3 b:2]", "json.duplicate x{0}"},
	{"MAP<TEXT, BIGINT>", `{"a":1,"b":"secret"}`, "json.parse x{1}", "json.type x{1}"},
	{"MAP<TEXT, BIGINT NOT NULL>", `{"a":1,"b":null}`, "json.null x{1}", ""},
	{"MAP<TEXT, BIGINT>", `{"a" 1}`, "json.syntax", ""},
	{"MAP<TEXT, BIGINT>", `{1:1}`, "json.syntax", ""},
	{"MAP<TEXT, BIGINT>", `{"a":}`, "json.syntax", ""},
	{"MAP<TEXT, BIGINT>", `{"a":`, "json.syntax", ""},
	{"MAP<TEXT, BIGINT>", `{"a":1,,"b":2}`, "map[a:1 b:2]", "json.syntax"},
	{"MAP<INT, TEXT>", `{"1":"a","-2":"b"}`, "map[-2:b 1:a]", ""},
	{"MAP<INT, TEXT>", `{"1":"a","+01":"b"}`, "map[1:b]", "json.duplicate x{0}"},
	{"MAP<INT, TEXT>", `{"1.5":"a"}`, "json.parse x{0}", ""},
	{"MAP<INT, TEXT>", `{"":"a"}`, "json.parse x{0}", ""},
	{"MAP<INT, TEXT>", `{"4294967296":"a"}`, "json.range x{0}", ""},
	{"MAP<BIGINT UNSIGNED, TEXT>", `{"18446744073709551615":"a"}`, "map[18446744073709551615:a]", ""},
	{"MAP<BOOLEAN, TEXT>", `{"true":"a","false":"b"}`, "map[false:b true:a]", ""},
	{"MAP<BOOLEAN, TEXT>", `{"yes":"a"}`, "json.parse x{0}", ""},
	{"MAP<TEXT, MAP<TEXT, BIGINT[]>>", `{"a":{"b":[1],"c":[2]},"d":{"b":[3],"b":[4,5]}}`,
		"map[a:map[b:[1] c:[2]] d:map[b:[4 5]]]", "json.duplicate x{1}{0}"},
	{"MAP<TEXT, MAP<TEXT, BIGINT[]>>", `{"a":{"b":[true],"c":[2]},"a":{"b":[3],"b":[4,5]}}`,
		"map[a:map[b:[4 5]]]", "json.duplicate x{0}"},

	{"STRUCT<j JSON, u UUID[], d DECIMAL(5, 2)>", `{"j":{"a":[1, 2]},"u":["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"],"d":"1.239"}`,
		`map[d:1.23 j:{"a":[1, 2]} u:[f81d4fae-7dec-11d0-a765-00a0c91e6bf6]]`, "json.type x.d"},
	{"LIST<JSON>", `[1,{"a":[]},null,"x"]`, `[1 {"a":[]} null "x"]`, ""},
	{"LIST<JSON>", `[1,{"a":[1,]}]`, `json.syntax x[1]`, ""},
}

func TestNested(t *testing.T) {
	for _, r := range nestedRules {
		for _, form := range []string{`{"x":%}`, ` { "x" : % } `, `{"x":7,"x":%}`, `{"x":[{"a":[{}]}],"x":%,"other":"and more"}`} {
			frame := strings.Replace(form, "%", r.value, 1)
			if got := decodeRows(t, Config{}, "x "+r.column, frame)[0]; got != r.want {
				t.Errorf("%s into %s: %s, want %s", frame, r.column, got, r.want)
			}
			if r.strict == "" {
				r.strict = r.want
			}
			if strings.Count(form, `"x"`) > 1 {
				continue
			}
			got := decodeRows(t, Config{Strictness: Strict}, "x "+r.column, frame)[0]
			if got != r.strict {
				t.Errorf("%s into %s, strict: %s, want %s", frame, r.column, got, r.strict)
			}
		}
	}
}

// Columns that are not null, missing: each is an error, but for JSON, which is null then.
func TestMissing(t *testing.T) {
	for _, column := range []string{"BIGINT[]", "STRUCT<a BIGINT>", "MAP<TEXT, BIGINT>", "JSON", "UUID", "DECIMAL(3, 1)", "INTERVAL",
		"DICTIONARY<TEXT>"} {
		got := decodeRows(t, Config{}, "x "+column+" NOT NULL", `{}`, `{"x":null}`)
		want := []string{"json.missing x", "json.null x"}
		if column == "JSON" {
			want = []string{"null", "null"}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s NOT NULL: %q, want %q", column, got, want)
		}
		if got := decodeRows(t, Config{}, "x "+column, `{}`)[0]; got != "null" {
			t.Errorf("%s: %q", column, got)
		}
	}
}

// A key that comes again at each of many levels costs no more than a look at each of them, and not one that doubles with
// each. The column is pruned: arrays of maps take arrow-go a time that doubles with each level.
func TestRepeatedKeysAtManyLevels(t *testing.T) {
	column, value := "BIGINT", "1"
	for range 30 {
		column, value = "MAP<TEXT, "+column+">", `{"k":null,"k":`+value+`,"l":{},"m":null}`
	}
	d := newDecoder(Config{}, []format.Field{{Name: "x", Type: typeOf(column), Column: -1}})
	b := batch.NewBuilder(arrow.NewSchema(nil, nil), checked(t))
	if err := d.Decode([]byte(`{"x":`+strings.Replace(value, `"l":{}`, `"l":null`, -1)+`}`), b); err != nil {
		t.Error(err)
	}
	var bad *format.DataError
	err := d.Decode([]byte(`{"x":`+strings.Replace(value, `"k":1`, `"k":true`, 1)+`}`), b)
	if want := "x" + strings.Repeat("{1}", 30); !errors.As(err, &bad) || bad.Path != want {
		t.Errorf("%v, want it in %s", err, want)
	}
}

func TestMapsOfManyKeys(t *testing.T) {
	var frame strings.Builder
	frame.WriteString(`{"x":{`)
	for i := range 1000 {
		fmt.Fprintf(&frame, `"%d":%d,`, i, i)
	}
	unique := frame.String() + `"last":1}}`
	again := frame.String() + `"500":1}}`
	got := decodeRows(t, Config{}, "x MAP<TEXT, BIGINT>", unique, again, unique)
	if got[0] != got[2] || !strings.Contains(got[0], " 500:500 ") || !strings.Contains(got[0], " last:1") {
		t.Errorf("keys that are unique: %s", got[0])
	}
	if !strings.Contains(got[1], " 500:1 ") || strings.Count(got[1], ":") != 1000 {
		t.Errorf("a key that is not: %s", got[1])
	}
}

// Mistakes without end cost no memory without end: only the first of those with one fate is kept.
func TestManyMistakesAreOne(t *testing.T) {
	fields, schema := table("x LIST<STRUCT<a BIGINT, b BIGINT>>")
	d := newDecoder(Config{}, fields)
	b := batch.NewBuilder(schema, checked(t))
	defer b.Release()
	frame := `{"x":[` + strings.Repeat(`{"a":true,"b":true},`, 10000) + `]}`
	var bad *format.DataError
	if err := d.Decode([]byte(frame), b); !errors.As(err, &bad) || bad.Path != "x[0].a" {
		t.Error(err)
	}
	if cap(d.mistakes) > 16 {
		t.Errorf("room for %d mistakes", cap(d.mistakes))
	}
}

func TestExpectedAndFound(t *testing.T) {
	for _, c := range []struct{ columns, frame, expected, found, message string }{
		{"x LIST<STRUCT<p INT NOT NULL>>", `{"x":[{"p":1},{"p":"secret"}]}`, "INT", "string (length: 6)",
			"json.parse: field 'x[1].p': expected INT, got string (length: 6) - parse failure at byte 19"},
		{"x LIST<STRUCT<p INT NOT NULL>>", `{"x":[{"p":1},{"p":null}]}`, "INT", "null",
			"json.null: field 'x[1].p': null value for non-nullable field (expected INT) at byte 19"},
		{"x LIST<STRUCT<p INT NOT NULL>>", `{"x":[{"p":1},{}]}`, "INT", "",
			"json.missing: field 'x[1].p': required field is missing (expected INT)"},
		{"x LIST<STRUCT<p INT NOT NULL>>", `{"x":{"secret":1}}`, "STRUCT<p INT NOT NULL>[]", "object",
			"json.type: field 'x': expected STRUCT<p INT NOT NULL>[], got object at byte 5"},
		{"x MAP<INT, TEXT>", `{"x":{"1":"a","secret":"b"}}`, "INT", "map key (length: 6)",
			"json.parse: field 'x{1}': expected INT, got map key (length: 6) - parse failure at byte 14"},
		{"x BIGINT", `[7]`, "object", "array", "json.type: expected an object, got array at byte 0"},
	} {
		fields, schema := table(c.columns)
		b := batch.NewBuilder(schema, checked(t))
		var bad *format.DataError
		if err := newDecoder(Config{}, fields).Decode([]byte(c.frame), b); !errors.As(err, &bad) {
			t.Errorf("%s: %v", c.frame, err)
		} else if bad.Expected != c.expected || bad.Found != c.found || bad.Error() != c.message {
			t.Errorf("%s: %q, %q, %q", c.frame, bad.Expected, bad.Found, bad.Error())
		}
		b.Release()
	}
}
