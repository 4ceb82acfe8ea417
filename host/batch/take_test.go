package batch

import (
	"errors"
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
		b := NewBuilder(everyType, mem)
		defer b.Release()
		for range rapid.IntRange(0, 100).Draw(t, "rows") {
			for i := range everyType.NumFields() {
				appendAny(t, b.Column(i))
			}
			b.EndRow()
		}
		whole := b.NewRecord()
		defer whole.Release()
		from := rapid.Int64Range(0, whole.NumRows()).Draw(t, "from")
		part := whole.NewSlice(from, whole.NumRows())
		defer part.Release()
		var rows []uint32
		if part.NumRows() > 0 {
			rows = rapid.SliceOfN(rapid.Uint32Range(0, uint32(part.NumRows()-1)), 0, 200).Draw(t, "take")
		}
		for i, col := range part.Columns() {
			got, err := Take(col, rows, poison{mem})
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != len(rows) || !arrow.TypeEqual(got.DataType(), col.DataType()) {
				t.Fatalf("%d rows of %v, want %d of %v", got.Len(), got.DataType(), len(rows), col.DataType())
			}
			nulls := 0
			for j, r := range rows {
				want := valueAt(col, int(r))
				if got := valueAt(got, j); got != want {
					t.Fatalf("%s: row %d is %v, want %v", everyType.Field(i).Name, j, got, want)
				}
				if want == nil {
					nulls++
				}
			}
			if got.NullN() != nulls {
				t.Fatalf("%d nulls, want %d", got.NullN(), nulls)
			}
			got.Release()
		}
	})
}

func TestTakeRefuses(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	text := make([]byte, 1<<20)
	b := NewBuilder(everyType, mem)
	defer b.Release()
	if err := b.Column(0).AppendBytes(text); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < everyType.NumFields(); i++ {
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
