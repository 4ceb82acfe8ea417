package ipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc/ipctest"
	"github.com/weir-stream/weir/host/types"
)

// subject is a valid message of 10 rows and the places in it, for tests to break one thing in it.
type subject struct {
	*Writer
	schema  *arrow.Schema
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
	return schema, subjectOf(t, ipctest.Fill(schema, 10, memory.DefaultAllocator, scattered()))
}

func subjectOf(t testing.TB, batch arrow.RecordBatch) *subject {
	t.Helper()
	w, err := NewWriter(batch.Schema())
	if err != nil {
		t.Fatal(err)
	}
	size, err := w.Prepare(batch)
	if err != nil {
		t.Fatal(err)
	}
	message := make([]byte, size)
	w.Write(message)
	return &subject{w, batch.Schema(), message, len(w.metadata)}
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
		"a schema":                    {CodeHeader, func(s *subject) { s.message = schemaMessage(t, s.schema) }},
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
	many := make([]arrow.Field, testLimits.Columns+1)
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
		"zoned":             {CodeUnsupported, []arrow.Field{col("a", &arrow.TimestampType{TimeZone: "Europe/Berlin"})}},
		"list":              {"", []arrow.Field{col("a", arrow.ListOf(i64))}},
		"list of short":     {CodeUnsupported, []arrow.Field{col("a", arrow.ListOf(arrow.FixedWidthTypes.Float16))}},
		"two in a struct":   {CodeSchema, []arrow.Field{col("a", arrow.ListOf(arrow.StructOf(col("b", i64)))), col("c", nameTwice())}},
		"no name in one":    {CodeSchema, []arrow.Field{col("a", arrow.StructOf(col("b", i64), col("", i64)))}},
		"name inside":       {CodeSchema, []arrow.Field{col("a", arrow.StructOf(col(strings.Repeat("x", 256), i64)))}},
		"map by number":     {CodeUnsupported, []arrow.Field{col("a", arrow.MapOf(arrow.PrimitiveTypes.Float64, i64))}},
		"map by list":       {CodeUnsupported, []arrow.Field{col("a", arrow.MapOf(arrow.ListOf(i64), i64))}},
		"too many inside":   {CodeLimit, []arrow.Field{col("a", i64), col("b", arrow.StructOf(many[:testLimits.Columns-1]...))}},
		"many inside":       {"", []arrow.Field{col("b", arrow.StructOf(many[:testLimits.Columns-1]...))}},
		"deep":              {"", []arrow.Field{col("a", nest(i64, 31))}},
		"maps in maps":      {"", []arrow.Field{col("a", mapped(i64, types.MaxMaps))}},
		"too many maps":     {CodeLimit, []arrow.Field{col("a", mapped(i64, types.MaxMaps+1))}},
		"too deep":          {CodeLimit, []arrow.Field{col("a", nest(i64, 32))}},
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
	batch := encode(t, ipctest.Fill(ipctest.EveryType(), 1, memory.DefaultAllocator, ipctest.Counter()))
	if _, err := ReadSchema(batch, testLimits); codeOf(err) != CodeHeader {
		t.Errorf("a record batch: %v", err)
	}
}

// nest puts a type into n lists.
func nest(dt arrow.DataType, n int) arrow.DataType {
	for range n {
		dt = arrow.ListOf(dt)
	}
	return dt
}

// nameTwice is a struct of two fields of a name.
func nameTwice() arrow.DataType {
	f := arrow.Field{Name: "b", Type: arrow.PrimitiveTypes.Int64}
	return arrow.StructOf(f, f)
}

// outsideSchema is a schema message as arrow-go writes it.
func outsideSchema(t *testing.T, schema *arrow.Schema) []byte {
	var stream bytes.Buffer
	if err := arrowipc.NewWriter(&stream, arrowipc.WithSchema(schema)).Close(); err != nil {
		t.Fatal(err)
	}
	return messages(t, stream.Bytes())[0]
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

// mapped is a type within so many maps.
func mapped(t arrow.DataType, maps int) arrow.DataType {
	for range maps {
		t = types.Map(arrow.BinaryTypes.String, t, true)
	}
	return t
}
