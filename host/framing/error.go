package framing

import (
	"errors"
	"fmt"
)

// The codes of an Error.
const (
	CodeTooLong     = "framing.too_long"    // a frame is longer than Config.MaxLength, or than its prefix can say
	CodeTruncated   = "framing.truncated"   // the value ends within a frame, or within compressed data
	CodeSyntax      = "framing.syntax"      // the value is not made as the method says
	CodeTooMany     = "framing.too_many"    // the value has more frames than Config.MaxFrames
	CodeCompression = "framing.compression" // the value can't be decompressed
	CodeTooLarge    = "framing.too_large"   // the value is larger than Config.MaxUncompressed once decompressed
)

// ErrTooLong is what an Error with CodeTooLong is, for errors.Is.
var ErrTooLong = errors.New("frame is too long")

// Error says why there is no good frame, without repeating what the value holds.
type Error struct {
	Code    string // one of the codes; stable
	Message string // what is wrong, complete without the code

	packed bool // it is about a value that could not be decompressed
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Is tells whether target is ErrTooLong and e says so.
func (e *Error) Is(target error) bool { return target == ErrTooLong && e.Code == CodeTooLong }

func newError(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// tooLong is nil for a frame that is not too long. It is an error and no *Error, so that nil is nil.
func (c *Config) tooLong(frame []byte) error {
	if c.MaxLength == 0 || len(frame) <= c.MaxLength {
		return nil
	}
	thing := "frame"
	if c.Method == Newline {
		thing = "line"
	}
	return newError(CodeTooLong, "%s is longer than framing.%v.max_length: %d bytes, at most %d allowed", thing, c.Method, len(frame), c.MaxLength)
}
