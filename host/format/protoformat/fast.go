package protoformat

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

const highs = 0x8080808080808080

// fast reads a message whose fields come as writers write them. The tag that followed the one before in the last message is
// expected to do so again, which is a comparison; any other is looked up. It reports false for whatever is out of the
// ordinary, which need not be wrong.
func (d *decoder) fast(m *plan, b []byte) bool {
	m.serial++
	serial, left, base := m.serial, m.single, len(d.pieces)
	at := &m.start
	for p := 0; p < len(b); {
		tag := uint32(b[p])
		switch {
		case tag < 0x80:
			p++
		case p+1 < len(b) && b[p+1] < 0x80:
			tag = tag&0x7f | uint32(b[p+1])<<7
			p += 2
		default:
			if tag, p = readTag(b, p); p < 0 {
				return false
			}
		}
		if tag < 8 { // no field; the slot behind the last field, which is none either, has 0
			return false
		}
		s := at.next
		if s.tag != tag {
			if s = m.layout.find(tag); s == nil {
				if tag&7 > wire32 {
					return false
				}
				if _, _, p = readValue(b, p, tag, d.levels); p < 0 {
					return false
				}
				continue
			}
			at.next = s
		}
		at = s
		c := s.field
		if !s.plain {
			if p = d.other(m, s, b, p); p < 0 {
				return false
			}
			if c != nil && c.shape == shapeSingle {
				left--
			}
			continue
		}
		if c.seen == serial {
			return false
		}
		c.seen = serial
		left--
		switch c.how {
		case asWord, asHalf:
			var word uint64
			if p < len(b) && b[p] < 0x80 {
				word = uint64(b[p])
				p++
			} else if p+1 < len(b) && b[p+1] < 0x80 {
				word = uint64(b[p]&0x7f) | uint64(b[p+1])<<7
				p += 2
			} else if word, p = longVarint(b, p); p < 0 {
				return false
			}
			if c.how == asHalf {
				word = uint64(int64(int32(word)))
			}
			if c.column != nil {
				c.column.AppendInt64(int64(word))
			}
		case asText:
			if p = d.fastText(c, b, p); p < 0 {
				return false
			}
		case asDouble:
			if len(b)-p < 8 {
				return false
			}
			if c.column != nil {
				c.column.AppendFloat64(math.Float64frombits(binary.LittleEndian.Uint64(b[p:])))
			}
			p += 8
		default:
			word, payload, q := readValue(b, p, tag, d.levels)
			if q < 0 || c.value.closed().unknown(word) || !d.store(&c.value, word, payload) {
				return false
			}
			p = q
		}
	}
	if len(d.pieces) > base {
		d.order(base)
		if !d.groups(m, base) {
			return false
		}
		d.pieces = d.pieces[:base]
	}
	if left > 0 || len(m.lists) > 0 {
		return d.finish(m)
	}
	return true
}

// fastText reads a string into a text column.
func (d *decoder) fastText(c *column, b []byte, p int) int {
	n, p := varint(b, p)
	if p < 0 || n > uint64(len(b)-p) || n > uint64(d.limits.String) {
		return cutShort
	}
	if n <= 8 && p+8 <= len(b) {
		word := binary.LittleEndian.Uint64(b[p:])
		if mask := uint64(1)<<(8*n) - 1; word&mask&highs == 0 { // ASCII; a shift by 64 is 0, which makes the mask all ones
			if c.column != nil && !d.stored(c.column.AppendShort(word, int(n))) {
				return cutShort
			}
			return p + int(n)
		}
	}
	text := b[p : p+int(n)]
	if !utf8.Valid(text) || c.column != nil && !d.stored(c.column.AppendBytes(text)) {
		return cutShort
	}
	return p + int(n)
}

// other reads a field that is not the only value of its column, or a oneof's member. It returns the position behind it, or a
// negative one for whatever is out of the ordinary.
func (d *decoder) other(m *plan, s *slot, b []byte, p int) int {
	word, payload, p := readValue(b, p, s.tag, d.levels)
	if p < 0 {
		return cutShort
	}
	c := s.field
	if s.oneof != nil {
		return d.member(m, s, word, payload, p)
	}
	if c.how == asPiece {
		if d.crowded() {
			return cutShort
		}
		d.pieces = append(d.pieces, piece{payload, word, s.index, s.packed})
		return p
	}
	if c.seen != m.serial {
		c.seen, c.count = m.serial, 0
	}
	if s.packed && !d.packed(c, payload) {
		return cutShort
	}
	if !s.packed && !c.value.closed().unknown(word) && !d.item(c, word, payload) {
		return cutShort
	}
	return p
}

// member reads a member of a oneof that is the first of its oneof in the message.
func (d *decoder) member(m *plan, s *slot, word uint64, payload []byte, p int) int {
	if *s.oneof == m.serial || m.layout.fields[s.index].closed.unknown(word) {
		return cutShort
	}
	*s.oneof = m.serial
	if c := s.field; c != nil {
		if !d.store(&c.value, word, payload) {
			return cutShort
		}
		c.seen = m.serial
	}
	return p
}
