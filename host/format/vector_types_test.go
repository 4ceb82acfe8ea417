package format_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// simpleTypes are the types of the vectors that have no parameters. Date64 counts milliseconds, and SQL has no such date.
var simpleTypes = map[string]arrow.DataType{
	"Boolean": arrow.FixedWidthTypes.Boolean,
	"Int8":    arrow.PrimitiveTypes.Int8, "Int16": arrow.PrimitiveTypes.Int16, "Int32": arrow.PrimitiveTypes.Int32, "Int64": arrow.PrimitiveTypes.Int64,
	"UInt8": arrow.PrimitiveTypes.Uint8, "UInt16": arrow.PrimitiveTypes.Uint16, "UInt32": arrow.PrimitiveTypes.Uint32,
	"UInt64":  arrow.PrimitiveTypes.Uint64,
	"Float32": arrow.PrimitiveTypes.Float32, "Float64": arrow.PrimitiveTypes.Float64,
	"Utf8": arrow.BinaryTypes.String, "Binary": arrow.BinaryTypes.Binary, "JSON": types.JSON(), "UUID": types.UUID(), "Dictionary": types.Dictionary(),
	"Date32": arrow.FixedWidthTypes.Date32, "Date64": &arrow.TimestampType{Unit: arrow.Millisecond}, "Interval": arrow.FixedWidthTypes.MonthDayNanoInterval,
}

// typeOf reads a type as the vectors write it, "Struct<d Int64 not null, e List<Utf8!>>".
func typeOf(text string) (arrow.DataType, error) {
	p := typeParser{rest: text}
	t, nullable, err := p.parse()
	if err == nil && (p.rest != "" || !nullable) {
		err = fmt.Errorf("%q is too much in the type %q", p.rest, text)
	}
	return t, err
}

type typeParser struct{ rest string }

// take takes the next bytes if they are text.
func (p *typeParser) take(text string) bool {
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok {
		p.rest = strings.TrimLeft(rest, " ")
	}
	return ok
}

func (p *typeParser) word() string {
	end := strings.IndexAny(p.rest+" ", " <>(),!")
	word := p.rest[:end]
	p.rest = strings.TrimLeft(p.rest[end:], " ")
	return word
}

// parse reads one type and what says that it is never null.
func (p *typeParser) parse() (t arrow.DataType, nullable bool, err error) {
	name := p.word()
	switch {
	case p.take("<"):
		t, err = p.nested(name)
	case p.take("("):
		in, rest, _ := strings.Cut(p.rest, ")")
		p.rest = strings.TrimLeft(rest, " ")
		t, err = parametric(name, in)
	default:
		if t = simpleTypes[name]; t == nil {
			err = fmt.Errorf("no type %q", name)
		}
	}
	return t, !p.take("!") && !p.take("not null"), err
}

func parametric(name, in string) (arrow.DataType, error) {
	digits := map[string]int{"s": 0, "ms": 3, "us": 6, "ns": 9}
	unit, zone, _ := strings.Cut(in, ",")
	switch name {
	case "Timestamp":
		return types.Timestamp(digits[unit], strings.TrimSpace(zone) != "")
	case "Time32", "Time64":
		return types.Time(digits[unit])
	case "Decimal128":
		precision, err := strconv.Atoi(unit)
		if err != nil {
			return nil, err
		}
		scale, err := strconv.Atoi(strings.TrimSpace(zone))
		if err != nil {
			return nil, err
		}
		return types.Decimal(precision, scale)
	}
	return nil, fmt.Errorf("no type %s(%s)", name, in)
}

func (p *typeParser) nested(name string) (arrow.DataType, error) {
	var fields []arrow.Field
	for {
		var f arrow.Field
		if name == "Struct" {
			f.Name = p.word()
		}
		var err error
		if f.Type, f.Nullable, err = p.parse(); err != nil {
			return nil, err
		}
		if fields = append(fields, f); p.take(">") {
			break
		}
		if !p.take(",") {
			return nil, fmt.Errorf("neither a comma nor the end at %q", p.rest)
		}
	}
	switch {
	case name == "Struct":
		return types.Struct(fields...), nil
	case name == "List" && len(fields) == 1:
		return types.List(fields[0].Type, fields[0].Nullable), nil
	case name == "Map" && len(fields) == 2:
		return types.Map(fields[0].Type, fields[1].Type, fields[1].Nullable), nil
	}
	return nil, fmt.Errorf("no type %s<…>", name)
}
