package jsonformat

import "math/bits"

// maxPrecision is the number of digits that a DECIMAL has at most: as many always fit in 127 bits.
const maxPrecision = 38

// wide is an unsigned number of 128 bits.
type wide struct{ hi, lo uint64 }

// wideTens are the powers of ten up to 1e38.
var wideTens = func() (t [maxPrecision + 1]wide) {
	t[0].lo = 1
	for i := range maxPrecision {
		t[i+1] = t[i].timesTen(0)
	}
	return t
}()

// timesTen is w*10+digit, for w below 1e37.
func (w wide) timesTen(digit byte) wide {
	hi, lo := bits.Mul64(w.lo, 10)
	lo, carry := bits.Add64(lo, uint64(digit), 0)
	return wide{w.hi*10 + hi + carry, lo}
}

func (w wide) less(than wide) bool { return w.hi < than.hi || w.hi == than.hi && w.lo < than.lo }

// signed is w, or -w if negative, as a DECIMAL column takes it.
func (w wide) signed(negative bool) (lo uint64, hi int64) {
	if !negative {
		return w.lo, int64(w.hi)
	}
	lo, borrow := bits.Sub64(0, w.lo, 0)
	hi64, _ := bits.Sub64(0, w.hi, borrow)
	return lo, int64(hi64)
}

// plainDecimal reads the number at p for a DECIMAL of a scale if it has at most 18 digits once it is brought to the scale,
// no exponent, and ends before the end of b. Else end is 0. limit is one past the largest magnitude that fits.
func plainDecimal(b []byte, p int, scale int, limit wide) (lo uint64, hi int64, end int) {
	n, end := shortDigits(b, p)
	if end == 0 {
		n, end = plainDigits(b, p)
	}
	if end == 0 || n.scale > scale || n.count+scale-n.scale > 18 {
		return 0, 0, 0 // digits past the scale are for parseDecimal to drop
	}
	v := wide{lo: n.sum * smallTens[scale-n.scale]}
	if !v.less(limit) {
		return 0, 0, 0
	}
	lo, hi = v.signed(n.negative)
	return lo, hi, end
}

// smallTens are the powers of ten that a uint64 holds.
var smallTens = func() (t [20]uint64) {
	t[0] = 1
	for i := range len(t) - 1 {
		t[i+1] = t[i] * 10
	}
	return t
}()

// parseDecimal reads a number token as a DECIMAL(precision, scale): exactly, digits past the scale dropped.
func parseDecimal(token []byte, precision, scale int, off Strictness) (lo uint64, hi int64, _ verdict) {
	n, ok := splitNumber(token)
	if !ok || !n.strict && off.Has(NumberSyntax) {
		return 0, 0, badSyntax
	}
	var v wide
	most := wideTens[precision-1] // from here on another digit is one too many
	// The digits up to last, counted from the number's first, are those of the result; behind them come zeros.
	digits, last := int64(len(n.whole)+len(n.fraction)), int64(len(n.whole))+n.exponent+int64(scale)
	for i := range min(digits, last) {
		if !v.less(most) {
			return 0, 0, badRange
		}
		v = v.timesTen(n.digit(i) - '0')
	}
	for i := digits; v != (wide{}) && i < last; i++ {
		if !v.less(most) {
			return 0, 0, badRange
		}
		v = v.timesTen(0)
	}
	for i := max(last, 0); i < digits && off.Has(DecimalFractions); i++ {
		if n.digit(i) != '0' {
			return 0, 0, tooPrecise
		}
	}
	lo, hi = v.signed(n.negative)
	return lo, hi, good
}

// parseDecimalText reads the text of a string: a number with an optional sign.
func parseDecimalText(text []byte, precision, scale int, off Strictness) (lo uint64, hi int64, _ verdict) {
	text, ok := withoutPlus(text)
	if !ok {
		return 0, 0, badSyntax
	}
	return parseDecimal(text, precision, scale, off)
}

// unscaled reads a DECIMAL's unscaled value from big-endian two's complement of 1 to 16 bytes, as Kafka Connect writes it
// (org.apache.kafka.connect.data.Decimal). limit is one past the largest magnitude that fits.
func unscaled(b []byte, limit wide) (lo uint64, hi int64, _ verdict) {
	if len(b) == 0 || len(b) > 16 {
		return 0, 0, badSyntax
	}
	hi = int64(int8(b[0])) >> 7
	lo = uint64(hi)
	for _, c := range b {
		hi, lo = hi<<8|int64(lo>>56), lo<<8|uint64(c)
	}
	magnitude := wide{uint64(hi), lo}
	if hi < 0 {
		var high int64
		magnitude.lo, high = magnitude.signed(true)
		magnitude.hi = uint64(high)
	}
	if !magnitude.less(limit) {
		return 0, 0, badRange
	}
	return lo, hi, good
}
