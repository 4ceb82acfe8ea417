package ipc

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// nestedSchema has a column of each kind whose values have rules of their own, and of each kind that holds others.
var nestedSchema = arrow.NewSchema([]arrow.Field{
	{Name: "tags", Type: types.List(arrow.BinaryTypes.String, false), Nullable: true},
	{Name: "at", Nullable: true, Type: types.Struct(
		arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int64}, arrow.Field{Name: "y", Type: arrow.PrimitiveTypes.Int8, Nullable: true})},
	{Name: "labels", Type: types.Map(arrow.BinaryTypes.String, types.List(arrow.FixedWidthTypes.Boolean, true), true)},
	{Name: "price", Type: &arrow.Decimal128Type{Precision: 3, Scale: 1}, Nullable: true},
	{Name: "hour", Type: &arrow.Time32Type{Unit: arrow.Second}, Nullable: true},
	{Name: "nano", Type: &arrow.Time64Type{Unit: arrow.Nanosecond}},
	{Name: "doc", Type: types.JSON(), Nullable: true},
	{Name: "id", Type: types.UUID()},
}, nil)

const nestedRows = `[
	{"tags": ["a", "bc"], "at": {"x": 1, "y": 2}, "labels": [{"key": "k", "value": [true, null]}], "price": "1.5",
	 "hour": "00:00:01", "nano": "00:00:00.000000001", "doc": "{}", "id": "AAAAAAAAAAAAAAAAAAAAAA=="},
	{"tags": null, "at": null, "labels": [], "price": null, "hour": null, "nano": "23:59:59.999999999", "doc": null, "id": "AAAAAAAAAAAAAAAAAAAAAQ=="},
	{"tags": [], "at": {"x": 3, "y": null}, "labels": [{"key": "", "value": null}, {"key": "ü", "value": [false]}], "price": "-99.9",
	 "hour": "23:59:59", "nano": "12:00:00", "doc": "[1]", "id": "AAAAAAAAAAAAAAAAAAAAAg=="}
]`

