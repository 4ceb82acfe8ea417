package protoformat

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/types"
)

// store appends one value to the column it is for. It reports false after it has set err.
func (d *decoder) store(v *value, word uint64, b []byte) bool {
	c := v.column
	switch v.op {
	case opInt:
		return d.storeInt(v, word)
	case opText:
		if d.long(b) {
			return false
		}
		if !utf8.Valid(b) {
			return d.refuse("protobuf.utf8", v.sql, "a string that is not UTF-8")
		}
		return c == nil || d.stored(c.AppendBytes(b))
	case opBytes:
		return !d.long(b) && (c == nil || d.stored(c.AppendBytes(b)))
	case opDouble:
		if c != nil {
			c.AppendFloat64(math.Float64frombits(word))
		}
	case opFloat:
		if c != nil {
			c.AppendFloat32(math.Float32frombits(uint32(word)))
		}
	case opFloatDouble:
		if c != nil {
			c.AppendFloat64(float64(math.Float32frombits(uint32(word))))
		}
	case opBool:
		if c != nil {
			c.AppendBool(word != 0)
		}
	case opStruct:
		if !d.row(v.sub, b) {
			return false
		}
		if c != nil {
			c.EndStruct()
		}
	case opTimestamp, opInterval, opNanos:
		return d.storeTime(v, b)
	case opWrapper:
		return d.storeWrapped(v, b)
	case opJSON:
		start := len(d.text)
		return d.jsonValue(v.json, word, b) && d.endText(c, start)
	default:
		return d.storeText(v, word, b)
	}
	return true
}

// storeText is store for what is spelled in another way on one of the two sides.
func (d *decoder) storeText(v *value, word uint64, b []byte) bool {
	c := v.column
	start := len(d.text)
	switch v.op {
	case opBase64:
		if d.long(b) {
			return false
		}
		d.text = base64.StdEncoding.AppendEncode(d.text, b)
		return d.endText(c, start)
	case opName:
		return c == nil || d.stored(c.AppendString(v.enum.names[int32(word)]))
	case opDigits:
		d.text = strconv.AppendInt(d.text, int64(int32(word)), 10)
		return d.endText(c, start)
	case opDecimal:
		i, huge := integer(v.kind, word)
		n := number{lo: uint64(i), negative: i < 0 && !huge}
		if n.negative {
			n.lo = -n.lo
		}
		return d.storeDecimal(v, n, 0)
	case opDecimalText:
		n, scale, ok := parseDecimal(b, int(v.scale))
		if !ok {
			return d.refuse("protobuf.parse", v.sql, "a string that is no decimal number of at most 38 digits and the column's scale")
		}
		return d.storeDecimal(v, n, scale)
	case opUUIDBytes:
		if len(b) != 16 {
			return d.refuse("protobuf.parse", v.sql, fmt.Sprintf("%d bytes", len(b)))
		}
		if c != nil {
			c.AppendFixed(b)
		}
	case opUUIDText:
		id, ok := types.ParseUUID(b)
		if !ok {
			return d.refuse("protobuf.parse", v.sql, "a string that is no UUID")
		}
		if c != nil {
			c.AppendFixed(id[:])
		}
	}
	return true
}

// integer is the number that a word of an integer or enum field stands for; huge: it is one of 2^63 and more, wrapped.
func integer(kind protoreflect.Kind, word uint64) (v int64, huge bool) {
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind, protoreflect.EnumKind:
		return int64(int32(word)), false
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return int64(uint32(word)), false
	case protoreflect.Sint32Kind:
		return zigzag(uint64(uint32(word))), false
	case protoreflect.Sint64Kind:
		return zigzag(word), false
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return int64(word), word>>63 != 0
	}
	return int64(word), false
}

// inRange reports whether v fits the column.
func (v *value) inRange(i int64, huge bool) bool {
	switch {
	case huge || v.unsigned:
		return v.unsigned && (huge || i >= 0) && uint64(i) <= uint64(v.high)
	}
	return i >= v.low && i <= v.high
}

