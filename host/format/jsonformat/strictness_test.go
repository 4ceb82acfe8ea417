package jsonformat

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// leniencies are frames that each leniency alone lets through, and the codes they get without it.
var leniencies = map[string][]struct{ columns, frame, code string }{
	"commas": {
		{"x BIGINT", `{,"x":1}`, "json.syntax"}, {"x BIGINT", `{"x":1,}`, "json.syntax"}, {"x BIGINT, y BIGINT", `{"x":1 "y":2}`, "json.syntax"},
		{"x BIGINT[]", `{"x":[1,,2]}`, "json.syntax"}, {"x STRUCT<y BIGINT>", `{"x":{"y":1,}}`, "json.syntax"}, {"x BIGINT", `{"u":[1 2]}`, "json.syntax"},
		{"x MAP<TEXT, BIGINT>", `{"x":{"a":1,,"b":2}}`, "json.syntax"},
	},
	"control_characters": {
		{"x TEXT", "{\"x\":\"\t\"}", "json.syntax"}, {"x TEXT", "{\"u\":\"\n\"}", "json.syntax"}, {"x TEXT", "{\"\x01\":1}", "json.syntax"},
		{"x MAP<TEXT, TEXT>", "{\"x\":{\"\t\":\"\"}}", "json.syntax"}, {"x TEXT[]", "{\"x\":[\"a longer text, and a \x1f\"]}", "json.syntax"},
	},
	"number_syntax": {
		{"x BIGINT", `{"x":007}`, "json.syntax"}, {"x DOUBLE", `{"x":1.}`, "json.syntax"}, {"x DOUBLE", `{"x":-.5}`, "json.syntax"},
		{"x DECIMAL(5, 1)", `{"x":-01.5}`, "json.syntax"}, {"x TINYINT[]", `{"x":[-00]}`, "json.syntax"}, {"x MAP<TEXT, FLOAT>", `{"x":{"a":00.5}}`, "json.syntax"},
	},
	"skipped_numbers": {
		{"x BIGINT", `{"u":1-2}`, "json.syntax"}, {"x BIGINT", `{"u":[1.2.3e]}`, "json.syntax"}, {"x BIGINT", `{"u":007}`, "json.syntax"},
		{"x STRUCT<y BIGINT>", `{"x":{"u":-+1}}`, "json.syntax"},
	},
	"duplicate_keys": {
		{"x BIGINT", `{"x":1,"x":2}`, "json.duplicate"}, {"x STRUCT<y BIGINT>", `{"x":{"y":1,"y":2}}`, "json.duplicate"},
		{"x MAP<TEXT, BIGINT>", `{"x":{"a":1,"a":2}}`, "json.duplicate"}, {"x MAP<BOOLEAN, BIGINT>", `{"x":{"true":1,"tru\u0065":2}}`, "json.duplicate"},
		{"x MAP<BIGINT, BIGINT>[]", `{"x":[{"1":1,"2":2,"1":3}]}`, "json.duplicate"},
	},
	"integer_fractions": {
		{"x BIGINT", `{"x":1.9}`, "json.type"}, {"x TINYINT", `{"x":2e1}`, "json.type"}, {"x BIGINT UNSIGNED[]", `{"x":[1.0]}`, "json.type"},
	},
	"decimal_fractions": {{"x DECIMAL(5, 1)", `{"x":1.25}`, "json.type"}, {"x DECIMAL(5, 0)[]", `{"x":[1e-1]}`, "json.type"}},
	"string_numbers": {
		{"x BIGINT", `{"x":"1"}`, "json.type"}, {"x DOUBLE", `{"x":"NaN"}`, "json.type"}, {"x FLOAT", `{"x":"-inf"}`, "json.type"},
		{"x DECIMAL(5, 1)", `{"x":"1.5"}`, "json.type"}, {"x SMALLINT UNSIGNED[]", `{"x":["7"]}`, "json.type"},
	},
	"timestamp_forms": {
		{"x TIMESTAMP(3)", `{"x":1}`, "json.type"}, {"x TIMESTAMP(3)", `{"x":"2013-01-02"}`, "json.parse"},
		{"x TIMESTAMP(3)", `{"x":"2013-01-02 15:04:05"}`, "json.parse"}, {"x TIMESTAMP(3)", `{"x":"2013-01-02t15:04:05"}`, "json.parse"},
		{"x TIMESTAMP(3)", `{"x":"2013-01-02T150405"}`, "json.parse"}, {"x TIMESTAMP(3)", `{"x":"2013-01-02T15:04:60"}`, "json.parse"},
		{"x TIMESTAMP(3)", `{"x":"2013-01-02T15:04:05.0123456789"}`, "json.parse"}, {"x TIMESTAMPTZ(3)", `{"x":"2013-01-02T15:04:05z"}`, "json.parse"},
		{"x TIMESTAMPTZ(3)", `{"x":"2013-01-02T15:04:05+05"}`, "json.parse"}, {"x TIMESTAMPTZ(3)", `{"x":"2013-01-02T15:04:05+0500"}`, "json.parse"},
	},
	"text_forms": {
		{"x DATE", `{"x":1}`, "json.type"}, {"x DATE", `{"x":"2013-01-02T15:04:05Z"}`, "json.parse"}, {"x TIME(3)", `{"x":1}`, "json.type"},
		{"x TIME(0)", `{"x":"15:04"}`, "json.parse"}, {"x TIME(9)", `{"x":"15:04:05.0123456789"}`, "json.parse"},
		{"x INTERVAL", `{"x":"PT1.0123456789S"}`, "json.parse"}, {"x UUID", `{"x":"00112233445566778899aabbccddeeff"}`, "json.parse"},
		{"x UUID", `{"x":"urn:uuid:00112233-4455-6677-8899-aabbccddeeff"}`, "json.parse"},
		{"x MAP<BIGINT, TEXT>", `{"x":{"007":""}}`, "json.parse"}, {"x MAP<TINYINT, TEXT>", `{"x":{"+7":""}}`, "json.parse"},
		{"x MAP<INT, TEXT>", `{"x":{"-0":""}}`, "json.parse"},
	},
	"unchecked_text": {{"x TEXT", `no JSON`, "json.syntax"}, {"x JSON", `[1,]`, "json.syntax"}, {"x TEXT", "\"\xff\"", "json.utf8"}, {"x JSON", ``, "json.empty"}},
}

