package ipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The files arrowgo_* were written by Apache Arrow's Go library, which reads the files sdk_* as well: see arrow_test.go in the
// main module's internal/guestbuild. A change of sdk_* (go test -update) must pass there.

var update = flag.Bool("update", false, "write the golden files of the writer")

const goldenRows = 21

var plainFields = []Field{
	{Name: "b", Type: Bool, Nullable: true},
	{Name: "i", Type: Int32, Nullable: true},
	{Name: "l", Type: Int64, Nullable: true},
	{Name: "f", Type: Float64},
	{Name: "t", Type: Text, Nullable: true},
	{Name: "s", Type: TimestampSecond, Nullable: true},
	{Name: "ms", Type: TimestampMilli, Nullable: true},
	{Name: "us", Type: TimestampMicro, Nullable: true},
	{Name: "ns", Type: TimestampNano, Nullable: true},
}

// goldenValues are row r's values, the same as in arrow_test.go; nil is null.
func goldenValues(r int) []any {
	row := []any{
		r%3 == 0, int32(-r), int64(r) << 33, float64(r) / 4, strings.Repeat("é", r%4),
		int64(r), int64(r * 1e3), int64(r * 1e6), int64(-r * 1e9),
	}
	for i := range row {
		if i != 3 && (r+i)%5 == 0 {
			row[i] = nil
		}
	}
	return row
}

func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadsWhatArrowGoWrites(t *testing.T) {
	for name, rows := range map[string]int{"plain": goldenRows, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, readGolden(t, "arrowgo_"+name+".schema"), readGolden(t, "arrowgo_"+name+".batch"), rows)
		})
	}
}

func TestReadsPastColumnsThatItDoesNotKnow(t *testing.T) {
	schema, err := ParseSchema(readGolden(t, "arrowgo_nested.schema"))
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	if err := b.Parse(schema, readGolden(t, "arrowgo_nested.batch")); err != nil {
		t.Fatal(err)
	}
	last := len(schema.Fields) - 1
	for i := range last {
		f := &schema.Fields[i]
		if _, err := b.Column(f, b.Rows()); f.Type == Other && !errors.Is(err, ErrMessage) || f.Type != Other && err != nil {
			t.Errorf("column %s: type %v, error %v", f.Name, f.Type, err)
		}
	}
	c, err := b.Column(&schema.Fields[last], b.Rows())
	if err != nil {
		t.Fatal(err)
	}
	for r := range b.Rows() {
		if got := columnValue(Int64, c, r); got != int64(100+r) {
			t.Errorf("row %d: %v", r, got)
		}
	}
}

func TestWritesTheGoldenFiles(t *testing.T) {
	for name, rows := range map[string]int{"plain": goldenRows, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			schema, batch := SchemaMessage(plainFields), writeGolden(rows)
			for suffix, got := range map[string][]byte{".schema": schema, ".batch": batch} {
				if *update {
					if err := os.WriteFile(filepath.Join("testdata", "sdk_"+name+suffix), got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(got, readGolden(t, "sdk_"+name+suffix)) {
					t.Errorf("sdk_%s%s differs", name, suffix)
				}
			}
			checkGolden(t, schema, batch, rows)
		})
	}
}

func checkGolden(t *testing.T, schemaMessage, message []byte, rows int) {
	t.Helper()
	schema, err := ParseSchema(schemaMessage)
	if err != nil {
		t.Fatal(err)
	}
	if len(schema.Fields) != len(plainFields) {
		t.Fatalf("%d fields", len(schema.Fields))
	}
	var b Batch
	if err := b.Parse(schema, message); err != nil {
		t.Fatal(err)
	}
	if b.Rows() != rows {
		t.Fatalf("%d rows, want %d", b.Rows(), rows)
	}
	for i, f := range schema.Fields {
		want := plainFields[i]
		if f.Name != want.Name || f.Type != want.Type || f.Nullable != want.Nullable {
			t.Errorf("field %d is %+v, want %+v", i, f, want)
		}
		c, err := b.Column(&schema.Fields[i], rows)
		if err != nil {
			t.Fatal(err)
		}
		for r := range rows {
			if got := columnValue(f.Type, c, r); got != goldenValues(r)[i] {
				t.Errorf("column %s, row %d: %v, want %v", f.Name, r, got, goldenValues(r)[i])
			}
		}
	}
}

// columnValue reads a value the slow way.
func columnValue(t Type, c Column, r int) any {
	le := binary.LittleEndian
	switch {
	case c.Validity != nil && c.Validity[r/8]>>(r%8)&1 == 0:
		return nil
	case t == Bool:
		return c.Data[r/8]>>(r%8)&1 != 0
	case t.Width() == 4 && t != Float32:
		return int32(le.Uint32(c.Data[4*r:]))
	case t == Float64:
		return math.Float64frombits(le.Uint64(c.Data[8*r:]))
	case t == Text:
		return string(c.Data[le.Uint32(c.Offsets[4*r:]):le.Uint32(c.Offsets[4*r+4:])])
	default:
		return int64(le.Uint64(c.Data[8*r:]))
	}
}

