package jsonformat

import (
	"encoding/binary"
	"math/bits"
)

// The scanners read eight bytes at a time as one little-endian word. A mask of such a word has the top bit of a byte set
// where the byte has the property; bits above the lowest one set may be wrong (a borrow ran through them), so only the
// lowest is used.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func load(b []byte, p int) uint64 { return binary.LittleEndian.Uint64(b[p : p+8]) }

// index is the byte that the lowest bit of a mask stands for.
func index(mask uint64) int { return bits.TrailingZeros64(mask) >> 3 }

// stops marks the quotes and backslashes of w, and where control is highs the control characters.
func stops(w, control uint64) uint64 {
	quote, slash := w^ones*'"', w^ones*'\\'
	return ((quote-ones)&^quote|(slash-ones)&^slash)&highs | (w-ones*' ')&^w&control
}

// plainRun finds the end of the string content that needs no further look: the index of the first quote, backslash, or,
// where control is highs, control character at or after p, or the end of b. ascii says that all before it is.
func plainRun(b []byte, p int, control uint64) (end int, ascii bool) {
	var seen uint64
	for ; p+8 <= len(b); p += 8 {
		w := load(b, p)
		if m := stops(w, control); m != 0 {
			seen |= w & (m&-m - 1)
			return p + index(m), seen&highs == 0
		}
		seen |= w
	}
	for ; p < len(b); p++ {
		c := b[p]
		if c == '"' || c == '\\' || c < ' ' && control != 0 {
			break
		}
		seen |= uint64(c)
	}
	return p, seen&highs == 0
}

func skipSpace(b []byte, p int) int {
	for p < len(b) && isSpace(b[p]) {
		p++
	}
	return p
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// Classes of bytes.
const (
	inNumber = 1 << iota // may be part of a number token
	pastInt              // after digits, says that the number is not a plain integer
)

var class = [256]uint8{
	'0': inNumber, '1': inNumber, '2': inNumber, '3': inNumber, '4': inNumber,
	'5': inNumber, '6': inNumber, '7': inNumber, '8': inNumber, '9': inNumber,
	'-': inNumber | pastInt, '+': inNumber | pastInt, '.': inNumber | pastInt, 'e': inNumber | pastInt, 'E': inNumber | pastInt,
}

// numberEnd is the end of the number token at p.
func numberEnd(b []byte, p int) int {
	for p < len(b) && class[b[p]]&inNumber != 0 {
		p++
	}
	return p
}
