package avroformat

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// ToColumns is the columns that the records of an Avro schema have, one a field. References to other documents are not
// resolved.
func ToColumns(text string) ([]arrow.Field, error) {
	s, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("avro: the schema: %w", err)
	}
	return columnsOf(s)
}

func columnsOf(s *schema) ([]arrow.Field, error) {
	if s.kind != kindRecord {
		return nil, fmt.Errorf("avro: the schema is a %s: columns come from a record", s)
	}
	fields := fieldsOf(s, 1)
	if len(fields) == 0 {
		return nil, errors.New("avro: the schema's record has no fields")
	}
	if err := types.CheckAll(fields); err != nil {
		return nil, fmt.Errorf("avro: the schema: %w", err)
	}
	return fields, nil
}

func fieldsOf(s *schema, depth int) []arrow.Field {
	fields := make([]arrow.Field, len(s.fields))
	for i, f := range s.fields {
		t, nullable := columnType(f.schema, depth)
		fields[i] = arrow.Field{Name: f.name, Type: t, Nullable: nullable}
	}
	return fields
}

// columnType is the type of a column that holds every value of s: JSON where no other does.
func columnType(s *schema, depth int) (t arrow.DataType, nullable bool) {
	if value, null := s.optional(); null >= 0 {
		s, nullable = value, true
	}
	switch {
	case s.kind == kindUnion:
		for _, b := range s.branches {
			nullable = nullable || b.kind == kindNull
		}
		return types.JSON(), nullable
	case s.kind == kindNull:
		return types.JSON(), true
	case depth > types.MaxDepth || s.recursive():
		return types.JSON(), nullable
	}
	return valueType(s, depth), nullable
}

func valueType(s *schema, depth int) arrow.DataType {
	switch s.logical {
	case logicalDecimal:
		t, err := types.Decimal(s.precision, s.scale)
		if err != nil {
			return types.JSON() // more digits than a column has
		}
		return t
	case logicalUUID:
		return types.UUID()
	case logicalDate:
		return arrow.FixedWidthTypes.Date32
	case logicalDuration:
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case logicalTimeMillis:
		return arrow.FixedWidthTypes.Time32ms
	case logicalTimeMicros:
		return arrow.FixedWidthTypes.Time64us
	case logicalMap:
		if t := entriesType(s, depth); types.Check(t) == nil {
			return t
		}
	case logicalNone:
	default:
		return timestampTypes[s.logical]
	}
	switch s.kind {
	case kindArray:
		item, nullable := columnType(s.items, depth+1)
		return types.List(item, nullable)
	case kindMap:
		value, nullable := columnType(s.items, depth+1)
		return types.Map(arrow.BinaryTypes.String, value, nullable)
	case kindRecord:
		if len(s.fields) == 0 {
			return types.JSON()
		}
		return types.Struct(fieldsOf(s, depth+1)...)
	}
	return kindTypes[s.kind]
}

func entriesType(s *schema, depth int) arrow.DataType {
	key, value, _ := s.entries()
	k, _ := columnType(key.schema, depth+1)
	v, nullable := columnType(value.schema, depth+1)
	return types.Map(k, v, nullable)
}

var timestampTypes = map[logical]*arrow.TimestampType{
	logicalTimestampMillis: {Unit: arrow.Millisecond, TimeZone: "UTC"},
	logicalTimestampMicros: {Unit: arrow.Microsecond, TimeZone: "UTC"},
	logicalTimestampNanos:  {Unit: arrow.Nanosecond, TimeZone: "UTC"},
	logicalLocalMillis:     {Unit: arrow.Millisecond},
	logicalLocalMicros:     {Unit: arrow.Microsecond},
	logicalLocalNanos:      {Unit: arrow.Nanosecond},
}

var kindTypes = map[kind]arrow.DataType{
	kindBoolean: arrow.FixedWidthTypes.Boolean,
	kindInt:     arrow.PrimitiveTypes.Int32,
	kindLong:    arrow.PrimitiveTypes.Int64,
	kindFloat:   arrow.PrimitiveTypes.Float32,
	kindDouble:  arrow.PrimitiveTypes.Float64,
	kindString:  arrow.BinaryTypes.String,
	kindBytes:   arrow.BinaryTypes.Binary,
	kindFixed:   arrow.BinaryTypes.Binary,
	kindEnum:    arrow.BinaryTypes.String,
}
