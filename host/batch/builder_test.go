package batch

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/types"
)

// flat are columns as most tables have them.
var flat = arrow.NewSchema([]arrow.Field{
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "bigint", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "int", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "double", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "bool", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
}, nil)

// every has a column of each type that holds no others, and all of them in a list of structs, in a map and in a struct.
var every = func() *arrow.Schema {
	var fields []arrow.Field
	for i, t := range flatTypes() {
		fields = append(fields, arrow.Field{Name: fmt.Sprint("c", i), Type: t, Nullable: true})
	}
	all := arrow.StructOf(fields...)
	return arrow.NewSchema(append(fields,
		arrow.Field{Name: "list", Type: types.List(all, true), Nullable: true},
		arrow.Field{Name: "map", Type: types.Map(arrow.BinaryTypes.String, all, true), Nullable: true},
		arrow.Field{Name: "struct", Type: all, Nullable: true},
	), nil)
}()

// fillEvery appends rows to a builder of every: nulls, and values that are null inside.
func fillEvery(t testing.TB, b *Builder, rows int) {
	for row := range rows {
		for i := range every.NumFields() {
			c := b.Column(i)
			if row%2 == 0 {
				c.AppendNull()
				continue
			}
			if err := appendNulls(c); err != nil {
				t.Fatal(err)
			}
		}
		b.EndRow()
	}
}

// appendNulls appends a value that holds one of everything, and nulls in it; to columns without children a null.
func appendNulls(c *Column) error {
	switch c.Kind() {
	case KindList:
		c.Child(0).AppendNull()
		if err := appendNulls(c.Child(0)); err != nil {
			return err
		}
		return c.EndList()
	case KindMap:
		if err := c.Child(0).AppendString("key"); err != nil {
			return err
		}
		c.Child(1).AppendNull()
		return c.EndList()
	case KindStruct:
		for i := range c.Children() {
			c.Child(i).AppendNull()
		}
		c.EndStruct()
	default:
		c.AppendNull()
	}
	return nil
}

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

// TestOnlyWholeRowsAreInTheBatch builds batches of any columns from rows some of which fail anywhere, and have values
// replaced anywhere, and compares with what arrow-go's own builders make of the whole ones.
func TestOnlyWholeRowsAreInTheBatch(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		schema := anySchema(t)
		b := NewBuilder(schema, poison{mem})
		defer b.Release()
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			var rows [][]any
			for range rapid.IntRange(0, 30).Draw(t, "rows") {
				if row := appendRow(t, b); row != nil {
					rows = append(rows, row)
				}
			}
			if b.Rows() != len(rows) {
				t.Fatalf("%d rows, want %d", b.Rows(), len(rows))
			}
			got, want := b.NewRecord(), expected(t, schema, rows)
			wellFormed(t, got)
			if !array.RecordEqual(got, want) {
				t.Fatalf("got\n%v\nwant\n%v", got, want)
			}
			got.Release()
			if b.Rows() != 0 || b.Bytes() != 0 {
				t.Fatalf("%d rows, %d bytes left", b.Rows(), b.Bytes())
			}
		}
	})
}

// appendRow appends a row to b and returns it, or rolls it back half way and returns nil.
func appendRow(t *rapid.T, b *Builder) []any {
	fill := filler{t: t, left: rapid.SampledFrom([]int{-1, -1, -1, 0, 1, 2, 3, 5, 8, 13}).Draw(t, "fails")}
	size := b.Bytes()
	row := make([]any, b.Schema().NumFields())
	for i, f := range b.Schema().Fields() {
		row[i] = anyValue(t, f)
		if err := fill.append(b.Column(i), f, row[i]); err != nil {
			b.Rollback()
			if b.Bytes() != size {
				t.Fatalf("%d bytes after a rollback, %d before the row", b.Bytes(), size)
			}
			return nil
		}
	}
	b.EndRow()
	return row
}

// Equal rows are equal bytes, whatever was in the memory before: nothing of it may reach a guest.
func TestBuffersShowNothingOfWhatWasThereBefore(t *testing.T) {
	build := func(mem memory.Allocator) [][]byte {
		b := NewBuilder(every, mem)
		defer b.Release()
		fillEvery(t, b, 11)
		record := b.NewRecord()
		defer record.Release()
		var out [][]byte
		for _, col := range record.Columns() {
			out = appendBuffers(out, col.Data())
		}
		return out
	}
	clean, dirty := build(checked(t)), build(poison{checked(t)})
	if !reflect.DeepEqual(clean, dirty) {
		t.Errorf("%v in fresh memory, %v in used memory", clean, dirty)
	}
}

// appendBuffers appends copies of all buffers below data.
func appendBuffers(out [][]byte, data arrow.ArrayData) [][]byte {
	for _, buffer := range data.Buffers() {
		if buffer != nil {
			out = append(out, bytes.Clone(buffer.Bytes()))
		}
	}
	for _, child := range data.Children() {
		out = appendBuffers(out, child)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		out = appendBuffers(out, data.Dictionary())
	}
	return out
}

