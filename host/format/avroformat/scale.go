package avroformat

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/types"
)

// scale takes a whole number to a column of whole numbers: from one unit of time to another, within bounds.
type scale struct {
	multiply, divide int64 // at most one of them is not 1
	least, most      int64 // in the column's unit; unsigned columns of 64 bits have most = -1
	width            batch.Kind
}

// of is v in the column's unit, rounded down; false if it is out of bounds.
func (s *scale) of(v int64) (int64, bool) {
	switch {
	case s.divide != 1:
		v = floorDiv(v, s.divide)
	case s.multiply != 1:
		product := v * s.multiply
		if product/s.multiply != v {
			return 0, false
		}
		v = product
	}
	return v, v >= s.least && v <= s.most
}

func (s *scale) append(c *batch.Column, v int64) {
	switch s.width {
	case batch.KindInt8:
		c.AppendInt8(int8(v))
	case batch.KindInt16:
		c.AppendInt16(int16(v))
	case batch.KindInt32:
		c.AppendInt32(int32(v))
	default:
		c.AppendInt64(v)
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// between scales from a unit of so many nanoseconds to another.
func (s *scale) between(from, to int64) {
	s.multiply, s.divide = 1, 1
	if from > to {
		s.multiply = from / to
	} else {
		s.divide = to / from
	}
}

// bounds are what a column of whole numbers or times takes. ok is false for other columns.
func bounds(t arrow.DataType) (s scale, ok bool) {
	s = scale{multiply: 1, divide: 1, least: math.MinInt64, most: math.MaxInt64}
	var err error
	if s.width, err = batch.KindOf(t); err != nil {
		return s, false
	}
	switch t := t.(type) {
	case *arrow.Int8Type:
		s.least, s.most = math.MinInt8, math.MaxInt8
	case *arrow.Int16Type:
		s.least, s.most = math.MinInt16, math.MaxInt16
	case *arrow.Int32Type, *arrow.Date32Type:
		s.least, s.most = math.MinInt32, math.MaxInt32
	case *arrow.Uint8Type:
		s.least, s.most = 0, math.MaxUint8
	case *arrow.Uint16Type:
		s.least, s.most = 0, math.MaxUint16
	case *arrow.Uint32Type:
		s.least, s.most = 0, math.MaxUint32
	case *arrow.Uint64Type:
		s.least = 0
	case *arrow.Time32Type:
		s.least, s.most = 0, 86400e9/nanosOf(t.Unit)-1
	case *arrow.Time64Type:
		s.least, s.most = 0, 86400e9/nanosOf(t.Unit)-1
	case *arrow.Int64Type, *arrow.TimestampType:
	default:
		return s, false
	}
	return s, true
}

func nanosOf(unit arrow.TimeUnit) int64 {
	return [...]int64{arrow.Second: 1e9, arrow.Millisecond: 1e6, arrow.Microsecond: 1e3, arrow.Nanosecond: 1}[unit]
}

// columnTime is what temporal is for a column's type.
func columnTime(t arrow.DataType) (nanos int64, what logical) {
	switch t := t.(type) {
	case *arrow.Date32Type:
		return 86400e9, logicalDate
	case *arrow.Time32Type:
		return nanosOf(t.Unit), logicalTimeMicros
	case *arrow.Time64Type:
		return nanosOf(t.Unit), logicalTimeMicros
	case *arrow.TimestampType:
		return nanosOf(t.Unit), logicalTimestampNanos
	}
	return 0, logicalNone
}

// decimal takes an unscaled number with so many digits behind the point to a column.
type decimal struct {
	from      int32 // digits behind the point that the writer has
	to        int32 // that the column has
	precision int32
}

func (d *decimal) of(n decimal128.Num) (decimal128.Num, bool) {
	return types.Rescale(n, d.from, d.to, d.precision)
}

// twosComplement reads a big-endian number of up to 128 bits; false if it has more.
func twosComplement(b []byte) (decimal128.Num, bool) {
	var sign byte
	if len(b) > 0 && b[0] >= 0x80 {
		sign = 0xff
	}
	for len(b) > 16 {
		if b[0] != sign || (b[1]^sign) >= 0x80 {
			return decimal128.Num{}, false
		}
		b = b[1:]
	}
	hi, lo := uint64(int64(int8(sign))), uint64(int64(int8(sign)))
	for _, c := range b {
		hi, lo = hi<<8|lo>>56, lo<<8|uint64(c)
	}
	return decimal128.New(int64(hi), lo), true
}
