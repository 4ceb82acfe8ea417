package lines

import "github.com/weir-stream/weir/host/connector"

// Metadata are the metadata columns of records that are lines: those of a topic's records, of which lines have no time and no
// key.
func Metadata() []connector.Column {
	return []connector.Column{
		{Name: "offset", Types: []string{"BIGINT"}},
		{Name: "partition", Types: []string{"INT"}},
		{Name: "topic", Types: []string{"TEXT"}},
		{Name: "timestamp", Types: []string{"BIGINT", "TIMESTAMP", "TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(0)"}},
		{Name: "key", Types: []string{"TEXT"}},
		{Name: "frame", Types: []string{"INT"}},
	}
}
