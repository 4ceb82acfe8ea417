package jsonformat

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
)

// MaxDepth is how deep a frame's objects and arrays may nest, the record's own object counted.
const MaxDepth = 128

// TimestampFormat is how timestamps are written, and how numbers are read for them.
type TimestampFormat uint8

// The timestamp formats.
const (
	RFC3339    TimestampFormat = iota // text; a number is in the column's unit
	UnixMillis                        // a number of milliseconds since 1970
)

// Config is what a JSON format is made from. The zero Config is the default.
type Config struct {
	TimestampFormat TimestampFormat
	Strict          bool // turns every leniency off that the package documentation lists
}

// FromOptions takes json.timestamp_format ('RFC3339', the default, 'unix_millis' or 'UnixMillis') and json.strict (a bool,
// default false) out of the bag, which keeps what is wrong with them.
func FromOptions(bag *option.Bag) Config {
	c := Config{Strict: bag.Bool("json.strict", false)}
	if bag.Enum("json.timestamp_format", "RFC3339", "RFC3339", "unix_millis", "UnixMillis") != "RFC3339" {
		c.TimestampFormat = UnixMillis
	}
	return c
}

type jsonFormat struct{ Config }

var _ format.Format = jsonFormat{}

// New makes a JSON format.
func New(c Config) format.Format { return jsonFormat{c} }

func (f jsonFormat) NewDecoder(fields []format.Field) (format.Decoder, error) {
	if err := check(fields); err != nil {
		return nil, err
	}
	return newDecoder(f.Config, fields), nil
}

func (f jsonFormat) NewEncoder(fields []format.Field) (format.Encoder, error) {
	if err := check(fields); err != nil {
		return nil, err
	}
	return newEncoder(f.Config, fields), nil
}

// check refuses fields that JSON objects cannot have here: two of one name, a name that is not UTF-8, an unknown type.
func check(fields []format.Field) error {
	names := map[string]bool{}
	for _, f := range fields {
		if names[f.Name] {
			return fmt.Errorf("json: two columns are named %q", f.Name)
		}
		names[f.Name] = true
		if !utf8.ValidString(f.Name) {
			return fmt.Errorf("json: the column name %q is not UTF-8", f.Name)
		}
		if _, err := batch.KindOf(f.Type); err != nil {
			return fmt.Errorf("json: column %q: %w", f.Name, err)
		}
	}
	return nil
}

// kind is what a column takes. Unlike a batch.Kind it tells timestamps from numbers.
type kind uint8

const (
	kindText kind = iota
	kindBigint
	kindInt
	kindDouble
	kindBool
	kindTime
)

// kindOf expects a type that check has passed.
func kindOf(t arrow.DataType) kind {
	switch t.ID() {
	case arrow.INT64:
		return kindBigint
	case arrow.INT32:
		return kindInt
	case arrow.FLOAT64:
		return kindDouble
	case arrow.BOOL:
		return kindBool
	case arrow.TIMESTAMP:
		return kindTime
	}
	return kindText
}

// sqlName is the type as a CREATE TABLE spells it.
func sqlName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.Int64Type:
		return "BIGINT"
	case *arrow.Int32Type:
		return "INT"
	case *arrow.Float64Type:
		return "DOUBLE"
	case *arrow.BooleanType:
		return "BOOLEAN"
	case *arrow.TimestampType:
		return fmt.Sprintf("TIMESTAMP(%d)", 3*int(t.Unit))
	}
	return "TEXT"
}
