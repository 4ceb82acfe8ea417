package config

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// arrowType is the Arrow type that a declared type means.
func (t columnType) arrowType() arrow.DataType {
	switch {
	case t.Double != "":
		return arrow.PrimitiveTypes.Float64
	case t.Time != "":
		return &arrow.TimestampType{Unit: timeUnit(t.Digits)}
	}
	switch strings.ToUpper(t.Word) {
	case "BIGINT", "INT8":
		return arrow.PrimitiveTypes.Int64
	case "INT", "INTEGER", "INT4":
		return arrow.PrimitiveTypes.Int32
	case "FLOAT8":
		return arrow.PrimitiveTypes.Float64
	case "BOOLEAN", "BOOL":
		return arrow.FixedWidthTypes.Boolean
	}
	return arrow.BinaryTypes.String // TEXT, VARCHAR, STRING
}

func timeUnit(digits string) arrow.TimeUnit {
	switch digits {
	case "0":
		return arrow.Second
	case "3":
		return arrow.Millisecond
	case "6":
		return arrow.Microsecond
	}
	return arrow.Nanosecond
}

// TypeName is the SQL spelling of a column's type: one spelling a type, whichever the file uses. For a type that no column
// has it is Arrow's name.
func TypeName(t arrow.DataType) string {
	switch t.ID() {
	case arrow.STRING:
		return "TEXT"
	case arrow.INT64:
		return "BIGINT"
	case arrow.INT32:
		return "INT"
	case arrow.FLOAT64:
		return "DOUBLE"
	case arrow.BOOL:
		return "BOOLEAN"
	case arrow.TIMESTAMP:
		switch t.(*arrow.TimestampType).Unit {
		case arrow.Second:
			return "TIMESTAMP(0)"
		case arrow.Millisecond:
			return "TIMESTAMP(3)"
		case arrow.Microsecond:
			return "TIMESTAMP(6)"
		}
		return "TIMESTAMP"
	}
	return t.String()
}
