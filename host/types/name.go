package types

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Name is the SQL spelling of t: one spelling a type, whichever was written. For a type that no column has it is Arrow's
// name.
func Name(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale)
	case *arrow.Time32Type:
		return "TIME" + digits(t.Unit)
	case *arrow.Time64Type:
		return "TIME" + digits(t.Unit)
	case *arrow.TimestampType:
		switch t.TimeZone {
		case "":
			return "TIMESTAMP" + digits(t.Unit)
		case "UTC":
			return "TIMESTAMP" + digits(t.Unit) + " WITH TIME ZONE"
		}
	case *arrow.ListType:
		if item := t.ElemField(); !item.Nullable {
			return "ARRAY<" + Name(item.Type) + " NOT NULL>"
		}
		return Name(t.Elem()) + "[]"
	case *arrow.MapType:
		return "MAP<" + Name(t.KeyType()) + ", " + Name(t.ItemType()) + notNull(t.ItemField()) + ">"
	case *arrow.StructType:
		fields := make([]string, t.NumFields())
		for i := range fields {
			f := t.Field(i)
			fields[i] = fieldName(f.Name) + " " + Name(f.Type) + notNull(f)
		}
		return "STRUCT<" + strings.Join(fields, ", ") + ">"
	}
	for _, p := range plain {
		if arrow.TypeEqual(t, p.dt) {
			return p.names[0]
		}
	}
	return t.String()
}

// digits is the parameter of times in unit; nanoseconds need none.
func digits(unit arrow.TimeUnit) string {
	if unit == arrow.Nanosecond {
		return ""
	}
	return fmt.Sprintf("(%d)", Digits(unit))
}

func notNull(f arrow.Field) string {
	if f.Nullable {
		return ""
	}
	return " NOT NULL"
}

// fieldName is how SQL spells a name in a STRUCT: as it is if it is a plain word, else in double quotes.
func fieldName(name string) string {
	for i, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return quoted(name)
		}
	}
	if name == "" {
		return quoted(name)
	}
	return name
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
