package format_test

import (
	"testing"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
)

// TestOptionsOfAnotherFormat: that an option is known, though not here, is told.
func TestOptionsOfAnotherFormat(t *testing.T) {
	none := func(*option.Bag) format.Format { return nil }
	r := format.Registry{"json": none, "debezium_json": none, "avro": none}
	for _, c := range []struct{ format, key, want string }{
		{"json", "avro.raw_datums", "option 'avro.raw_datums' needs 'format' = 'avro'"},
		{"avro", "json.strict", "option 'json.strict' needs 'format' = 'json'"},
		{"debezium_json", "avro.schema", "option 'avro.schema' needs 'format' = 'avro'"},
		{"debezium_json", "json.unstructured", "unknown options: 'json.unstructured'; known are 'format'"},
		{"json", "parquet.schema", "unknown options: 'parquet.schema'; known are 'format'"},
	} {
		bag := option.New(option.Pos{})
		for key, text := range map[string]string{"format": c.format, c.key: "true"} {
			if err := bag.Set(key, option.Pos{}, option.Value{Text: text, Quoted: true}); err != nil {
				t.Fatal(err)
			}
		}
		r.Find(bag)
		if err := bag.Done(); err == nil || err.Error() != c.want {
			t.Errorf("%s beside %s: %v, want %s", c.key, c.format, err, c.want)
		}
	}
}
