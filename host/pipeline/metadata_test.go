package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
)

func TestMetadataColumns(t *testing.T) {
	second, milli := &arrow.TimestampType{Unit: arrow.Second}, &arrow.TimestampType{Unit: arrow.Millisecond}
	micro, nano := &arrow.TimestampType{Unit: arrow.Microsecond}, &arrow.TimestampType{Unit: arrow.Nanosecond}
	columns := []struct {
		key      string
		t        arrow.DataType
		required bool
	}{
		{"offset", arrow.PrimitiveTypes.Int64, true}, {"partition", arrow.PrimitiveTypes.Int32, true},
		{"topic", arrow.BinaryTypes.String, true}, {"frame", arrow.PrimitiveTypes.Int32, true},
		{"key", arrow.BinaryTypes.String, false}, {"timestamp", arrow.PrimitiveTypes.Int64, false},
		{"timestamp", second, false}, {"timestamp", milli, false}, {"timestamp", micro, false}, {"timestamp", nano, false},
	}
	records := []connector.Message{
		{Time: 1_234_567, Key: []byte("k"), Value: []byte("{\"n\":0,\"s\":\"a\"}\n{\"n\":1}")},
		{Time: -1, Value: []byte(`{"n":2}`)},
		{Time: 5, Key: []byte{0xff}, Value: []byte(`{"n":3}`)},     // no text
		{Time: 1 << 62, Key: []byte(""), Value: []byte(`{"n":4}`)}, // beyond what nanoseconds can say
	}
	j := simple(nil, records)
	j.newline, j.badData = true, format.DeadLetter
	b := newBench(t, j)
	c := b.config()
	var schema []arrow.Field
	var out []format.Field
	c.Source.Metadata, c.Sinks[0].Columns = nil, nil
	for i, col := range columns {
		name := fmt.Sprintf("%s%d", col.key, i)
		schema = append(schema, arrow.Field{Name: name, Type: col.t, Nullable: !col.required})
		out = append(out, format.Field{Name: name, Type: col.t, Nullable: !col.required, Column: i})
		c.Source.Metadata = append(c.Source.Metadata, Metadata{Key: col.key, Column: i, Name: name, Type: col.t, Required: col.required})
		c.Sinks[0].Columns = append(c.Sinks[0].Columns, i)
	}
	c.Source.Schema = arrow.NewSchema(schema, nil)
	c.Source.Decoder = func() (format.Decoder, error) {
		return jsonformat.New(jsonformat.Config{}).NewDecoder([]format.Field{{Name: "n", Type: bigint.Type, Column: -1}})
	}
	c.Sinks[0].Encoder = func() (format.Encoder, error) { return jsonformat.New(jsonformat.Config{}).NewEncoder(out) }
	must(t, b.run(t.Context(), c, nil))
	times := `"timestamp5":1234567,"timestamp6":"1970-01-01T00:20:34","timestamp7":"1970-01-01T00:20:34.567",` +
		`"timestamp8":"1970-01-01T00:20:34.567","timestamp9":"1970-01-01T00:20:34.567"}`
	nulls := `"timestamp5":null,"timestamp6":null,"timestamp7":null,"timestamp8":null,"timestamp9":null}`
	want := []string{
		`{"offset0":0,"partition1":1,"topic2":"in","frame3":0,"key4":"k",` + times,
		`{"offset0":0,"partition1":1,"topic2":"in","frame3":1,"key4":"k",` + times,
		`{"offset0":1,"partition1":1,"topic2":"in","frame3":0,"key4":null,` + nulls,
	}
	if got := b.values("out", 0); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("came out:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var letters []string
	for _, m := range b.mem.Records("bad", 0) {
		l := letterOf(m)
		letters = append(letters, fmt.Sprintf("%d %s %s", l.Offset, l.Code, l.Path))
	}
	if got := strings.Join(letters, ", "); got != "2 metadata.utf8 key4, 3 metadata.range timestamp8" {
		t.Errorf("dead letters: %s", got)
	}

	// What is bad does not depend on whether anything reads the column.
	for _, place := range []int{2, -1} {
		b = newBench(t, j)
		required := b.config()
		required.Source.Schema = arrow.NewSchema([]arrow.Field{bigint, text, {Name: "k", Type: text.Type}}[:max(place+1, 2)], nil)
		required.Source.Metadata = []Metadata{
			{Key: "key", Column: place, Name: "k", Type: text.Type, Required: true}, {Key: "timestamp", Column: -1, Name: "t", Type: nano},
		}
		must(t, b.run(t.Context(), required, nil))
		letters = nil
		for _, m := range b.mem.Records("bad", 0) {
			l := letterOf(m)
			letters = append(letters, fmt.Sprintf("%d %s %s", l.Offset, l.Code, l.Path))
		}
		if got := strings.Join(letters, ", "); got != "1 metadata.null k, 2 metadata.utf8 k, 3 metadata.range t" {
			t.Errorf("column %d: dead letters: %s", place, got)
		}
	}
}
