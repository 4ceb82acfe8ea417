package jsonformat

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
)

// strangeRecord has more undeclared keys than are learned, and a.
func strangeRecord() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range spareKeys + 1 {
		fmt.Fprintf(&b, `"strange%d":0,`, i)
	}
	b.WriteString(`"a":1}`)
	return b.Bytes()
}

// One record with many undeclared keys must not take the place of those that the stream has for ever.
func TestUndeclaredKeysThatComeNoMoreAreForgotten(t *testing.T) {
	fields, schema := table("a BIGINT")
	d := newDecoder(Config{}, fields)
	d.record.shape.reserve("kept")
	b := batch.NewBuilder(schema, checked(t))
	defer b.Release()
	decode := func(frame []byte, want int64) {
		t.Helper()
		if err := d.Decode(frame, b); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
	}
	usual := []byte(`{"x":1,"a":2,"y":3,"kept":4,"z":5}`)
	knows := func(key string) bool { return d.record.shape.names[key] != nil }
	decode(strangeRecord(), 1)
	if decode(usual, 2); knows("x") || !knows("strange0") {
		t.Fatal("the first keys are not the ones learned: the test tests nothing")
	}
	for range patience {
		decode(usual, 2)
	}
	for key, want := range map[string]bool{"a": true, "kept": true, "x": true, "y": true, "z": true, "strange0": false} {
		if knows(key) != want {
			t.Errorf("key %s is known: %v, want %v", key, !want, want)
		}
	}
	s := d.record.shape
	for i, key := range []string{"x", "a", "y", "kept", "z"} {
		n := s.start
		for range i + 1 {
			n = n.next
		}
		if n != s.names[key] {
			t.Errorf("key %d expected is not %s", i, key)
		}
	}
	if d.record.shape.names["kept"].place.shows&traitReserved == 0 {
		t.Error("a reserved key is not reserved any more")
	}
	if n := testing.AllocsPerRun(100, func() { decode(usual, 2) }); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func BenchmarkDecodeUndeclared(b *testing.B) { benchmarkUndeclared(b, []byte(`{}`)) }

func BenchmarkDecodeUndeclaredAfterStrange(b *testing.B) { benchmarkUndeclared(b, strangeRecord()) }

// benchmarkUndeclared decodes the flights with two columns of their 19 after another record.
func benchmarkUndeclared(b *testing.B, before []byte) {
	fields, schema := table("carrier TEXT, dep_delay BIGINT")
	d := newDecoder(Config{}, fields)
	builder := batch.NewBuilder(schema, memory.DefaultAllocator)
	defer builder.Release()
	frames := flights(b)
	decode := func(frame []byte) {
		if err := d.Decode(frame, builder); err != nil {
			b.Fatal(err)
		}
		builder.Rollback()
	}
	decode(before)
	for b.Loop() {
		for _, frame := range frames {
			decode(frame)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/record")
}
