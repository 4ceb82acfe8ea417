package ipc

import (
	"fmt"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// shape is what lies in a body behind a column's validity.
type shape uint8

const (
	fixed      shape = iota // values of one width
	variable                // 32-bit offsets, then data
	list                    // 32-bit offsets into the one child: a list, and a map, whose child are its entries
	structure               // nothing but the children
	dictionary              // as variable; the array has indexes into texts. Only written
)

// rule is what a reader asks of a column's values beyond their being there.
type rule uint8

const (
	anything   rule = iota
	aDouble         // NaNs are made canonical
	aFloat          // NaNs are made canonical
	aText           // UTF-8
	aJSON           // UTF-8, and each value JSON
	aDecimal        // below 10^precision
	aTimeOfDay      // from 0 to below a day
)

// layout is how the columns of a type lie in a body: validity first, then what is described here. The writer and the reader
// know nothing else of a type, so that a new one is an entry in layoutOf and its codes in typeSlots and typeOf.
type layout struct {
	shape  shape
	rule   rule
	bits   int       // of a value, where it is fixed
	beyond [2]uint64 // high and low half of the first number that is too large, where the rule asks for one
}

// buffers is how many buffers a column has, those of children not counted.
func (l *layout) buffers() int {
	return [...]int{fixed: 2, variable: 3, list: 2, structure: 1, dictionary: 3}[l.shape]
}

// bytes is the size of n values.
func (l *layout) bytes(n int) int { return (n*l.bits + 7) / 8 }

// mostWidth is the most bytes that a value of a fixed width may have.
const mostWidth = 1 << 16

// layoutOf finds a type's layout, that of its children not looked at; the error names a type that doesn't cross the boundary.
func layoutOf(dt arrow.DataType) (layout, error) {
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		return layout{bits: 1}, nil
	case *arrow.Int8Type, *arrow.Uint8Type:
		return layout{bits: 8}, nil
	case *arrow.Int16Type, *arrow.Uint16Type:
		return layout{bits: 16}, nil
	case *arrow.Int32Type, *arrow.Uint32Type, *arrow.Date32Type:
		return layout{bits: 32}, nil
	case *arrow.Int64Type, *arrow.Uint64Type:
		return layout{bits: 64}, nil
	case *arrow.Float32Type:
		return layout{bits: 32, rule: aFloat}, nil
	case *arrow.Float64Type:
		return layout{bits: 64, rule: aDouble}, nil
	case *arrow.Decimal128Type:
		if isDecimal(dt.Precision, dt.Scale) {
			return layout{bits: 128, rule: aDecimal, beyond: powerOfTen(dt.Precision)}, nil
		}
	case *arrow.TimestampType:
		if dt.TimeZone == "" || dt.TimeZone == utc {
			return layout{bits: 64}, nil
		}
	case *arrow.Time32Type:
		if dt.Unit <= arrow.Millisecond {
			return layout{bits: 32, rule: aTimeOfDay, beyond: [2]uint64{1: day(dt.Unit)}}, nil
		}
	case *arrow.Time64Type:
		if dt.Unit > arrow.Millisecond {
			return layout{bits: 64, rule: aTimeOfDay, beyond: [2]uint64{1: day(dt.Unit)}}, nil
		}
	case *arrow.MonthDayNanoIntervalType:
		return layout{bits: 128}, nil
	case *arrow.FixedSizeBinaryType:
		if isWidth(dt.ByteWidth) {
			return layout{bits: 8 * dt.ByteWidth}, nil
		}
	case *arrow.StringType:
		return layout{shape: variable, rule: aText}, nil
	case *arrow.BinaryType:
		return layout{shape: variable}, nil
	case arrow.ExtensionType:
		switch {
		case types.IsJSON(dt):
			return layout{shape: variable, rule: aJSON}, nil
		case types.IsUUID(dt):
			return layout{bits: 128}, nil
		}
	case *arrow.DictionaryType:
		if arrow.TypeEqual(dt, types.Dictionary()) {
			return layout{shape: dictionary, rule: aText}, nil
		}
	case *arrow.ListType, *arrow.MapType:
		return layout{shape: list}, nil
	case *arrow.StructType:
		if dt.NumFields() > 0 {
			return layout{shape: structure}, nil
		}
	}
	return layout{}, errorf(CodeUnsupported, "columns of type %s are not supported", dt)
}

