package schemaregistry

import "encoding/binary"

// HeaderSize is the length of a registry header in bytes.
const HeaderSize = 5

// HeaderError says that a frame does not begin with a registry header. It does not repeat what the frame holds.
type HeaderError struct {
	Code    string // "registry.header"
	Message string
}

func (e *HeaderError) Error() string { return e.Message }

var (
	errShort = &HeaderError{"registry.header", "the frame is shorter than the 5 bytes of a schema registry header"}
	errMagic = &HeaderError{"registry.header", "the frame does not begin with the byte 0 of a schema registry header"}
	errPlain = &HeaderError{"registry.header", "the frame does not begin with the byte 0 of a schema registry header; it looks like plain JSON"}
)

// AppendHeader appends the header of a message whose schema has this id, of which the lowest 32 bits count.
func AppendHeader(dst []byte, id int) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(id))
}

// CutHeader takes the header off a frame: id is from 0 to 2^32-1, beyond 2^31-1, which no registry gives, negative where an int has 32
// bits; rest is part of frame. An error is a *HeaderError.
func CutHeader(frame []byte) (id int, rest []byte, err error) {
	switch {
	case len(frame) > 0 && (frame[0] == '{' || frame[0] == '['):
		return 0, nil, errPlain
	case len(frame) > 0 && frame[0] != 0:
		return 0, nil, errMagic
	case len(frame) < HeaderSize:
		return 0, nil, errShort
	}
	return int(binary.BigEndian.Uint32(frame[1:])), frame[HeaderSize:], nil
}
