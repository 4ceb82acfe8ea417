package framing

import (
	"encoding/binary"
	"math/bits"
)

// One bit a byte, in words of eight bytes: the highest, and the one that tells { from [ and } from ].
const (
	tops   = 0x8080808080808080
	lowers = 0x2020202020202020
)

// bracketEnd is the index behind the bracket that closes the one text begins with, or -1. It takes eight bytes at a time,
// but where the end may be. A backslash escapes the byte behind it wherever it stands: in a string that is JSON, and
// elsewhere nothing is.
func bracketEnd(text []byte) int {
	depth, i := 1, 1
	var (
		inside uint64 // all bits where the next byte is inside of a string, otherwise none
		escape uint64 // the first byte's top bit where that is escaped
	)
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		escaped, carry := escape, uint64(0)
		if slashes := equal(w, '\\') &^ escape; slashes != 0 {
			escaped, carry = escapes(slashes, escape)
		}
		within := equal(w, '"') &^ escaped // from a quote up to the next: each bit is turned by its own quote and all before it
		within ^= within << 8
		within ^= within << 16
		within ^= within << 32
		within ^= inside
		outside := ^(within | escaped)
		closing := bits.OnesCount64(equal(w|lowers, '}') & outside)
		if closing < depth {
			depth += bits.OnesCount64(equal(w|lowers, '{')&outside) - closing
			inside = uint64(int64(within) >> 63)
			escape = carry
			continue
		}
		end := 0
		if end, depth, inside, escape = bytewise(text[i:i+8], depth, inside, escape); end > 0 {
			return i + end
		}
	}
	if end, _, _, _ := bytewise(text[i:], depth, inside, escape); end > 0 {
		return i + end
	}
	return -1
}

// escapes has the bits of the bytes that are escaped, and in carry the first one's if the one behind these eight is.
func escapes(slashes, escape uint64) (escaped, carry uint64) {
	escaped = escape
	for slashes != 0 {
		first := slashes & -slashes
		next := first << 8
		if next == 0 {
			return escaped, 0x80
		}
		escaped |= next
		slashes &^= first | next
	}
	return escaped, 0
}

// bytewise does what bracketEnd does for bytes one after the other. end is the index behind the last bracket, or 0.
func bytewise(text []byte, depth int, inside, escape uint64) (end, depthNow int, insideNow, escapeNow uint64) {
	for i, c := range text {
		switch {
		case escape != 0:
			escape = 0
		case c == '\\':
			escape = 0x80
		case c == '"':
			inside = ^inside
		case inside != 0:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1, 0, 0, 0
			}
		}
	}
	return 0, depth, inside, escape
}

// equal has the top bit of each byte of w that is c.
func equal(w uint64, c byte) uint64 {
	x := w ^ (uint64(c) * (tops >> 7))
	return ^((x&^tops + (tops - tops>>7)) | x) & tops
}
