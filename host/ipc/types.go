package ipc

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// layout is how the columns of a type lie in a body: validity first, then what is described here. The writer and the
// reader know nothing else of a type, so that a new one is an entry in layouts and its codes in typeSlots and typeOf.
type layout struct {
	bits  int  // width of a value; 0: 32-bit offsets, then data
	utf8  bool // the data is text
	float bool // NaNs are made canonical
}

var layouts = map[arrow.Type]layout{
	arrow.STRING:    {utf8: true},
	arrow.INT64:     {bits: 64},
	arrow.INT32:     {bits: 32},
	arrow.FLOAT64:   {bits: 64, float: true},
	arrow.BOOL:      {bits: 1},
	arrow.TIMESTAMP: {bits: 64},
}

// buffers is how many buffers a column has.
func (l layout) buffers() int {
	if l.bits == 0 {
		return 3
	}
	return 2
}

// bytes is the size of n values.
func (l layout) bytes(n int) int { return (n*l.bits + 7) / 8 }

// layoutOf finds a type's layout; the error names a type that doesn't cross the boundary.
func layoutOf(dt arrow.DataType) (layout, error) {
	l, ok := layouts[dt.ID()]
	if ts, is := dt.(*arrow.TimestampType); is && ts.TimeZone != "" {
		ok = false
	}
	if !ok {
		return layout{}, errorf(CodeUnsupported, "columns of type %s are not supported", dt)
	}
	return l, nil
}

// Codes of the union Type in Schema.fbs.
const (
	tagInt       = 2
	tagFloat     = 3
	tagUTF8      = 5
	tagBool      = 6
	tagTimestamp = 10
)

// typeSlots is a supported type as a union code and the fields of its table.
func typeSlots(dt arrow.DataType) (tag byte, slots []slot) {
	switch dt := dt.(type) {
	case *arrow.Int64Type:
		return tagInt, []slot{{0, 4, 64}, {1, 1, 1}} // bitWidth, is_signed
	case *arrow.Int32Type:
		return tagInt, []slot{{0, 4, 32}, {1, 1, 1}}
	case *arrow.Float64Type:
		return tagFloat, []slot{{0, 2, 2}} // precision DOUBLE
	case *arrow.BooleanType:
		return tagBool, nil
	case *arrow.TimestampType:
		return tagTimestamp, []slot{{0, 2, uint64(dt.Unit)}} // arrow-go's units have Schema.fbs's numbers
	}
	return tagUTF8, nil
}

// typeOf is the type that a union code and its table stand for, nil where it is not supported.
func typeOf(tag byte, t table) arrow.DataType {
	switch {
	case tag == tagUTF8:
		return arrow.BinaryTypes.String
	case tag == tagBool:
		return arrow.FixedWidthTypes.Boolean
	case tag == tagInt && t.u8(1) != 0 && t.i32(0) == 64:
		return arrow.PrimitiveTypes.Int64
	case tag == tagInt && t.u8(1) != 0 && t.i32(0) == 32:
		return arrow.PrimitiveTypes.Int32
	case tag == tagFloat && t.i16(0) == 2:
		return arrow.PrimitiveTypes.Float64
	case tag == tagTimestamp && t.i16(0) >= 0 && t.i16(0) <= 3 && len(t.text(1)) == 0:
		return &arrow.TimestampType{Unit: arrow.TimeUnit(t.i16(0))}
	}
	return nil
}

// typeNames are the types of the union Type in Schema.fbs, by their codes.
var typeNames = [...]string{"no type", "Null", "Int", "FloatingPoint", "Binary", "Utf8", "Bool", "Decimal", "Date", "Time", "Timestamp",
	"Interval", "List", "Struct", "Union", "FixedSizeBinary", "FixedSizeList", "Map", "Duration", "LargeBinary", "LargeUtf8", "LargeList",
	"RunEndEncoded", "BinaryView", "Utf8View", "ListView", "LargeListView"}

// nameOf is a type in words, for the message that refuses it.
func nameOf(tag byte, t table) string {
	if int(tag) >= len(typeNames) {
		return fmt.Sprintf("type %d, which Schema.fbs does not have", tag)
	}
	name := typeNames[tag]
	switch tag {
	case tagInt:
		signed := "unsigned"
		if t.u8(1) != 0 {
			signed = "signed"
		}
		return fmt.Sprintf("%s of %d bits, %s", name, t.i32(0), signed)
	case tagFloat:
		return fmt.Sprintf("%s of precision %d (2 is double)", name, t.i16(0))
	case tagTimestamp:
		if len(t.text(1)) > 0 {
			return name + " with a zone"
		}
		return fmt.Sprintf("%s of unit %d (0 to 3 are known)", name, t.i16(0))
	}
	return name
}
