package framing

import (
	"encoding/binary"
	"math"
)

// lengths is framing by a length before each frame.
type lengths struct{ Config }

func (l *lengths) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	if len(rest) == 0 {
		return nil, nil, false, nil
	}
	n, width := l.Prefix.read(rest)
	body := rest[max(width, 0):]
	switch {
	case width < 0:
		return rest, nil, true, newError(CodeSyntax, "length prefix is no varint of 64 bits")
	case width == 0:
		return rest, nil, true, newError(CodeTruncated, "record ends within a length prefix")
	case n > uint64(len(body)):
		return rest, nil, true, newError(CodeTruncated, "record ends within a frame: %d bytes of %d", len(body), n)
	}
	frame = body[:n:n]
	return frame, body[n:], true, l.tooLong(frame)
}

// read takes a length off b: width is the bytes it takes, 0 where b is too short, negative where it is no length.
func (p Prefix) read(b []byte) (n uint64, width int) {
	switch {
	case p == Varint:
		return binary.Uvarint(b)
	case p <= U16LE && len(b) < 2, p >= U32BE && len(b) < 4:
		return 0, 0
	case p == U16BE:
		return uint64(binary.BigEndian.Uint16(b)), 2
	case p == U16LE:
		return uint64(binary.LittleEndian.Uint16(b)), 2
	case p == U32BE:
		return uint64(binary.BigEndian.Uint32(b)), 4
	}
	return uint64(binary.LittleEndian.Uint32(b)), 4
}

// append appends the prefix of a frame of n bytes, and tells whether that can be said.
func (p Prefix) append(dst []byte, n int) ([]byte, bool) {
	switch {
	case p == Varint:
		return binary.AppendUvarint(dst, uint64(n)), true
	case p <= U16LE && n > math.MaxUint16, uint64(n) > math.MaxUint32:
		return dst, false
	case p == U16BE:
		return binary.BigEndian.AppendUint16(dst, uint16(n)), true
	case p == U16LE:
		return binary.LittleEndian.AppendUint16(dst, uint16(n)), true
	case p == U32BE:
		return binary.BigEndian.AppendUint32(dst, uint32(n)), true
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(n)), true
}
