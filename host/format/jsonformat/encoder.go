package jsonformat

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"github.com/weir-stream/weir/host/format"
)

// encoder writes rows of the bound columns.
type encoder struct {
	Config
	columns []column
}

// column is one field and, after Bind, the values it has.
type column struct {
	name   string
	prefix string // what stands before the value: the brace or comma, the key and the colon
	dtype  arrow.DataType
	kind   kind
	second int64 // kindTime: units in a second

	valid   []byte // nil: no nulls
	offset  int    // of row 0 in valid and bits
	bits    []byte
	i64     []int64
	i32     []int32
	f64     []float64
	offsets []int32
	text    []byte
}

func newEncoder(c Config, fields []format.Field) *encoder {
	e := &encoder{Config: c, columns: make([]column, len(fields))}
	for i, f := range fields {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		prefix, _ := appendText([]byte{before}, []byte(f.Name))
		col := column{name: f.Name, prefix: string(prefix) + ":", dtype: f.Type, kind: kindOf(f.Type)}
		if t, ok := f.Type.(*arrow.TimestampType); ok {
			col.second = unitsPerSecond[t.Unit]
		}
		e.columns[i] = col
	}
	return e
}

// Bind implements format.Encoder.
func (e *encoder) Bind(columns []arrow.Array) error {
	if len(columns) != len(e.columns) {
		return fmt.Errorf("json: %d columns for a table with %d fields", len(columns), len(e.columns))
	}
	for i, a := range columns {
		if c := &e.columns[i]; !arrow.TypeEqual(a.DataType(), c.dtype) {
			return fmt.Errorf("json: column %q is a %s, the table's field a %s", c.name, a.DataType(), c.dtype)
		} else {
			c.bind(a.Data())
		}
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
	case kindInt:
		c.i32 = arrow.Int32Traits.CastFromBytes(raw(1))[from : from+n]
	case kindDouble:
		c.f64 = arrow.Float64Traits.CastFromBytes(raw(1))[from : from+n]
	case kindBool:
		c.bits = raw(1)
	case kindText:
		c.offsets, c.text = arrow.Int32Traits.CastFromBytes(raw(1))[from:from+n+1], raw(2)
	}
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, row int) ([]byte, error) {
	start := len(dst)
	if len(e.columns) == 0 {
		dst = append(dst, '{')
	}
	for i := range e.columns {
		c := &e.columns[i]
		dst = append(dst, c.prefix...)
		if c.valid != nil && !bitutil.BitIsSet(c.valid, c.offset+row) {
			dst = append(dst, "null"...)
			continue
		}
		ok := true
		switch c.kind {
		case kindBigint:
			dst = appendInt(dst, c.i64[row])
		case kindText:
			dst, ok = appendText(dst, c.text[c.offsets[row]:c.offsets[row+1]])
		case kindInt:
			dst = appendInt(dst, int64(c.i32[row]))
		case kindDouble:
			dst = appendDouble(dst, c.f64[row])
		case kindBool:
			dst = appendBool(dst, bitutil.BitIsSet(c.bits, c.offset+row))
		case kindTime:
			if e.TimestampFormat == UnixMillis {
				dst, ok = appendMillis(dst, c.i64[row], c.second)
			} else {
				dst, ok = appendTime(dst, c.i64[row], c.second)
			}
		}
		if !ok {
			return dst[:start], c.unwritable(e.TimestampFormat)
		}
	}
	return append(dst, '}'), nil
}

// unwritable is the error for a value of the column that JSON cannot express.
func (c *column) unwritable(f TimestampFormat) error {
	switch {
	case c.kind == kindText:
		return &format.DataError{Code: "json.utf8", Path: c.name, Message: "text that is not UTF-8"}
	case f == UnixMillis:
		return &format.DataError{Code: "json.range", Path: c.name, Message: "timestamp out of range for milliseconds"}
	}
	return &format.DataError{Code: "json.range", Path: c.name, Message: "timestamp outside the years 0 to 9999"}
}
