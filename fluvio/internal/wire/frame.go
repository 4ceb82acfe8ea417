package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// FrameHeader is the size of a frame's length, in bytes.
const FrameHeader = 4

// What ReadFrame reports about a length that no frame may have. After any of
// them the stream has no known next frame: close the connection.
var (
	ErrFrameEmpty    = errors.New("frame of no bytes")
	ErrFrameNegative = errors.New("frame of negative length")
	ErrFrameTooLarge = errors.New("frame larger than allowed")
)

// frameStep is how much ReadFrame allocates on the word of a length alone; from
// there on its buffer grows with what really arrives.
const frameStep = 1 << 20

// ReadFrame reads one frame of at most limit bytes and returns what follows its
// length. It reuses buf's memory where that is large enough, so pass the last
// result (or nil) unless something still refers to it.
//
// The error is io.EOF if the stream ends between frames, io.ErrUnexpectedEOF if
// it ends within one, or wraps one of the ErrFrame values.
func ReadFrame(r io.Reader, buf []byte, limit int) ([]byte, error) {
	buf = slices.Grow(buf[:0], FrameHeader)[:FrameHeader]
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf[:0], err
	}
	n := int(int32(binary.BigEndian.Uint32(buf)))
	if err := checkLength(n, limit); err != nil {
		return buf[:0], err
	}
	have := 0
	for have < n {
		if cap(buf) < n {
			grown := make([]byte, min(n, max(frameStep, 2*have)))
			copy(grown, buf[:have])
			buf = grown
		}
		step := buf[have:min(n, cap(buf))]
		got, err := io.ReadFull(r, step)
		have += got
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return buf[:0], err
		}
	}
	return buf[:n], nil
}

func checkLength(n, limit int) error {
	switch {
	case n < 0:
		return fmt.Errorf("%w: %d", ErrFrameNegative, n)
	case n == 0:
		return ErrFrameEmpty
	case n > limit:
		return fmt.Errorf("%w: %d bytes, limit %d", ErrFrameTooLarge, n, limit)
	}
	return nil
}

// BeginFrame reserves a frame's length at the end of dst. Append the content,
// then call EndFrame with the length that dst had before.
func BeginFrame(dst []byte) []byte { return append(dst, 0, 0, 0, 0) }

// EndFrame writes the length of what was appended since the BeginFrame at start,
// and returns dst.
func EndFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-FrameHeader))
	return dst
}
