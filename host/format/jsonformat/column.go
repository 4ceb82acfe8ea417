package jsonformat

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// column is one field of the table, a struct's member, a list's items, or a map's keys or values; and, after bind, the
// values it has.
type column struct {
	head  [headSize]byte // what stands before the value: the brace or comma, the key and the colon
	size  uint8          // its length
	kind  kind
	plain plainKind // what putPlain takes the values for

	valid   []byte // nil: no nulls
	offset  int    // of row 0 in valid, in bits, and in the children of a struct
	i64     []int64
	offsets []int32 // texts, lists, maps
	text    []byte
	i32     []int32
	f64     []float64

	second int64          // kindTime, kindClock32, kindClock64: units in a second
	zone   bool           // kindTime: with time zone
	day    int64          // kindTime, kindDate: the day whose text date holds, from 1970
	date   [dateSize]byte // "2013-01-02T", and room to copy it in one piece

	midnight int64 // kindTime: where that day begins

	first  int // kindMap: of the children, where offset 0 is
	bits   []byte
	values []byte // all other fixed widths
	scale  int32  // kindDecimal

	long     string // all of what stands before the value where it does not fit into head
	name     string
	dtype    arrow.DataType
	children []column // struct: its members; list: its items; map: keys and values; dictionary: its texts
	depth    int      // of the value: 1 in the record's own object
}

const (
	headSize = 32
	dateSize = 16
)

// newColumns makes the members of an object.
func newColumns(fields []arrow.Field, depth int) []column {
	columns := make([]column, len(fields))
	for i, f := range fields {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		head, _ := appendText([]byte{before}, []byte(f.Name))
		head = append(head, ':')
		c := newColumn(f.Name, f.Type, depth)
		switch {
		case len(head) >= headSize:
			c.long = string(head)
		case c.kind == kindBigint:
			c.plain = plainBigint
		case c.kind == kindInt:
			c.plain = plainInt32
		case c.kind == kindText:
			c.plain = plainText
		}
		c.size = uint8(copy(c.head[:], head))
		columns[i] = c
	}
	return columns
}

func newColumn(name string, t arrow.DataType, depth int) column {
	c := column{name: name, dtype: t, kind: kindOf(t), depth: depth, day: noDay}
	switch t := t.(type) {
	case *arrow.TimestampType:
		c.second, c.zone = unitsPerSecond[t.Unit], t.TimeZone != ""
	case *arrow.Time32Type:
		c.second = unitsPerSecond[t.Unit]
	case *arrow.Time64Type:
		c.second = unitsPerSecond[t.Unit]
	case *arrow.Decimal128Type:
		c.scale = t.Scale
	case *arrow.ListType:
		c.children = []column{newColumn("", t.Elem(), depth+1)}
	case *arrow.MapType:
		c.children = []column{newColumn("", t.KeyType(), depth+1), newColumn("", t.ItemType(), depth+1)}
	case *arrow.StructType:
		c.children = newColumns(t.Fields(), depth+1)
	case *arrow.DictionaryType:
		c.children = []column{newColumn("", t.ValueType, depth)}
	}
	return c
}

// bindColumns gives the columns of a record their arrays.
func bindColumns(columns []column, arrays []arrow.Array) error {
	if len(arrays) != len(columns) {
		return fmt.Errorf("json: %d columns for a table with %d fields", len(arrays), len(columns))
	}
	for i, a := range arrays {
		if c := &columns[i]; !arrow.TypeEqual(a.DataType(), c.dtype) {
			return fmt.Errorf("json: column %q is a %s, the table's field a %s", c.name, a.DataType(), c.dtype)
		}
	}
	for i, a := range arrays {
		columns[i].bind(a.Data())
	}
	return nil
}

// bind takes the array's buffers apart.
func (c *column) bind(data arrow.ArrayData) {
	buffers, from, n := data.Buffers(), data.Offset(), data.Len()
	raw := func(i int) []byte {
		if buffers[i] == nil {
			return nil
		}
		return buffers[i].Bytes()
	}
	c.valid, c.offset = nil, from
	if data.NullN() != 0 { // negative: not counted yet
		c.valid = raw(0)
	}
	if n == 0 {
		return
	}
	switch c.kind {
	case kindBigint, kindTime:
		c.i64 = arrow.Int64Traits.CastFromBytes(raw(1))[from : from+n]
	case kindInt, kindDate, kindDictionary:
		c.i32 = arrow.Int32Traits.CastFromBytes(raw(1))[from : from+n]
	case kindDouble:
		c.f64 = arrow.Float64Traits.CastFromBytes(raw(1))[from : from+n]
	case kindBool:
		c.bits = raw(1)
	case kindText, kindJSON, kindBinary:
		c.offsets, c.text = arrow.Int32Traits.CastFromBytes(raw(1))[from:from+n+1], raw(2)
	case kindList, kindMap:
		c.offsets = arrow.Int32Traits.CastFromBytes(raw(1))[from : from+n+1]
	case kindStruct:
	default:
		c.values = raw(1)[from*c.width():]
	}
	c.bindChildren(data)
}

func (c *column) bindChildren(data arrow.ArrayData) {
	children := data.Children()
	switch c.kind {
	case kindDictionary:
		c.children[0].bind(data.Dictionary())
	case kindMap: // its one child is a struct of the key and the value
		c.first = children[0].Offset()
		for i, child := range children[0].Children() {
			c.children[i].bind(child)
		}
	case kindList, kindStruct:
		for i, child := range children {
			c.children[i].bind(child)
		}
	}
}

// width is the size of a value in values, in bytes.
func (c *column) width() int {
	if t, ok := c.dtype.(arrow.ExtensionType); ok {
		return t.StorageType().(arrow.FixedWidthDataType).Bytes()
	}
	return c.dtype.(arrow.FixedWidthDataType).Bytes()
}

func (c *column) null(row int) bool {
	return c.valid != nil && !bitutil.BitIsSet(c.valid, c.offset+row)
}
