package fluvio_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// TestRecordsStayValid: what Poll returned is unchanged for as long as it is held, whatever the garbage collector does with the memory
// around it.
func TestRecordsStayValid(t *testing.T) {
	const count, every = 60_000, 977
	c := cluster(t, 1)
	p := newProducer(t, c)
	value := bytes.Repeat([]byte("0123456789"), 30)
	for n := range count {
		key := binary.BigEndian.AppendUint64(nil, uint64(n))
		if err := p.ProduceTo(t.Context(), 0, fluvio.Record{Key: key, Value: append(key, value...)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var held []fluvio.Record
	consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithUntil(count))
	for seen := 0; seen < count; {
		records, err := consumer.Poll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			if got := binary.BigEndian.Uint64(records[i].Key); got != uint64(seen) {
				t.Fatalf("record %d has key %d", seen, got)
			}
			if seen%every == 0 {
				held = append(held, records[i])
			}
			seen++
		}
		runtime.GC()
	}
	for i, r := range held {
		n := uint64(i * every)
		if r.Offset != int64(n) || binary.BigEndian.Uint64(r.Key) != n || binary.BigEndian.Uint64(r.Value) != n || !bytes.Equal(r.Value[8:], value) {
			t.Errorf("record %d has changed", n)
		}
	}
}
