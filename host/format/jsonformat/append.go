package jsonformat

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// What is named put… writes to b at n, where there is room for any value, and returns the end of what it wrote.

// valueRoom is the most that a put writes, in bytes; an INTERVAL of 60 is the longest.
const valueRoom = 64

func putBool(b []byte, n int, v bool) int {
	if v {
		return n + copy(b[n:], "true")
	}
	return n + copy(b[n:], "false")
}

// twoDigits has the digits of 00 to 99, the first in the lower byte.
var twoDigits = func() (t [100]uint16) {
	for i := range t {
		t[i] = uint16('0'+i/10) | uint16('0'+i%10)<<8
	}
	return t
}()

// put2, put3 and put4 write a number in so many digits.
func put2(b []byte, n int, v uint32) int {
	binary.LittleEndian.PutUint16(b[n:], twoDigits[v])
	return n + 2
}

func put3(b []byte, n int, v uint32) int {
	b[n] = byte('0' + v/100)
	return put2(b, n+1, v%100)
}

func put4(b []byte, n int, v uint32) int { return put2(b, put2(b, n, v/100), v%100) }

// fewDigits are the digits of a number below 10000, the first in the lowest byte. The top bits of the two lowest bytes, which
// digits leave free, are their number less one: a length that is any is better looked up than branched on.
type fewDigits uint32

func (d fewDigits) text() uint32 { return uint32(d) & 0x7f7f7f7f }

func (d fewDigits) size() int { return int(1 + d>>7&1 + d>>14&2) }

// small are the digits of 0 to 9999.
var small = func() (t [10000]fewDigits) {
	for i := range t {
		text := strconv.Itoa(i)
		for j := range len(text) {
			t[i] |= fewDigits(text[j]) << (8 * j)
		}
		more := fewDigits(len(text) - 1)
		t[i] |= more&1<<7 | more>>1<<15
	}
	return t
}()

func putInt(b []byte, n int, v int64) int {
	sign := v >> 63 // 0 or -1
	b[n] = '-'
	return putUint(b, n-int(sign), uint64((v^sign)-sign))
}

func putUint(b []byte, n int, u uint64) int {
	if u < uint64(len(small)) {
		digits := small[u]
		binary.LittleEndian.PutUint32(b[n:], digits.text())
		return n + digits.size()
	}
	return len(strconv.AppendUint(b[:n], u, 10))
}

// putDouble writes v, which has bits (32 or 64) of precision, with the fewest digits that read back as v: with a point and
// at least a digit on both sides of it, and from 1e10 on and below 1e-5 with an exponent ("1.0e10"), as arrow-json does
// (lexical-write-float's defaults).
func putDouble(b []byte, n int, v float64, bits int) int {
	a, exact := math.Abs(v), 1e10
	if bits == 32 {
		exact = 1 << 24 // from here on a FLOAT has fewer digits than the whole number
	}
	if whole := int64(v); a < exact && float64(whole) == v {
		if whole == 0 && math.Signbit(v) {
			b[n] = '-'
			n++
		}
		n = putInt(b, n, whole)
		return n + copy(b[n:], ".0")
	}
	switch {
	case a >= 1e-5 && a < 1e10:
		start := n
		n = len(strconv.AppendFloat(b[:n], v, 'f', -1, bits))
		if a >= exact && bytes.IndexByte(b[start:n], '.') < 0 {
			n += copy(b[n:], ".0")
		}
		return n
	case math.IsNaN(v) || math.IsInf(v, 0):
		return n + copy(b[n:], "null")
	}
	var space [32]byte
	text := strconv.AppendFloat(space[:0], v, 'e', -1, bits) // -d.ddde±dd
	e := len(text) - 1
	for text[e] != 'e' {
		e--
	}
	n += copy(b[n:], text[:e])
	if e == 1 || e == 2 && text[0] == '-' { // a single digit
		n += copy(b[n:], ".0")
	}
	b[n] = 'e'
	n++
	sign, digits := text[e+1], text[e+2:]
	if sign == '-' {
		b[n] = '-'
		n++
	}
	if digits[0] == '0' {
		digits = digits[1:]
	}
	return n + copy(b[n:], digits)
}

// appendBase64 writes v in quotes as RFC 4648 section 4 has it, padded.
func appendBase64(dst, v []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v), '"')
}

// appendText writes s in quotes; false if it is not UTF-8.
func appendText(dst, s []byte) ([]byte, bool) {
	dst = append(dst, '"')
	for p := 0; ; {
		end, ascii := plainRun(s, p, highs)
		if !ascii && !utf8.Valid(s[p:end]) {
			return dst, false
		}
		dst = append(dst, s[p:end]...)
		if end == len(s) {
			return append(dst, '"'), true
		}
		dst = appendEscape(dst, s[end])
		p = end + 1
	}
}

const hexDigits = "0123456789abcdef"

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
