package jsonformat

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
)

// putDecimal writes a decimal in the form that json.decimal_encoding says. value is its unscaled number, 16 bytes in two's
// complement, the low half first.
func (e *encoder) putDecimal(b []byte, n int, c *column, value []byte) int {
	lo, hi := binary.NativeEndian.Uint64(value), binary.NativeEndian.Uint64(value[8:])
	if e.DecimalEncoding == DecimalNumber {
		return putDigits(b, n, lo, hi, int(c.scale))
	}
	b[n] = '"'
	if e.DecimalEncoding == DecimalString {
		n = putDigits(b, n+1, lo, hi, int(c.scale))
	} else {
		var order [16]byte
		binary.BigEndian.PutUint64(order[:], hi)
		binary.BigEndian.PutUint64(order[8:], lo)
		base64.StdEncoding.Encode(b[n+1:], order[:])
		n += 1 + base64.StdEncoding.EncodedLen(len(order))
	}
	b[n] = '"'
	return n + 1
}

// putDigits writes the number of 128 bits with the last scale digits behind a point, and at least one before it.
func putDigits(b []byte, n int, lo, hi uint64, scale int) int {
	if int64(hi) < 0 {
		b[n] = '-'
		n++
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	var digits [40]byte // 2^127 has 39
	i := len(digits)
	for hi != 0 {
		// Nineteen digits at a time: 10^19 is the largest power of ten in 64 bits.
		const chunk = 1e19
		high, rest := hi/chunk, hi%chunk
		low, last := bits.Div64(rest, lo, chunk)
		hi, lo = high, low
		for range 19 {
			i--
			digits[i] = byte('0' + last%10)
			last /= 10
		}
	}
	for ; lo >= 100; lo /= 100 {
		i -= 2
		put2(digits[:], i, uint32(lo%100))
	}
	for ; lo != 0 || len(digits)-i <= scale; lo /= 10 {
		i--
		digits[i] = byte('0' + lo%10)
	}
	point := len(digits) - scale
	n += copy(b[n:], digits[i:point])
	if scale > 0 {
		b[n] = '.'
		n += 1 + copy(b[n+1:], digits[point:])
	}
	return n
}