func isDecimal(precision, scale int32) bool {
	return precision >= 1 && precision <= types.MaxPrecision && scale >= 0 && scale <= precision
}

func isWidth(n int) bool { return n >= 1 && n <= mostWidth }

// powerOfTen is 10^n in two halves, the high one first.
func powerOfTen(n int32) [2]uint64 {
	high, low := uint64(0), uint64(1)
	for range n {
		carry, product := bits.Mul64(low, 10)
		high, low = 10*high+carry, product
	}
	return [2]uint64{high, low}
}

// day is a day in units of time.
func day(unit arrow.TimeUnit) uint64 {
	return 86_400 * [...]uint64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}[unit]
}

// childrenOf are the fields that a type of this layout holds.
func (l *layout) childrenOf(dt arrow.DataType) []arrow.Field {
	if l.shape == list || l.shape == structure {
		return dt.(arrow.NestedType).Fields()
	}
	return nil
}

// Codes of the union Type in Schema.fbs.
const (
	tagInt             = 2
	tagFloat           = 3
	tagBinary          = 4
	tagUTF8            = 5
	tagBool            = 6
	tagDecimal         = 7
	tagDate            = 8
	tagTime            = 9
	tagTimestamp       = 10
	tagInterval        = 11
	tagList            = 12
	tagStruct          = 13
	tagFixedSizeBinary = 15
	tagMap             = 17
)

// The units of Date and Interval in Schema.fbs that are supported, and the default of Date and Time.
const (
	dateDay              = 0
	unitMillisecond      = 1
	intervalMonthDayNano = 2
)

// utc is the one zone that a timestamp may have.
const utc = "UTC"

// typeSlots is a supported type as a union code and the fields of its table. A timestamp's zone is a reference.
func typeSlots(dt arrow.DataType) (tag byte, slots []slot) {
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		return tagBool, nil
	case *arrow.Float32Type:
		return tagFloat, []slot{{0, 2, 1}} // precision SINGLE
	case *arrow.Float64Type:
		return tagFloat, []slot{{0, 2, 2}} // precision DOUBLE
	case *arrow.Decimal128Type:
		return tagDecimal, []slot{{0, 4, uint64(dt.Precision)}, {1, 4, uint64(dt.Scale)}, {2, 4, 128}}
	case *arrow.Date32Type:
		return tagDate, []slot{{0, 2, dateDay}}
	case *arrow.Time32Type:
		return tagTime, []slot{{1, 4, 32}, {0, 2, uint64(dt.Unit)}} // arrow-go's units have Schema.fbs's numbers
	case *arrow.Time64Type:
		return tagTime, []slot{{1, 4, 64}, {0, 2, uint64(dt.Unit)}}
	case *arrow.TimestampType:
		if dt.TimeZone != "" {
			return tagTimestamp, []slot{{1, 4, 0}, {0, 2, uint64(dt.Unit)}}
		}
		return tagTimestamp, []slot{{0, 2, uint64(dt.Unit)}}
	case *arrow.MonthDayNanoIntervalType:
		return tagInterval, []slot{{0, 2, intervalMonthDayNano}}
	case *arrow.FixedSizeBinaryType:
		return tagFixedSizeBinary, []slot{{0, 4, uint64(dt.ByteWidth)}}
	case *arrow.BinaryType:
		return tagBinary, nil
	case *arrow.ListType:
		return tagList, nil
	case *arrow.StructType:
		return tagStruct, nil
	case *arrow.MapType:
		return tagMap, nil
	case arrow.FixedWidthDataType: // bitWidth, is_signed
		if arrow.IsSignedInteger(dt.ID()) {
			return tagInt, []slot{{0, 4, uint64(dt.BitWidth())}, {1, 1, 1}}
		} else if arrow.IsUnsignedInteger(dt.ID()) {
			return tagInt, []slot{{0, 4, uint64(dt.BitWidth())}, {1, 1, 0}}
		}
	}
	return tagUTF8, nil
}

