package jsonformat

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"github.com/weir-stream/weir/host/types"
)

// element writes a value that may be null.
func (e *encoder) element(dst []byte, c *column, i int) ([]byte, bool) {
	if c.valid != nil && !bitutil.BitIsSet(c.valid, c.offset+i) {
		return append(dst, "null"...), true
	}
	return e.value(dst, c, i)
}

// value writes a value that is not null.
func (e *encoder) value(dst []byte, c *column, row int) ([]byte, bool) {
	dst = roomy(dst)
	n := len(dst)
	b := dst[:n+valueRoom]
	switch c.kind {
	case kindText:
		return e.textValue(dst, c, row)
	case kindTime:
		return e.timestamp(dst, c, c.i64[row])
	case kindDouble:
		return b[:putDouble(b, n, c.f64[row], 64)], true
	case kindBool:
		return b[:putBool(b, n, bitutil.BitIsSet(c.bits, c.offset+row))], true
	case kindList:
		return e.list(dst, c, row)
	case kindMap:
		return e.object(dst, c, row)
	case kindStruct:
		return e.members(dst, c.children, c.offset+row)
	case kindDictionary:
		return e.element(dst, &c.children[0], int(c.i32[row]))
	case kindJSON:
		return e.document(dst, c, row)
	case kindBinary:
		return appendBase64(dst, c.text[c.offsets[row]:c.offsets[row+1]]), true
	case kindDecimal:
		return b[:e.putDecimal(b, n, c, c.values[16*row:16*row+16])], true
	case kindDate:
		return e.date(dst, c, int64(c.i32[row]))
	case kindClock32, kindClock64:
		return e.clock(dst, c, row)
	case kindInterval:
		return b[:putInterval(b, n, c.values[16*row:16*row+16])], true
	case kindUUID:
		return append(types.AppendUUID(append(dst, '"'), c.values[16*row:16*row+16]), '"'), true
	}
	return e.number(dst, c, row)
}

// number writes a value of the integer kinds, or a FLOAT.
func (e *encoder) number(dst []byte, c *column, row int) ([]byte, bool) {
	n := len(dst)
	b := dst[:n+valueRoom]
	var v int64
	switch c.kind {
	case kindBigint:
		v = c.i64[row]
	case kindInt:
		v = int64(c.i32[row])
	case kindTinyint:
		v = int64(int8(c.values[row]))
	case kindUtinyint:
		v = int64(c.values[row])
	case kindSmallint:
		v = int64(int16(binary.NativeEndian.Uint16(c.values[2*row:])))
	case kindUsmallint:
		v = int64(binary.NativeEndian.Uint16(c.values[2*row:]))
	case kindUint:
		v = int64(binary.NativeEndian.Uint32(c.values[4*row:]))
	case kindFloat:
		f := math.Float32frombits(binary.NativeEndian.Uint32(c.values[4*row:]))
		return b[:putDouble(b, n, float64(f), 32)], true
	case kindUbigint:
		u := binary.NativeEndian.Uint64(c.values[8*row:])
		if e.IncludeSchema && u > math.MaxInt64 {
			return dst, e.refuse("json.range", "number past 2^63-1, the largest that Kafka Connect has")
		}
		return b[:putUint(b, n, u)], true
	}
	return b[:putInt(b, n, v)], true
}

const notUTF8 = "text that is not UTF-8"

func (e *encoder) textValue(dst []byte, c *column, row int) ([]byte, bool) {
	dst, ok := appendText(dst, c.text[c.offsets[row]:c.offsets[row+1]])
	if !ok {
		return dst, e.refuse("json.utf8", notUTF8)
	}
	return dst, true
}

func (e *encoder) timestamp(dst []byte, c *column, v int64) ([]byte, bool) {
	n := len(dst)
	b := dst[:n+valueRoom]
	if e.TimestampFormat == UnixMillis {
		ms, ok := millis(v, c.second)
		if !ok {
			return dst, e.refuse("json.range", "timestamp out of range for milliseconds")
		}
		return b[:putInt(b, n, ms)], true
	}
	end, ok := c.putTime(b, n, v)
	if !ok {
		return dst, e.refuse("json.range", "timestamp outside the years 0 to 9999")
	}
	return b[:end], true
}

// date writes a DATE: as text, or where timestamps are numbers as one too: the milliseconds of its midnight, or the days
// since 1970 for who reads Kafka Connect's records and Debezium's.
func (e *encoder) date(dst []byte, c *column, day int64) ([]byte, bool) {
	n := len(dst)
	b := dst[:n+valueRoom]
	switch {
	case e.TimestampFormat == UnixMillis && e.datesInDays():
		return b[:putInt(b, n, day)], true
	case e.TimestampFormat == UnixMillis:
		return b[:putInt(b, n, day*daySeconds*1000)], true
	case !c.setDay(day):
		return dst, e.refuse("json.range", "date outside the years 0 to 9999")
	}
	b[n] = '"'
	n += 1 + copy(b[n+1:], c.date[:len("2013-01-02")])
	b[n] = '"'
	return b[:n+1], true
}

// clock writes a TIME.
func (e *encoder) clock(dst []byte, c *column, row int) ([]byte, bool) {
	n := len(dst)
	b := dst[:n+valueRoom]
	var v int64
	if c.kind == kindClock32 {
		v = int64(int32(binary.NativeEndian.Uint32(c.values[4*row:])))
	} else {
		v = int64(binary.NativeEndian.Uint64(c.values[8*row:]))
	}
	if v < 0 || v >= daySeconds*c.second {
		return dst, e.refuse("json.range", "time of day outside of 00:00:00 to 23:59:59")
	}
	seconds, nano := c.split(uint64(v))
	b[n] = '"'
	n = putClock(b, n+1, seconds, nano)
	b[n] = '"'
	return b[:n+1], true
}

func (e *encoder) list(dst []byte, c *column, row int) ([]byte, bool) {
	dst = append(dst, '[')
	from, to := int(c.offsets[row]), int(c.offsets[row+1])
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = e.element(dst, &c.children[0], i); !ok {
			return dst, e.within("[" + strconv.Itoa(i-from) + "]")
		}
	}
	return append(dst, ']'), true
}
