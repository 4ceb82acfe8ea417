package avroformat

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// Bounds of a row that no option sets: what a frame may make of few bytes.
const (
	maxIdle = 1 << 16  // items of a datum that have no bytes
	maxFree = 64 << 20 // bytes of a row that come from a schema (symbols, defaults, names) or are JSON
)

// machine runs programs over datums. Positions are byte offsets in the frame; what takes one returns the one behind what it
// read, or -1 after it has set err.
type machine struct {
	most  format.Limits
	frame []byte
	depth int
	items int64 // how many more items and entries there may be
	idle  int   // how many more items without bytes there may be
	free  int   // how many more bytes may come from elsewhere
	json  []byte
	seed  maphash.Seed
	keys  []uint64 // hashes of the keys of the maps at hand
	maps  bool     // there are maps
	// careful says that the datum is read again, since a key of a map came again or a value is bad, which a later one may take the place of.
	careful bool
	loose   bool // text may be anything: where a datum ends is all that counts
	err     error
}

// begin prepares for the datum of a frame.
func (m *machine) begin(frame []byte) {
	m.frame, m.depth, m.items, m.idle, m.free, m.err = frame, 0, int64(m.most.Fields), maxIdle, maxFree, nil
	m.keys, m.maps = m.keys[:0], false
}

// fail sets err for bytes that are no datum, and returns -1.
func (m *machine) fail(code string, p int, message string) int {
	m.err = &format.DataError{Code: code, Message: fmt.Sprintf("%s at byte %d", message, p)}
	return -1
}

func (m *machine) short() int { return m.fail("avro.syntax", len(m.frame), "cut short") }

// wrong sets err for a value that its place does not take, and returns -1.
func (m *machine) wrong(code, expected, found string) int {
	m.err = &format.DataError{Code: code, Expected: expected, Found: found, Message: "expected " + expected + ", got " + found}
	return -1
}

// in adds the field to the path of the error, and returns -1.
func (m *machine) in(name string) int {
	if e, ok := m.err.(*format.DataError); ok && name != "" {
		switch {
		case e.Path == "":
			e.Path = name
		case e.Path[0] == '[':
			e.Path = name + e.Path
		default:
			e.Path = name + "." + e.Path
		}
	}
	return -1
}

// item adds an index to the path of the error, and returns -1.
func (m *machine) item(i int) int { return m.in(fmt.Sprintf("[%d]", i)) }

// spend takes n bytes off what a row may have from elsewhere.
func (m *machine) spend(n int) bool {
	if m.free -= n; m.free < 0 {
		m.err = &format.DataError{Code: "avro.limit", Message: fmt.Sprintf("the row would have more than %d bytes that are not in the frame", maxFree)}
		return false
	}
	return true
}

// long reads an int or long.
func (m *machine) long(p int) (int64, int) {
	if b := m.frame; p < len(b) && b[p] < 0x80 {
		return int64(b[p]>>1) ^ -int64(b[p]&1), p + 1
	}
	return m.longer(p)
}

// longer is long for numbers of several bytes.
func (m *machine) longer(p int) (int64, int) {
	b := m.frame
	if p+8 <= len(b) {
		// The bytes up to the first without its top bit, seven bits of each.
		w := binary.LittleEndian.Uint64(b[p:])
		if stop := ^w & 0x8080808080808080; stop != 0 {
			n := bits.TrailingZeros64(stop) + 1
			w &= (1<<n - 1) & 0x7f7f7f7f7f7f7f7f // a shift by 64 leaves every bit
			w = w&0x007f007f007f007f | w>>1&0x3f803f803f803f80
			w = w&0x00003fff00003fff | w>>2&0x0fffc0000fffc000
			w = w&0x000000000fffffff | w>>4&0x00fffffff0000000
			return int64(w>>1) ^ -int64(w&1), p + n>>3
		}
	}
	var u uint64
	for shift := 0; ; shift += 7 {
		if p >= len(b) {
			return 0, m.short()
		}
		c := b[p]
		if shift == 63 && c > 1 {
			return 0, m.fail("avro.syntax", p, "a number of more than 64 bits")
		}
		u |= uint64(c&0x7f) << shift
		p++
		if c < 0x80 {
			return int64(u>>1) ^ -int64(u&1), p
		}
	}
}

// number reads an int, where short, or a long.
func (m *machine) number(p int, short bool) (int64, int) {
	v, end := m.long(p)
	if short && end >= 0 && v != int64(int32(v)) {
		return 0, m.fail("avro.syntax", p, "an int of more than 32 bits")
	}
	return v, end
}

// length reads the length of bytes or a string that follow.
func (m *machine) length(p int) (n, start int) {
	v, start := m.long(p)
	if start < 0 {
		return 0, -1
	}
	if v < 0 {
		return 0, m.fail("avro.syntax", p, "a negative length")
	}
	if v > int64(len(m.frame)-start) {
		return 0, m.fail("avro.syntax", p, "a length past the end")
	}
	return int(v), start
}

