package avroformat

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// writeCode is what a writer makes of a column's value.
type writeCode uint8

const (
	writeDatum writeCode = iota // the same bytes each time
	writeBoolean
	writeInteger
	writeFloat
	writeDouble
	writeText
	writeFixed
	writeSymbol
	writeDecimal
	writeUUIDText
	writeUUIDBytes
	writeInterval
	writeRecord
	writeArray
	writeMap
	writeEntries
	writeJSON // JSON, converted to what the schema has
)

// writer writes the values of a column, or of what it holds, as a type of the schema.
type writer struct {
	code  writeCode
	name  string // of the field, for paths
	from  int    // which of its record's columns; -1: none
	union bool   // a union's index comes first:
	value byte   // the byte for the value
	null  byte   // the byte for null

	datum   []byte
	kids    []*writer
	dtype   arrow.DataType
	schema  *schema
	scaled  scale // writeInteger
	symbols map[string]int

	column
}

// newWriter checks that every value of a column's type is one of s, and says how it gets there.
func newWriter(s *schema, t arrow.DataType, nullable bool) (*writer, error) {
	if s.kind != kindUnion {
		if nullable && s.kind != kindNull {
			return nil, fmt.Errorf("the column is nullable, and the schema's %s is not: declare it NOT NULL, or make it a union with null", s)
		}
		return valueWriter(s, t)
	}
	null := -1
	for i, b := range s.branches {
		if b.kind == kindNull {
			null = i
		}
	}
	if nullable && null < 0 {
		return nil, fmt.Errorf("the column is nullable, and the schema's %s has no null", s)
	}
	if types.IsJSON(t) && !s.holdsText() {
		return jsonWriter(s, t), nil
	}
	var first error
	for i, b := range s.branches {
		if b.kind == kindNull || i > maxBranch {
			continue
		}
		w, err := valueWriter(b, t)
		if err == nil {
			w.union, w.value, w.null = true, byte(i)<<1, byte(max(null, 0))<<1
			return w, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = misfit(s, t)
	}
	return nil, first
}

// maxBranch is the last branch whose index is one byte.
const maxBranch = 63

func misfit(s *schema, t arrow.DataType) error {
	return fmt.Errorf("a column of type %s cannot be written as %s", types.Name(t), s)
}

func valueWriter(s *schema, t arrow.DataType) (*writer, error) {
	if types.IsJSON(t) && !s.holdsText() {
		return jsonWriter(s, t), nil
	}
	w := &writer{dtype: t, schema: s, from: -1}
	ok := false
	switch t := types.Storage(t).(type) {
	case *arrow.BooleanType:
		w.code, ok = writeBoolean, s.kind == kindBoolean
	case *arrow.Float32Type:
		w.code, ok = writeFloat, s.kind == kindFloat || s.kind == kindDouble
		if s.kind == kindDouble {
			w.code = writeDouble
		}
	case *arrow.Float64Type:
		w.code, ok = writeDouble, s.kind == kindDouble
	case *arrow.StringType, *arrow.DictionaryType:
		ok = w.textual(s)
	case *arrow.BinaryType:
		w.code, ok = writeText, s.kind == kindBytes
		if s.kind == kindFixed {
			w.code, ok = writeFixed, true
		}
	case *arrow.FixedSizeBinaryType:
		w.code, ok = writeUUIDText, s.kind == kindString
		if s.kind == kindFixed && s.size == 16 {
			w.code, ok = writeUUIDBytes, true
		}
	case *arrow.Decimal128Type:
		w.code = writeDecimal
		ok = s.logical == logicalDecimal && s.scale == int(t.Scale) && s.precision >= int(t.Precision)
	case *arrow.MonthDayNanoIntervalType:
		w.code, ok = writeInterval, s.logical == logicalDuration
	case *arrow.ListType:
		return w, w.list(s, t)
	case *arrow.MapType:
		return w, w.mapping(s, t)
	case *arrow.StructType:
		return w, w.record(s, t)
	default:
		ok = w.whole(s, t)
	}
	if !ok {
		return nil, misfit(s, w.dtype)
	}
	return w, nil
}

func (w *writer) textual(s *schema) bool {
	w.code = writeText
	if s.kind == kindEnum {
		w.code, w.symbols = writeSymbol, map[string]int{}
		for i, symbol := range s.symbols {
			w.symbols[symbol] = i
		}
		return true
	}
	return s.kind == kindString || s.kind == kindBytes && s.logical == logicalNone
}

// whole takes whole numbers and times. Times are rounded down to a coarser unit, as when they are read.
func (w *writer) whole(s *schema, t arrow.DataType) bool {
	own, ok := bounds(t)
	if !ok || s.kind != kindInt && s.kind != kindLong {
		return false
	}
	w.code, w.scaled = writeInteger, scale{multiply: 1, divide: 1, least: math.MinInt64, most: math.MaxInt64, width: own.width}
	from, column := columnTime(t)
	to, what := temporal(s.logical)
	switch {
	case column == logicalNone || what == logicalNone:
		return s.kind == kindLong || own.least >= math.MinInt32 && own.most <= math.MaxInt32
	case (column == logicalDate) != (s.logical == logicalDate), column != logicalDate && column != what:
		return false
	}
	w.scaled.between(from, to)
	if s.kind == kindInt {
		w.scaled.least, w.scaled.most = math.MinInt32, math.MaxInt32
	}
	return true
}

func (w *writer) list(s *schema, t *arrow.ListType) error {
	if s.kind != kindArray {
		return misfit(s, t)
	}
	item, err := newWriter(s.items, t.Elem(), t.ElemField().Nullable)
	if err != nil {
		return fmt.Errorf("its items: %w", err)
	}
	w.code, w.kids = writeArray, []*writer{item}
	return nil
}

func (w *writer) mapping(s *schema, t *arrow.MapType) error {
	key, value := (*schema)(nil), (*schema)(nil)
	switch k, v, entries := s.entries(); {
	case s.kind == kindMap && t.KeyType().ID() == arrow.STRING:
		w.code, key, value = writeMap, &schema{kind: kindString}, s.items
	case entries:
		w.code, key, value = writeEntries, k.schema, v.schema
	default:
		return misfit(s, t)
	}
	kw, err := newWriter(key, t.KeyType(), false)
	if err != nil {
		return fmt.Errorf("its keys: %w", err)
	}
	vw, err := newWriter(value, t.ItemType(), t.ItemField().Nullable)
	if err != nil {
		return fmt.Errorf("its values: %w", err)
	}
	w.kids = []*writer{kw, vw}
	return nil
}

// record gives every field of the schema its column, or else its default. A column that no field takes is refused.
func (w *writer) record(s *schema, t *arrow.StructType) error {
	if s.kind != kindRecord {
		return misfit(s, t)
	}
	w.code = writeRecord
	taken := make([]bool, t.NumFields())
	for i := range s.fields {
		f := &s.fields[i]
		at := columnOf(f, t)
		if at < 0 || taken[at] {
			datum, err := f.datum()
			if err != nil {
				return fmt.Errorf("the schema's field %q has no column and %w", f.name, err)
			}
			w.kids = append(w.kids, &writer{code: writeDatum, from: -1, name: f.name, datum: datum})
			continue
		}
		taken[at] = true
		kid, err := newWriter(f.schema, t.Field(at).Type, t.Field(at).Nullable)
		if err != nil {
			return fmt.Errorf("field %q: %w", f.name, err)
		}
		kid.from, kid.name = at, t.Field(at).Name
		w.kids = append(w.kids, kid)
	}
	for i, is := range taken {
		if !is {
			return fmt.Errorf("the schema has no field for column %q%s", t.Field(i).Name, near(s, t.Field(i).Name))
		}
	}
	return nil
}

// columnOf is the column for a field: the one of its name, or one whose name Avro cannot have.
func columnOf(f *field, t *arrow.StructType) int {
	if i, ok := t.FieldIdx(f.name); ok {
		return i
	}
	for i, c := range t.Fields() {
		if avroName(c.Name) == f.name {
			return i
		}
	}
	return -1
}
