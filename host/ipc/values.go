package ipc

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
)

// values checks values of a fixed width by the rule of their type, in place where NaNs are concerned. Nulls may be anything.
func (b *body) values(n *node, f *found, values []byte) error {
	switch n.rule {
	case aDouble:
		canonical(arrow.Uint64Traits.CastFromBytes(values))
	case aFloat:
		canonicalFloats(arrow.Uint32Traits.CastFromBytes(values))
	case aDecimal:
		for k := range f.length {
			low, high := pair(values[16*k:])
			if magnitude := absolute(uint64(high), uint64(low)); !less(magnitude, n.beyond) && b.valid(f, k) {
				return errorf(CodeValue, "value %d has more digits than %s", k, n.dtype)
			}
		}
	case aTimeOfDay:
		for k := range f.length {
			if b.valid(f, k) && timeAt(values, n.bits, k) >= n.beyond[1] {
				return errorf(CodeValue, "value %d is no time of a day", k)
			}
		}
	}
	return nil
}

// timeAt is a time of day; a negative one is very large.
func timeAt(values []byte, width, k int) uint64 {
	if width == 32 {
		return uint64(binary.LittleEndian.Uint32(values[4*k:]))
	}
	return binary.LittleEndian.Uint64(values[8*k:])
}

// absolute is the magnitude of a number of 128 bits, given and returned in two halves. That of the smallest is right too.
func absolute(high, low uint64) [2]uint64 {
	if int64(high) >= 0 {
		return [2]uint64{high, low}
	}
	low, borrow := bits.Sub64(0, low, 0)
	high, _ = bits.Sub64(0, high, borrow)
	return [2]uint64{high, low}
}

func less(a, b [2]uint64) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }

// canonical gives all NaNs the same bits: engines differ in those that arithmetic makes. It looks at four doubles at a time,
// which takes a third of the time.
func canonical(doubles []uint64) {
	for ; len(doubles) >= 4; doubles = doubles[4:] {
		if d := doubles[:4]; isNaN(d[0]) || isNaN(d[1]) || isNaN(d[2]) || isNaN(d[3]) {
			canonicalEach(d)
		}
	}
	canonicalEach(doubles)
}

func canonicalEach(doubles []uint64) {
	for i, d := range doubles {
		if isNaN(d) {
			doubles[i] = 0x7ff8 << 48
		}
	}
}

// isNaN says so of a double's bits: but for the sign, they are above those of infinity.
func isNaN(bits uint64) bool { return bits<<1 > 0x7ff<<53 }

// canonicalFloats is canonical for singles.
func canonicalFloats(floats []uint32) {
	for i, f := range floats {
		if f<<1 > 0xff<<24 {
			floats[i] = 0x7fc0 << 16
		}
	}
}

// checkText checks that every value is UTF-8: all of the data is, and every value begins at a character, as in ASCII they do
// anywhere.
func checkText(places []int32, text []byte) error {
	if isASCII(text[places[0]:]) {
		return nil
	}
	if !utf8.Valid(text[places[0]:]) {
		return errorf(CodeUTF8, "the text is not UTF-8")
	}
	for i, at := range places {
		if int(at) < len(text) && !utf8.RuneStart(text[at]) {
			return errorf(CodeUTF8, "value %d begins in the middle of a character", i)
		}
	}
	return nil
}

func isASCII(text []byte) bool {
	const high = 0x8080808080808080
	for ; len(text) >= 32; text = text[32:] {
		t, word := text[:32], binary.LittleEndian.Uint64
		if (word(t)|word(t[8:])|word(t[16:])|word(t[24:]))&high != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
