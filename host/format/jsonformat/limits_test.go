package jsonformat

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

func nullableField(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// TestLimits reads a record at each limit and one beyond it.
func TestLimits(t *testing.T) {
	many := func(n int, item string) string { return strings.Repeat(item+",", n-1) + item }
	long := func(n int) string { return strings.Repeat("x", n) }
	wide := types.Struct(nullableField("x", types.JSON()), nullableField("y", types.JSON()), nullableField("z", types.JSON()))
	list, number := types.List(arrow.PrimitiveTypes.Int64, true), arrow.PrimitiveTypes.Int64
	for _, c := range []struct {
		name   string
		limits format.Limits
		dtype  arrow.DataType // of the column a
		record string
		code   string
	}{
		{"depth", format.Limits{Depth: 3}, number, `{"u":[[1]]}`, ""},
		{"depth of what is skipped", format.Limits{Depth: 3}, number, `{"u":[[[1]]]}`, "json.depth"},
		{"depth of JSON", format.Limits{Depth: 3}, types.JSON(), `{"a":[[1]]}`, ""},
		{"depth of JSON, beyond", format.Limits{Depth: 3}, types.JSON(), `{"a":[[{}]]}`, "json.depth"},
		{"deeper than the default", format.Limits{Depth: 1024}, number, `{"u":` + strings.Repeat("[", 1023) + strings.Repeat("]", 1023) + `}`, ""},
		{"and beyond", format.Limits{Depth: 1024}, number, `{"u":` + strings.Repeat("[", 1024) + strings.Repeat("]", 1024) + `}`, "json.depth"},
		{"items", format.Limits{Fields: 20}, list, `{"a":[` + many(19, "1") + `]}`, ""},
		{"items, beyond", format.Limits{Fields: 20}, list, `{"a":[` + many(20, "1") + `]}`, "json.fields"},
		{"items that are skipped", format.Limits{Fields: 20}, number, `{"u":[` + many(20, "1") + `]}`, "json.fields"},
		{"members", format.Limits{Fields: 20}, number, `{` + many(20, `"u":{}`) + `}`, ""},
		{"members, beyond", format.Limits{Fields: 20}, number, `{` + many(21, `"u":0`) + `}`, "json.fields"},
		{"members twice", format.Limits{Fields: 20}, number, `{` + many(21, `"a":0`) + `}`, "json.fields"},
		{"members of JSON", format.Limits{Fields: 20}, types.JSON(), `{"a":{` + many(20, `"a":0`) + `}}`, "json.fields"},
		{"commas are no values", format.Limits{Fields: 20}, list, `{"a":[` + strings.Repeat(",", 100) + `]}`, ""},
		{"structs", format.Limits{Fields: 20}, types.List(wide, true), `{"a":[` + many(5, "{}") + `]}`, ""},
		{"structs, beyond", format.Limits{Fields: 20}, types.List(wide, true), `{"a":[` + many(6, "{}") + `]}`, "json.fields"},
		{"structs that are null", format.Limits{Fields: 20}, types.List(wide, true), `{"a":[` + many(6, "null") + `]}`, "json.fields"},
		{"entries", format.Limits{Fields: 20}, types.Map(arrow.BinaryTypes.String, wide, true), `{"a":{` + many(5, `"":{}`) + `}}`, ""},
		{"entries, beyond", format.Limits{Fields: 20}, types.Map(arrow.BinaryTypes.String, wide, true), `{"a":{` + many(6, `"":{}`) + `}}`, "json.fields"},
		{"string", format.Limits{String: 64}, arrow.BinaryTypes.String, `{"a":"` + long(64) + `"}`, ""},
		{"string, beyond", format.Limits{String: 64}, arrow.BinaryTypes.String, `{"a":"` + long(65) + `"}`, "json.size"},
		{"string that is skipped", format.Limits{String: 64}, number, `{"u":"` + long(65) + `"}`, "json.size"},
		{"string in JSON", format.Limits{String: 64}, types.JSON(), `{"a":["` + long(65) + `"]}`, "json.size"},
		{"string of escapes", format.Limits{String: 64}, arrow.BinaryTypes.String, `{"a":"` + strings.Repeat(`\u0061`, 64) + `"}`, ""},
		{"key", format.Limits{String: 64}, number, `{"` + long(64) + `":0}`, ""},
		{"key, beyond", format.Limits{String: 64}, number, `{"` + long(65) + `":0}`, "json.size"},
		{"what is not JSON", format.Limits{String: 64}, number, `{"a":tru` + long(65), "json.syntax"},
		{"what is not UTF-8", format.Limits{String: 64}, number, `{"a":"` + long(65) + "\xff" + `"}`, "json.utf8"},
	} {
		for _, kind := range []string{"plain", "behind a header"} {
			config, record := Config{Limits: c.limits}, c.record
			if kind != "plain" {
				config.Header, record = true, "\x00\x00\x00\x00\x01"+record
			}
			table := []format.Field{{Name: "a", Type: c.dtype, Nullable: true}}
			d, err := New(config).NewDecoder(table)
			if err != nil {
				t.Fatal(c.name, err)
			}
			b := batch.NewBuilder(suiteSchema(table), checked(t))
			t.Cleanup(b.Release)
			err = d.Decode([]byte(record), b)
			var bad *format.DataError
			if errors.As(err, &bad); (err == nil) != (c.code == "") || bad != nil && bad.Code != c.code {
				t.Errorf("%s, %s: %v, want %q", c.name, kind, err, c.code)
			}
			if err == nil {
				b.EndRow()
			}
			if err := d.Decode([]byte(strings.Replace(record, c.record, `{"a":null}`, 1)), b); err != nil {
				t.Errorf("%s, %s: the record behind it: %v", c.name, kind, err)
			}
		}
	}
}

func TestTablesDeeperThanRecordsMayBe(t *testing.T) {
	deep := types.List(types.Map(arrow.BinaryTypes.String, types.Struct(nullableField("x", types.JSON())), true), true)
	for depth, fits := range map[int]bool{3: false, 4: true} {
		_, err := New(Config{Limits: format.Limits{Depth: depth}}).NewDecoder([]format.Field{{Name: "a", Type: deep}})
		if (err == nil) != fits || err != nil && !strings.Contains(err.Error(), `column "a" nests 4 deep`) {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}
