package ipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc/ipctest"
)

// subject is a valid message of 10 rows and the places in it, for tests to break one thing in it.
type subject struct {
	*Writer
	message []byte
	body    int
}

func newSubject(t testing.TB) (*arrow.Schema, *subject) {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "flag", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil)
	w, err := NewWriter(schema)
	if err != nil {
		t.Fatal(err)
	}
	size, err := w.Prepare(ipctest.Fill(schema, 10, memory.DefaultAllocator, scattered()))
	if err != nil {
		t.Fatal(err)
	}
	message := make([]byte, size)
	w.Write(message)
	return schema, &subject{w, message, len(w.metadata)}
}

func (s *subject) set(at int, v uint64) { binary.LittleEndian.PutUint64(s.message[at:], v) }

// node i's length and null count; buffer i's offset and length. Buffers: id 0-1, text 2-4, flag 5-6.
func (s *subject) length(i int, v uint64)     { s.set(s.nodesAt+16*i, v) }
func (s *subject) nulls(i int, v uint64)      { s.set(s.nodesAt+16*i+8, v) }
func (s *subject) offset(i int, v uint64)     { s.set(s.spansAt+16*i, v) }
func (s *subject) size(i int, v uint64)       { s.set(s.spansAt+16*i+8, v) }
func (s *subject) at(i, byteInBuffer int) int { return s.body + s.spans[i].offset + byteInBuffer }

const minusOne = ^uint64(0)

func TestBrokenRecordBatchesAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		code     string
		sabotage func(*subject)
	}{
		"nothing wrong":               {"", func(s *subject) {}},
		"no marker":                   {CodeFrame, func(s *subject) { s.message[0] = 0 }},
		"cut in the frame":            {CodeFrame, func(s *subject) { s.message = s.message[:7] }},
		"cut in the metadata":         {CodeFrame, func(s *subject) { s.message = s.message[:40] }},
		"cut in the body":             {CodeFrame, func(s *subject) { s.message = s.message[:len(s.message)-1] }},
		"bytes behind":                {CodeFrame, func(s *subject) { s.message = append(s.message, 0) }},
		"metadata length negative":    {CodeFrame, func(s *subject) { binary.LittleEndian.PutUint32(s.message[4:], 1<<31) }},
		"metadata length odd":         {CodeFrame, func(s *subject) { s.message[4]++ }},
		"body length negative":        {CodeFrame, func(s *subject) { s.set(s.bodyAt, minusOne) }},
		"root outside":                {CodeMetadata, func(s *subject) { binary.LittleEndian.PutUint32(s.message[8:], 1<<30) }},
		"root on itself":              {CodeMetadata, func(s *subject) { binary.LittleEndian.PutUint32(s.message[8:], 0) }},
		"version 4":                   {CodeVersion, func(s *subject) { s.message[s.bodyAt+12] = 3 }},
		"a dictionary batch":          {CodeHeader, func(s *subject) { s.message[s.bodyAt+14] = 2 }},
		"a schema":                    {CodeHeader, func(s *subject) { s.message = schemaMessage(t, arrow.NewSchema(s.fields, nil)) }},
		"rows negative":               {CodeLimit, func(s *subject) { s.set(s.rowsAt, minusOne) }},
		"too many rows":               {CodeLimit, func(s *subject) { s.set(s.rowsAt, 1<<20+1) }},
		"a node too few":              {CodeLayout, func(s *subject) { s.message[s.nodesAt-4]-- }},
		"more nodes than bytes":       {CodeMetadata, func(s *subject) { s.message[s.nodesAt-2] = 1 }},
		"a buffer too few":            {CodeLayout, func(s *subject) { s.message[s.spansAt-4]-- }},
		"rows and lengths differ":     {CodeLength, func(s *subject) { s.set(s.rowsAt, 9) }},
		"length negative":             {CodeLength, func(s *subject) { s.length(0, minusOne) }},
		"length of one column":        {CodeLength, func(s *subject) { s.length(1, 11) }},
		"null count negative":         {CodeValidity, func(s *subject) { s.nulls(1, minusOne) }},
		"null count beyond":           {CodeValidity, func(s *subject) { s.nulls(1, 11) }},
		"null count wrong":            {CodeValidity, func(s *subject) { s.nulls(1, 1) }},
		"null count 0 with nulls":     {CodeValidity, func(s *subject) { s.nulls(1, 0) }},
		"nulls without validity":      {CodeValidity, func(s *subject) { s.nulls(0, 1) }},
		"validity too short":          {CodeValidity, func(s *subject) { s.size(2, 1) }},
		"buffer outside":              {CodeBuffer, func(s *subject) { s.offset(1, 1<<20) }},
		"buffer offset negative":      {CodeBuffer, func(s *subject) { s.offset(1, minusOne) }},
		"buffer length negative":      {CodeBuffer, func(s *subject) { s.size(1, minusOne) }},
		"buffer end overflows":        {CodeBuffer, func(s *subject) { s.offset(1, 8); s.size(1, 1<<63-8) }},
		"buffer not aligned":          {CodeBuffer, func(s *subject) { s.offset(6, uint64(s.spans[6].offset)+1) }},
		"buffers overlap":             {CodeBuffer, func(s *subject) { s.offset(6, uint64(s.spans[5].offset)) }},
		"values too short":            {CodeBuffer, func(s *subject) { s.size(1, 79) }},
		"bits too short":              {CodeBuffer, func(s *subject) { s.size(6, 1) }},
		"offsets too short":           {CodeOffsets, func(s *subject) { s.size(3, 43) }},
		"first offset negative":       {CodeOffsets, func(s *subject) { s.message[s.at(3, 3)] = 0x80 }},
		"offsets descend":             {CodeOffsets, func(s *subject) { s.message[s.at(3, 20)] = 255 }},
		"last offset beyond":          {CodeOffsets, func(s *subject) { s.message[s.at(3, 42)] = 1 }},
		"data too short":              {CodeOffsets, func(s *subject) { s.size(4, 3) }},
		"not UTF-8":                   {CodeUTF8, func(s *subject) { s.message[s.at(4, 0)] = 0xff }},
		"row begins in a character":   {CodeUTF8, func(s *subject) { copy(s.message[s.at(4, 0):], "ü"); s.message[s.at(3, 4)] = 1 }},
		"padding bits set":            {"", func(s *subject) { s.message[s.at(6, 1)] |= 0xf0; s.message[s.at(5, 1)] |= 0xf0 }},
		"empty buffer placed outside": {CodeBuffer, func(s *subject) { s.offset(0, 1<<40) }},
	} {
		schema, s := newSubject(t)
		tc.sabotage(s)
		got, err := decode(schema, s.message, memory.DefaultAllocator)
		if code := codeOf(err); code != tc.code {
			t.Errorf("%s: code %q (%v), want %q", name, code, err, tc.code)
		}
		if got != nil {
			touch(t, got)
		}
	}
}