// rowsOf makes a batch of rows in arrow-go's JSON.
func rowsOf(t testing.TB, schema *arrow.Schema, mem memory.Allocator, rows string) arrow.RecordBatch {
	t.Helper()
	batch, _, err := array.RecordFromJSON(mem, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func nestedSubject(t testing.TB) *subject {
	t.Helper()
	// The builders of extension types take their storage, so that they are read as that first.
	stored := make([]arrow.Field, nestedSchema.NumFields())
	for i, f := range nestedSchema.Fields() {
		f.Type = types.Storage(f.Type)
		stored[i] = f
	}
	plain := rowsOf(t, arrow.NewSchema(stored, nil), memory.DefaultAllocator, nestedRows)
	columns := make([]arrow.Array, plain.NumCols())
	for i, c := range plain.Columns() {
		d := c.Data()
		columns[i] = array.MakeFromData(array.NewData(nestedSchema.Field(i).Type, d.Len(), d.Buffers(), d.Children(), d.NullN(), d.Offset()))
	}
	return subjectOf(t, array.NewRecordBatch(nestedSchema, columns, plain.NumRows()))
}

// node is a node by its path, buffer one of its buffers.
func (s *subject) node(path string) int {
	for i := range s.nodes {
		if s.path(i) == path && (s.nodes[i].parent < 0 || !s.isMap(s.nodes[i].parent)) {
			return i
		}
	}
	panic("no node " + path)
}

func (s *subject) buffer(node, k int) int {
	for i := range node {
		k += s.nodes[i].buffers()
	}
	return k
}

// change overwrites bytes in a buffer of a node.
func (s *subject) change(path string, buffer, at int, b ...byte) {
	copy(s.message[s.at(s.buffer(s.node(path), buffer), at):], b)
}

// null makes the first value of a node that had no nulls one, in bits that lie where padding was.
func (s *subject) null(node int) {
	k := s.buffer(node, 0)
	end := uint64(len(s.message) - s.body)
	s.message = append(s.message, make([]byte, 64)...)
	s.message[s.body+int(end)] = 0xfe
	for later := k; later < len(s.spans); later++ { // each buffer lies behind the one before it
		s.offset(later, end)
		if later > k {
			s.size(later, 0)
		}
	}
	s.size(k, 8)
	s.nulls(node, 1)
	s.set(s.bodyAt, uint64(len(s.message)-s.body))
}

func TestBrokenNestedBatchesAreRefused(t *testing.T) {
	long := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	for name, tc := range map[string]struct {
		code, path string
		sabotage   func(*subject)
	}{
		"nothing wrong":          {"", "", func(s *subject) {}},
		"items missing":          {CodeOffsets, "tags[]", func(s *subject) { s.length(s.node("tags[]"), 1) }},
		"items negative":         {CodeOffsets, "tags[]", func(s *subject) { s.length(s.node("tags[]"), minusOne) }},
		"more items than used":   {CodeOffsets, "tags[]", func(s *subject) { s.length(s.node("tags[]"), 3) }}, // for which there are no offsets
		"items without end":      {CodeLimit, "tags[]", func(s *subject) { s.length(s.node("tags[]"), 1<<40) }},
		"lists descend":          {CodeOffsets, "tags", func(s *subject) { s.change("tags", 1, 4, 3) }},
		"lists begin below 0":    {CodeOffsets, "tags", func(s *subject) { s.change("tags", 1, 3, 0x80) }},
		"lists beyond the items": {CodeOffsets, "tags[]", func(s *subject) { s.change("tags", 1, 12, 3) }},
		"lists without offsets":  {CodeOffsets, "tags", func(s *subject) { s.size(s.buffer(s.node("tags"), 1), 8) }},
		"text in a list":         {CodeUTF8, "tags[]", func(s *subject) { s.change("tags[]", 2, 1, 0xff) }},
		"null in a list without": {CodeNull, "tags[]", func(s *subject) { s.null(s.node("tags[]")) }},
		"a struct's field short": {CodeLength, "at.x", func(s *subject) { s.length(s.node("at.x"), 2) }},
		"a struct's field long":  {CodeLength, "at.y", func(s *subject) { s.length(s.node("at.y"), 4) }},
		"a struct's null count":  {CodeValidity, "at", func(s *subject) { s.nulls(s.node("at"), 2) }},
		"null beside the struct's": {CodeNull, "at.x", func(s *subject) { // which is row 1
			s.change("at.x", 0, 0, 0b110)
		}},
		"no null in the struct's": {"", "", func(s *subject) { s.nulls(s.node("at.x"), 0); s.change("at.x", 0, 0, 0b111) }},
		"null key":                {CodeNull, "labels.key", func(s *subject) { s.null(s.node("labels.key")) }},
		"null entry":              {CodeNull, "labels", func(s *subject) { s.null(s.node("labels.key") - 1) }},
		"fewer keys":              {CodeLength, "labels.key", func(s *subject) { s.length(s.node("labels.key"), 2) }},
		"fewer values":            {CodeLength, "labels.value", func(s *subject) { s.length(s.node("labels.value"), 2) }},
		"text in a key":           {CodeUTF8, "labels.key", func(s *subject) { s.change("labels.key", 2, 1, 0xff) }},
		"bits in a map's list":    {CodeBuffer, "labels.value[]", func(s *subject) { s.size(s.buffer(s.node("labels.value[]"), 1), 0) }},
		"100.0":                   {CodeValue, "price", func(s *subject) { s.change("price", 1, 0, long(1000)...) }},
		"-100.0": {CodeValue, "price", func(s *subject) {
			s.change("price", 1, 0, long(-1000&(1<<64-1))...)
			s.change("price", 1, 8, long(minusOne)...)
		}},
		"the smallest decimal":   {CodeValue, "price", func(s *subject) { s.change("price", 1, 0, long(0)...); s.change("price", 1, 8, long(1<<63)...) }},
		"2^64":                   {CodeValue, "price", func(s *subject) { s.change("price", 1, 8, 1) }},
		"a null decimal":         {"", "", func(s *subject) { s.change("price", 1, 24, 1) }},
		"midnight, the next":     {CodeValue, "hour", func(s *subject) { s.change("hour", 1, 0, 0x80, 0x51, 1) }},
		"before midnight":        {CodeValue, "hour", func(s *subject) { s.change("hour", 1, 3, 0xff) }},
		"a null time":            {"", "", func(s *subject) { s.change("hour", 1, 7, 0xff) }},
		"24:00":                  {CodeValue, "nano", func(s *subject) { s.change("nano", 1, 0, long(86_400e9)...) }},
		"no JSON":                {CodeValue, "doc", func(s *subject) { s.change("doc", 2, 0, '}') }},
		"JSON under a null":      {"", "", func(s *subject) { s.change("doc", 1, 4, 1, 0, 0, 0, 2); s.change("doc", 2, 0, '0', ' ') }},
		"JSON that is not UTF-8": {CodeUTF8, "doc", func(s *subject) { s.change("doc", 2, 2, 0xff) }},
		"values too short":       {CodeBuffer, "id", func(s *subject) { s.size(s.buffer(s.node("id"), 1), 47) }},
	} {
		s := nestedSubject(t)
		tc.sabotage(s)
		got, err := decode(s.schema, s.message, memory.DefaultAllocator)
		if code := codeOf(err); code != tc.code || err != nil && !strings.HasPrefix(err.Error(), fmt.Sprintf("column %q: ", tc.path)) {
			t.Errorf("%s: code %q (%v), want %q in %s", name, code, err, tc.code, tc.path)
		}
		if got != nil {
			touch(t, got)
		}
	}
}

// A batch of each kind of dictionary comes to the guest as text.
func TestDictionariesAreWrittenAsText(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	build := func(dt arrow.DataType) arrow.RecordBatch {
		fields := []arrow.Field{{Name: "c", Type: dt, Nullable: true}, {Name: "all", Type: types.List(dt, true)}}
		return rowsOf(t, arrow.NewSchema(fields, nil), mem,
			`[{"c": "ü", "all": ["", "b", null]}, {"c": null, "all": []}, {"c": "", "all": ["b", "b"]}, {"c": "ü", "all": ["c"]}]`)
	}
	indexed, plain := build(types.Dictionary()), build(arrow.BinaryTypes.String)
	defer indexed.Release()
	defer plain.Release()
	schema, err := ReadSchema(schemaMessage(t, indexed.Schema()), testLimits)
	if err != nil || !schema.Equal(plain.Schema()) {
		t.Fatalf("%v, %v", schema, err)
	}
	for i, f := range indexed.Schema().Fields() {
		within := types.Map(f.Type, types.Struct(f), false)
		want := strings.ReplaceAll(types.Name(within), "DICTIONARY<TEXT>", "TEXT")
		if got := types.Name(Sent(within)); got != want || !arrow.TypeEqual(Sent(f.Type), plain.Schema().Field(i).Type) {
			t.Errorf("%s is sent as %s", types.Name(within), got)
		}
	}
	for from := range int64(5) {
		for to := from; to < 5; to++ {
			part, want := indexed.NewSlice(from, to), plain.NewSlice(from, to)
			got, err := decode(schema, encode(t, part), mem)
			if err != nil {
				t.Fatal(err)
			}
			if !array.RecordEqual(got, want) {
				t.Errorf("%d to %d: %v, want %v", from, to, got, want)
			}
			for _, b := range []arrow.RecordBatch{part, want, got} {
				b.Release()
			}
		}
	}
	if _, err := NewReader(indexed.Schema(), testLimits); codeOf(err) != CodeUnsupported {
		t.Errorf("a reader of dictionaries: %v", err)
	}
}

// Where a struct is null there is nothing in it, whatever its fields were declared as.
func TestFieldsOfNullStructs(t *testing.T) {
	inner := types.Struct(arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int64})
	field := arrow.Field{Name: "s", Type: types.Struct(arrow.Field{Name: "inner", Type: inner}), Nullable: true}
	schema := arrow.NewSchema([]arrow.Field{field}, nil)
	batch := rowsOf(t, schema, memory.DefaultAllocator, `[{"s": {"inner": {"n": 1}}}, {"s": null}, {"s": {"inner": {"n": 2}}}]`)
	for _, part := range []arrow.RecordBatch{batch, batch.NewSlice(1, 3), batch.NewSlice(1, 2)} {
		got, err := decode(schema, encode(t, part), memory.DefaultAllocator)
		if err != nil || !array.RecordEqual(got, part) {
			t.Fatalf("%v, %v", got, err)
		}
		touch(t, got)
	}
	w, err := NewWriter(arrow.NewSchema([]arrow.Field{{Name: "s", Type: types.List(inner, false)}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	items := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "s", Type: types.List(inner, false)}}, nil))
	list := items.Field(0).(*array.ListBuilder)
	list.Append(true)
	list.ValueBuilder().AppendNull()
	if _, err := w.Prepare(items.NewRecordBatch()); codeOf(err) != CodeNull || !strings.Contains(err.Error(), `"s[]"`) {
		t.Errorf("a null item: %v", err)
	}
}

// Fields counts what is inside of columns.
func TestFieldsAreCounted(t *testing.T) {
	for n, dt := range map[int]arrow.DataType{
		1: types.UUID(), 2: types.List(types.JSON(), true), 4: types.Map(arrow.BinaryTypes.String, arrow.BinaryTypes.String, true),
		6: types.List(types.Map(arrow.BinaryTypes.String, types.Struct(arrow.Field{Name: "a", Type: types.UUID()}), true), false),
	} {
		if got := Fields(arrow.NewSchema([]arrow.Field{{Name: "c", Type: dt}}, nil)); got != n {
			t.Errorf("%s: %d fields, want %d", dt, got, n)
		}
	}
}
