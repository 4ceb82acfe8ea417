package config

import (
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
)

// TypeName is the SQL spelling of a column's type, as [types.Name] has it: one spelling a type, whichever the file uses.
func TypeName(t arrow.DataType) string { return types.Name(t) }

// typer makes the Arrow types of one table's columns.
type typer struct {
	r    *resolver
	left int // fields that the table may still have
}

// of is the type that t says, depth deep in its column; nil where it is wrong, which is reported.
func (ty *typer) of(t *columnType, depth int) arrow.DataType {
	lists := len(t.Brackets)
	if depth += lists; depth > types.MaxDepth {
		ty.r.failf(position(t.Pos), "types nest deeper than %d, the most that is read", types.MaxDepth)
		return nil
	}
	if ty.left -= 1 + lists; ty.left < 0 {
		ty.r.failf(position(t.Pos), "the table has more than %d columns, items and fields in all", types.MaxFields)
		return nil
	}
	dt := ty.base(t, depth)
	for range lists {
		if dt != nil {
			dt = types.List(dt, true)
		}
	}
	return dt
}

// base is t without its brackets.
func (ty *typer) base(t *columnType, depth int) arrow.DataType {
	b := &t.Base
	switch {
	case b.Decimal != "" && b.Precision != nil:
		return ty.decimal(b)
	case b.TimeFraction != nil:
		return ty.fraction(t, b.TimeFraction, types.Time)
	case b.TimestampFraction != nil:
		return ty.fraction(t, b.TimestampFraction, func(digits int) (arrow.DataType, error) { return types.Timestamp(digits, b.Zoned) })
	case b.TZFraction != nil:
		return ty.fraction(t, b.TZFraction, func(digits int) (arrow.DataType, error) { return types.Timestamp(digits, true) })
	case b.List != nil:
		if dt := ty.of(&b.List.Type, depth+1); dt != nil {
			return types.List(dt, !b.List.NotNull)
		}
		return nil
	case b.Struct != nil:
		return ty.fields(b.Struct, depth+1)
	case b.Key != nil:
		return ty.mapOf(b, depth+1)
	case b.Dictionary != "":
		return types.Dictionary()
	}
	dt, ok := types.ByName(b.words())
	if !ok {
		ty.r.failf(position(t.Pos), "the type %s is not known", b.words())
	}
	return dt
}

// words are those of a type that has no parameters, as [types.ByName] wants them.
func (b *baseType) words() string {
	words := strings.ToUpper(b.Integer + b.Plain + b.Text + b.Double + b.Decimal + b.Time + b.Timestamp + b.TimestampTZ) // one of them
	switch {
	case b.Unsigned:
		return words + " UNSIGNED"
	case b.Zoned:
		return words + " WITH TIME ZONE"
	}
	return words
}

func (ty *typer) decimal(b *baseType) arrow.DataType {
	precision, scale := ty.count(b.Precision), 0
	if b.Scale != nil {
		scale = ty.count(b.Scale)
	}
	if precision < 0 || scale < 0 {
		return nil
	}
	dt, err := types.Decimal(precision, scale)
	if err != nil {
		ty.r.failf(position(b.Precision.Pos), "%s", err)
		return nil
	}
	return dt
}

// count is a number of digits; -1 where it is none, which is reported.
func (ty *typer) count(d *digits) int {
	n, err := strconv.Atoi(d.Text)
	if err != nil {
		ty.r.failf(position(d.Pos), "a DECIMAL has a whole number of digits, at most %d, not %s", types.MaxPrecision, option.Show(d.Text))
		return -1
	}
	return n
}

func (ty *typer) fraction(t *columnType, f *fraction, of func(digits int) (arrow.DataType, error)) arrow.DataType {
	n, err := strconv.Atoi(f.Digits)
	if err != nil { // the grammar takes nothing else than digits
		ty.r.failf(position(t.Pos), "%s", err)
		return nil
	}
	dt, err := of(n)
	if err != nil {
		ty.r.failf(position(t.Pos), "%s", err)
		return nil
	}
	return dt
}

func (ty *typer) fields(list []*field, depth int) arrow.DataType {
	fields := make([]arrow.Field, 0, len(list))
	first := make(map[string]option.Pos, len(list))
	whole := true
	for _, f := range list {
		if ty.left < 0 || ty.r.enough() {
			return nil // reported
		}
		name, at := ty.r.named(name(f.Name))
		if p, ok := first[name]; ok {
			ty.r.failf(at, "the STRUCT has two fields %s, the first at %s", option.Show(name), p)
			whole = false
		}
		first[name] = at
		dt := ty.of(&f.Type, depth)
		whole = whole && dt != nil
		fields = append(fields, arrow.Field{Name: name, Type: dt, Nullable: !f.NotNull})
	}
	if !whole {
		return nil
	}
	return types.Struct(fields...)
}

func (ty *typer) mapOf(b *baseType, depth int) arrow.DataType {
	key, value := ty.of(b.Key, depth), ty.of(&b.Value.Type, depth)
	if key == nil || value == nil {
		return nil
	}
	if id := key.ID(); !arrow.IsInteger(id) && id != arrow.STRING && id != arrow.BOOL {
		ty.r.failf(position(b.Key.Pos), "the keys of a MAP are TEXT, integers or BOOLEAN, not %s", types.Name(key))
		return nil
	}
	return types.Map(key, value, !b.Value.NotNull)
}
