// Package types is the table of the types that columns can have: each with its SQL spelling and its Arrow type.
//
// A type without parameters has a row in plain. DECIMAL, TIME and TIMESTAMP have parameters and a constructor each, and so
// have the types that hold others. [Name] spells any of them, [Check] tells whether a type is one of them.
package types

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

const (
	// MaxDepth is how deep types nest: a BIGINT is 1 deep, a BIGINT[] 2.
	MaxDepth = 32
	// MaxMaps is how many MAPs nest in each other: Arrow's library takes twice as long to make an array for each.
	MaxMaps = 8
	// MaxFields is how many fields the columns of a table have in all, items of lists, keys and values of maps included.
	MaxFields = 4096
	// MaxPrecision is how many digits a DECIMAL has at most.
	MaxPrecision = 38
)

// plain are the types without parameters. The first name is the canonical one.
var plain = []struct {
	dt    arrow.DataType
	names []string
}{
	{arrow.FixedWidthTypes.Boolean, []string{"BOOLEAN", "BOOL"}},
	{arrow.PrimitiveTypes.Int8, []string{"TINYINT"}},
	{arrow.PrimitiveTypes.Int16, []string{"SMALLINT", "INT2"}},
	{arrow.PrimitiveTypes.Int32, []string{"INT", "INTEGER", "INT4"}},
	{arrow.PrimitiveTypes.Int64, []string{"BIGINT", "INT8"}},
	{arrow.PrimitiveTypes.Uint8, []string{"TINYINT UNSIGNED"}},
	{arrow.PrimitiveTypes.Uint16, []string{"SMALLINT UNSIGNED", "INT2 UNSIGNED"}},
	{arrow.PrimitiveTypes.Uint32, []string{"INT UNSIGNED", "INTEGER UNSIGNED", "INT4 UNSIGNED"}},
	{arrow.PrimitiveTypes.Uint64, []string{"BIGINT UNSIGNED", "INT8 UNSIGNED"}},
	{arrow.PrimitiveTypes.Float32, []string{"FLOAT", "REAL", "FLOAT4"}},
	{arrow.PrimitiveTypes.Float64, []string{"DOUBLE", "DOUBLE PRECISION", "FLOAT8"}},
	{arrow.BinaryTypes.String, []string{"TEXT", "VARCHAR", "STRING"}},
	{arrow.BinaryTypes.Binary, []string{"BYTEA", "BYTES", "BINARY", "VARBINARY"}},
	{arrow.FixedWidthTypes.Date32, []string{"DATE"}},
	{arrow.FixedWidthTypes.MonthDayNanoInterval, []string{"INTERVAL"}},
	{jsonType, []string{"JSON"}},
	{uuidType, []string{"UUID"}},
	{textDictionary, []string{"DICTIONARY<TEXT>"}},
}

var textDictionary = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

// ByName is the type that words say, in capitals and with one space between them: BIGINT, DOUBLE PRECISION, INT4 UNSIGNED.
// DECIMAL, TIME and TIMESTAMP (with time zone: TIMESTAMPTZ too) are read with what they default to.
func ByName(words string) (arrow.DataType, bool) {
	for _, p := range plain {
		for _, name := range p.names {
			if name == words {
				return p.dt, true
			}
		}
	}
	switch words {
	case "DECIMAL", "NUMERIC":
		return &arrow.Decimal128Type{Precision: 38, Scale: 10}, true
	case "TIME":
		return &arrow.Time64Type{Unit: arrow.Nanosecond}, true
	case "TIMESTAMP":
		return &arrow.TimestampType{Unit: arrow.Nanosecond}, true
	case "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ":
		return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}, true
	}
	return nil, false
}

// JSON is the type of JSON documents, carried as their text.
func JSON() arrow.DataType { return jsonType }

// UUID is the type of UUIDs, 16 bytes each.
func UUID() arrow.DataType { return uuidType }

// Dictionary is the type of texts of which many are the same, DICTIONARY<TEXT>.
func Dictionary() arrow.DataType { return textDictionary }

// Decimal is DECIMAL(precision, scale).
func Decimal(precision, scale int) (arrow.DataType, error) {
	if precision < 1 || precision > MaxPrecision {
		return nil, fmt.Errorf("DECIMAL has 1 to %d digits, not %d", MaxPrecision, precision)
	}
	if scale < 0 || scale > precision {
		return nil, fmt.Errorf("DECIMAL(%d, s) has 0 to %d digits behind the point, not %d", precision, precision, scale)
	}
	return &arrow.Decimal128Type{Precision: int32(precision), Scale: int32(scale)}, nil
}

// Time is TIME(digits): 0, 3, 6 or 9 digits of a second.
func Time(digits int) (arrow.DataType, error) {
	unit, err := Unit(digits)
	if err != nil {
		return nil, err
	}
	if unit == arrow.Second || unit == arrow.Millisecond {
		return &arrow.Time32Type{Unit: unit}, nil
	}
	return &arrow.Time64Type{Unit: unit}, nil
}

// Timestamp is TIMESTAMP(digits), with time zone where zoned: 0, 3, 6 or 9 digits of a second. What has a zone is in UTC.
func Timestamp(digits int, zoned bool) (arrow.DataType, error) {
	unit, err := Unit(digits)
	if err != nil {
		return nil, err
	}
	if zoned {
		return &arrow.TimestampType{Unit: unit, TimeZone: "UTC"}, nil
	}
	return &arrow.TimestampType{Unit: unit}, nil
}

// Unit is the unit of times with so many digits of a second: 0, 3, 6 or 9.
func Unit(digits int) (arrow.TimeUnit, error) {
	switch digits {
	case 0:
		return arrow.Second, nil
	case 3:
		return arrow.Millisecond, nil
	case 6:
		return arrow.Microsecond, nil
	case 9:
		return arrow.Nanosecond, nil
	}
	return 0, fmt.Errorf("times have 0, 3, 6 or 9 digits of a second, not %d", digits)
}

// Digits is how many digits of a second times in unit have.
func Digits(unit arrow.TimeUnit) int { return 3 * int(unit) }

// List is T[] (ARRAY<T>); items are NOT NULL unless nullable.
func List(item arrow.DataType, nullable bool) *arrow.ListType {
	return arrow.ListOfField(arrow.Field{Name: "item", Type: item, Nullable: nullable})
}

// Map is MAP<K, V>; values are NOT NULL unless nullable, keys always are.
func Map(key, value arrow.DataType, nullable bool) *arrow.MapType {
	return arrow.MapOfFields(arrow.Field{Name: "key", Type: key}, arrow.Field{Name: "value", Type: value, Nullable: nullable})
}

// Struct is STRUCT<fields>.
func Struct(fields ...arrow.Field) *arrow.StructType { return arrow.StructOf(fields...) }

// IsJSON says whether t is JSON.
func IsJSON(t arrow.DataType) bool { return arrow.TypeEqual(t, jsonType) }

// IsUUID says whether t is UUID.
func IsUUID(t arrow.DataType) bool { return arrow.TypeEqual(t, uuidType) }

// Storage is how values of t are laid out: TEXT for JSON, sixteen bytes for UUID, t itself for every other type.
func Storage(t arrow.DataType) arrow.DataType {
	if e, ok := t.(arrow.ExtensionType); ok {
		return e.StorageType()
	}
	return t
}