// TestLeniencies reads each frame with its leniency alone, without it alone, and without any.
func TestLeniencies(t *testing.T) {
	decode := func(c Config, columns, frame string) (code string) {
		fields, schema := table(columns)
		d, err := New(c).NewDecoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(schema, checked(t))
		defer b.Release()
		var bad *format.DataError
		if err := d.Decode([]byte(frame), b); errors.As(err, &bad) {
			return bad.Code
		} else if err != nil {
			t.Fatal(err)
		}
		return ""
	}
	for i, name := range strictNames {
		if len(leniencies[name]) == 0 {
			t.Errorf("%s is not tested", name)
		}
		one := Strictness(1) << i
		for _, l := range leniencies[name] {
			for s, want := range map[Strictness]string{0: "", Strict &^ one: "", one: l.code, Strict: l.code} {
				if got := decode(Config{Strictness: s, Unstructured: one == UncheckedText}, l.columns, l.frame); got != want {
					t.Errorf("%s, json.strict=%v, %s: %q, want %q", l.columns, s, l.frame, got, want)
				}
			}
		}
	}
}

// The page of formats names the leniencies in this order.
func TestLenienciesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile("(?s)by the names that `json.strict` takes:(.*?)\n\n").FindSubmatch(page)
	if part == nil {
		t.Fatal("docs/formats.md does not say what json.strict takes")
	}
	var names []string
	for _, name := range regexp.MustCompile("`([a-z]+_?[a-z]*)`").FindAllSubmatch(part[1], -1) {
		names = append(names, string(name[1]))
	}
	if !slices.Equal(names, strictNames[:]) {
		t.Errorf("%q are documented, want %q", names, strictNames)
	}
}
