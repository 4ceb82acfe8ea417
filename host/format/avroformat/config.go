package avroformat

import (
	"strings"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/schemaregistry"
)

// Mode is how a record carries its datums, and what says which schema they were written with.
type Mode uint8

// The modes.
const (
	Container Mode = iota // an object container file, any number of rows; the default
	Raw                   // one datum and nothing else
	Single                // a datum behind the fingerprint of its schema: the single-object encoding
	Confluent             // a datum behind the id that its schema has in a registry
)

// DefaultMaxUncompressed is Config.MaxUncompressed where that is 0.
const DefaultMaxUncompressed = 64 << 20

// Config is what an Avro format is made from. The zero Config is the default: object container files.
type Config struct {
	Mode         Mode
	Schema       string // that rows are written with, and raw and single-object datums were; empty: derived from the table, or the registry's
	Reader       string // the reader's schema; empty: the table's columns alone say how datums are read
	Unstructured bool   // a datum becomes JSON in the table's only column
	RecordName   string // of a derived schema; empty: DefaultRecordName
	Nanos        bool   // a derived schema has timestamp-nanos for TIMESTAMP(9), not timestamp-micros
	Compression  string // of containers that are written: "null", "deflate", "snappy" or "zstandard"; empty: "null"

	MaxUncompressed int // bytes that the blocks of a container may have together; 0: DefaultMaxUncompressed

	Limits   format.Limits
	SchemaID int                    // Confluent without a registry: the id that Schema has
	Registry *schemaregistry.Config // Confluent; nil: none
}

// FromOptions takes the avro options out of the bag, which keeps what is wrong with them; the package documentation lists
// them. It reads the files that they name.
func FromOptions(bag *option.Bag) Config {
	c := Config{
		Unstructured: bag.Bool("avro.into_unstructured_json", false),
		RecordName:   bag.String("avro.record_name", DefaultRecordName),
		Nanos:        bag.Bool("avro.timestamp_nanos", false),
		Compression:  bag.Enum("avro.compression", codecNames[0], codecNames[:]...),
		Schema:       document(bag, "avro.schema"),
		Reader:       document(bag, "avro.reader_schema"),
	}
	c.Limits = format.LimitOptions(bag)
	c.takeMode(bag)
	size := bag.Size("avro.max_uncompressed", DefaultMaxUncompressed)
	if size < 1 || size > 1<<30 {
		bag.Reject("avro.max_uncompressed", "a size from 1 byte to 1 GiB")
	}
	c.MaxUncompressed = int(size)
	if !isFullName(c.RecordName) {
		bag.Reject("avro.record_name", "a name of letters, digits and underscores, with a namespace before it perhaps")
	}
	c.takeRegistry(bag)
	return c
}

func (c *Config) takeMode(bag *option.Bag) {
	given := false
	for _, m := range [...]struct {
		key  string
		mode Mode
	}{{"avro.raw_datums", Raw}, {"avro.single_object", Single}, {"avro.confluent_schema_registry", Confluent}} {
		if !bag.Bool(m.key, false) {
			continue
		}
		if given {
			bag.Reject(m.key, "at most one of 'avro.raw_datums', 'avro.single_object' and 'avro.confluent_schema_registry'")
		}
		c.Mode, given = m.mode, true
	}
}

func (c *Config) takeRegistry(bag *option.Bag) {
	if r, given := schemaregistry.FromOptions(bag, "avro"); given {
		c.Registry = &r
		if c.Mode == Raw || c.Mode == Single {
			bag.Reject("avro.registry", "none for datums without the id of their schema before them")
		}
		c.Mode = Confluent // what else would it be for
		return
	}
	if c.Mode != Confluent {
		bag.Unread("avro.schema_id", "needs 'avro.confluent_schema_registry', as it is what the header holds")
		return
	}
	c.SchemaID = schemaregistry.NumberOption(bag, "avro.schema_id")
	if c.Schema == "" || c.SchemaID == 0 {
		bag.Reject("avro.confluent_schema_registry", "'avro.registry' beside it, or 'avro.schema' and 'avro.schema_id'")
	}
}

// document takes a schema that stands in an option, or in the file that another one names; empty: in none of them.
func document(bag *option.Bag, key string) string {
	return format.DocumentOption(bag, key, MaxSchemaBytes, "an Avro schema", func(text string) error {
		s, err := parse(text)
		if err != nil {
			return err
		}
		return checkDefaults(s)
	})
}

// isFullName says whether s is a name, with a namespace or without.
func isFullName(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || avroName(part) != part {
			return false
		}
	}
	return true
}

// Factory makes the format from a table's options, as a format.Registry wants it. It is nil where the bag has an error.
func Factory(bag *option.Bag) format.Format {
	f, err := New(FromOptions(bag))
	if err == nil {
		return f
	}
	if !bag.Wrong() { // else that is why
		bag.Reject("avro.registry", "a registry that can be asked ("+err.Error()+")") // the schemas were parsed before
	}
	return nil
}