// integers are the types of Int, by their width and whether they are signed.
var integers = map[int32][2]arrow.DataType{
	8:  {arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int8},
	16: {arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int16},
	32: {arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int32},
	64: {arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64},
}

// typeOf is the type without children that a union code and its table stand for, nil where it is not supported.
func typeOf(tag byte, t table) arrow.DataType {
	switch tag {
	case tagInt:
		if t.u8(1) != 0 {
			return integers[t.i32(0)][1]
		}
		return integers[t.i32(0)][0]
	case tagFloat:
		switch t.i16(0) {
		case 1:
			return arrow.PrimitiveTypes.Float32
		case 2:
			return arrow.PrimitiveTypes.Float64
		}
	case tagBinary:
		return arrow.BinaryTypes.Binary
	case tagUTF8:
		return arrow.BinaryTypes.String
	case tagBool:
		return arrow.FixedWidthTypes.Boolean
	case tagDecimal:
		if precision, scale := t.i32(0), t.i32(1); t.i32or(2, 128) == 128 && isDecimal(precision, scale) {
			return &arrow.Decimal128Type{Precision: precision, Scale: scale}
		}
	case tagDate:
		if t.i16or(0, unitMillisecond) == dateDay {
			return arrow.FixedWidthTypes.Date32
		}
	case tagTime:
		return timeOf(t.i16or(0, unitMillisecond), t.i32or(1, 32))
	case tagTimestamp:
		if unit, zone := t.i16(0), string(t.text(1)); unit >= 0 && unit <= 3 && (zone == "" || zone == utc) {
			return &arrow.TimestampType{Unit: arrow.TimeUnit(unit), TimeZone: zone}
		}
	case tagInterval:
		if t.i16(0) == intervalMonthDayNano {
			return arrow.FixedWidthTypes.MonthDayNanoInterval
		}
	case tagFixedSizeBinary:
		if width := int(t.i32(0)); isWidth(width) {
			return &arrow.FixedSizeBinaryType{ByteWidth: width}
		}
	}
	return nil
}

// timeOf is a time of day of a unit and a width that belong together.
func timeOf(unit int16, width int32) arrow.DataType {
	switch {
	case width == 32 && (unit == 0 || unit == 1):
		return &arrow.Time32Type{Unit: arrow.TimeUnit(unit)}
	case width == 64 && (unit == 2 || unit == 3):
		return &arrow.Time64Type{Unit: arrow.TimeUnit(unit)}
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
		return fmt.Sprintf("%s of precision %d (1 is single, 2 double)", name, t.i16(0))
	case tagDecimal:
		return fmt.Sprintf("%s(%d, %d) of %d bits (128 are known, precision 1 to 38, scale 0 to the precision)", name, t.i32(0), t.i32(1), t.i32or(2, 128))
	case tagDate:
		return fmt.Sprintf("%s of unit %d (0, days, is known)", name, t.i16or(0, unitMillisecond))
	case tagTime:
		return fmt.Sprintf("%s of unit %d in %d bits (0 and 1 in 32, 2 and 3 in 64 are known)", name, t.i16or(0, unitMillisecond), t.i32or(1, 32))
	case tagTimestamp:
		if zone := t.text(1); len(zone) > 0 && string(zone) != utc {
			return name + " with a zone other than UTC"
		}
		return fmt.Sprintf("%s of unit %d (0 to 3 are known)", name, t.i16(0))
	case tagInterval:
		return fmt.Sprintf("%s of unit %d (2, months, days and nanoseconds, is known)", name, t.i16(0))
	case tagFixedSizeBinary:
		return fmt.Sprintf("%s of %d bytes (1 to %d are known)", name, t.i32(0), mostWidth)
	}
	return name
}