func (d *decoder) storeInt(v *value, word uint64) bool {
	i, huge := integer(v.kind, word)
	if !v.inRange(i, huge) {
		return d.refuse("protobuf.range", v.sql, "a number out of its range")
	}
	c := v.column
	if c == nil {
		return true
	}
	switch v.store {
	case batch.KindInt64:
		c.AppendInt64(i)
	case batch.KindInt32:
		c.AppendInt32(int32(i))
	case batch.KindInt16:
		c.AppendInt16(int16(i))
	case batch.KindInt8:
		c.AppendInt8(int8(i))
	}
	return true
}

// seconds reads a Timestamp or a Duration: field 1, seconds, and field 2, nanoseconds.
func (d *decoder) seconds(b []byte) (seconds, nanos int64, ok bool) {
	for p := 0; p < len(b); {
		tag, q := readTag(b, p)
		if q < 0 {
			return 0, 0, d.malformed(b, p, q) >= 0
		}
		word, _, q := readValue(b, q, tag, d.levels)
		if q < 0 {
			return 0, 0, d.malformed(b, p, q) >= 0
		}
		switch tag {
		case 1<<3 | wireVarint:
			seconds = int64(word)
		case 2<<3 | wireVarint:
			nanos = int64(int32(word))
		}
		p = q
	}
	return seconds, nanos, true
}

// storeTime stores a Timestamp or a Duration. google/protobuf/timestamp.proto and duration.proto set the bounds.
func (d *decoder) storeTime(v *value, b []byte) bool {
	seconds, nanos, ok := d.seconds(b)
	if !ok {
		return false
	}
	if v.op == opTimestamp {
		if nanos < 0 || nanos > 999_999_999 || seconds < minTimestamp || seconds > maxTimestamp {
			return d.refuse("protobuf.range", v.sql, "a timestamp outside the years 1 to 9999, or with nanoseconds outside 0 to 999999999")
		}
		whole, over := scaled(seconds, v.second, nanos/v.nanos)
		if over {
			return d.refuse("protobuf.range", v.sql, "a timestamp out of its range")
		}
		if v.column != nil {
			v.column.AppendInt64(whole)
		}
		return true
	}
	if !validDuration(seconds, nanos) {
		return d.refuse("protobuf.range", v.sql, "a duration past 10000 years, or with seconds and nanoseconds of different signs")
	}
	whole, over := scaled(seconds, 1e9, nanos)
	if over {
		return d.refuse("protobuf.range", v.sql, "a duration past 2^63 nanoseconds")
	}
	switch {
	case v.column == nil:
	case v.op == opInterval:
		v.column.AppendInterval(0, 0, whole)
	default:
		v.column.AppendInt64(whole)
	}
	return true
}

// The seconds of 0001-01-01T00:00:00 and 9999-12-31T23:59:59, and the longest duration.
const (
	minTimestamp = -62135596800
	maxTimestamp = 253402300799
	maxDuration  = 315576000000
)

func validDuration(seconds, nanos int64) bool {
	return seconds >= -maxDuration && seconds <= maxDuration && nanos > -1e9 && nanos < 1e9 &&
		!(seconds > 0 && nanos < 0) && !(seconds < 0 && nanos > 0)
}

// scaled is seconds*unit + rest for an unit of at most 1e9 and a rest below one second; over: it does not fit.
func scaled(seconds, unit, rest int64) (_ int64, over bool) {
	if seconds > math.MaxInt64/unit || unit > 1 && seconds < math.MinInt64/unit-1 {
		return 0, true
	}
	if seconds < 0 && rest > 0 { // keeps the product in range where only the sum is
		seconds, rest = seconds+1, rest-unit
	}
	if seconds < math.MinInt64/unit {
		return 0, true
	}
	product := seconds * unit
	sum := product + rest
	return sum, rest > 0 && sum < product || rest < 0 && sum > product
}

// storeWrapped stores the value in a wrapper, whose absence is its default.
func (d *decoder) storeWrapped(v *value, b []byte) bool {
	last := v.initial
	for p := 0; p < len(b); {
		tag, q := readTag(b, p)
		if q < 0 {
			return d.malformed(b, p, q) >= 0
		}
		word, payload, q := readValue(b, q, tag, d.levels)
		if q < 0 {
			return d.malformed(b, p, q) >= 0
		}
		if tag == v.wire {
			last = piece{bytes: payload, word: word}
		}
		p = q
	}
	return d.store(v.inner, last.word, last.bytes)
}