func TestNullsInAColumnDeclaredWithout(t *testing.T) {
	with := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	without := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int64}}, nil)
	message := encode(t, ipctest.Fill(with, 10, memory.DefaultAllocator, ipctest.Counter()))
	if _, err := decode(without, message, memory.DefaultAllocator); codeOf(err) != CodeNull {
		t.Fatal(err)
	}
}

func TestCompressionAndVariadicBuffersAreRefused(t *testing.T) {
	for id := 3; id <= 4; id++ {
		var f flatWriter
		headerAt, _ := f.message(headerRecordBatch)
		header, at := f.table(slot{0, 8, 0}, slot{1, 4, 0}, slot{2, 4, 0}, slot{id, 4, 0})
		f.refer(headerAt, header)
		f.refer(at[1], f.vector(0, 16))
		f.refer(at[2], f.vector(0, 16))
		if id == 3 {
			compression, _ := f.table()
			f.refer(at[3], compression)
		} else {
			f.refer(at[3], f.vector(1, 8))
		}
		if _, err := decode(arrow.NewSchema(nil, nil), f.encapsulate(8), memory.DefaultAllocator); codeOf(err) != CodeUnsupported {
			t.Errorf("field %d: %v", id, err)
		}
	}
}

func TestBrokenSchemasAreRefused(t *testing.T) {
	col := func(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }
	i64 := arrow.PrimitiveTypes.Int64
	many := make([]arrow.Field, 101)
	for i := range many {
		many[i] = col(fmt.Sprint(i), i64)
	}
	for name, tc := range map[string]struct {
		code   string
		fields []arrow.Field
	}{
		"fine":              {"", []arrow.Field{col("a", i64), col("b", i64)}},
		"none":              {"", nil},
		"two of a name":     {CodeSchema, []arrow.Field{col("a", i64), col("a", i64)}},
		"no name":           {CodeSchema, []arrow.Field{col("", i64)}},
		"long name":         {CodeSchema, []arrow.Field{col(strings.Repeat("x", 256), i64)}},
		"name not UTF-8":    {CodeSchema, []arrow.Field{col("\xff", i64)}},
		"too many":          {CodeLimit, many},
		"unsigned":          {CodeUnsupported, []arrow.Field{col("a", arrow.PrimitiveTypes.Uint64)}},
		"short":             {CodeUnsupported, []arrow.Field{col("a", arrow.PrimitiveTypes.Int16)}},
		"float":             {CodeUnsupported, []arrow.Field{col("a", arrow.PrimitiveTypes.Float32)}},
		"zoned":             {CodeUnsupported, []arrow.Field{col("a", arrow.FixedWidthTypes.Timestamp_ns)}},
		"list":              {CodeUnsupported, []arrow.Field{col("a", arrow.ListOf(i64))}},
		"struct of nothing": {CodeUnsupported, []arrow.Field{col("a", arrow.StructOf())}},
		"dictionary": {CodeUnsupported, []arrow.Field{col("a", &arrow.DictionaryType{
			IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String})}},
	} {
		got, err := ReadSchema(outsideSchema(t, arrow.NewSchema(tc.fields, nil)), testLimits)
		if code := codeOf(err); code != tc.code {
			t.Errorf("%s: code %q (%v), want %q", name, code, err, tc.code)
		}
		if err == nil && !got.Equal(arrow.NewSchema(tc.fields, nil)) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if _, err := ReadSchema(encode(t, ipctest.Fill(ipctest.EveryType(), 1, memory.DefaultAllocator, ipctest.Counter())), testLimits); codeOf(err) != CodeHeader {
		t.Errorf("a record batch: %v", err)
	}
}

// outsideSchema is a schema message as arrow-go writes it.
func outsideSchema(t *testing.T, schema *arrow.Schema) []byte {
	batch := ipctest.Fill(schema, 0, memory.DefaultAllocator, ipctest.Counter())
	return arrowWrite(t, batch)[0]
}

func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "not an *Error"
	}
	return ""
}
