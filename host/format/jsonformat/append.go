package jsonformat

import (
	"math"
	"strconv"
	"unicode/utf8"
)

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// twoDigits holds 00 to 99.
var twoDigits = func() (t [200]byte) {
	for i := range 100 {
		t[2*i], t[2*i+1] = byte('0'+i/10), byte('0'+i%10)
	}
	return t
}()

func appendInt(dst []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	switch {
	case u < 10:
		return append(dst, byte('0'+u))
	case u < 100:
		return append(dst, twoDigits[2*u], twoDigits[2*u+1])
	case u < 1000:
		r := u % 100
		return append(dst, byte('0'+u/100), twoDigits[2*r], twoDigits[2*r+1])
	case u < 10000:
		q, r := u/100, u%100
		return append(dst, twoDigits[2*q], twoDigits[2*q+1], twoDigits[2*r], twoDigits[2*r+1])
	}
	return strconv.AppendUint(dst, u, 10)
}

// append2, append3 and append4 write a number in so many digits.
func append2(dst []byte, v uint32) []byte { return append(dst, twoDigits[2*v], twoDigits[2*v+1]) }

func append3(dst []byte, v uint32) []byte { return append2(append(dst, byte('0'+v/100)), v%100) }

func append4(dst []byte, v uint32) []byte { return append2(append2(dst, v/100), v%100) }

// appendDouble writes v with the fewest digits that read back as v: with a point and at least a digit on both sides of it,
// and from 1e10 on and below 1e-5 with an exponent ("1.0e10"), as arrow-json does (lexical-write-float's defaults).
func appendDouble(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	if whole := int64(v); math.Abs(v) < 1e10 && float64(whole) == v {
		if whole == 0 && math.Signbit(v) {
			dst = append(dst, '-')
		}
		return append(appendInt(dst, whole), ".0"...)
	}
	if a := math.Abs(v); a >= 1e-5 && a < 1e10 {
		return strconv.AppendFloat(dst, v, 'f', -1, 64) // not whole, so there is a point
	}
	var space [32]byte
	text := strconv.AppendFloat(space[:0], v, 'e', -1, 64) // -d.ddde±dd
	e := len(text) - 1
	for text[e] != 'e' {
		e--
	}
	dst = append(dst, text[:e]...)
	if e == 1 || e == 2 && text[0] == '-' { // a single digit
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'e')
	sign, digits := text[e+1], text[e+2:]
	if sign == '-' {
		dst = append(dst, '-')
	}
	if digits[0] == '0' {
		digits = digits[1:]
	}
	return append(dst, digits...)
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

const (
	firstDay = -719528 // 0000-01-01
	lastDay  = 2932896 // 9999-12-31
)

// appendTime writes the time v, in units of which a second has so many, as text; false outside the years 0 to 9999.
func appendTime(dst []byte, v, second int64) ([]byte, bool) {
	sec := floorDiv(v, second)
	part := v - sec*second
	day := floorDiv(sec, 86400)
	if day < firstDay || day > lastDay {
		return dst, false
	}
	year, month, dom := date(day)
	clock := uint32(sec - day*86400)
	dst = append(dst, '"')
	dst = append(append4(dst, year), '-')
	dst = append(append2(dst, month), '-')
	dst = append(append2(dst, dom), 'T')
	dst = append(append2(dst, clock/3600), ':')
	dst = append(append2(dst, clock/60%60), ':')
	dst = append2(dst, clock%60)
	if part != 0 {
		nano := uint32(part * (1e9 / second))
		dst = append3(append(dst, '.'), nano/1e6)
		if nano%1e6 != 0 {
			dst = append3(dst, nano/1e3%1e3)
		}
		if nano%1e3 != 0 {
			dst = append3(dst, nano%1e3)
		}
	}
	return append(dst, '"'), true
}

// date is the date of a day from 1970, firstDay or later. Years are counted from March, so that the leap day is the last
// (Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
func date(day int64) (year, month, dom uint32) {
	z := uint32(day + 719468 + 146097) // from 0000-03-01, an era of 400 years earlier so that it is not negative
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	dom = doy - (153*mp+2)/5 + 1
	month, year = mp+3, yoe+era*400-400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, dom
}

// appendMillis writes the time v as whole milliseconds, rounded down; false if they do not fit.
func appendMillis(dst []byte, v, second int64) ([]byte, bool) {
	if second > 1000 {
		return appendInt(dst, floorDiv(v, second/1000)), true
	}
	factor := 1000 / second
	if ms := v * factor; ms/factor == v {
		return appendInt(dst, ms), true
	}
	return dst, false
}
