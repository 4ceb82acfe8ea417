package jsonformat

import (
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

func TestInvalidDocuments(t *testing.T) {
	b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "x", Type: types.JSON()}}, nil), memory.DefaultAllocator)
	defer b.Release()
	texts := []string{`{"a": 1}`, "not\tJSON", "", `{"a":1,}`}
	for _, text := range texts {
		if err := b.Column(0).AppendString(text); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
	}
	record := b.NewRecord()
	defer record.Release()
	for _, asText := range []bool{false, true} {
		e, err := New(Config{InvalidAsText: asText}).NewEncoder([]format.Field{{Name: "x", Type: types.JSON()}})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Bind(record.Columns()); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{`{"x":{"a": 1}}`, `{"x":"not\tJSON"}`, `{"x":""}`, `{"x":"{\"a\":1,}"}`} {
			got, err := e.Append(nil, i)
			var bad *format.DataError
			switch {
			case i > 0 && !asText:
				if !errors.As(err, &bad) || bad.Code != "json.syntax" {
					t.Errorf("%q: %s, %v; want json.syntax", texts[i], got, err)
				}
			case err != nil || string(got) != want:
				t.Errorf("%q: %s, %v; want %s", texts[i], got, err, want)
			}
		}
	}
}
