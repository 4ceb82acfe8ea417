package jsonformat

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// TestLimitsOfDocuments reads, at each limit and one beyond it, records that are one text, and documents that stand in strings.
func TestLimitsOfDocuments(t *testing.T) {
	many := func(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	long := func(n int) string { return strings.Repeat("x", n) }
	payload := func(s string) string { return `{"schema":{"type":"` + long(100) + `"},"payload":` + s + `}` }
	const text, value, number = "a TEXT", "a JSON", "a BIGINT"
	unchecked, strict := Config{Unstructured: true}, Config{Unstructured: true, Strictness: UncheckedText}
	envelope := Config{IncludeSchema: true}
	for _, c := range []struct {
		name    string
		config  Config
		limits  format.Limits
		columns string
		record  string
		want    string // the code, or how the value of the column a begins
	}{
		{"text", unchecked, format.Limits{String: 64}, text, long(64), ""},
		{"text, beyond", unchecked, format.Limits{String: 64}, text, long(65), "json.size"},
		{"text that is not UTF-8", unchecked, format.Limits{String: 64}, text, long(63) + "\xff", ""},
		{"text in JSON", unchecked, format.Limits{String: 64}, value, long(64), ""},
		{"text in JSON, beyond", unchecked, format.Limits{String: 64}, value, long(65), "json.size"},
		{"text by default", unchecked, format.Limits{}, text, long(format.DefaultString), ""},
		{"text by default, beyond", unchecked, format.Limits{}, text, long(format.DefaultString + 1), "json.size"},
		{"values that nobody counts", unchecked, format.Limits{Fields: 3, Depth: 1}, value, `[[1,2,3,4]]`, ""},
		{"values", strict, format.Limits{Fields: 3}, value, many(3), ""},
		{"values, beyond", strict, format.Limits{Fields: 3}, value, many(4), "json.fields"},
		{"values in TEXT, beyond", strict, format.Limits{Fields: 3}, text, many(4), "json.fields"},
		{"levels", strict, format.Limits{Depth: 3}, value, deep(3), ""},
		{"levels, beyond", strict, format.Limits{Depth: 3}, value, deep(4), "json.depth"},
		{"JSON", strict, format.Limits{String: 64}, value, `"` + long(62) + `"`, ""},
		{"JSON, beyond", strict, format.Limits{String: 64}, value, `"` + long(63) + `"`, "json.size"},

		{"payload's levels", envelope, format.Limits{Depth: 3}, number, payload(`{"u":` + deep(2) + `}`), ""},
		{"payload's levels, beyond", envelope, format.Limits{Depth: 3}, number, payload(`{"u":` + deep(3) + `}`), "json.depth"},
		{"payload's values", envelope, format.Limits{Fields: 20}, number, payload(`{"u":` + many(19) + `}`), ""},
		{"payload's values, beyond", envelope, format.Limits{Fields: 20}, number, payload(`{"u":` + many(20) + `}`), "json.fields"},
		{"payload's strings, beyond", envelope, format.Limits{String: 64}, text, payload(`{"a":"` + long(65) + `"}`), "json.size"},
		{"levels in a string", envelope, format.Limits{Depth: 3}, value, payload(`{"a":"` + deep(2) + `"}`), "["},
		{"levels in a string, beyond", envelope, format.Limits{Depth: 3}, value, payload(`{"a":"` + deep(3) + `"}`), `"[`},
		{"values in a string", envelope, format.Limits{Fields: 20}, value, payload(`{"a":"` + many(20) + `"}`), "["},
		{"values in a string, beyond", envelope, format.Limits{Fields: 20}, value, payload(`{"a":"` + many(21) + `"}`), `"[`},
		{"what no JSON is in a string", envelope, format.Limits{Fields: 20}, value, payload(`{"a":"` + strings.Repeat("1,", 20) + `"}`), `"1`},
	} {
		for _, kind := range []string{"plain", "behind a header"} {
			config, record := c.config, c.record
			config.Limits = c.limits
			if kind != "plain" {
				if config.IncludeSchema {
					continue
				}
				config.Header, record = true, "\x00\x00\x00\x00\x01"+record
			}
			fields, schema := table(c.columns)
			d, err := New(config).NewDecoder(fields)
			if err != nil {
				t.Fatal(c.name, err)
			}
			b := batch.NewBuilder(schema, checked(t))
			t.Cleanup(b.Release)
			err = d.Decode([]byte(record), b)
			code := c.want
			if !strings.HasPrefix(code, "json.") {
				code = ""
			}
			var bad *format.DataError
			if errors.As(err, &bad); (err == nil) != (code == "") || bad != nil && bad.Code != code {
				t.Errorf("%s, %s: %v, want %q", c.name, kind, err, c.want)
			}
			if bad != nil && config.Unstructured && bad.Path != "a" {
				t.Errorf("%s, %s: the path is %q", c.name, kind, bad.Path)
			}
			if err != nil {
				continue
			}
			b.EndRow()
			made := b.NewRecord()
			if v := made.Column(0).ValueStr(0); !strings.HasPrefix(v, c.want) {
				t.Errorf("%s, %s: the column begins with %.10s, want %s", c.name, kind, v, c.want)
			}
			made.Release()
		}
	}
}
