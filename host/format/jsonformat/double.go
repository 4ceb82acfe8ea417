package jsonformat

import (
	"math"
	"strconv"
	"unsafe"
)

// exactTens are the powers of ten that a float64 holds exactly.
var exactTens = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// plainDouble reads the number at p if it has at most 15 digits, no exponent, and ends before the end of b. Else end is 0.
// Its result is the nearest float64: the digits are an exact float64, and so is the power of ten they are divided by, so
// one division rounds once (Clinger, "How to read floating point numbers accurately", 1990).
func plainDouble(b []byte, p int) (v float64, end int) {
	negative := b[p] == '-'
	if negative {
		p++
	}
	start := p
	var sum uint64
	for p < len(b) && b[p]-'0' <= 9 {
		sum = sum*10 + uint64(b[p]-'0')
		p++
	}
	count, scale := p-start, 0
	if count == 0 || count > 1 && b[start] == '0' {
		return 0, 0
	}
	if p < len(b) && b[p] == '.' {
		p++
		start = p
		for p < len(b) && b[p]-'0' <= 9 {
			sum = sum*10 + uint64(b[p]-'0')
			p++
		}
		scale = p - start
		if scale == 0 {
			return 0, 0
		}
		count += scale
	}
	if count > 15 || p == len(b) || class[b[p]]&pastInt != 0 {
		return 0, 0
	}
	v = float64(sum)
	if scale > 0 {
		v /= exactTens[scale]
	}
	if negative {
		v = -v
	}
	return v, p
}

// parseDouble reads a number token as the nearest float64.
func parseDouble(token []byte, strict bool) (float64, verdict) {
	if n, ok := splitNumber(token); !ok || strict && !n.strict {
		return 0, badSyntax
	}
	// The string shares the token's memory; ParseFloat keeps it only in an error, which is dropped.
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(token), len(token)), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, badRange
	}
	return v, good
}

// parseDoubleText reads the text of a string: a number with an optional sign.
func parseDoubleText(text []byte) (float64, verdict) {
	if len(text) > 0 && text[0] == '+' {
		text = text[1:]
		if len(text) > 0 && text[0] == '-' {
			return 0, badSyntax
		}
	}
	return parseDouble(text, false)
}
