package jsonformat

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
)

// TimestampFormat is how timestamps are written, and how numbers are read for them.
type TimestampFormat uint8

// The timestamp formats.
const (
	RFC3339    TimestampFormat = iota // text; a number is in the column's unit
	UnixMillis                        // a number of milliseconds since 1970
)

// DecimalEncoding is how decimals are written. Bytes are read as such only with DecimalBytes; numbers and texts always.
type DecimalEncoding uint8

// The decimal encodings.
const (
	DecimalNumber DecimalEncoding = iota // 123.45, with all its digits
	DecimalString                        // "123.45"
	DecimalBytes                         // base64 of the unscaled value: 16 bytes, big-endian two's complement
)

// Config is what a JSON format is made from. The zero Config is the default.
type Config struct {
	TimestampFormat TimestampFormat
	DecimalEncoding DecimalEncoding
	Strictness      Strictness // the leniencies of the package documentation that are turned off
	InvalidAsText   bool       // what a JSON column holds that is not JSON is written as a string, not refused
	Unstructured    bool       // a frame is the text of the one column, JSON or TEXT
	IncludeSchema   bool       // rows are the payload of a Kafka Connect envelope, beside their schema
	Debezium        bool       // rows are change events: before, after, op
	Header          bool       // a Confluent registry header stands before the JSON: a zero byte and a schema id
	// Registry is where the schema id of the headers that are written comes from, its SchemaID, or what the registry has; and
	// without Schema the columns of tables that declare none.
	Registry schemaregistry.Config
	Schema   string // a JSON Schema of the rows, for tables that declare no columns and to check those that do; "": none
	Limits   format.Limits
}

// off reports whether a leniency is turned off.
func (c *Config) off(one Strictness) bool { return c.Strictness.Has(one) }

// datesInDays reports whether a DATE that is a number counts days since 1970, as Kafka Connect and Debezium have it, rather
// than the milliseconds of its midnight. It is a number only with UnixMillis.
func (c *Config) datesInDays() bool { return c.IncludeSchema || c.Debezium }

// FromOptions takes the options json.* that the package documentation lists out of the bag, which keeps what is wrong with
// them.
func FromOptions(bag *option.Bag) Config { return fromOptions(bag, Config{}) }

// DebeziumFromOptions is FromOptions for the format debezium_json: timestamps are milliseconds and decimals bytes unless the
// options say otherwise, as Debezium writes them.
func DebeziumFromOptions(bag *option.Bag) Config {
	return fromOptions(bag, Config{Debezium: true, TimestampFormat: UnixMillis, DecimalEncoding: DecimalBytes})
}

func fromOptions(bag *option.Bag, c Config) Config {
	switch bag.Enum("json.timestamp_format", "", "RFC3339", "unix_millis", "UnixMillis") {
	case "RFC3339":
		c.TimestampFormat = RFC3339
	case "unix_millis", "UnixMillis":
		c.TimestampFormat = UnixMillis
	}
	switch bag.Enum("json.decimal_encoding", "", "number", "string", "bytes") {
	case "number":
		c.DecimalEncoding = DecimalNumber
	case "string":
		c.DecimalEncoding = DecimalString
	case "bytes":
		c.DecimalEncoding = DecimalBytes
	}
	c.Strictness = strictness(bag)
	c.InvalidAsText = bag.Enum("json.invalid_documents", "reject", "reject", "string") == "string"
	c.Limits = format.LimitOptions(bag)
	c.IncludeSchema = bag.Bool("json.include_schema", false)
	c.Header = bag.Bool("json.confluent_schema_registry", false)
	if c.IncludeSchema && c.Header {
		bag.Reject("json.include_schema", "false, as at most one of `json.confluent_schema_registry` and `json.include_schema` may be set")
	}
	if !c.Debezium {
		c.Unstructured = bag.Bool("json.unstructured", false)
	}
	if c.Unstructured && c.IncludeSchema {
		bag.Reject("json.include_schema", "it only where records have columns, which json.unstructured leaves them without")
	}
	c.registry(bag)
	c.Schema = format.DocumentOption(bag, "json.schema", MaxSchemaBytes, "a JSON Schema of an object", func(text string) error {
		_, err := parseColumns(text, nil, true)
		return err
	})
	if c.Unstructured && !c.Header && c.Registry.URL != "" {
		bag.Reject("json.registry", "it not beside json.unstructured, unless json.confluent_schema_registry is true, as nothing else asks it")
	}
	if c.Schema != "" && c.Unstructured {
		bag.Reject("json.unstructured", "false beside a schema, as what it describes are columns")
	}
	return c
}

// registry takes the options of the header.
func (c *Config) registry(bag *option.Bag) {
	var given bool
	if c.Registry, given = schemaregistry.FromOptions(bag, "json"); given {
		return
	}
	if _, given = bag.Peek("json.schema_id"); !given {
		return
	}
	id := bag.Int("json.schema_id", 0)
	c.Registry.SchemaID = int(id)
	switch {
	case id < 1 || id > math.MaxInt32:
		bag.Reject("json.schema_id", "a number from 1 to 2147483647")
	case !c.Header:
		bag.Reject("json.schema_id", "it only beside json.confluent_schema_registry = true, as it is what the header holds")
	}
}