// text reads bytes that must be UTF-8.
func (m *machine) text(p int) ([]byte, int) {
	n, start := m.length(p)
	if start < 0 {
		return nil, -1
	}
	if n > m.most.String && !m.loose {
		return nil, m.tooLong(p, n)
	}
	s := m.frame[start : start+n]
	if !isUTF8(s) && !m.loose {
		return nil, m.fail("avro.utf8", start+invalidUTF8(s), "not UTF-8")
	}
	return s, start + n
}

// bytes reads bytes.
func (m *machine) bytes(p int) ([]byte, int) {
	n, start := m.length(p)
	if start < 0 {
		return nil, -1
	}
	if n > m.most.String && !m.loose {
		return nil, m.tooLong(p, n)
	}
	return m.frame[start : start+n], start + n
}

func (m *machine) tooLong(p, n int) int { return m.fail("avro.size", p, m.most.TooLong(n)) }

const highs = 0x8080808080808080

// isUTF8 is utf8.Valid, faster for text that is ASCII.
func isUTF8(s []byte) bool {
	if len(s) >= 8 {
		return isASCII(s) || utf8.Valid(s)
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return utf8.Valid(s)
		}
	}
	return true
}

// isASCII says whether eight bytes or more are ASCII. The last word overlaps the one before.
func isASCII(s []byte) bool {
	last := s[len(s)-8:]
	for len(s) > 8 {
		if binary.LittleEndian.Uint64(s)&highs != 0 {
			return false
		}
		s = s[8:]
	}
	return binary.LittleEndian.Uint64(last)&highs == 0
}

// invalidUTF8 is the index of the first byte that is not UTF-8.
func invalidUTF8(s []byte) int {
	for p := 0; p < len(s); {
		r, size := utf8.DecodeRune(s[p:])
		if r == utf8.RuneError && size == 1 {
			return p
		}
		p += size
	}
	return len(s)
}

// fixed takes n bytes.
func (m *machine) fixed(p, n int) ([]byte, int) {
	if n > len(m.frame)-p {
		return nil, m.short()
	}
	return m.frame[p : p+n], p + n
}

// block reads the head of a block of an array or map: how many items it has, 0 behind the last, and where it ends, as far as
// it says so (spec: a negative count is followed by the block's size in bytes).
func (m *machine) block(p int, dry bool) (items, end, start int) {
	v, start := m.long(p)
	if start < 0 || v == 0 {
		return 0, -1, start
	}
	end = -1
	if v < 0 {
		var size int
		if size, start = m.length(start); start < 0 {
			return 0, -1, -1
		}
		if end = start + size; v == math.MinInt64 {
			return 0, -1, m.fail("avro.syntax", p, "a count out of range")
		}
		v = -v
	}
	if dry {
		if v > int64(m.idle) {
			return 0, -1, m.fail("avro.limit", p, fmt.Sprintf("more than %d items without bytes", maxIdle))
		}
		m.idle -= int(v)
	} else if v > int64(len(m.frame)-start) { // each has a byte at least
		return 0, -1, m.fail("avro.syntax", p, "more items than bytes")
	}
	return int(v), end, start
}

// itemsOf is block for the items or entries that an op has, which it counts, each with all the values that it is.
func (m *machine) itemsOf(o *op, p int) (items, end, start int) {
	items, end, start = m.block(p, o.dry)
	if m.items -= int64(items) * int64(max(o.weight, 1)); m.items < 0 && !m.loose {
		return 0, -1, m.fail("avro.fields", p, m.most.TooMany())
	}
	return items, end, start
}

// closeBlock checks that a block ended where it said.
func (m *machine) closeBlock(p, end int) int {
	if end >= 0 && p != end {
		return m.fail("avro.syntax", p, "a block of another size than it says")
	}
	return p
}

// value runs an op.
func (m *machine) value(o *op, p int) int {
	if o.null != notOptional {
		if p < len(m.frame) && m.frame[p] == o.value {
			p++
		} else {
			i, end := m.long(p)
			switch {
			case end < 0:
				return -1
			case i == int64(o.null>>1):
				return m.null(o, end)
			case i != int64(o.value>>1):
				return m.fail("avro.union", p, "no branch of the union")
			}
			p = end // an index of more bytes than it needs
		}
	}
	switch {
	case o.code >= jsonNull:
		return m.toJSON(o, p)
	case o.code >= putNull:
		return m.put(o, p)
	}
	return m.skip(o, p)
}

// null puts a null in the place of an op that has one.
func (m *machine) null(o *op, p int) int {
	if o.to == nil {
		return p
	}
	if o.notNull {
		return m.wrong("avro.null", typeName(o.to), "null")
	}
	if o.column != nil {
		o.column.AppendNull()
	}
	return p
}

