package protoformat

import (
	"math/bits"
)

// number is a decimal's digits as a whole number of up to 128 bits, and its sign.
type number struct {
	hi, lo   uint64
	negative bool
}

// timesTen multiplies by ten and adds a digit; it reports false past 10^38.
func (n *number) timesTen(digit uint64) bool {
	over, hi := bits.Mul64(n.hi, 10)
	carry, lo := bits.Mul64(n.lo, 10)
	lo, c := bits.Add64(lo, digit, 0)
	hi, c2 := bits.Add64(hi, carry, c)
	n.hi, n.lo = hi, lo
	return over == 0 && c2 == 0 && n.below(38)
}

// powers are 10^0 to 10^38.
var powers = func() (p [39]number) {
	p[0].lo = 1
	for i := 1; i < len(p); i++ {
		carry, lo := bits.Mul64(p[i-1].lo, 10)
		p[i] = number{hi: p[i-1].hi*10 + carry, lo: lo}
	}
	return p
}()

// below reports whether n has at most so many digits.
func (n *number) below(digits int) bool {
	limit := powers[digits]
	return n.hi < limit.hi || n.hi == limit.hi && n.lo < limit.lo
}

// storeDecimal stores a number with scale digits behind the point.
func (d *decoder) storeDecimal(v *value, n number, scale int) bool {
	for ; scale < int(v.scale); scale++ {
		if !n.timesTen(0) {
			return d.refuse("protobuf.range", v.sql, "a number out of its range")
		}
	}
	if !n.below(int(v.precision)) {
		return d.refuse("protobuf.range", v.sql, "a number out of its range")
	}
	if v.column == nil {
		return true
	}
	lo, hi := n.lo, n.hi
	if n.negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	v.column.AppendDecimal(lo, int64(hi))
	return true
}

// parseDecimal reads "-12.50": digits with an optional sign and point. Zeros at the end that the scale has no room for do not
// count; other digits there are refused.
func parseDecimal(b []byte, most int) (n number, scale int, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		n.negative = b[0] == '-'
		b = b[1:]
	}
	digits, point := 0, false
	for _, c := range b {
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			return n, 0, false
		}
		digits++
		if point && scale == most {
			if c != '0' {
				return n, 0, false
			}
			continue
		}
		if !n.timesTen(uint64(c - '0')) {
			return n, 0, false
		}
		if point {
			scale++
		}
	}
	return n, scale, digits > 0
}

// appendDecimal appends a number with scale digits behind the point.
func appendDecimal(dst []byte, lo uint64, hi int64, scale int) []byte {
	n := number{hi: uint64(hi), lo: lo}
	if hi < 0 {
		var borrow uint64
		n.lo, borrow = bits.Sub64(0, lo, 0)
		n.hi, _ = bits.Sub64(0, n.hi, borrow)
		dst = append(dst, '-')
	}
	var digits [40]byte
	at := len(digits)
	for n.hi != 0 || n.lo != 0 || len(digits)-at <= scale {
		var rest uint64
		n.hi, rest = n.hi/10, n.hi%10
		n.lo, rest = bits.Div64(rest, n.lo, 10)
		at--
		digits[at] = '0' + byte(rest)
	}
	point := len(digits) - scale
	dst = append(dst, digits[at:point]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[point:]...)
	}
	return dst
}
