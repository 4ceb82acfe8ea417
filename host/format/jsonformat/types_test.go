package jsonformat

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// typeNames has the types that are a word, by the name that they have in a CREATE TABLE, and in Arrow where that differs.
var typeNames = map[string]arrow.DataType{
	"BOOLEAN": arrow.FixedWidthTypes.Boolean, "TINYINT": arrow.PrimitiveTypes.Int8, "SMALLINT": arrow.PrimitiveTypes.Int16,
	"INT": arrow.PrimitiveTypes.Int32, "BIGINT": arrow.PrimitiveTypes.Int64, "TINYINT UNSIGNED": arrow.PrimitiveTypes.Uint8,
	"SMALLINT UNSIGNED": arrow.PrimitiveTypes.Uint16, "INT UNSIGNED": arrow.PrimitiveTypes.Uint32,
	"BIGINT UNSIGNED": arrow.PrimitiveTypes.Uint64, "FLOAT": arrow.PrimitiveTypes.Float32, "DOUBLE": arrow.PrimitiveTypes.Float64,
	"TEXT": arrow.BinaryTypes.String, "BYTEA": arrow.BinaryTypes.Binary, "DATE": arrow.FixedWidthTypes.Date32,
	"TIME(0)": arrow.FixedWidthTypes.Time32s, "TIME(3)": arrow.FixedWidthTypes.Time32ms, "TIME(6)": arrow.FixedWidthTypes.Time64us,
	"TIME(9)": arrow.FixedWidthTypes.Time64ns, "TIMESTAMP(0)": timestamp(arrow.Second), "TIMESTAMP(3)": timestamp(arrow.Millisecond),
	"TIMESTAMP(6)": timestamp(arrow.Microsecond), "TIMESTAMP(9)": timestamp(arrow.Nanosecond),
	"TIMESTAMPTZ(3)": arrow.FixedWidthTypes.Timestamp_ms, "TIMESTAMPTZ(9)": arrow.FixedWidthTypes.Timestamp_ns,
	"INTERVAL": arrow.FixedWidthTypes.MonthDayNanoInterval, "JSON": types.JSON(), "UUID": types.UUID(),
	"DICTIONARY<TEXT>": &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String},

	"Boolean": arrow.FixedWidthTypes.Boolean, "Int32": arrow.PrimitiveTypes.Int32, "Int64": arrow.PrimitiveTypes.Int64,
	"UInt64": arrow.PrimitiveTypes.Uint64, "Float64": arrow.PrimitiveTypes.Float64, "Utf8": arrow.BinaryTypes.String,
	"Binary": arrow.BinaryTypes.Binary, "Date32": arrow.FixedWidthTypes.Date32, "Date64": timestamp(arrow.Millisecond),
	"Timestamp(s)": timestamp(arrow.Second), "Timestamp(ms)": timestamp(arrow.Millisecond),
	"Timestamp(us)": timestamp(arrow.Microsecond), "Timestamp(ns)": timestamp(arrow.Nanosecond),
}

// typeOf reads a type: one of typeNames, DECIMAL(p, s), T[], or LIST<T>, STRUCT<a T, b U NOT NULL>, MAP<K, V NOT NULL> in any
// case, where "not null" and "!" are NOT NULL too. It panics on anything else.
func typeOf(s string) arrow.DataType {
	if t := typeNames[s]; t != nil {
		return t
	}
	if item, ok := strings.CutSuffix(s, "[]"); ok {
		return arrow.ListOf(typeOf(item))
	}
	word, inner, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(s, ")"), ">"), "<")
	if decimal, digits, ok := strings.Cut(word, "("); ok && strings.HasPrefix(strings.ToUpper(decimal), "DECIMAL") {
		t := new(arrow.Decimal128Type)
		if _, err := fmt.Sscanf(strings.ReplaceAll(digits, " ", ""), "%d,%d", &t.Precision, &t.Scale); err == nil {
			return t
		}
	}
	parts := splitTop(inner)
	switch strings.ToUpper(word) {
	case "LIST":
		t, nullable := typeAndNull(parts[0])
		return arrow.ListOfField(arrow.Field{Name: "item", Type: t, Nullable: nullable})
	case "STRUCT":
		return arrow.StructOf(columnsOf(inner)...)
	case "MAP":
		t, nullable := typeAndNull(parts[1])
		m := arrow.MapOf(typeOf(parts[0]), t)
		m.SetItemNullable(nullable)
		return m
	}
	panic("no type " + s)
}

// columnsOf reads "a BIGINT, b TEXT NOT NULL".
func columnsOf(s string) []arrow.Field {
	var fields []arrow.Field
	for _, part := range splitTop(s) {
		name, t, _ := strings.Cut(part, " ")
		f := arrow.Field{Name: strings.TrimSuffix(name, ":")}
		f.Type, f.Nullable = typeAndNull(t)
		fields = append(fields, f)
	}
	return fields
}

func typeAndNull(s string) (t arrow.DataType, nullable bool) {
	for _, suffix := range []string{" NOT NULL", " not null", "!"} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			return typeOf(rest), false
		}
	}
	return typeOf(s), true
}

// splitTop splits at the commas that are in no brackets.
func splitTop(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range s {
		switch c {
		case '<', '(':
			depth++
		case '>', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}

// strictIf turns all leniencies off, or none.
func strictIf(off bool) Strictness {
	if off {
		return Strict
	}
	return 0
}