// skip runs the ops that put nothing anywhere, themselves at least.
func (m *machine) skip(o *op, p int) int {
	switch o.code {
	case opNothing:
		return p
	case opInner:
		return m.value(o.kids[0], p)
	case opUnion:
		i, end := m.long(p)
		if end < 0 {
			return -1
		}
		if i < 0 || i >= int64(len(o.kids)) {
			return m.fail("avro.union", p, "no branch of the union")
		}
		return m.value(o.kids[i], end)
	case opFail:
		e := *o.problem
		m.err = &e
		return -1
	case skipBoolean:
		_, p = m.boolean(p)
		return p
	case skipInt, skipLong:
		_, p = m.number(p, o.code == skipInt)
		return p
	case skipFixed:
		_, p = m.fixed(p, o.size)
		return p
	case skipBytes:
		_, p = m.bytes(p)
		return p
	case skipString:
		_, p = m.text(p)
		return p
	case skipEnum:
		_, p = m.index(p, o.size)
		return p
	case skipRecord:
		return m.skipFields(o, p)
	}
	return m.skipItems(o, p)
}

// skipFields passes over a record. Short numbers and, where only the end counts, short texts are read here.
func (m *machine) skipFields(o *op, p int) int {
	if m.depth++; m.depth > m.most.Depth {
		return m.tooDeep(p)
	}
	b := m.frame
	for _, kid := range o.kids {
		at := p
		if kid.null != notOptional && p < len(b) && b[p] == kid.value {
			at++
		}
		if at+1 < len(b) && (at > p || kid.null == notOptional) {
			switch kid.code {
			case skipLong, skipInt:
				if c := int(binary.LittleEndian.Uint16(b[at : at+2])); c&0x8080 != 0x8080 {
					p = at + 1 + c>>7&1
					continue
				}
			case skipString:
				c := b[at]
				if end := at + 1 + int(c>>1); m.loose && c < 0x80 && c&1 == 0 && end <= len(b) {
					p = end
					continue
				}
			}
		}
		if p = m.value(kid, p); p < 0 {
			return m.in(kid.name)
		}
	}
	m.depth--
	return p
}

func (m *machine) tooDeep(p int) int {
	return m.fail("avro.depth", p, m.most.TooDeep())
}

func (m *machine) skipItems(o *op, p int) int {
	if m.depth++; m.depth > m.most.Depth {
		return m.tooDeep(p)
	}
	for {
		n, end, start := m.itemsOf(o, p)
		if p = start; n == 0 {
			m.depth--
			return p
		}
		for ; n > 0; n-- {
			if o.code == skipMap {
				if _, p = m.text(p); p < 0 {
					return -1
				}
			}
			if p = m.value(o.kids[0], p); p < 0 {
				return -1
			}
		}
		if p = m.closeBlock(p, end); p < 0 {
			return -1
		}
	}
}

func (m *machine) boolean(p int) (bool, int) {
	if p >= len(m.frame) {
		return false, m.short()
	}
	if m.frame[p] > 1 {
		return false, m.fail("avro.syntax", p, "a boolean that is neither 0 nor 1")
	}
	return m.frame[p] == 1, p + 1
}

// index reads which of n symbols an enum is.
func (m *machine) index(p, n int) (int, int) {
	i, end := m.number(p, true)
	if end >= 0 && (i < 0 || i >= int64(n)) {
		return 0, m.fail("avro.enum", p, "no symbol of the enum")
	}
	return int(i), end
}

// float reads a number of any of the types that promote to it.
func (m *machine) float(o *op, p int) (float64, int) {
	switch o.from {
	case kindFloat:
		if p+4 > len(m.frame) {
			return 0, m.short()
		}
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(m.frame[p:]))), p + 4
	case kindDouble:
		if p+8 > len(m.frame) {
			return 0, m.short()
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(m.frame[p:])), p + 8
	}
	v, end := m.number(p, o.short)
	if o.single {
		return float64(float32(v)), end
	}
	return float64(v), end
}

// binary reads bytes, text or a fixed.
func (m *machine) binary(o *op, p int) ([]byte, int) {
	switch o.from {
	case kindFixed:
		return m.fixed(p, o.size)
	case kindString:
		return m.text(p)
	}
	return m.bytes(p)
}

// decimal reads a decimal, or a whole number for one.
func (m *machine) decimal(o *op, p int) (decimal128.Num, int) {
	var n decimal128.Num
	var ok bool
	var end int
	if o.from == kindInt || o.from == kindLong {
		var v int64
		if v, end = m.number(p, o.short); end < 0 {
			return n, -1
		}
		n, ok = decimal128.FromI64(v), true
	} else {
		var raw []byte
		if raw, end = m.binary(o, p); end < 0 {
			return n, -1
		}
		n, ok = twosComplement(raw)
	}
	if ok {
		n, ok = o.number.of(n)
	}
	if !ok {
		return n, m.wrong("avro.range", typeName(o.to), "a number with more digits")
	}
	return n, end
}

// full keeps batch.ErrFull, which is the only error of an append; 0 where there is none.
func (m *machine) full(err error) int {
	if err == nil {
		return 0
	}
	m.err = batch.ErrFull
	return -1
}
