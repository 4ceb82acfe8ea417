package avroformat

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// TestLimits reads a datum at each limit and one beyond it.
func TestLimits(t *testing.T) {
	long := func(n int) []byte { return append(appendLong(nil, int64(n)), bytes.Repeat([]byte("x"), n)...) }
	items := func(n int, item ...byte) []byte {
		return append(append(appendLong(nil, int64(n)), bytes.Repeat(item, n)...), 0)
	}
	chain := func(n int) []byte { return append(bytes.Repeat([]byte{2}, n-1), 0) } // each but the last holds another
	const (
		node   = `{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]}]}`
		record = `{"type":"record","name":"X","fields":[{"name":"x","type":"long"},{"name":"y","type":"long"}]}`
		list   = `{"type":"array","items":"long"}`
		lists  = `{"type":"array","items":` + record + `}`
		dict   = `{"type":"map","values":` + record + `}`
	)
	three := format.Limits{Depth: 3}
	for _, c := range []struct {
		name, schema string
		limits       format.Limits
		dtype        arrow.DataType // of the column; nil: the schema's; JSON where it is recursive
		datum        []byte
		code         string
	}{
		{"depth", node, three, types.JSON(), chain(2), ""},
		{"depth, beyond", node, three, types.JSON(), chain(3), "avro.depth"},
		{"depth of what is skipped", node, three, nil, chain(2), ""},
		{"depth of what is skipped, beyond", node, three, nil, chain(3), "avro.depth"},
		{"string", `"string"`, format.Limits{String: 64}, arrow.BinaryTypes.String, long(64), ""},
		{"string, beyond", `"string"`, format.Limits{String: 64}, arrow.BinaryTypes.String, long(65), "avro.size"},
		{"string that is skipped", `"string"`, format.Limits{String: 64}, nil, long(65), "avro.size"},
		{"string in JSON", `"string"`, format.Limits{String: 64}, types.JSON(), long(65), "avro.size"},
		{"bytes", `"bytes"`, format.Limits{String: 64}, arrow.BinaryTypes.Binary, long(64), ""},
		{"bytes, beyond", `"bytes"`, format.Limits{String: 64}, arrow.BinaryTypes.Binary, long(65), "avro.size"},
		{"bytes that are skipped", `"bytes"`, format.Limits{String: 64}, nil, long(65), "avro.size"},
		{"items", list, format.Limits{Fields: 5}, types.List(arrow.PrimitiveTypes.Int64, true), items(5, 2), ""},
		{"items, beyond", list, format.Limits{Fields: 5}, types.List(arrow.PrimitiveTypes.Int64, true), items(6, 2), "avro.fields"},
		{"items that are skipped", list, format.Limits{Fields: 5}, nil, items(6, 2), "avro.fields"},
		{"items in JSON", list, format.Limits{Fields: 5}, types.JSON(), items(6, 2), "avro.fields"},
		{"records", lists, format.Limits{Fields: 15}, list2(), items(5, 2, 4), ""},
		{"records, beyond", lists, format.Limits{Fields: 15}, list2(), items(6, 2, 4), "avro.fields"},
		{"entries", dict, format.Limits{Fields: 15}, types.Map(arrow.BinaryTypes.String, pair2(), false), items(5, 0, 2, 4), ""},
		{"entries, beyond", dict, format.Limits{Fields: 15}, types.Map(arrow.BinaryTypes.String, pair2(), false), items(6, 0, 2, 4), "avro.fields"},
	} {
		schema := `{"type":"record","name":"R","fields":[{"name":"a","type":` + c.schema + `},{"name":"b","type":"long"}]}`
		columns := []arrow.Field{declared("b", arrow.PrimitiveTypes.Int64, false)}
		if c.dtype != nil {
			columns = append(columns, declared("a", c.dtype, false))
		}
		b := newBench(t, Config{Mode: Raw, Schema: schema, Limits: c.limits}, columns)
		got := b.row(append(c.datum, 2))
		if failed := strings.HasPrefix(got, "avro."); failed != (c.code != "") || !strings.HasPrefix(got, c.code) {
			t.Errorf("%s: %s, want %q", c.name, got, c.code)
		}
	}
	deep := []format.Field{{Name: "a", Type: types.List(types.List(arrow.PrimitiveTypes.Int64, true), true)}}
	f, err := New(Config{Mode: Raw, Limits: format.Limits{Depth: 2}, Schema: `{"type":"record","name":"R","fields":[]}`})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewDecoder(deep); err == nil || !strings.Contains(err.Error(), `column "a" nests 3 deep`) {
		t.Errorf("a table deeper than records may be: %v", err)
	}
}

