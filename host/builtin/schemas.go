package builtin

import (
	"cmp"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/option"
)

// SchemaDocuments make the schema document of a kind for a table's columns. Those of avro and json are JSON. The options of that format which
// the table has are taken into account: how values are written as json, avro.record_name and avro.timestamp_nanos, and protobuf.message. The bag
// is used up.
func SchemaDocuments() map[string]func(*option.Bag, []arrow.Field) (string, error) {
	return map[string]func(*option.Bag, []arrow.Field) (string, error){
		"avro": func(options *option.Bag, columns []arrow.Field) (string, error) {
			return avroformat.FromColumns(avroformat.FromOptions(options), columns)
		},
		"json": func(options *option.Bag, columns []arrow.Field) (string, error) {
			return jsonformat.FromColumns(jsonformat.FromOptions(options), columns)
		},
		"protobuf": func(options *option.Bag, columns []arrow.Field) (string, error) {
			name := protoformat.FromOptions(options).Message
			return protoformat.FromColumns(cmp.Or(name, protoformat.DefaultMessage), columns)
		},
	}
}