func TestEmptyBatch(t *testing.T) {
	b := NewBuilder(every, checked(t))
	record := b.NewRecord()
	defer record.Release()
	if record.NumRows() != 0 || int(record.NumCols()) != every.NumFields() {
		t.Errorf("%v", record)
	}
	wellFormed(t, record)
}

// The bitmap begins with the first null and must reach the last value.
func TestValuesLongAfterTheLastNull(t *testing.T) {
	b := NewBuilder(every, checked(t))
	fillEvery(t, b, 2)
	c := b.Column(slices.IndexFunc(every.Fields(), func(f arrow.Field) bool { return f.Name == "struct" }))
	for range 5000 {
		for i := range every.NumFields() {
			if b.Column(i) != c {
				b.Column(i).AppendNull()
			}
		}
		if err := appendNulls(c); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
	}
	record := b.NewRecord()
	defer record.Release()
	wellFormed(t, record)
	if a := record.Column(int(record.NumCols()) - 1); a.NullN() != 1 || a.IsNull(5001) {
		t.Errorf("%d nulls", a.NullN())
	}
}

// Rows do not allocate; only batches do, and each as often as the one before.
func TestRowsDoNotAllocate(t *testing.T) {
	pool := NewPool(memory.DefaultAllocator, 64<<20)
	defer pool.Close()
	b := NewBuilder(every, pool)
	defer b.Release()
	batch := func(rows int) func() {
		return func() {
			fillEvery(t, b, rows)
			b.NewRecord().Release()
		}
	}
	batch(1000)()
	few, many := testing.AllocsPerRun(5, batch(10)), testing.AllocsPerRun(5, batch(1000))
	if many > few+5 {
		t.Errorf("%v allocations for 1000 rows, %v for 10", many, few)
	}
}

func TestBytes(t *testing.T) {
	b := NewBuilder(arrow.NewSchema([]arrow.Field{
		{Name: "list", Type: types.List(arrow.StructOf(
			arrow.Field{Name: "id", Type: types.UUID()}, arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int16},
		), false)},
		{Name: "word", Type: types.Dictionary()},
	}, nil), checked(t))
	defer b.Release()
	item := b.Column(0).Child(0)
	for i := range 2 {
		for range 3 {
			item.Child(0).AppendFixed(make([]byte, item.Child(0).Width()))
			item.Child(1).AppendInt16(7)
			item.EndStruct()
		}
		if err := errors.Join(b.Column(0).EndList(), b.Column(1).AppendString("again")); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
		if want := (i+1)*(4+3*18+4) + 4 + len("again"); b.Bytes() != want {
			t.Errorf("%d bytes, want %d", b.Bytes(), want)
		}
	}
}

func TestTypesThatColumnsCannotHave(t *testing.T) {
	for _, typ := range []arrow.DataType{arrow.FixedWidthTypes.Duration_s, arrow.PrimitiveTypes.Date64, arrow.Null, types.List(arrow.Null, true)} {
		if _, err := KindOf(typ); err == nil {
			t.Errorf("%v has a kind", typ)
		}
		panics(t, typ.String(), func() {
			NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ}}, nil), memory.DefaultAllocator)
		})
	}
	for _, f := range every.Fields() {
		if kind, err := KindOf(f.Type); err != nil || kind != NewBuilder(every, memory.DefaultAllocator).Column(every.FieldIndices(f.Name)[0]).Kind() {
			t.Errorf("%v: %v, %v", f.Type, kind, err)
		}
	}
}

func panics(t *testing.T, what string, do func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	do()
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
	builder := NewBuilder(flat, NewPool(memory.DefaultAllocator, 64<<20))
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

// BenchmarkNested fills a list of structs with a text, a decimal and a word of a dictionary, four items a row.
func BenchmarkNested(b *testing.B) {
	decimal, err := types.Decimal(18, 2)
	if err != nil {
		b.Fatal(err)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "items", Type: types.List(arrow.StructOf(
		arrow.Field{Name: "name", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "price", Type: decimal, Nullable: true},
		arrow.Field{Name: "unit", Type: types.Dictionary()},
	), false)}}, nil)
	builder := NewBuilder(schema, NewPool(memory.DefaultAllocator, 64<<20))
	items := builder.Column(0)
	name, price, unit := items.Child(0).Child(0), items.Child(0).Child(1), items.Child(0).Child(2)
	units := []string{"piece", "kilogram", "litre"}
	b.ReportAllocs()
	for b.Loop() {
		for row := range 2048 {
			for i := range 4 {
				if err := errors.Join(name.AppendString("some text"), unit.AppendString(units[(row+i)%3])); err != nil {
					b.Fatal(err)
				}
				price.AppendDecimal(uint64(row), 0)
				items.Child(0).EndStruct()
			}
			if err := items.EndList(); err != nil {
				b.Fatal(err)
			}
			builder.EndRow()
		}
		record := builder.NewRecord()
		if record.NumRows() != 2048 {
			b.Fatal(record.NumRows())
		}
		record.Release()
	}
}
