package batch

import (
	"errors"
	"reflect"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
)

func TestTakeGathersRows(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		schema := anySchema(t)
		b := NewBuilder(schema, mem)
		defer b.Release()
		var all [][]any
		for range rapid.IntRange(0, 30).Draw(t, "rows") {
			if row := appendRow(t, b); row != nil {
				all = append(all, row)
			}
		}
		whole := b.NewRecord()
		defer whole.Release()
		from := rapid.IntRange(0, len(all)).Draw(t, "from")
		part := whole.NewSlice(int64(from), whole.NumRows())
		defer part.Release()
		var rows []uint32
		if part.NumRows() > 0 {
			rows = rapid.SliceOfN(rapid.Uint32Range(0, uint32(part.NumRows()-1)), 0, 60).Draw(t, "take")
		}
		columns := make([]arrow.Array, part.NumCols())
		for i, col := range part.Columns() {
			var err error
			if columns[i], err = Take(col, rows, poison{mem}); err != nil {
				t.Fatal(err)
			}
			defer columns[i].Release()
		}
		got := array.NewRecordBatch(schema, columns, int64(len(rows)))
		defer got.Release()
		wellFormed(t, got)
		for i, r := range rows {
			for j, col := range columns {
				if got, want := valueOf(col, i), all[from+int(r)][j]; !reflect.DeepEqual(got, want) {
					t.Fatalf("row %d of %s is %v, want %v", i, schema.Field(j), got, want)
				}
			}
		}
	})
}

// Arrays that guests make may have items beneath a null list.
func TestTakeLeavesTheItemsOfANullList(t *testing.T) {
	mem := checked(t)
	items := array.NewInt64Builder(mem)
	defer items.Release()
	items.AppendValues([]int64{1, 2, 3}, nil)
	all := items.NewArray()
	defer all.Release()
	offsets := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 2, 3}))
	valid := memory.NewBufferBytes([]byte{0b10})
	data := array.NewData(arrow.ListOf(arrow.PrimitiveTypes.Int64), 2, []*memory.Buffer{valid, offsets}, []arrow.ArrayData{all.Data()}, 1, 0)
	defer data.Release()
	lists := array.NewListData(data)
	defer lists.Release()
	got, err := Take(lists, []uint32{0, 1}, mem)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Release()
	if kept := got.(*array.List).ListValues(); kept.Len() != 1 || valueOf(got, 0) != nil || !reflect.DeepEqual(valueOf(got, 1), list{int64(3)}) {
		t.Errorf("%v, items %v", got, kept)
	}
}

func TestTakeRefuses(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	text := make([]byte, 1<<20)
	b := NewBuilder(flat, mem)
	defer b.Release()
	if err := b.Column(0).AppendBytes(text); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < flat.NumFields(); i++ {
		b.Column(i).AppendNull()
	}
	b.EndRow()
	record := b.NewRecord()
	defer record.Release()
	for _, col := range record.Columns() {
		if _, err := Take(col, []uint32{0, 1}, mem); err == nil {
			t.Errorf("took row 1 of 1 of %v", col.DataType())
		}
	}
	if _, err := Take(record.Column(0), make([]uint32, 1<<11), mem); !errors.Is(err, ErrFull) {
		t.Errorf("2 GiB of text: %v", err)
	}
	items := array.NewInt64Builder(mem)
	defer items.Release()
	items.Append(1)
	one := items.NewArray()
	defer one.Release()
	// 2^31 items, of which there is one: nothing may look at them.
	long := array.NewData(arrow.ListOf(arrow.PrimitiveTypes.Int64), 1,
		[]*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 1 << 30}))}, []arrow.ArrayData{one.Data()}, 0, 0)
	defer long.Release()
	lists := array.NewListData(long)
	defer lists.Release()
	if _, err := Take(lists, []uint32{0, 0}, mem); !errors.Is(err, ErrFull) {
		t.Errorf("2^31 items: %v", err)
	}
	null := array.NewNull(1)
	defer null.Release()
	if _, err := Take(null, nil, mem); err == nil {
		t.Error("took from an array of nulls")
	}
}

func TestSourceRow(t *testing.T) {
	plain, gathered := Batch{}, Batch{Origin: []uint32{4, 2}}
	if plain.Source(1) != 1 || gathered.Source(1) != 2 {
		t.Errorf("row 1 came from %d and %d", plain.Source(1), gathered.Source(1))
	}
}

func BenchmarkTake(b *testing.B) {
	builder := NewBuilder(every, memory.DefaultAllocator)
	fillEvery(b, builder, 8192)
	rec := builder.NewRecord()
	rows := make([]uint32, 4096)
	for i := range rows {
		rows[i] = uint32(2*i + 1)
	}
	for _, i := range []int{4, 12, int(rec.NumCols()) - 3} {
		b.Run(rec.Column(i).DataType().Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				taken, err := Take(rec.Column(i), rows, memory.DefaultAllocator)
				if err != nil || taken.Len() != len(rows) {
					b.Fatal(err)
				}
				taken.Release()
			}
		})
	}
}
