package protoformat

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The wire types, see https://protobuf.dev/programming-guides/encoding.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wireGroup  = 3
	wireEnd    = 4
	wire32     = 5
)

// DefaultDepth is how deep messages and groups may nest in a record, the record's own message counted, where limit.depth does not say.
// Google's parsers stop at the same depth.
const DefaultDepth = 100

// What is wrong with a message's bytes, as its readers return it in place of a position.
const (
	cutShort   = -1 - iota // a value ends behind the message's end
	badVarint              // a varint of more than 64 bits
	badTag                 // field number 0 or past 2^29-1, an unknown wire type, or an end of no group
	tooDeep                // groups nested past the limit
	openGroup              // a group without an end
	codeNumber = -openGroup
)

var wireCodes = [codeNumber + 1][2]string{
	-cutShort:  {"protobuf.truncated", "a value is cut short"},
	-badVarint: {"protobuf.varint", "a varint has more than 64 bits"},
	-badTag:    {"protobuf.tag", "no valid field tag"},
	-tooDeep:   {"protobuf.depth", "nested deeper than limit.depth"},
	-openGroup: {"protobuf.group", "a group without its end"},
}

// varint reads the varint at p and returns the position behind it, or what is wrong.
func varint(b []byte, p int) (uint64, int) {
	if p < len(b) && b[p] < 0x80 {
		return uint64(b[p]), p + 1
	}
	return longVarint(b, p)
}

func longVarint(b []byte, p int) (uint64, int) {
	if p+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[p:])
		if stop := ^w & 0x8080808080808080; stop != 0 {
			n := bits.TrailingZeros64(stop) >> 3 // bytes before the last
			w &= 1<<(8*n+7) - 1
			w &= 0x7f7f7f7f7f7f7f7f
			w = w&0x007f007f007f007f | w&0x7f007f007f007f00>>1
			w = w&0x00003fff00003fff | w&0x3fff00003fff0000>>2
			w = w&0x000000000fffffff | w&0x0fffffff00000000>>4
			return w, p + n + 1
		}
	}
	v := uint64(0)
	for i := 0; i < 10; i++ {
		if p+i >= len(b) {
			return 0, cutShort
		}
		c := b[p+i]
		if i == 9 && c > 1 {
			return 0, badVarint
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, p + i + 1
		}
	}
	return 0, badVarint
}

// readTag reads a field's tag, whose number and wire type are valid, at p.
func readTag(b []byte, p int) (uint32, int) {
	v, q := varint(b, p)
	if q < 0 {
		return 0, q
	}
	if v>>32 != 0 || v < 8 || v&7 > wire32 {
		return 0, badTag
	}
	return uint32(v), q
}

// readValue reads a value of the tag's wire type at p: a varint or fixed-width one as a word, what is delimited, a group
// included, as the bytes between. Those keep b's capacity. Groups may nest so many levels more.
func readValue(b []byte, p int, tag uint32, levels int) (word uint64, payload []byte, _ int) {
	switch tag & 7 {
	case wireVarint:
		word, p = varint(b, p)
		return word, nil, p
	case wire64:
		if len(b)-p < 8 {
			return 0, nil, cutShort
		}
		return binary.LittleEndian.Uint64(b[p:]), nil, p + 8
	case wire32:
		if len(b)-p < 4 {
			return 0, nil, cutShort
		}
		return uint64(binary.LittleEndian.Uint32(b[p:])), nil, p + 4
	case wireBytes:
		n, p := varint(b, p)
		if p < 0 {
			return 0, nil, p
		}
		if n > uint64(len(b)-p) {
			return 0, nil, cutShort
		}
		return 0, b[p : p+int(n)], p + int(n)
	case wireGroup:
		end, behind := skipGroup(b, p, tag, levels)
		if behind < 0 {
			return 0, nil, behind
		}
		return 0, b[p:end], behind
	}
	return 0, nil, badTag
}

// skipGroup finds the end tag of the group whose start tag is before p, and the position behind it.
func skipGroup(b []byte, p int, tag uint32, levels int) (end, behind int) {
	if levels <= 0 {
		return 0, tooDeep
	}
	var open [DefaultDepth]uint32
	nested := append(open[:0], tag)
	for p < len(b) {
		inner, q := readTag(b, p)
		if q < 0 {
			return 0, q
		}
		switch inner & 7 {
		case wireGroup:
			if len(nested) >= levels {
				return 0, tooDeep
			}
			nested = append(nested, inner)
		case wireEnd:
			if nested[len(nested)-1]^inner != wireGroup^wireEnd {
				return 0, badTag
			}
			if nested = nested[:len(nested)-1]; len(nested) == 0 {
				return p, q
			}
		default:
			if _, _, q = readValue(b, q, inner, levels); q < 0 {
				return 0, q
			}
		}
		p = q
	}
	return 0, openGroup
}

func zigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// appendTag appends the tag of field number with a wire type.
func appendTag(dst []byte, number int32, wire uint32) []byte {
	return binary.AppendUvarint(dst, uint64(number)<<3|uint64(wire))
}

// endLength puts the length of what was appended since start, where beginLength had left a byte for it.
func endLength(dst []byte, start int) []byte {
	n := len(dst) - start - 1
	if n < 0x80 {
		dst[start] = byte(n)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	return slices.Replace(dst, start, start+1, length[:binary.PutUvarint(length[:], uint64(n))]...)
}

// beginLength leaves room for a length; the position is for endLength.
func beginLength(dst []byte) ([]byte, int) { return append(dst, 0), len(dst) }
