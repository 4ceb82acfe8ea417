package jsonformat

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

var _ format.Carrier = jsonFormat{}

// Why values are not carried.
var (
	errNotJSON  = errors.New("the sink has another format")
	errEnvelope = errors.New("records have an envelope, a registry header or no structure")
	errOptions  = errors.New("source and sink differ in json.timestamp_format or json.decimal_encoding")
	errDocument = errors.New("a JSON column is written on one line, whatever lines it has in the record")
	errMillis   = errors.New("with unix_millis numbers of another precision would stay")
	errDecimals = errors.New("with json.decimal_encoding other than number other spellings would stay")
)

// Carries implements format.Carrier.
func (f jsonFormat) Carries(t arrow.DataType, to format.Format) error {
	other, ok := to.(jsonFormat)
	switch {
	case !ok:
		return errNotJSON
	case !f.bare() || !other.bare():
		return errEnvelope
	case f.TimestampFormat != other.TimestampFormat || f.DecimalEncoding != other.DecimalEncoding:
		return errOptions
	case t == nil:
		return nil
	}
	return f.carries(t)
}

// bare reports whether a frame is the object of the row, and nothing else.
func (c *Config) bare() bool { return !c.Unstructured && !c.IncludeSchema && !c.Debezium && !c.Header }

// carries is Carries for a value at any depth, in a format of the same options.
func (f jsonFormat) carries(t arrow.DataType) error {
	switch k := kindOf(t); {
	case k == kindJSON:
		return errDocument
	case (k == kindTime || k == kindDate) && f.TimestampFormat == UnixMillis:
		return errMillis
	case k == kindDecimal && f.DecimalEncoding != DecimalNumber:
		return errDecimals
	}
	if nested, ok := t.(arrow.NestedType); ok {
		for _, part := range nested.Fields() {
			if err := f.carries(part.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

// NewTracer implements format.Carrier.
func (f jsonFormat) NewTracer(fields []format.Field, traced []int, reserved []string) (format.Tracer, error) {
	if err := f.check(fields); err != nil {
		return nil, err
	}
	return newTracer(f.Config, fields, traced, reserved), nil
}

// NewPatcher implements format.Carrier.
func (f jsonFormat) NewPatcher(fields []format.Field, c format.Carry) (format.Patcher, error) {
	if err := f.check(fields); err != nil {
		return nil, err
	}
	return newPatcher(f.Config, fields, c), nil
}
