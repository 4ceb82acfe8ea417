package jsonformat

import "encoding/binary"

// plain reads members as long as their keys are known, their columns BIGINT or TEXT, and their values the short and simple
// ones that nearly all are: without a call for any of them. The first key is at p, behind its quote. It returns the last node
// that it came to, and how many fields of the object it saw first. If that node is keyed its value is at p, and has not been
// read; otherwise the separator of a member that is not as simple is at p, or the end of the object.
func (d *decoder) plain(s *shape, n *node, p int, opened int64) (_ *node, _ int, seen int, keyed bool) {
	b := d.frame
	for {
		before := n
		n = n.next
		if p+n.size+plainRoom > len(b) {
			return before, unkeyed(b, p), seen, false
		}
		if (load(b, p)&n.mask0^n.word0)|(load(b, p+8)&n.mask1^n.word1) != 0 || n.size > 16 && !n.matchesRest(b, p) {
			if n = s.lookUp(b, p); n == nil || p+n.size+plainRoom > len(b) {
				return before, unkeyed(b, p), seen, false
			}
			before.next = n
		}
		if p += n.size; b[p] == ' ' {
			p++
		}
		f := n.field
		if f == nil || f.at >= opened {
			return n, p, seen, true
		}
		var behind uint16 // what comes behind the value
		end := 0
		switch f.kind {
		case kindBigint:
			w := load(b, p) ^ ones*'0'
			// minus is all ones behind a minus; there is no branch, which in mixed data would often be guessed wrong. Where the
			// digits end is known before it is whether there is a minus: the next member waits for it.
			minus := uint64(int64(w&0xff^('-'^'0')-1) >> 63)
			other := (w | (w + ones*(0x80-10))) & highs &^ (minus & 0x80)
			if other == 0 {
				return n, p, seen, true
			}
			size := index(other)
			digits := size + int(minus)                 // without the minus
			first := w >> (minus & 8) & 0xff            // of the digits
			if int(first-1)&(1-digits)|(digits-1) < 0 { // a zero before other digits, or no digit at all
				return n, p, seen, true
			}
			end = p + size
			if behind = binary.LittleEndian.Uint16(b[end : end+2]); behind != nextKey && class[byte(behind)]&pastInt != 0 {
				return n, p, seen, true
			}
			if c := f.column; c != nil {
				if !c.RoomInt64() {
					return n, p, seen, true
				}
				v := digits8(w &^ (minus & 0xff) << (64 - 8*size)) // zeros come in before the digits, and for the minus
				c.AppendInt64(int64(v ^ minus - minus))
			}
		case kindText:
			w := load(b, p+1)
			m := stops(w, d.control)
			if b[p] != '"' || m == 0 {
				return n, p, seen, true
			}
			size := index(m)
			end = p + size + 2
			if b[end-1] != '"' || w&(m&-m-1)&highs != 0 {
				return n, p, seen, true
			}
			if c := f.column; c != nil {
				if !c.RoomShort() {
					return n, p, seen, true
				}
				c.PutShort(w, size)
			}
			behind = binary.LittleEndian.Uint16(b[end : end+2])
		default:
			return n, p, seen, true
		}
		f.at = d.base + int64(p)
		seen++
		p = end + 2
		if behind != nextKey {
			if behind != ','|' '<<8 || b[p] != '"' {
				return n, end, seen, false
			}
			p++
		}
	}
}

const (
	// nextKey is what stands between a value and the next key, firstKey what stands before the first.
	nextKey  = ',' | '"'<<8
	firstKey = '{' | '"'<<8
	// keyRoom is how many bytes there must be from the separator on for a key to be compared: three, and two words.
	keyRoom = 19
	// plainRoom is how many bytes there must be behind a key for plain to look at its value: a space, a word in quotes, and three.
	plainRoom = 16
)

// plain reports whether decoder.plain knows the kind.
func (f *field) plain() bool { return f.kind == kindBigint || f.kind == kindText }

// unkeyed is where the separator is of the key at p.
func unkeyed(b []byte, p int) int {
	if b[p-2] == ' ' {
		return p - 3
	}
	return p - 2
}
