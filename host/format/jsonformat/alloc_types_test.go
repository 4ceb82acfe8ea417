package jsonformat

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
)

// Rows of every type, in every form, cost no allocation to read or write.
func TestRowsOfAllTypesCostNoAllocation(t *testing.T) {
	wide := wideSuite(Config{})
	header := schemaregistry.Config{SchemaID: 1}
	events := fieldsOf(columnsOf(events))
	for name, c := range map[string]struct {
		config Config
		fields []format.Field
		frames []string
	}{
		"numbers":  {Config{}, wide.Fields, []string{string(wide.Good[0]), string(wide.Good[1])}},
		"texts":    {Config{DecimalEncoding: DecimalString}, wide.Fields, []string{string(wide.Good[1])}},
		"bytes":    {Config{DecimalEncoding: DecimalBytes}, wide.Fields, []string{string(wide.Good[1])}},
		"header":   {Config{Header: true, Registry: header}, fieldsOf(columnsOf("x BIGINT")), []string{"\x00\x00\x00\x00\x01{\"x\":1}"}},
		"envelope": {Config{IncludeSchema: true}, fieldsOf(columnsOf("x BIGINT")), []string{`{"schema":{"fields":[]},"payload":{"x":1}}`}},
		"events":   {debezium, events, []string{`{"before":null,"after":{"id":1},"op":"c"}`, `{"before":{"id":1},"op":"d"}`}},
		"text":     {Config{Unstructured: true}, fieldsOf(columnsOf("value JSON")), []string{`{"a":[1,"b"]}`}},
	} {
		f := New(c.config)
		d, err := f.NewDecoder(c.fields)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(suiteSchema(c.fields), memory.DefaultAllocator)
		var frames [][]byte
		for _, s := range c.frames {
			frames = append(frames, []byte(s))
		}
		read := func() {
			for _, frame := range frames {
				if err := d.Decode(frame, b); err != nil {
					t.Error(err)
				}
				b.Rollback()
			}
		}
		read()
		if n := testing.AllocsPerRun(10, read); n != 0 {
			t.Errorf("%s: %v allocations in reading %d rows", name, n, len(frames))
		}
		for _, frame := range frames {
			if err := d.Decode(frame, b); err != nil {
				t.Fatal(err)
			}
			b.EndRow()
		}
		wantNoAllocationInWriting(t, name, f, c.fields, b.NewRecord())
		b.Release()
	}
}

func wantNoAllocationInWriting(t *testing.T, name string, f format.Format, fields []format.Field, record arrow.RecordBatch) {
	t.Helper()
	defer record.Release()
	e, err := f.NewEncoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, 1<<16)
	if n := testing.AllocsPerRun(10, func() {
		out = out[:0]
		for row := range int(record.NumRows()) {
			if out, err = e.Append(out, row); err != nil {
				t.Error(err)
			}
		}
	}); n != 0 {
		t.Errorf("%s: %v allocations in writing %d rows", name, n, record.NumRows())
	}
}