type jsonFormat struct{ Config }

var (
	_ format.Format = jsonFormat{}
	_ format.Shaper = jsonFormat{}
	_ format.Blanks = jsonFormat{}
)

// New makes a JSON format, or debezium_json where the Config says so.
func New(c Config) format.Format { return jsonFormat{c} }

// BlanksAreRows implements format.Blanks: they are where a frame need not be JSON.
func (f jsonFormat) BlanksAreRows() bool { return f.Unstructured && !f.off(UncheckedText) }

func (f jsonFormat) NewDecoder(fields []format.Field) (format.Decoder, error) {
	if err := f.check(fields); err != nil {
		return nil, err
	}
	if f.Unstructured {
		return newTextDecoder(f.Config, fields[0]), nil
	}
	if f.Header || f.IncludeSchema || f.Debezium {
		return newEnvelopeDecoder(f.Config, fields)
	}
	return newDecoder(f.Config, fields), nil
}

func (f jsonFormat) NewEncoder(fields []format.Field) (format.Encoder, error) {
	if err := f.check(fields); err != nil {
		return nil, err
	}
	e, err := f.newEncoder(fields)
	if err != nil || !f.Header {
		return e, err
	}
	return newHeaderEncoder(f.Config, fields, e)
}

// newEncoder makes the encoder of what stands behind the header.
func (f jsonFormat) newEncoder(fields []format.Field) (format.Encoder, error) {
	if f.Unstructured {
		return newTextEncoder(f.Config, fields[0]), nil
	}
	e := newEncoder(f.Config, fields)
	if f.IncludeSchema {
		schema, err := connectSchema(f.Config, fields)
		if err != nil {
			return nil, err
		}
		e.before, e.after = []byte(`{"payload":`), slices.Concat([]byte(`,"schema":`), schema, []byte("}"))
	}
	if f.Debezium {
		return newEventEncoder(e, fields)
	}
	return e, nil
}

// check refuses fields that JSON objects cannot have here: two of one name, a name that is not UTF-8, an unknown type.
func (f jsonFormat) check(fields []format.Field) error {
	names := map[string]bool{}
	columns := make([]arrow.Field, len(fields))
	for i, field := range fields {
		if names[field.Name] {
			return fmt.Errorf("json: two columns are named %q", field.Name)
		}
		names[field.Name] = true
		columns[i] = arrow.Field{Name: field.Name, Type: field.Type}
	}
	if err := types.CheckAll(columns); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	if err := checkNames(columns); err != nil {
		return err
	}
	if f.Unstructured {
		return checkText(fields)
	}
	if err := f.Limits.OrDefault(format.DefaultDepth).Fit(fields); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return nil
}

// checkNames refuses names, of members at any depth, that are not UTF-8.
func checkNames(fields []arrow.Field) error {
	for _, f := range fields {
		if !utf8.ValidString(f.Name) {
			return fmt.Errorf("json: the column name %q is not UTF-8", f.Name)
		}
		if nested, ok := f.Type.(arrow.NestedType); ok {
			if err := checkNames(nested.Fields()); err != nil {
				return err
			}
		}
	}
	return nil
}

// kind is what a column takes. Unlike a batch.Kind it tells types of one layout apart.
type kind uint8

const (
	kindText kind = iota
	kindBigint
	kindInt
	kindDouble
	kindBool
	kindTime // TIMESTAMP, with and without time zone
	kindTinyint
	kindSmallint
	kindUtinyint
	kindUsmallint
	kindUint
	kindUbigint
	kindFloat
	kindDecimal
	kindBinary
	kindDate
	kindClock32 // TIME(0) and TIME(3)
	kindClock64 // TIME(6) and TIME(9)
	kindInterval
	kindJSON
	kindUUID
	kindDictionary
	kindList
	kindStruct
	kindMap
)

// kinds has the kind of every type that is not an extension.
var kinds = map[arrow.Type]kind{
	arrow.STRING: kindText, arrow.BOOL: kindBool, arrow.FLOAT32: kindFloat, arrow.FLOAT64: kindDouble,
	arrow.INT8: kindTinyint, arrow.INT16: kindSmallint, arrow.INT32: kindInt, arrow.INT64: kindBigint,
	arrow.UINT8: kindUtinyint, arrow.UINT16: kindUsmallint, arrow.UINT32: kindUint, arrow.UINT64: kindUbigint,
	arrow.DECIMAL128: kindDecimal, arrow.BINARY: kindBinary, arrow.DATE32: kindDate, arrow.TIME32: kindClock32,
	arrow.TIME64: kindClock64, arrow.TIMESTAMP: kindTime, arrow.INTERVAL_MONTH_DAY_NANO: kindInterval,
	arrow.DICTIONARY: kindDictionary, arrow.LIST: kindList, arrow.STRUCT: kindStruct, arrow.MAP: kindMap,
}

// kindOf expects a type that check has passed.
func kindOf(t arrow.DataType) kind {
	if e, ok := t.(arrow.ExtensionType); ok {
		if e.StorageType().ID() == arrow.STRING {
			return kindJSON
		}
		return kindUUID
	}
	return kinds[t.ID()]
}

// sqlName is the type as a CREATE TABLE spells it.
func sqlName(t arrow.DataType) string { return types.Name(t) }
