package types

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Check says what is wrong with t as the type of a column: it, or one that it holds, is none of the table, it is more than
// [MaxDepth] deep, or has more than [MaxMaps] MAPs in each other, or it has more than [MaxFields] fields.
func Check(t arrow.DataType) error {
	left := MaxFields
	return check(t, room{MaxDepth, MaxMaps, &left})
}

// CheckAll is Check for all the columns of a table, which have [MaxFields] fields together.
func CheckAll(columns []arrow.Field) error {
	left := MaxFields
	for _, c := range columns {
		if err := check(c.Type, room{MaxDepth, MaxMaps, &left}); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return nil
}

// room is what a type may still be: so deep, with so many MAPs in each other, and with so many fields together with those beside it.
type room struct {
	depth, maps int
	fields      *int
}

// inside is the room of a type within another one.
func (r room) inside() room {
	r.depth--
	return r
}

func check(t arrow.DataType, r room) error {
	if t == nil {
		return errors.New("no type")
	}
	if r.depth == 0 {
		return fmt.Errorf("types nest at most %d deep", MaxDepth)
	}
	if *r.fields--; *r.fields < 0 {
		return fmt.Errorf("more than %d fields in all", MaxFields)
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		_, err := Decimal(int(t.Precision), int(t.Scale))
		return err
	case *arrow.Time32Type:
		if t.Unit == arrow.Second || t.Unit == arrow.Millisecond {
			return nil
		}
	case *arrow.Time64Type:
		if t.Unit == arrow.Microsecond || t.Unit == arrow.Nanosecond {
			return nil
		}
	case *arrow.TimestampType:
		if t.TimeZone != "" && t.TimeZone != "UTC" {
			return fmt.Errorf("timestamps with a time zone are in UTC, not in %q", t.TimeZone)
		}
		return nil
	case *arrow.ListType:
		return check(t.Elem(), r.inside())
	case *arrow.MapType:
		return checkMap(t, r)
	case *arrow.StructType:
		return checkStruct(t, r)
	}
	for _, p := range plain {
		if arrow.TypeEqual(t, p.dt) {
			return nil
		}
	}
	return fmt.Errorf("columns of type %s are not supported", t)
}

func checkMap(t *arrow.MapType, r room) error {
	r.maps--
	switch key := t.KeyType(); {
	case r.maps < 0:
		return fmt.Errorf("at most %d MAPs nest in each other", MaxMaps)
	case t.KeyField().Nullable:
		return errors.New("keys of a MAP are never null")
	case !arrow.IsInteger(key.ID()) && key.ID() != arrow.STRING && key.ID() != arrow.BOOL:
		return fmt.Errorf("keys of a MAP are TEXT, integers or BOOLEAN, not %s", Name(key))
	}
	if err := check(t.KeyType(), r.inside()); err != nil {
		return err
	}
	return check(t.ItemType(), r.inside())
}

func checkStruct(t *arrow.StructType, r room) error {
	names := make(map[string]bool, t.NumFields())
	for i := range t.NumFields() {
		f := t.Field(i)
		if names[f.Name] {
			return fmt.Errorf("two fields %q in a STRUCT", f.Name)
		}
		names[f.Name] = true
		if err := check(f.Type, r.inside()); err != nil {
			return fmt.Errorf("field %q: %w", f.Name, err)
		}
	}
	return nil
}
