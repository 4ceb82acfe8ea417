package jsonformat

import (
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// exactTens are the powers of ten that a float64 holds exactly.
var exactTens = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// digits is a number of few digits: sum / 10^scale.
type digits struct {
	sum      uint64
	count    int // of the digits
	scale    int // how many of them stand behind the point
	negative bool
}

// maxDigits is how many decimal digits always fit in a uint64.
const maxDigits = 19

// plainDigits reads the number at p if it is one as RFC 8259 wants it, has at most maxDigits digits, no exponent, and ends
// before the end of b. Else end is 0.
func plainDigits(b []byte, p int) (n digits, end int) {
	n, p = decimalDigits(b, p)
	if p == 0 || p == len(b) || class[b[p]]&pastInt != 0 {
		return n, 0
	}
	return n, p
}

// shortDigits is plainDigits for a number that has a point, and is with what is behind it no longer than a word: without a
// branch for how many digits there are on either side, which in mixed data would often be guessed wrong.
func shortDigits(b []byte, p int) (n digits, end int) {
	sign := isMinus(b[p])
	p += sign
	if p+8 > len(b) {
		return n, 0
	}
	w := load(b, p) ^ ones*'0'
	other := (w | (w + ones*(0x80-10))) & highs // bytes that are no digits; right up to the second, for a point carries nothing
	whole, rest := index(other), index(other&(other-1))
	if other&(other-1) == 0 || whole == 0 || b[p+whole] != '.' || rest == whole+1 || byte(w) == 0 && whole > 1 || class[b[p+rest]]&pastInt != 0 {
		return n, 0
	}
	low := uint64(1)<<(8*whole) - 1
	w = w&low | w>>8&^low // without the point
	n.negative, n.count, n.scale = sign == 1, rest-1, rest-1-whole
	n.sum = digits8(w << (64 - 8*uint(n.count)))
	return n, p + rest
}

// decimalDigits is plainDigits without a look at what is behind the digits.
func decimalDigits(b []byte, p int) (n digits, end int) {
	sign := isMinus(b[p]) // no branch, as in plainInt
	n.negative = sign == 1
	p += sign
	start, sum := p, uint64(0)
	for p < len(b) && b[p]-'0' <= 9 {
		sum = sum*10 + uint64(b[p]-'0')
		p++
	}
	n.count = p - start
	if n.count == 0 || n.count > 1 && b[start] == '0' {
		return n, 0
	}
	if p < len(b) && b[p] == '.' {
		start = p + 1
		if sum, p = fractionDigits(b, start, sum); p == start {
			return n, 0
		}
		n.scale = p - start
		n.count += n.scale
	}
	n.sum = sum
	if n.count > maxDigits {
		return n, 0
	}
	return n, p
}

// fractionDigits reads on in a number's digits from p on, eight at a time; sum is what they made so far.
func fractionDigits(b []byte, p int, sum uint64) (_ uint64, end int) {
	for p+8 <= len(b) {
		w := load(b, p) ^ ones*'0'
		other := (w | (w + ones*(0x80-10))) & highs // bytes that are no digits
		if other != 0 {
			n := index(other)
			if n == 0 {
				return sum, p
			}
			return sum*smallTens[n] + digits8(w<<(64-8*n)), p + n // zeros come in before the digits
		}
		sum = sum*1e8 + digits8(w)
		p += 8
	}
	for p < len(b) && b[p]-'0' <= 9 {
		sum = sum*10 + uint64(b[p]-'0')
		p++
	}
	return sum, p
}

// plainDouble reads the number at p as the nearest float64 if it has at most 19 digits, a small exponent if any, and ends
// before the end of b, and is not too close to the middle between two float64s. Else end is 0.
func plainDouble(b []byte, p int) (v float64, end int) {
	n, p := decimalDigits(b, p)
	if p == 0 || p == len(b) {
		return 0, 0
	}
	exponent := -n.scale
	if class[b[p]]&pastInt != 0 {
		more, after := plainExponent(b, p)
		if after == 0 {
			return 0, 0
		}
		exponent += more
		p = after
	}
	// Whether numbers of many digits have more than a float64 holds exactly is no branch worth guessing: they are not divided.
	ok, exact := false, -22 <= exponent && exponent <= 0
	if n.sum>>32 != 0 || !exact {
		v, ok = nearest(n.sum, exponent)
	}
	if !ok {
		if n.sum >= 1<<53 || !exact {
			return 0, 0
		}
		// The digits are an exact float64, and so is the power of ten they are divided by, so one division rounds once
		// (Clinger, "How to read floating point numbers accurately", 1990).
		v = float64(n.sum) / exactTens[-exponent]
	}
	var minus uint64
	if n.negative {
		minus = 1 << 63
	}
	return math.Float64frombits(math.Float64bits(v) | minus), p
}

// plainExponent reads an exponent of at most two digits at p. Else end is 0.
func plainExponent(b []byte, p int) (exponent, end int) {
	if b[p]|0x20 != 'e' || p+4 >= len(b) {
		return 0, 0
	}
	below := b[p+1] == '-'
	if below || b[p+1] == '+' {
		p++
	}
	start := p + 1
	for p = start; p < len(b) && b[p]-'0' <= 9 && p < start+3; p++ {
		exponent = exponent*10 + int(b[p]-'0')
	}
	if p == start || p == start+3 || p == len(b) || class[b[p]]&pastInt != 0 {
		return 0, 0
	}
	if below {
		exponent = -exponent
	}
	return exponent, p
}

// plainFloat is plainDouble for a float32. The nearest float32 of the nearest float64 is that of the number itself unless the
// float64 is just the middle between two float32s, where the number may be on either side: those, and the numbers that
// float32s have fewer bits for, are left to parseFloat.
func plainFloat(b []byte, p int) (v float32, end int) {
	wide, end := plainDouble(b, p)
	const middle, below = 1 << 28, 1<<29 - 1 // the bits of a float64 that a float32 has not
	bits := math.Float64bits(wide)
	if size := math.Abs(wide); bits&below == middle || size < 0x1p-126 && size != 0 || size > math.MaxFloat32 {
		return 0, 0
	}
	return float32(wide), end
}

// parseDouble reads a number token as the nearest float64.
func parseDouble(token []byte, off Strictness) (float64, verdict) { return parseBinary(token, off, 64) }

// parseFloat reads a number token as the nearest float32.
func parseFloat(token []byte, off Strictness) (float32, verdict) {
	v, result := parseBinary(token, off, 32)
	return float32(v), result
}

func parseBinary(token []byte, off Strictness, size int) (float64, verdict) {
	if n, ok := splitNumber(token); !ok || !n.strict && off.Has(NumberSyntax) {
		return 0, badSyntax
	}
	// The string shares the token's memory; ParseFloat keeps it only in an error, which is dropped.
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(token), len(token)), size)
	if err != nil || math.IsInf(v, 0) {
		return 0, badRange
	}
	return v, good
}

// parseDoubleText reads the text of a string: a number with an optional sign, or a word for what is none.
func parseDoubleText(text []byte) (float64, verdict) {
	number, ok := withoutPlus(text)
	if !ok {
		return 0, badSyntax
	}
	v, result := parseDouble(number, 0)
	if result == badSyntax {
		return noNumber(text)
	}
	return v, result
}

// noNumber reads "NaN", "Infinity" or "inf", in any case, infinity with a sign perhaps.
func noNumber(text []byte) (float64, verdict) {
	if last := len(text) - 1; last < 2 || last > len("-infinity") || !strings.ContainsRune("nfyNFY", rune(text[last])) {
		return 0, badSyntax
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, badSyntax
	}
	return v, good
}

// parseFloatText is parseDoubleText for a float32.
func parseFloatText(text []byte) (float32, verdict) {
	number, ok := withoutPlus(text)
	if !ok {
		return 0, badSyntax
	}
	v, result := parseFloat(number, 0)
	if result == badSyntax {
		wide, result := noNumber(text)
		return float32(wide), result
	}
	return v, result
}
