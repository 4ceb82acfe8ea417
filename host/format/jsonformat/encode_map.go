package jsonformat

import (
	"encoding/binary"
	"hash/maphash"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"github.com/weir-stream/weir/host/format"
)

// object writes a MAP. Its keys are data, so a path tells the entry's index. One that has a key twice is refused: an object with a member
// twice is read in as many ways as there are readers.
func (e *encoder) object(dst []byte, c *column, row int) ([]byte, bool) {
	dst = append(dst, '{')
	from, to := c.first+int(c.offsets[row]), c.first+int(c.offsets[row+1])
	keys := &c.children[0]
	if again := e.repeated(keys, from, to); again >= 0 {
		e.refuse("json.duplicate", "an earlier entry of the map has the same key")
		return dst, e.within("{" + strconv.Itoa(again-from) + "}")
	}
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		if keys.kind != kindText {
			dst = append(dst, '"')
		}
		var ok bool
		if dst, ok = e.value(dst, keys, i); !ok {
			return dst, e.within("{" + strconv.Itoa(i-from) + "}")
		}
		if keys.kind != kindText {
			dst = append(dst, '"')
		}
		if dst, ok = e.element(append(dst, ':'), &c.children[1], i); !ok {
			return dst, e.within("{" + strconv.Itoa(i-from) + "}")
		}
	}
	return append(dst, '}'), true
}

// repeated is the first of the entries whose key an earlier one has, -1 if there is none.
func (e *encoder) repeated(keys *column, from, to int) int {
	if to-from < 2 {
		return -1
	}
	if 8*cap(e.hashes) > keepScratch {
		e.hashes = nil
	}
	e.hashes = e.hashes[:0]
	for i := from; i < to; i++ {
		e.hashes = append(e.hashes, e.hash(keys, i))
	}
	if !format.Repeats(e.hashes) {
		return -1
	}
	seen := map[string]bool{}
	for i := from; i < to; i++ {
		key := keys.keyText(i)
		if seen[key] {
			return i
		}
		seen[key] = true
	}
	return -1 // two hashes are equal by chance
}

// hash is equal for keys that are.
func (e *encoder) hash(c *column, i int) uint64 {
	if c.kind == kindText {
		return maphash.Bytes(e.seed, c.text[c.offsets[i]:c.offsets[i+1]])
	}
	return c.keyWord(i)
}

// keyText is a key as a text that no other key has.
func (c *column) keyText(i int) string {
	if c.kind == kindText {
		return string(c.text[c.offsets[i]:c.offsets[i+1]])
	}
	return strconv.FormatUint(c.keyWord(i), 10)
}

// keyWord is a key that is no text as a number that no other key has.
func (c *column) keyWord(i int) uint64 {
	switch c.kind {
	case kindBigint:
		return uint64(c.i64[i])
	case kindInt:
		return uint64(c.i32[i])
	case kindBool:
		if bitutil.BitIsSet(c.bits, c.offset+i) {
			return 1
		}
		return 0
	case kindTinyint, kindUtinyint:
		return uint64(c.values[i])
	case kindSmallint, kindUsmallint:
		return uint64(binary.NativeEndian.Uint16(c.values[2*i:]))
	case kindUint:
		return uint64(binary.NativeEndian.Uint32(c.values[4*i:]))
	}
	return binary.NativeEndian.Uint64(c.values[8*i:])
}
