package builtin_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// taking is who takes options, as CheckSpecs wants it.
func taking[T any](take func(*option.Bag) T) func(*option.Bag) (any, error) {
	return func(bag *option.Bag) (any, error) { return take(bag), nil }
}

func TestFormatsTakeWhatIsDescribed(t *testing.T) {
	described := builtin.FormatOptions()
	if names := slices.Sorted(maps.Keys(described)); !slices.Equal(names, builtin.Formats().Names()) {
		t.Errorf("described are %q", names)
	}
	const schema = `{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}`
	registry := func(format string, more ...string) map[string]string {
		table := map[string]string{
			format + ".confluent_schema_registry": "true", format + ".registry": "http://localhost:1", format + ".registry.user": "u",
			format + ".subject": "s", format + ".schema_version": "2",
		}
		for i := 0; i < len(more); i += 2 {
			table[more[i]] = more[i+1]
		}
		return table
	}
	json := []map[string]string{{"json.confluent_schema_registry": "true", "json.schema_id": "1"}, registry("json"), {}}
	for _, tc := range []struct {
		name   string
		take   func(*option.Bag) (any, error)
		tables []map[string]string
	}{
		{"json", taking(jsonformat.FromOptions), json},
		{"debezium_json", taking(jsonformat.DebeziumFromOptions), json},
		{"avro", taking(avroformat.FromOptions), []map[string]string{{}, {"avro.confluent_schema_registry": "true", "avro.schema": schema, "avro.schema_id": "1"}, registry("avro")}},
		{"protobuf", taking(protoformat.FromOptions), []map[string]string{{}, {"protobuf.confluent_schema_registry": "true", "protobuf.schema_id": "1"}, registry("protobuf")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			connectortest.CheckSpecs(t, described[tc.name], tc.take, tc.tables...)
		})
	}
}

func TestFramingAndBadDataTakeWhatIsDescribed(t *testing.T) {
	var tables []map[string]string
	for _, method := range []string{"none", "newline", "json_array", "json_concat"} {
		tables = append(tables, map[string]string{"framing": method, "framing.compression": "gzip"})
	}
	tables = append(tables, map[string]string{}, map[string]string{"framing": "length", "framing.length.prefix": "varint"}, map[string]string{"framing": "delimiter", "framing.delimiter": ";"})
	source, sink := builtin.FramingOptions()
	connectortest.CheckSpecs(t, source, taking(framing.FromOptions), tables...)
	connectortest.CheckSpecs(t, sink, taking(framing.SinkFromOptions), tables...)
	connectortest.CheckSpecs(t, builtin.BadDataOptions(), taking(format.BadDataOptions), map[string]string{},
		map[string]string{"bad_data": "drop", "bad_data.max_errors": "1", "bad_data.max_ratio": "0.5", "bad_data.window": "10"},
		map[string]string{"bad_data": "dead_letter", "bad_data.topic": "t"})
}

func TestEveryFormatIsMade(t *testing.T) {
	for _, name := range builtin.Formats().Names() {
		bag := option.New(option.Pos{})
		if err := bag.Set("format", option.Pos{}, option.Value{Text: name, Quoted: true}); err != nil {
			t.Fatal(err)
		}
		if f, err := builtin.Formats().Find(bag), bag.Done(); f == nil || err != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestParquetIsRefusedWithTheReason(t *testing.T) {
	bag := option.New(option.Pos{})
	at := option.Pos{File: "f.sql", Line: 3, Col: 9}
	if err := bag.Set("format", at, option.Value{Text: "parquet", Quoted: true, Pos: at}); err != nil {
		t.Fatal(err)
	}
	if f := builtin.Formats().Find(bag); f != nil {
		t.Error(f)
	}
	if err := bag.Done(); fault.Of(err) != fault.Input || !strings.HasPrefix(err.Error(), "f.sql:3:9: option 'format': want ") || !strings.Contains(err.Error(), "column by column") {
		t.Errorf("%v", err)
	}
}

func TestEveryConnectorIsUnderItsName(t *testing.T) {
	for name, c := range builtin.Connectors() {
		if c.Name() != name || c.Describe().Summary == "" {
			t.Errorf("%s is under %s", c.Name(), name)
		}
	}
}
