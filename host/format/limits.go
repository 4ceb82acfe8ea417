package format

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/option"
)

// Limits bound what a decoder makes of one record, however small it is and whoever wrote it. The zero Limits are the defaults.
type Limits struct {
	Depth  int // how deep values nest, the record itself counted; 0: DefaultDepth, or what the format says
	Fields int // values of a record: members, items and entries at every level; 0: DefaultFields
	String int // bytes of one text, key or byte string; 0: DefaultString
}

// The limits where the options do not say, and the least and most that they may say.
const (
	DefaultDepth  = 128
	DefaultFields = 1 << 22
	DefaultString = 16 << 20

	MostDepth   = 1024
	MostFields  = 1 << 26
	LeastString = 64 // what decoders may read without a look at its length
	MostString  = 1 << 30
)

// LimitOptions takes limit.depth (1 to 1024), limit.fields (1 to 67108864) and limit.string (a size, 64 bytes to 1 GiB) out of the bag, which
// keeps what is wrong with them. What they do not say is 0.
func LimitOptions(bag *option.Bag) Limits {
	return Limits{
		Depth:  limit(bag, bag.Int, "limit.depth", 1, MostDepth),
		Fields: limit(bag, bag.Int, "limit.fields", 1, MostFields),
		String: limit(bag, bag.Size, "limit.string", LeastString, MostString),
	}
}

// limit takes one of them; 0: it is not given, or wrong.
func limit(bag *option.Bag, read func(key string, byDefault int64) int64, key string, least, most int64) int {
	_, given := bag.Peek(key)
	n := read(key, least)
	if n < least || n > most {
		bag.Reject(key, fmt.Sprintf("%d to %d", least, most))
		given = false
	}
	if !given {
		return 0
	}
	return int(n)
}

// OrDefault is the limits with defaults in the place of zeros; depth is the format's.
func (l Limits) OrDefault(depth int) Limits {
	if l.Depth == 0 {
		l.Depth = depth
	}
	if l.Fields == 0 {
		l.Fields = DefaultFields
	}
	if l.String == 0 {
		l.String = DefaultString
	}
	return l
}

// TooDeep says that values nest deeper than the limit.
func (l Limits) TooDeep() string {
	return fmt.Sprintf("values nest more than %d deep, which is limit.depth", l.Depth)
}

// TooMany says that a record has more values than the limit.
func (l Limits) TooMany() string {
	return fmt.Sprintf("the record has more than %d values, which is limit.fields", l.Fields)
}

// TooLong says that a text is longer than the limit.
func (l Limits) TooLong(bytes int) string {
	return fmt.Sprintf("a string of %d bytes, more than the %d of limit.string", bytes, l.String)
}

// Fit refuses columns that nest deeper than records may.
func (l Limits) Fit(fields []Field) error {
	for _, f := range fields {
		if n := 1 + levels(f.Type); n > l.Depth {
			return fmt.Errorf("column %q nests %d deep with its record, and limit.depth is %d", f.Name, n, l.Depth)
		}
	}
	return nil
}

// levels is how many objects and arrays are around the innermost values of the type t.
func levels(t arrow.DataType) int {
	most := 0
	switch t := t.(type) {
	case *arrow.ListType:
		most = levels(t.Elem())
	case *arrow.MapType:
		most = levels(t.ItemType())
	case *arrow.StructType:
		for _, f := range t.Fields() {
			most = max(most, levels(f.Type))
		}
	default:
		return 0
	}
	return 1 + most
}
