package jsonformat

import (
	"testing"

	"github.com/weir-stream/weir/host/batch"
)

// Records cost no allocation, neither on the way in nor on the way out.
func TestRecordsCostNoAllocation(t *testing.T) {
	fields, schema := flightFields()
	f := New(Config{})
	d, err := f.NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(schema, checked(t))
	defer b.Release()
	frames := flights(t)
	for _, frame := range frames {
		if err := d.Decode(frame, b); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
	}
	if n := testing.AllocsPerRun(1, func() {
		for _, frame := range frames {
			if d.Decode(frame, b) != nil {
				t.Error("a good record is refused")
			}
			b.Rollback()
		}
	}); n != 0 {
		t.Errorf("%v allocations in decoding %d records", n, len(frames))
	}
	record := b.NewRecord()
	defer record.Release()
	e, err := f.NewEncoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, 1<<20)
	if n := testing.AllocsPerRun(1, func() {
		out = out[:0]
		for row := range frames {
			if out, err = e.Append(out, row); err != nil {
				t.Error(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations in encoding %d records", n, len(frames))
	}
}

// Nested records cost none either, once maps, lists and texts have their room.
func TestNestedRecordsCostNoAllocation(t *testing.T) {
	fields, schema := table(nestedTable)
	d := newDecoder(Config{}, fields)
	b := batch.NewBuilder(schema, checked(t))
	defer b.Release()
	frame := []byte(nestedRecord)
	decode := func() {
		if err := d.Decode(frame, b); err != nil {
			t.Error(err)
		}
		b.Rollback()
	}
	decode()
	if n := testing.AllocsPerRun(100, decode); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}
