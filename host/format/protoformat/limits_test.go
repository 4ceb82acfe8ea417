package protoformat

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// TestLimits reads a record at each limit and one beyond it.
func TestLimits(t *testing.T) {
	const source = `syntax = "proto3"; message M { string s = 1; bytes b = 2; repeated int64 n = 3; repeated P p = 4; map<int32, int64> m = 5; N r = 6; int64 x = 7; }
		message P { int64 x = 1; int64 y = 2; } message N { N r = 1; }`
	long := func(field byte, n int) []byte {
		return append([]byte{field<<3 | 2, byte(n)}, bytes.Repeat([]byte("x"), n)...)
	}
	chain := func(n int) (b []byte) { // of n messages in the record
		for range n - 1 {
			b = append([]byte{1<<3 | 2, byte(len(b))}, b...)
		}
		return append([]byte{6<<3 | 2, byte(len(b))}, b...)
	}
	groups := func(n int) []byte {
		return append(bytes.Repeat([]byte{9<<3 | 3}, n), bytes.Repeat([]byte{9<<3 | 4}, n)...)
	}
	entries := func(n int) (b []byte) {
		for i := range n {
			b = append(b, 5<<3|2, 4, 1<<3, byte(i), 2<<3, 1)
		}
		return b
	}
	point := types.Struct(nullable("x", bigint), nullable("y", bigint))
	strings64, three := format.Limits{String: 64}, format.Limits{Depth: 3}
	for _, c := range []struct {
		name   string
		limits format.Limits
		column arrow.Field
		record []byte
		code   string
	}{
		{"string", strings64, nullable("s", text), long(1, 64), ""},
		{"string, beyond", strings64, nullable("s", text), long(1, 65), "protobuf.size"},
		{"string twice", strings64, nullable("s", text), append(long(1, 65), long(1, 1)...), ""},
		{"string in JSON, beyond", strings64, nullable("s", jsonText), long(1, 65), "protobuf.size"},
		{"bytes", strings64, nullable("b", arrow.BinaryTypes.Binary), long(2, 64), ""},
		{"bytes, beyond", strings64, nullable("b", arrow.BinaryTypes.Binary), long(2, 65), "protobuf.size"},
		{"bytes to TEXT, beyond", strings64, nullable("b", text), long(2, 65), "protobuf.size"},
		{"bytes in JSON, beyond", strings64, nullable("b", jsonText), long(2, 65), "protobuf.size"},
		{"without a column", strings64, nullable("x", bigint), long(1, 65), ""},
		{"items", format.Limits{Fields: 5}, nullable("n", list(bigint)), bytes.Repeat([]byte{3 << 3, 1}, 5), ""},
		{"items, beyond", format.Limits{Fields: 5}, nullable("n", list(bigint)), bytes.Repeat([]byte{3 << 3, 1}, 6), "protobuf.fields"},
		{"packed, beyond", format.Limits{Fields: 5}, nullable("n", list(bigint)), []byte{3<<3 | 2, 6, 1, 1, 1, 1, 1, 1}, "protobuf.fields"},
		{"in JSON", format.Limits{Fields: 5}, nullable("n", jsonText), bytes.Repeat([]byte{3 << 3, 1}, 5), ""},
		{"in JSON, beyond", format.Limits{Fields: 5}, nullable("n", jsonText), bytes.Repeat([]byte{3 << 3, 1}, 6), "protobuf.fields"},
		{"messages", format.Limits{Fields: 15}, nullable("p", list(point)), bytes.Repeat([]byte{4<<3 | 2, 0}, 5), ""},
		{"messages, beyond", format.Limits{Fields: 15}, nullable("p", list(point)), bytes.Repeat([]byte{4<<3 | 2, 0}, 6), "protobuf.fields"},
		{"entries", format.Limits{Fields: 10}, nullable("m", types.Map(integer32, bigint, true)), entries(5), ""},
		{"entries, beyond", format.Limits{Fields: 10}, nullable("m", types.Map(integer32, bigint, true)), entries(6), "protobuf.fields"},
		{"depth", three, nullable("r", jsonText), chain(2), ""},
		{"depth, beyond", three, nullable("r", jsonText), chain(3), "protobuf.depth"},
		{"groups", three, nullable("x", bigint), groups(2), ""},
		{"groups, beyond", three, nullable("x", bigint), groups(3), "protobuf.depth"},
		{"groups by default", format.Limits{}, nullable("x", bigint), groups(DefaultDepth), "protobuf.depth"},
		{"more groups", format.Limits{Depth: 1024}, nullable("x", bigint), groups(1023), ""},
		{"more groups, beyond", format.Limits{Depth: 1024}, nullable("x", bigint), groups(1024), "protobuf.depth"},
	} {
		got := newTable(t, Config{Source: source, Message: "M", Limits: c.limits}, c.column).result(t, c.record)
		if failed := strings.HasPrefix(got, "protobuf."); failed != (c.code != "") || !strings.HasPrefix(got, c.code) {
			t.Errorf("%s: %.100s, want %q", c.name, got, c.code)
		}
	}
	deep := fieldsFor([]arrow.Field{nullable("p", list(point))})
	if _, err := New(Config{Source: source, Message: "M", Limits: format.Limits{Depth: 2}}).NewDecoder(deep); err == nil ||
		!strings.Contains(err.Error(), `column "p" nests 3 deep`) {
		t.Errorf("a table deeper than records may be: %v", err)
	}
}