func writeGolden(rows int) []byte {
	w := NewWriter(plainFields)
	w.Begin(3) // a message that is thrown away leaves nothing behind
	w.Node(1)
	w.Validity([]uint64{5})
	w.Begin(rows)
	le := binary.LittleEndian
	for i, f := range plainFields {
		var data []byte
		offsets := make([]byte, 4)
		nulls, nullCount := make([]uint64, 1), 0
		if f.Type == Bool {
			data = make([]byte, (rows+7)/8)
		}
		for r := range rows {
			v := goldenValues(r)[i]
			if v == nil {
				nulls[0] |= 1 << r
				nullCount++
				v = reflect.Zero(reflect.TypeOf(goldenValues(r + 1)[i])).Interface()
			}
			switch v := v.(type) {
			case bool:
				if v {
					data[r/8] |= 1 << (r % 8)
				}
			case int32:
				data = le.AppendUint32(data, uint32(v))
			case int64:
				data = le.AppendUint64(data, uint64(v))
			case float64:
				data = le.AppendUint64(data, math.Float64bits(v))
			case string:
				data = append(data, v...)
			}
			offsets = le.AppendUint32(offsets, uint32(len(data)))
		}
		w.Node(nullCount)
		if nullCount == 0 {
			w.Buffer(nil)
		} else {
			w.Validity(nulls)
		}
		if f.Type == Text {
			w.Buffer(offsets)
		}
		w.Buffer(data)
	}
	return bytes.Clone(w.Finish())
}

func TestMessagesAreAlignedTo64(t *testing.T) {
	message := writeGolden(goldenRows)
	meta := binary.LittleEndian.Uint32(message[4:])
	if (8+meta)%64 != 0 || len(message)%64 != 0 {
		t.Fatalf("metadata ends at %d, the message at %d", 8+meta, len(message))
	}
	var b Batch
	schema, err := ParseSchema(SchemaMessage(plainFields))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Parse(schema, message); err != nil {
		t.Fatal(err)
	}
	for i := range schema.buffers {
		if offset := b.meta.i64(b.buffers + i*structSize); offset%64 != 0 {
			t.Errorf("buffer %d is at %d", i, offset)
		}
	}
}

func TestDamagedMessagesAreErrors(t *testing.T) {
	schema, err := ParseSchema(readGolden(t, "arrowgo_plain.schema"))
	if err != nil {
		t.Fatal(err)
	}
	batch, other := readGolden(t, "arrowgo_plain.batch"), readGolden(t, "arrowgo_nested.batch")
	tests := map[string][]byte{
		"empty":            nil,
		"prefix only":      batch[:8],
		"no continuation":  append([]byte{0}, batch[1:]...),
		"metadata cut":     batch[:64],
		"body cut":         batch[:len(batch)-8],
		"a schema":         readGolden(t, "arrowgo_plain.schema"),
		"of other columns": other,
	}
	for name, message := range tests {
		var b Batch
		if err := b.Parse(schema, message); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := ParseSchema(batch); !errors.Is(err, ErrMessage) {
		t.Errorf("a batch as a schema: error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"arrowgo_plain", "arrowgo_empty", "arrowgo_nested", "sdk_plain"} {
		f.Add(readGolden(f, name+".schema"), readGolden(f, name+".batch"))
	}
	f.Fuzz(func(t *testing.T, schemaMessage, message []byte) {
		schema, err := ParseSchema(schemaMessage)
		if err != nil {
			return
		}
		var b Batch
		if err := b.Parse(schema, message); err != nil {
			return
		}
		for i := range schema.Fields {
			walk(&b, &schema.Fields[i], b.Rows())
		}
	})
}

// walk reads the first and the last value of a column and of what is inside of it. Offsets between these are the host's word.
func walk(b *Batch, f *Field, values int) {
	c, err := b.Column(f, values)
	if err != nil {
		return
	}
	inside := f.Fields()
	for i := range inside {
		walk(b, &inside[i], c.Inside)
	}
	if n := c.Rows; n > 0 && f.Type.Width() > 0 {
		_ = c.Data[:f.Type.Width()*n]
	} else if n > 0 && f.Type == Bool {
		columnValue(Bool, c, n-1)
	}
}

func BenchmarkParseAndWrite(b *testing.B) {
	schema, err := ParseSchema(SchemaMessage(plainFields))
	if err != nil {
		b.Fatal(err)
	}
	message := writeGolden(goldenRows)
	w := NewWriter([]Field{{Name: "l", Type: Int64}})
	var batch Batch
	b.ReportAllocs()
	for b.Loop() {
		if err := batch.Parse(schema, message); err != nil {
			b.Fatal(err)
		}
		c, err := batch.Column(&schema.Fields[2], batch.Rows())
		if err != nil {
			b.Fatal(err)
		}
		w.Begin(batch.Rows())
		w.Node(0)
		w.Buffer(nil)
		w.Buffer(c.Data)
		w.Finish()
	}
}
