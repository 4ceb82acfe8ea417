package jsonformat

import (
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
)

// place is what decoder.plain has to know of a value: of one that is declared, or of one that is under an undeclared key.
type place struct {
	at       int64         // where its last value in an object began, counted over all frames
	column   *batch.Column // nil: none
	kind     kind          // under an undeclared key: of what was there last
	declared bool
	shows    trait // under an undeclared key: what a record has shown that has it
}

// field is what is declared of one value: of a column, of a field of a STRUCT, of the items of a list, or of the keys or
// values of a MAP. What every value needs comes first.
type field struct {
	place
	nullable bool
	depth    int // objects and arrays around its value
	cells    int // values that one of it is: a struct with all in it but for what arrays and maps hold

	low, high int64 // kinds of integers: what fits, as far as an int64 tells

	// kindTime, kindClock32, kindClock64
	second int64 // units in a second
	nanos  int64 // nanoseconds in a unit
	safe   int64 // seconds from 1970 that surely fit
	last   lastDate

	// kindDecimal
	precision, scale int
	limit            wide // one past the largest magnitude that fits

	members object // kindStruct
	key     *field // kindMap
	item    *field // kindList, kindMap: the items, the values
	index   int    // kindList, kindMap: which of them is being read

	parent *field // what it is a part of; nil: the record
	name   string // "" for items, keys and values
	sql    string // its type, for messages
	dtype  arrow.DataType
	target int // a column's: the builder's column, -1: none
}

// init makes f what is declared as column or field a, or item, key or value, of parent.
func (f *field) init(a arrow.Field, parent *field) {
	*f = field{
		place: place{at: -1, kind: kindOf(a.Type), declared: true}, nullable: a.Nullable, depth: 1,
		cells: 1, parent: parent, name: a.Name, sql: sqlName(a.Type), dtype: a.Type, target: -1,
	}
	if parent != nil {
		f.depth = parent.depth + 1
	}
	f.low, f.high = limits(f.kind)
	switch t := a.Type.(type) {
	case *arrow.TimestampType:
		f.setUnit(t.Unit)
	case *arrow.Time32Type:
		f.setUnit(t.Unit)
		f.high = daySeconds*f.second - 1
	case *arrow.Time64Type:
		f.setUnit(t.Unit)
		f.high = daySeconds*f.second - 1
	case *arrow.Decimal128Type:
		f.precision, f.scale = int(t.Precision), int(t.Scale)
		f.limit = wideTens[f.precision]
	case *arrow.StructType:
		f.members.fields = make([]field, t.NumFields())
		for i, member := range t.Fields() {
			f.members.fields[i].init(member, f)
			f.cells += f.members.fields[i].cells
		}
		f.members.shape = newShape(f.members.fields, traitInner)
	case *arrow.ListType:
		f.item = f.part(t.Elem(), t.ElemField().Nullable)
	case *arrow.MapType:
		f.key = f.part(t.KeyType(), false)
		f.item = f.part(t.ItemType(), t.ItemField().Nullable)
	}
}

// part makes what an array or map of f holds.
func (f *field) part(t arrow.DataType, nullable bool) *field {
	part := new(field)
	part.init(arrow.Field{Type: t, Nullable: nullable}, f)
	return part
}

var unitsPerSecond = [...]int64{
	arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9,
}

func (f *field) setUnit(u arrow.TimeUnit) {
	f.second = unitsPerSecond[u]
	f.nanos, f.safe = 1e9/f.second, math.MaxInt64/f.second-1
}

// limits are the smallest and the largest value of a kind of integers. BIGINT UNSIGNED goes on past the largest.
func limits(k kind) (low, high int64) {
	switch k {
	case kindTinyint:
		return math.MinInt8, math.MaxInt8
	case kindSmallint:
		return math.MinInt16, math.MaxInt16
	case kindInt, kindDate:
		return math.MinInt32, math.MaxInt32
	case kindUtinyint:
		return 0, math.MaxUint8
	case kindUsmallint:
		return 0, math.MaxUint16
	case kindUint:
		return 0, math.MaxUint32
	case kindUbigint, kindClock32, kindClock64:
		return 0, math.MaxInt64
	}
	return math.MinInt64, math.MaxInt64
}

// bind sets the columns of f and its parts; c is nil if there are none.
func (f *field) bind(c *batch.Column) {
	f.column = c
	child := func(i int) *batch.Column {
		if c == nil {
			return nil
		}
		return c.Child(i)
	}
	switch f.kind {
	case kindStruct:
		for i := range f.members.fields {
			f.members.fields[i].bind(child(i))
		}
	case kindList:
		f.item.bind(child(0))
	case kindMap:
		f.key.bind(child(0))
		f.item.bind(child(1))
	}
}

// path says where in the record the value is that is being read: "items[1].price", "s.d", and "m{2}" for the third entry
// of a map, whose keys are data and so are not named.
func (f *field) path() string { return string(f.appendPath(nil)) }

func (f *field) appendPath(dst []byte) []byte {
	if f.parent == nil {
		return append(dst, f.name...)
	}
	dst = f.parent.appendPath(dst)
	switch f.parent.kind {
	case kindList:
		return append(strconv.AppendInt(append(dst, '['), int64(f.parent.index), 10), ']')
	case kindMap:
		return append(strconv.AppendInt(append(dst, '{'), int64(f.parent.index), 10), '}')
	}
	return append(append(dst, '.'), f.name...)
}

func (f *field) appendNull() {
	if f.column != nil {
		f.column.AppendNull()
	}
}

// jsonNull is the document of a JSON column that a frame does not have.
var jsonNull = []byte("null")

// appendText appends to a column of texts. It fails with batch.ErrFull.
func (f *field) appendText(text []byte) error {
	if f.column == nil {
		return nil
	}
	return f.column.AppendBytes(text)
}

// appendInt appends v, which fits, to a column of integers, or of what is stored as such.
func (f *field) appendInt(v int64) {
	if f.column == nil {
		return
	}
	switch f.kind {
	case kindTinyint, kindUtinyint:
		f.column.AppendInt8(int8(v))
	case kindSmallint, kindUsmallint:
		f.column.AppendInt16(int16(v))
	case kindInt, kindUint, kindDate, kindClock32:
		f.column.AppendInt32(int32(v))
	default:
		f.column.AppendInt64(v)
	}
}

// fit is the number of a sign and a magnitude as the column takes it.
func (f *field) fit(negative bool, magnitude uint64) (int64, verdict) {
	v := int64(magnitude)
	if negative {
		v = -v
	}
	switch {
	case f.kind == kindUbigint:
		if negative && magnitude > 0 {
			return 0, badRange
		}
		return v, good
	case negative && magnitude > -math.MinInt64, !negative && magnitude > math.MaxInt64, v < f.low, v > f.high:
		return 0, badRange
	}
	return v, good
}
