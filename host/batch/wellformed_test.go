package batch

import (
	"fmt"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
)

// wellFormed fails t unless rec is valid in Arrow's eyes and in ours: the buffers exactly as long as they must be, a
// validity bitmap only where there are nulls, and in it no bit set behind the last value.
func wellFormed(t rapid.TB, rec arrow.RecordBatch) {
	t.Helper()
	for i, col := range rec.Columns() {
		if col.Len() != int(rec.NumRows()) {
			t.Fatalf("%s has %d values in %d rows", rec.ColumnName(i), col.Len(), rec.NumRows())
		}
		if _, ok := col.DataType().(arrow.ExtensionType); ok {
			col = col.(array.ExtensionArray).Storage()
		}
		if err := array.ValidateFull(col); err != nil {
			t.Fatalf("%s: %v", rec.ColumnName(i), err)
		}
		if err := canonical(col.Data()); err != nil {
			t.Fatalf("%s: %v", rec.ColumnName(i), err)
		}
	}
}

func canonical(d arrow.ArrayData) error {
	n, buffers := d.Len(), d.Buffers()
	if err := canonicalValidity(buffers[0], n, d.NullN()); err != nil {
		return err
	}
	var want []int
	switch kind := kindOf(d.DataType()); kind {
	case KindText, KindList, KindMap:
		offsets := arrow.GetData[int32](buffers[1].Bytes())
		want = []int{4 * (n + 1)}
		if offsets[0] != 0 {
			return fmt.Errorf("the first offset is %d", offsets[0])
		}
		if kind == KindText {
			want = append(want, int(offsets[n]))
		} else if items := d.Children()[0].Len(); items != int(offsets[n]) {
			return fmt.Errorf("%d items, the last offset is %d", items, offsets[n])
		}
	case KindStruct:
		for _, child := range d.Children() {
			if child.Len() != n {
				return fmt.Errorf("a field has %d values in %d structs", child.Len(), n)
			}
		}
	case KindDictionary:
		if err := canonical(d.Dictionary()); err != nil {
			return err
		}
		fallthrough
	default:
		want = []int{(n*bitsOf(d.DataType()) + 7) / 8}
	}
	if len(buffers) != 1+len(want) {
		return fmt.Errorf("%d buffers, want %d", len(buffers), 1+len(want))
	}
	for i, size := range want {
		if b := buffers[1+i]; b == nil && size > 0 || b != nil && b.Len() != size {
			return fmt.Errorf("buffer %d of %s is not %d bytes long", 1+i, d.DataType(), size)
		}
	}
	for _, child := range d.Children() {
		if err := canonical(child); err != nil {
			return err
		}
	}
	return nil
}

func canonicalValidity(b *memory.Buffer, n, nulls int) error {
	if b == nil {
		if nulls != 0 {
			return fmt.Errorf("%d nulls without a bitmap", nulls)
		}
		return nil
	}
	set := 0
	for _, x := range b.Bytes() {
		set += bits.OnesCount8(x)
	}
	if nulls == 0 || b.Len() != (n+7)/8 || set != n-nulls {
		return fmt.Errorf("%d of %d are null, the bitmap has %d bytes and %d bits set", nulls, n, b.Len(), set)
	}
	return nil
}
