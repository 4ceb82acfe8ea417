package builtin

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/option"
)

// SchemaDocuments make the schema document of a kind for a table's columns. Those of avro and json are JSON. That of json takes the options
// json.* of the table into account, which say how values are written; the bag is used up.
func SchemaDocuments() map[string]func(*option.Bag, []arrow.Field) (string, error) {
	return map[string]func(*option.Bag, []arrow.Field) (string, error){
		"avro": func(_ *option.Bag, columns []arrow.Field) (string, error) { return avroformat.FromColumns(columns) },
		"json": func(options *option.Bag, columns []arrow.Field) (string, error) {
			return jsonformat.FromColumns(jsonformat.FromOptions(options), columns)
		},
		"protobuf": func(_ *option.Bag, columns []arrow.Field) (string, error) {
			return protoformat.FromColumns(avroformat.DefaultRecordName, columns)
		},
	}
}
