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
	sign := isMinus(b[p])
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

// isMinus is 1 for a minus and else 0. It is no branch, which in mixed data would often be guessed wrong.
func isMinus(c byte) int { return int((uint64(c^'-') - 1) >> 63) }

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

// parseInt reads a number token as a sign and a magnitude. A fraction is dropped and an exponent applied, both exactly, unless
// one of them is not wanted.
func parseInt(token []byte, off Strictness) (negative bool, magnitude uint64, _ verdict) {
	n, ok := splitNumber(token)
	if !ok || !n.strict && off.Has(NumberSyntax) {
		return false, 0, badSyntax
	}
	if off.Has(IntegerFractions) && (n.point || n.hasExponent) {
		return false, 0, notInteger
	}
	var v uint64
	digits, point := int64(len(n.whole)+len(n.fraction)), int64(len(n.whole))+n.exponent
	for i := range min(digits, point) {
		hi, lo := bits.Mul64(v, 10)
		sum, carry := bits.Add64(lo, uint64(n.digit(i)-'0'), 0)
		if hi|carry != 0 {
			return false, 0, badRange
		}
		v = sum
	}
	for i := digits; v != 0 && i < point; i++ {
		hi, lo := bits.Mul64(v, 10)
		if hi != 0 {
			return false, 0, badRange
		}
		v = lo
	}
	return n.negative, v, good
}

// toInt64 is the number of a sign and a magnitude.
func toInt64(negative bool, magnitude uint64) (int64, verdict) {
	switch {
	case negative && magnitude <= -math.MinInt64:
		return -int64(magnitude), good
	case !negative && magnitude <= math.MaxInt64:
		return int64(magnitude), good
	}
	return 0, badRange
}

// parseIntText reads the text of a string as a value of f: digits with an optional sign.
func (f *field) parseIntText(text []byte) (int64, verdict) {
	text, ok := withoutPlus(text)
	if !ok {
		return 0, badSyntax
	}
	if n, ok := splitNumber(text); !ok || n.point || n.hasExponent {
		return 0, badSyntax
	}
	negative, magnitude, result := parseInt(text, 0)
	if result != good {
		return 0, result
	}
	return f.fit(negative, magnitude)
}

// shortest reports whether an integer's text has no sign, and no zeros, that it could do without.
func shortest(text []byte) bool {
	n, ok := splitNumber(text)
	return ok && n.strict && string(text) != "-0"
}

// withoutPlus takes a leading plus off the text of a number, which may stand in a string but not in a number of JSON.
func withoutPlus(text []byte) (_ []byte, ok bool) {
	if len(text) == 0 || text[0] != '+' {
		return text, true
	}
	return text[1:], len(text) > 1 && text[1] != '-'
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

// digit is digit i of the number, counted through the point.
func (n *number) digit(i int64) byte {
	if i < int64(len(n.whole)) {
		return n.whole[i]
	}
	return n.fraction[i-int64(len(n.whole))]
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