func pair2() arrow.DataType {
	return types.Struct(declared("x", arrow.PrimitiveTypes.Int64, false), declared("y", arrow.PrimitiveTypes.Int64, false))
}

func list2() arrow.DataType { return types.List(pair2(), false) }

// TestNothingOverflows32Bits: what is counted of a frame is counted right where an int has 32 bits (GOARCH=386 runs it so).
func TestNothingOverflows32Bits(t *testing.T) {
	const wide = 900
	fields := make([]arrow.Field, wide)
	for i := range fields {
		fields[i] = declared(fmt.Sprintf("f%d", i), arrow.FixedWidthTypes.Boolean, true)
	}
	schema := `{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":{"type":"record","name":"I",
		"fields":[{"name":"f0","type":"boolean"}]}}}]}`
	items := 1<<32/(wide+1) + 1
	datum := append(append(appendLong(nil, int64(items)), make([]byte, items)...), 0)
	b := newBench(t, Config{Mode: Raw, Schema: schema}, []arrow.Field{declared("a", types.List(types.Struct(fields...), true), true)})
	if got := b.row(datum); !strings.HasPrefix(got, "avro.fields") {
		t.Errorf("%.200s, want avro.fields", got)
	}

	good := [][]byte{pair(1, "x")}
	damaged := file(t, codecDeflate, pairSchema, good, good, good)
	damaged[len(file(t, codecDeflate, pairSchema, good))+3] ^= 0xff
	rows := newBench(t, Config{MaxUncompressed: 1 << 30}, pairColumns).rows(damaged)
	if len(rows) != 3 || !strings.HasPrefix(rows[1], "avro.") || rows[2] != `{"a":1,"s":"x"}` {
		t.Errorf("%q: the rest of the container is lost with one block", rows)
	}
}

// TestDecimalsOfManyDigits: what a decimal's scale makes too long for JSON is refused, not written with another scale.
func TestDecimalsOfManyDigits(t *testing.T) {
	columns := []arrow.Field{declared("a", types.JSON(), true)}
	for _, c := range []struct {
		precision, scale int
		want             string
	}{
		{1024, 1024, `{"a":"0.` + strings.Repeat("0", 1023) + `1"}`}, {2000, 1025, "avro.limit: field 'a'"},
		{1_000_000_000, 999_999_999, "avro.limit: field 'a'"}, {math.MaxInt32, math.MaxInt32, "avro.limit: field 'a'"},
	} {
		schema := fmt.Sprintf(`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":%d,"scale":%d}}]}`,
			c.precision, c.scale)
		if got := newBench(t, Config{}, columns).rows(file(t, 0, schema, [][]byte{{2, 1}})); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("decimal(%d, %d): %.100q, want %.100s", c.precision, c.scale, got, c.want)
		}
		union := strings.Replace(schema, `{"type":"bytes"`, `["null","long",{"type":"bytes"`, 1)
		union = strings.Replace(union, `}}]}`, `}]}]}`, 1)
		got := newBench(t, Config{}, columns).rows(file(t, 0, union, [][]byte{{2, 6}, {4, 2, 1}}))
		if len(got) != 2 || got[0] != `{"a":"{\"long\":3}"}` || c.scale > 1024 && !strings.HasPrefix(got[1], c.want) {
			t.Errorf("a union with decimal(%d, %d): %.100q", c.precision, c.scale, got)
		}
	}
}
