package wasm

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// reader reads data[pos:end]. The first error sticks: it moves pos to end, and what is read after it is zero, so that a
// caller may check once, before it allocates or returns.
type reader struct {
	data     []byte // the whole module, so that positions are offsets in it
	pos, end int
	err      *Error
}

func (r *reader) fail(why Reason, at int, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Reason: why, Offset: at, Func: -1, Message: fmt.Sprintf(format, args...)}
	}
	r.pos = r.end
}

func (r *reader) left() int { return r.end - r.pos }

func (r *reader) byte() byte {
	if r.pos >= r.end {
		r.fail(Malformed, r.pos, "unexpected end")
		return 0
	}
	b := r.data[r.pos]
	r.pos++
	return b
}

// take returns the next n bytes, a view.
func (r *reader) take(n int) []byte {
	if n > r.left() {
		r.fail(Malformed, r.pos, "unexpected end: %d bytes wanted, %d left", n, r.left())
		return nil
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b
}

// u32 reads an unsigned LEB128 (5.2.2): at most five bytes, no bit beyond the 32nd.
func (r *reader) u32() uint32 {
	if r.pos < r.end && r.data[r.pos] < 0x80 {
		r.pos++
		return uint32(r.data[r.pos-1])
	}
	return r.longU32()
}

// index reads an unsigned integer as an index or a length. What is beyond 31 bits is beyond anything that there may be, and
// comes out as the largest index, so that it is safe where int has 32 bits.
func (r *reader) index() int { return int(min(r.u32(), math.MaxInt32)) }

func (r *reader) longU32() uint32 {
	start, x := r.pos, uint32(0)
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		x |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return x
		}
	}
	r.fail(Malformed, start, "an unsigned integer is longer than 32 bits")
	return 0
}

// signed reads a signed LEB128 of the given width (5.2.2): the bits beyond the width repeat the sign.
func (r *reader) signed(bits int) int64 {
	start, x := r.pos, int64(0)
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		x |= int64(b&0x7f) << shift
		if b >= 0x80 {
			continue
		}
		if room := bits - shift; room < 7 {
			if sign := int8(b<<1) >> room; sign != 0 && sign != -1 {
				break
			}
		} else if shift+7 < 64 && b&0x40 != 0 {
			x |= -1 << (shift + 7)
		}
		return x << (64 - bits) >> (64 - bits)
	}
	r.fail(Malformed, start, "a signed integer is longer than %d bits", bits)
	return 0
}

// count reads the length of a vector (5.1.3) whose elements take at least size bytes each, so that nobody allocates more
// than the module can fill. limit is what the caps allow, or noLimit.
func (r *reader) count(what string, size, limit int) int {
	at := r.pos
	n := r.index()
	if n > limit && limit != noLimit {
		r.fail(Limit, at, "%d %s, at most %d are allowed", n, what, limit)
		return 0
	}
	if n > r.left()/size {
		r.fail(Malformed, at, "%d %s do not fit into the %d bytes left", n, what, r.left())
		return 0
	}
	return n
}

const noLimit = -1

// name reads a name (5.2.4): its length, and bytes that are UTF-8.
func (r *reader) name(limit int) string {
	at := r.pos
	n := r.index()
	if n > limit && n <= r.left() {
		r.fail(Limit, at, "a name of %d bytes, at most %d are allowed", n, limit)
		return ""
	}
	b := r.take(n)
	if !utf8.Valid(b) {
		r.fail(Malformed, at, "a name is not UTF-8")
		return ""
	}
	return string(b)
}

// sub reads the next n bytes as a reader of their own.
func (r *reader) sub(n int) reader {
	start := r.pos
	r.take(n)
	if r.err != nil {
		return reader{data: r.data, pos: r.end, end: r.end, err: r.err}
	}
	return reader{data: r.data, pos: start, end: start + n}
}

// finish checks that nothing is left.
func (r *reader) finish(what string) {
	if r.pos != r.end {
		r.fail(Malformed, r.pos, "%d bytes too many in the %s", r.left(), what)
	}
}
