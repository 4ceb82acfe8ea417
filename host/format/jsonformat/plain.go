package jsonformat

import (
	"encoding/binary"
	"unsafe"

	"github.com/weir-stream/weir/host/batch"
)

// plain reads members as long as their keys are known, their columns BIGINT, INT or TEXT, or undeclared, and their values the
// short and simple ones that nearly all are: without a call for any of them. The first key is at p, behind its quote. It
// returns the last node that it came to, and how many fields of the object it saw first. If that node is keyed its value is
// at p, and has not been read; otherwise the separator of a member that is not as simple is at p, or the end of the object.
//
// Each member has to wait for the one before to be found to its end, so that end comes from as few steps as can be: from the
// first comma or quote. What stands before it is checked beside. plainRoom is there behind a key before anything is read by pointer.
func (d *decoder) plain(s *shape, n *node, p int, opened int64) (_ *node, _ int, seen int, keyed bool) {
	b := d.frame
	start := unsafe.Pointer(unsafe.SliceData(b))
	for {
		before := n
		n = n.next
		if p+n.size+plainRoom > len(b) {
			return before, unkeyed(b, p), seen, false
		}
		key := unsafe.Add(start, p)
		if (word8(key)&n.mask0^n.word0)|(word8(unsafe.Add(key, 8))&n.mask1^n.word1) != 0 || n.size > 16 && !n.matchesRest(b, p) {
			if n = s.lookUp(b, p); n == nil || p+n.size+plainRoom > len(b) {
				return before, unkeyed(b, p), seen, false
			}
			before.next = n
		}
		if p += n.size; *(*byte)(unsafe.Add(start, p)) == ' ' {
			p++
		}
		f := n.place
		if f.at >= opened {
			return n, p, seen, true
		}
		value := unsafe.Add(start, p)
		var behind unsafe.Pointer // what comes behind the value
		switch f.kind {
		case kindBigint, kindInt:
			w := word8(value)
			m := w ^ ones*','
			if m = (m - ones) &^ m & highs; m == 0 {
				return n, p, seen, true
			}
			behind = unsafe.Add(value, index(m))
			// minus is all ones behind a minus; there is no branch, which in mixed data would often be guessed wrong.
			w ^= ones * '0'
			minus := uint64(int64(w&0xff^('-'^'0')-1) >> 63)
			other := (w | (w + ones*(0x80-10))) & highs &^ (minus & 0x80)
			digits := index(m) + int(minus)  // without the minus
			first := w >> (minus & 8) & 0xff // of the digits
			// Wrong are a byte that is no digit, a zero before other digits, and no digit at all.
			if other&(m-1)&^m != 0 || int(first-1)&(1-digits)|(digits-1) < 0 {
				return n, p, seen, true
			}
			if c := f.column; c != nil {
				// Zeros come in before the digits, and for the minus.
				v := digits8(w &^ (minus & 0xff) << (64 - 8*uint(index(m))))
				if !c.PutInt(int64(v ^ minus - minus)) {
					return n, p, seen, true
				}
			}
		case kindText:
			w := word8(unsafe.Add(value, 1))
			m := w ^ ones*'"'
			if *(*byte)(value) != '"' {
				return n, p, seen, true
			}
			if m = (m - ones) &^ m & highs; m == 0 {
				size := d.longText(f.column, p+1)
				if size == 0 {
					return n, p, seen, true
				}
				behind = unsafe.Add(value, size+2)
				break
			}
			behind = unsafe.Add(value, index(m)+2)
			slash := w ^ ones*'\\'
			if (((slash-ones)&^slash|w)&highs|(w-ones*' ')&^w&d.control)&(m-1)&^m != 0 {
				return n, p, seen, true
			}
			if c := f.column; c != nil {
				if !c.RoomShort() {
					return n, p, seen, true
				}
				c.PutShort(w, index(m))
			}
		default:
			return n, p, seen, true
		}
		f.at = d.base + int64(p)
		if f.declared {
			seen++
		} else {
			d.seen |= f.shows
		}
		p = int(uintptr(behind) - uintptr(start))
		if binary.LittleEndian.Uint16((*[2]byte)(behind)[:]) == nextKey {
			p += 2
			continue
		}
		if b[p] != ',' || b[p+1] != ' ' || b[p+2] != '"' {
			return n, p, seen, false
		}
		p += 3
	}
}

// longText reads a text of eight bytes or more, whose first is at p, and gives its size; 0 if it is not simple, or too long for
// a column to take it without a call, or if so few bytes are behind it that plain cannot go on there.
func (d *decoder) longText(c *batch.Column, p int) int {
	b := d.frame
	if c == nil {
		end, ascii := plainRun(b, p, d.control)
		if !ascii || end+4 > len(b) || b[end] != '"' {
			return 0
		}
		return end - p
	}
	room := c.Spare()
	if p+20 > len(b) || len(room) < 16 {
		return 0
	}
	w0, w1 := load(b, p), load(b, p+8)
	m := w1 ^ ones*'"'
	m = (m - ones) &^ m & highs
	slash0, slash1 := w0^ones*'\\', w1^ones*'\\'
	odd0 := ((slash0-ones)&^slash0|w0)&highs | (w0-ones*' ')&^w0&d.control
	odd1 := ((slash1-ones)&^slash1|w1)&highs | (w1-ones*' ')&^w1&d.control
	if m == 0 || odd0|odd1&(m-1)&^m != 0 {
		return 0
	}
	binary.LittleEndian.PutUint64(room, w0)
	binary.LittleEndian.PutUint64(room[8:], w1)
	c.EndSpare(8 + index(m))
	return 8 + index(m)
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

// word8 is the eight bytes at p as load has them.
func word8(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }

// plain reports whether decoder.plain knows the kind.
func (k kind) plain() bool { return k == kindBigint || k == kindInt || k == kindText }

// unkeyed is where the separator is of the key at p.
func unkeyed(b []byte, p int) int {
	if b[p-2] == ' ' {
		return p - 3
	}
	return p - 2
}
