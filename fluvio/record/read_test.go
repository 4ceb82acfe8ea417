package record

import (
	"fmt"
	"reflect"
	"testing"
)

// TestReadIsNextManyTimes: however many records are read at a time, and wherever the payload is cut or spoiled, the records and the error
// are those of Next.
func TestReadIsNextManyTimes(t *testing.T) {
	builder, err := NewBuilder(None, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range []int{0, 1, 62, 63, 64, 300, 8191, 8192} {
		var key []byte
		if i%2 == 1 {
			key = make([]byte, i*20)
		}
		if err := builder.Append(1_700_000_000_000+int64(i*5000), key, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	batch, err := builder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	whole := batch.Payload()
	for cut := range whole {
		compareReads(t, batch, whole[:cut])
		spoiled := append([]byte(nil), whole...)
		spoiled[cut] ^= 0x81
		compareReads(t, batch, spoiled)
	}
	compareReads(t, batch, whole)
}

func compareReads(t *testing.T, batch Batch, payload []byte) {
	t.Helper()
	next := Walk(batch, payload)
	var want []Record
	for next.Next() {
		want = append(want, next.Record)
	}
	for _, size := range []int{1, 3, 100} {
		records := Walk(batch, payload)
		var got []Record
		for n := size; n == size; {
			dst := make([]Record, size)
			if n = records.Read(dst); n < size && n < records.Left() && records.Err() == nil {
				t.Fatalf("%d of %d records, %d left, no error", n, size, records.Left())
			}
			got = append(got, dst[:n]...)
		}
		if !reflect.DeepEqual(got, want) || fmt.Sprint(records.Err()) != fmt.Sprint(next.Err()) {
			t.Fatalf("%d at a time: %d records, %v; one at a time: %d, %v", size, len(got), records.Err(), len(want), next.Err())
		}
		if records.NextOffset() != batch.BaseOffset()+int64(len(want)) {
			t.Fatalf("next offset %d after %d records", records.NextOffset(), len(want))
		}
	}
}
