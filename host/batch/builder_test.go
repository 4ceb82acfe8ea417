package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
)

var everyType = arrow.NewSchema([]arrow.Field{
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "bigint", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "int", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "double", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "bool", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
}, nil)

// poison is an allocator whose fresh memory is not zero, as a pool's is not.
type poison struct{ memory.Allocator }

func (p poison) Allocate(n int) []byte {
	b := p.Allocator.Allocate(n)
	for i := range b {
		b[i] = 0xaa
	}
	return b
}

func (p poison) Reallocate(n int, b []byte) []byte {
	grown := p.Allocate(n)
	copy(grown, b)
	p.Free(b)
	return grown
}

// checked is an allocator that the test fails on if it leaks.
func checked(t testing.TB) memory.Allocator {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

// appendAny appends a drawn value to c and returns it, nil for null.
func appendAny(t *rapid.T, c *Column) any {
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		c.AppendNull()
		return nil
	}
	switch c.Kind() {
	case KindInt64:
		v := rapid.Int64().Draw(t, "v")
		c.AppendInt64(v)
		return v
	case KindInt32:
		v := rapid.Int32().Draw(t, "v")
		c.AppendInt32(v)
		return v
	case KindFloat64:
		v := rapid.Float64().Draw(t, "v")
		c.AppendFloat64(v)
		return v
	case KindBool:
		v := rapid.Bool().Draw(t, "v")
		c.AppendBool(v)
		return v
	}
	v := rapid.OneOf(rapid.StringN(0, 8, 8), rapid.String(), rapid.Just(fmt.Sprintf("%2000d", 1))).Draw(t, "v")
	var err error
	switch way := rapid.IntRange(0, 2).Draw(t, "way"); {
	case way == 0:
		err = c.AppendBytes([]byte(v))
	case way == 1 && len(v) <= 8:
		word := []byte("########") // what is behind the text does not count
		copy(word, v)
		err = c.AppendShort(binary.LittleEndian.Uint64(word), len(v))
	default:
		err = c.AppendString(v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func valueAt(a arrow.Array, row int) any {
	if a.IsNull(row) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Int64:
		return a.Value(row)
	case *array.Int32:
		return a.Value(row)
	case *array.Float64:
		return a.Value(row)
	case *array.Boolean:
		return a.Value(row)
	}
	return int64(a.(*array.Timestamp).Value(row))
}

// TestOnlyWholeRowsAreInTheBatch builds batches of rows some of which fail anywhere, are taken back in part, or have values
// replaced, and compares with a plain list of the whole ones.
func TestOnlyWholeRowsAreInTheBatch(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	b := NewBuilder(everyType, poison{mem})
	defer b.Release()
	rapid.Check(t, func(t *rapid.T) {
		b.Release()
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			var want [][]any
			for range rapid.IntRange(0, 200).Draw(t, "rows") {
				var row []any
				fails := rapid.IntRange(0, 3).Draw(t, "fails") == 0
				for i := range everyType.NumFields() {
					if fails && rapid.Bool().Draw(t, "here") {
						break
					}
					v := appendAny(t, b.Column(i))
					if rapid.IntRange(0, 9).Draw(t, "again") == 0 {
						b.Column(i).Drop()
						v = appendAny(t, b.Column(i))
					}
					row = append(row, v)
				}
				if fails {
					before := b.Bytes()
					b.Rollback()
					if b.Bytes() > before {
						t.Fatalf("%d bytes after a rollback, %d before", b.Bytes(), before)
					}
					continue
				}
				b.EndRow()
				want = append(want, row)
			}
			if b.Rows() != len(want) {
				t.Fatalf("%d rows, want %d", b.Rows(), len(want))
			}
			record := b.NewRecord()
			compare(t, record, want)
			record.Release()
			if b.Rows() != 0 || b.Bytes() != 0 {
				t.Fatalf("%d rows, %d bytes left", b.Rows(), b.Bytes())
			}
		}
	})
}

func compare(t *rapid.T, record arrow.RecordBatch, want [][]any) {
	if int(record.NumRows()) != len(want) {
		t.Fatalf("%d rows, want %d", record.NumRows(), len(want))
	}
	for i, col := range record.Columns() {
		nulls := 0
		for row := range want {
			got, want := valueAt(col, row), want[row][i]
			if got != want {
				t.Fatalf("row %d of %s is %v, want %v", row, record.ColumnName(i), got, want)
			}
			if want == nil {
				nulls++
			}
		}
		if col.NullN() != nulls {
			t.Fatalf("%d nulls in %s, want %d", col.NullN(), record.ColumnName(i), nulls)
		}
	}
}

// Equal rows are equal bytes, whatever was in the memory before: nothing of it may reach a guest.
func TestBuffersShowNothingOfWhatWasThereBefore(t *testing.T) {
	build := func(mem memory.Allocator) [][]byte {
		b := NewBuilder(everyType, mem)
		defer b.Release()
		for range 3 {
			for i := range everyType.NumFields() {
				b.Column(i).AppendNull()
			}
			b.EndRow()
		}
		record := b.NewRecord()
		defer record.Release()
		var out [][]byte
		for _, col := range record.Columns() {
			for _, buffer := range col.Data().Buffers() {
				if buffer != nil {
					out = append(out, append([]byte(nil), buffer.Bytes()...))
				}
			}
		}
		return out
	}
	clean, dirty := build(checked(t)), build(poison{checked(t)})
	if fmt.Sprint(clean) != fmt.Sprint(dirty) {
		t.Errorf("%v in fresh memory, %v in used memory", clean, dirty)
	}
}

func TestEmptyBatch(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	b := NewBuilder(everyType, mem)
	record := b.NewRecord()
	defer record.Release()
	if record.NumRows() != 0 || int(record.NumCols()) != everyType.NumFields() {
		t.Errorf("%v", record)
	}
}

func TestNoBitmapWithoutNulls(t *testing.T) {
	b := NewBuilder(everyType, checked(t))
	c := b.Column(1)
	c.AppendInt64(1)
	c.AppendNull()
	c.Drop()
	c.AppendInt64(2)
	a := c.finish()
	defer a.Release()
	if a.NullN() != 0 || !a.IsValid(0) || !a.IsValid(1) {
		t.Errorf("%v", a)
	}
	c.AppendInt64(1)
	a = c.finish()
	defer a.Release()
	if a.Data().Buffers()[0] != nil {
		t.Error("a bitmap")
	}
}

func TestTextPastTheLastOffsetIsRefused(t *testing.T) {
	for name, add := range map[string]func(*Column) error{
		"bytes":  func(c *Column) error { return c.AppendBytes(make([]byte, 9)) },
		"string": func(c *Column) error { return c.AppendString("123456789") },
		"short":  func(c *Column) error { return c.AppendShort(0, 8) },
	} {
		b := NewBuilder(everyType, checked(t))
		c := b.Column(0)
		if err := c.AppendString("a"); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
		c.used = math.MaxInt32 - 7 // as if so much were there
		if err := add(c); !errors.Is(err, ErrFull) || c.Len() != 1 {
			t.Errorf("%s: %v, %d values", name, err, c.Len())
		}
		b.Release()
	}
}

func TestTypesThatColumnsCannotHave(t *testing.T) {
	for _, typ := range []arrow.DataType{arrow.FixedWidthTypes.Timestamp_s, arrow.PrimitiveTypes.Float32, arrow.Null} {
		if _, err := KindOf(typ); err == nil {
			t.Errorf("%v has a kind", typ)
		}
	}
}

func TestColumnThatMissedARowIsFound(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a record with a column that is too short")
		}
	}()
	b := NewBuilder(everyType, checked(t))
	b.EndRow()
	b.NewRecord()
}

func TestLimitsWithDefaults(t *testing.T) {
	if got := (Limits{}).WithDefaults(); got != DefaultLimits {
		t.Errorf("%+v", got)
	}
	if got, want := (Limits{Rows: 1}).WithDefaults(), (Limits{1, DefaultLimits.Bytes, DefaultLimits.Age}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func BenchmarkBuilder(b *testing.B) {
	builder := NewBuilder(everyType, NewPool(memory.DefaultAllocator, 64<<20))
	b.ReportAllocs()
	for b.Loop() {
		for i := range 8192 {
			if err := builder.Column(0).AppendString("some text"); err != nil {
				b.Fatal(err)
			}
			builder.Column(1).AppendInt64(int64(i))
			builder.Column(2).AppendInt32(int32(i))
			builder.Column(3).AppendFloat64(float64(i))
			builder.Column(4).AppendBool(i&1 == 0)
			builder.Column(5).AppendNull()
			builder.EndRow()
		}
		record := builder.NewRecord()
		if record.NumRows() != 8192 {
			b.Fatal(record.NumRows())
		}
		record.Release()
	}
}
