package jsonformat

import (
	"math"
	"math/bits"
)

// digits8 is the value of eight decimal digits, the first in the lowest byte, each with '0' taken off.
func digits8(w uint64) uint64 {
	w = w*10 + w>>8 // pairs, in the even bytes
	return ((w&0x000000ff000000ff)*(100+1000000<<32) + (w>>16&0x000000ff000000ff)*(1+10000<<32)) >> 32
}

// plainInt reads the integer of at most 19 digits at p, if what is there is one without needless zeros that ends well
// before the end of b. Else end is 0.
func plainInt(b []byte, p int) (v int64, end int) {
	sign := 0 // the sign is handled without a branch, which in mixed data would often be guessed wrong
	if b[p] == '-' {
		sign = 1
	}
	p += sign
	if p+9 > len(b) {
		return 0, 0
	}
	w := load(b, p) ^ ones*'0'
	other := (w | (w + ones*(0x80-10))) & highs // bytes that are no digits
	if other == 0 {
		return longInt(b, p, int64(sign))
	}
	n := index(other)
	if n == 0 || class[b[p+n]]&pastInt != 0 || byte(w) == 0 && n > 1 {
		return 0, 0
	}
	v = int64(digits8(w << (64 - 8*n))) // zeros come in before the digits
	return (v ^ -int64(sign)) + int64(sign), p + n
}

// longInt is plainInt for eight digits and more, from p on, behind the sign (1: minus).
func longInt(b []byte, p int, sign int64) (v int64, end int) {
	end = digitsEnd(b, p)
	if end-p > 19 || end == len(b) || class[b[end]]&pastInt != 0 || b[p] == '0' {
		return 0, 0
	}
	sum := digits8(load(b, p) ^ ones*'0')
	for p += 8; p < end; p++ {
		sum = sum*10 + uint64(b[p]-'0')
	}
	if sum > math.MaxInt64 {
		return 0, 0
	}
	return (int64(sum) ^ -sign) + sign, end
}

// verdict says how reading a value went.
type verdict uint8

const (
	good       verdict = iota
	badSyntax          // not a number at all
	badRange           // does not fit
	notInteger         // has a fraction or an exponent, and that is not wanted
	notText            // is a number at all, and that is not wanted
)

// parseInt reads a number token as an int64. A fraction is dropped and an exponent applied, both exactly, unless strict.
func parseInt(token []byte, strict bool) (int64, verdict) {
	n, ok := splitNumber(token)
	if !ok || strict && !n.strict {
		return 0, badSyntax
	}
	if strict && (n.point || n.hasExponent) {
		return 0, notInteger
	}
	var v uint64
	digits, point := int64(len(n.whole)+len(n.fraction)), int64(len(n.whole))+n.exponent
	for i := range min(digits, point) {
		var d byte
		if i < int64(len(n.whole)) {
			d = n.whole[i]
		} else {
			d = n.fraction[i-int64(len(n.whole))]
		}
		hi, lo := bits.Mul64(v, 10)
		sum, carry := bits.Add64(lo, uint64(d-'0'), 0)
		if hi|carry != 0 {
			return 0, badRange
		}
		v = sum
	}
	for i := digits; v != 0 && i < point; i++ {
		hi, lo := bits.Mul64(v, 10)
		if hi != 0 {
			return 0, badRange
		}
		v = lo
	}
	switch {
	case n.negative && v <= -math.MinInt64:
		return -int64(v), good
	case !n.negative && v <= math.MaxInt64:
		return int64(v), good
	}
	return 0, badRange
}

// parseIntText reads the text of a string as an int64: digits with an optional sign.
func parseIntText(text []byte) (int64, verdict) {
	if len(text) > 0 && text[0] == '+' {
		text = text[1:]
		if len(text) > 0 && text[0] == '-' {
			return 0, badSyntax
		}
	}
	v, bad := parseInt(text, false)
	if n, ok := splitNumber(text); !ok || n.point || n.hasExponent {
		return 0, badSyntax
	}
	return v, bad
}

// number is a number token taken apart.
type number struct {
	negative        bool
	whole, fraction []byte
	point           bool
	hasExponent     bool
	exponent        int64 // at most ±maxExponent
	strict          bool  // as RFC 8259 wants it
}

// maxExponent bounds the exponents told apart; no frame has room for as many digits to make up for it.
const maxExponent = 1 << 40

// splitNumber takes a number token apart. Beyond RFC 8259 it takes leading zeros, and a point with digits on one side only.
func splitNumber(token []byte) (n number, ok bool) {
	p := 0
	if p < len(token) && token[p] == '-' {
		n.negative = true
		p++
	}
	start := p
	p = digitsEnd(token, p)
	n.whole = token[start:p]
	if p < len(token) && token[p] == '.' {
		n.point = true
		start = p + 1
		p = digitsEnd(token, start)
		n.fraction = token[start:p]
	}
	if len(n.whole)+len(n.fraction) == 0 {
		return n, false
	}
	n.strict = len(n.whole) == 1 || len(n.whole) > 1 && n.whole[0] != '0'
	n.strict = n.strict && n.point == (len(n.fraction) > 0)
	if p < len(token) && token[p]|0x20 == 'e' {
		n.hasExponent = true
		p++
		below := p < len(token) && token[p] == '-'
		if below || p < len(token) && token[p] == '+' {
			p++
		}
		start = p
		p = digitsEnd(token, p)
		if start == p {
			return n, false
		}
		for _, d := range token[start:p] {
			n.exponent = min(n.exponent*10+int64(d-'0'), maxExponent)
		}
		if below {
			n.exponent = -n.exponent
		}
	}
	return n, p == len(token)
}

func digitsEnd(b []byte, p int) int {
	for p < len(b) && b[p]-'0' <= 9 {
		p++
	}
	return p
}
