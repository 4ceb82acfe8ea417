package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// ErrShort is wrapped by a Reader's error when the frame ends before the value.
var ErrShort = errors.New("frame ends early")

// ErrInvalid is wrapped by a Reader's error when bytes are there but no peer may
// send them: a boolean of 2, an unknown tag, text that is not UTF-8.
var ErrInvalid = errors.New("invalid value")

// Reader decodes values one after the other from the bytes of one frame. The
// first error sticks: everything read after it is zero, so a decoder reads all
// its fields and asks Err once. A Reader never allocates for more than the
// frame's bytes can hold.
//
// Bytes and Rest alias the frame, which belongs to the caller and must stay
// unchanged while they are in use; String copies.
type Reader struct {
	frame []byte
	off   int
	err   error
}

// NewReader reads from frame, which it keeps.
func NewReader(frame []byte) *Reader { return &Reader{frame: frame} }

// Err is the first error, or nil.
func (r *Reader) Err() error { return r.err }

// Len is the number of bytes not yet read; 0 after an error.
func (r *Reader) Len() int { return len(r.frame) - r.off }

// Fail records err as the reader's error, unless it has one.
func (r *Reader) Fail(err error) {
	if r.err != nil {
		return
	}
	r.err = fmt.Errorf("at byte %d: %w", r.off, err)
	r.frame, r.off = nil, 0
}

// BadTag fails with the value of an enum or union tag that is not defined.
func (r *Reader) BadTag(typ string, tag int64) {
	if r.err == nil {
		r.Fail(fmt.Errorf("%w: %s has no tag %d", ErrInvalid, typ, tag))
	}
}

// take returns the next n bytes, or nil after an error.
func (r *Reader) take(n int) []byte {
	if n > r.Len() {
		r.short(n)
		return nil
	}
	b := r.frame[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

func (r *Reader) short(n int) {
	if r.err == nil {
		r.Fail(fmt.Errorf("%w: %d bytes wanted, %d left", ErrShort, n, r.Len()))
	}
}

// Bool reads one byte, which must be 0 or 1.
func (r *Reader) Bool() bool {
	v := r.U8()
	if v > 1 {
		r.Fail(fmt.Errorf("%w: a boolean of %d", ErrInvalid, v))
	}
	return v == 1
}

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// I8 reads one byte.
func (r *Reader) I8() int8 { return int8(r.U8()) }

// U16 reads two bytes.
func (r *Reader) U16() uint16 {
	b := r.take(2)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

// I16 reads two bytes.
func (r *Reader) I16() int16 { return int16(r.U16()) }

// U32 reads four bytes.
func (r *Reader) U32() uint32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// I32 reads four bytes.
func (r *Reader) I32() int32 { return int32(r.U32()) }

// U64 reads eight bytes.
func (r *Reader) U64() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// I64 reads eight bytes.
func (r *Reader) I64() int64 { return int64(r.U64()) }

// String reads a string. Its length is an i16 here, although writers use a u16;
// zero or less is the empty string.
func (r *Reader) String() string {
	n := r.I16()
	if n <= 0 {
		return ""
	}
	b := r.take(int(n))
	if !utf8.Valid(b) {
		r.Fail(fmt.Errorf("%w: a string that is not UTF-8", ErrInvalid))
		return ""
	}
	return string(b)
}

// Bytes reads a length and that many bytes, aliasing the frame; nil for a length
// below 1.
func (r *Reader) Bytes() []byte {
	n := r.I32()
	if n < 1 {
		return nil
	}
	return r.take(int(n))
}

// Rest reads all that is left, aliasing the frame.
func (r *Reader) Rest() []byte { return r.take(r.Len()) }

// Sub reads a length and returns a reader of that many bytes; what goes wrong in
// it must be handed on with Fail.
func (r *Reader) Sub() *Reader { return &Reader{frame: r.Bytes(), err: r.err} }

// Count reads the number of elements of a list; a negative one means none. It
// fails if that many elements of at least size bytes cannot be left.
func (r *Reader) Count(size int) int { return r.fits(int(r.I32()), size) }

// MapCount is Count for maps, whose count is a u16.
func (r *Reader) MapCount(size int) int { return r.fits(int(r.U16()), size) }

func (r *Reader) fits(n, size int) int {
	if n < 1 {
		return 0
	}
	if n > r.Len()/max(size, 1) {
		r.Fail(fmt.Errorf("%w: %d elements announced, %d bytes left", ErrShort, n, r.Len()))
		return 0
	}
	return n
}

// Duration reads whole seconds and nanoseconds. What exceeds a time.Duration,
// some 292 years, is read as the longest one.
func (r *Reader) Duration() time.Duration {
	seconds, nanos := r.U64(), r.U32()
	const most = math.MaxInt64/uint64(time.Second) - uint64(math.MaxUint32)/uint64(time.Second) - 1
	if seconds > most {
		return math.MaxInt64
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanos)
}

// Varint reads a zig-zag LEB128 number of up to 64 bits.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.frame[r.off:])
	switch {
	case n == 0:
		r.short(r.Len() + 1)
	case n < 0:
		r.Fail(fmt.Errorf("%w: a varint of more than 64 bits", ErrInvalid))
	default:
		r.off += n
	}
	return v
}

// VarBytes reads a varint length and that many bytes, aliasing the frame; nil for
// a length below 1.
func (r *Reader) VarBytes() []byte {
	n := r.Varint()
	if n < 1 {
		return nil
	}
	if n > int64(r.Len()) {
		r.short(r.Len() + 1)
		return nil
	}
	return r.take(int(n))
}
