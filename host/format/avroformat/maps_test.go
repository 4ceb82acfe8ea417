package avroformat

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// mapOf is a map in blocks, of entries that are keys and values in turn.
func mapOf(blocks ...[]byte) (b []byte) {
	for _, entries := range blocks {
		b = append(appendLong(b, int64(entries[0])), entries[1:]...)
	}
	return append(b, 0)
}

// TestOfEntriesWithOneKeyTheLastCounts as in the other formats, wherever the map is.
func TestOfEntriesWithOneKeyTheLastCounts(t *testing.T) {
	long := types.Map(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, true)
	field := func(t string) string { return `{"type":"record","name":"R","fields":[{"name":"m","type":` + t + `}]}` }
	const entry = `{"type":"array","logicalType":"map","items":{"type":"record","name":"E","fields":[{"name":"key","type":%s},{"name":"value","type":"string"}]}}`
	for name, c := range map[string]struct {
		schema string
		column arrow.DataType
		datum  []byte
		want   string
	}{
		"in one block": {field(`{"type":"map","values":"long"}`), long, mapOf([]byte{3, 2, 'a', 2, 2, 'b', 4, 2, 'a', 6}),
			`{"m":[{"key":"b","value":2},{"key":"a","value":3}]}`},
		"in two": {field(`{"type":"map","values":["null","long"]}`), long, mapOf([]byte{2, 2, 'a', 2, 2, 0, 0}, []byte{2, 2, 'a', 0, 0, 2, 8}),
			`{"m":[{"key":"a","value":null},{"key":"","value":4}]}`},
		"a length of more bytes than it needs": {field(`{"type":"map","values":"long"}`), long, mapOf([]byte{2, 2, 'a', 2, 0x82, 0, 'a', 4}),
			`{"m":[{"key":"a","value":2}]}`},
		"values that do not fit, but for the last": {field(`{"type":"map","values":"long"}`),
			types.Map(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8, true), mapOf([]byte{2, 2, 'a', 0x80, 0x10, 2, 'a', 4}), `{"m":[{"key":"a","value":2}]}`},
		"maps in maps": {field(`{"type":"map","values":{"type":"map","values":"long"}}`), types.Map(arrow.BinaryTypes.String, long, true),
			mapOf([]byte{2, 2, 'a', 2, 2, 'x', 2, 0, 2, 'a', 4, 2, 'y', 2, 2, 'y', 4, 0}), `{"m":[{"key":"a","value":[{"key":"y","value":2}]}]}`},
		"entries of numbers": {field(fmt.Sprintf(entry, `"long"`)), types.Map(arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String, true),
			mapOf([]byte{3, 2, 2, 'x', 4, 2, 'y', 0x82, 0, 2, 'z'}), `{"m":[{"key":2,"value":"y"},{"key":1,"value":"z"}]}`},
		"entries of symbols": {field(fmt.Sprintf(entry, `{"type":"enum","name":"S","symbols":["A","B"]}`)),
			types.Map(arrow.BinaryTypes.String, arrow.BinaryTypes.String, true), mapOf([]byte{3, 0, 2, 'x', 2, 2, 'y', 0, 2, 'z'}),
			`{"m":[{"key":"B","value":"y"},{"key":"A","value":"z"}]}`},
		"a value that does not fit": {field(`{"type":"map","values":"long"}`),
			types.Map(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8, true), mapOf([]byte{2, 2, 'a', 2, 2, 'a', 0x80, 0x10}), "avro.range: field 'm[1]'"},
	} {
		b := newBench(t, Config{Mode: Raw, Schema: c.schema}, []arrow.Field{declared("m", c.column, true)})
		for range 2 {
			if got := b.row(c.datum); got != c.want && !(strings.HasPrefix(c.want, "avro.") && strings.HasPrefix(got, c.want)) {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
	}
}

// TestKeysThatRepeatAreBounded reads maps of many keys: what they cost grows as they do, and maps without repeats allocate nothing.
func TestKeysThatRepeatAreBounded(t *testing.T) {
	const schema = `{"type":"record","name":"R","fields":[{"name":"m","type":{"type":"map","values":"long"}}]}`
	column := declared("m", types.Map(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, true), true)
	many := func(n, distinct int) []byte {
		b := appendLong(nil, int64(n))
		for i := range n {
			b = append(append(b, 16), fmt.Sprintf("%08d", i%distinct)...)
			b = append(b, 2)
		}
		return append(b, 0)
	}
	b := newBench(t, Config{Mode: Raw, Schema: schema}, []arrow.Field{column})
	began := time.Now()
	for _, distinct := range []int{1, 100_000, 199_999, 200_000} {
		if err := b.Decode(many(200_000, distinct), b.Builder); err != nil {
			t.Fatal(err)
		}
		if got := b.Column(0).Child(0).Len(); got != distinct {
			t.Errorf("%d keys, want %d", got, distinct)
		}
		b.Rollback()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	frame := many(40, 40)
	if allocs := testing.AllocsPerRun(100, func() {
		if err := b.Decode(frame, b.Builder); err != nil {
			t.Fatal(err)
		}
		b.Rollback()
	}); allocs > 0 {
		t.Errorf("%.0f allocations", allocs)
	}
	// The limit counts entries once, though they are walked over twice.
	limited := newBench(t, Config{Mode: Raw, Schema: schema, Limits: format.Limits{Fields: 50}}, []arrow.Field{column})
	for n, want := range map[int]string{50: "{", 51: "avro.fields"} {
		if got := limited.row(bytes.Clone(many(n, 1))); !strings.HasPrefix(got, want) {
			t.Errorf("%d entries: %s, want %s", n, got, want)
		}
	}
}
