package framing

import (
	"errors"
	"math"
	"slices"
	"strings"
)

// Envelope says what has to be around a frame that a [Splitter] with this Config cut, so that it is the one frame of a record of its own; it is for
// [Enclose]. It is empty where a frame is such a record as it is, as with newlines. err is what came with the frame: what could not be cut, or not
// be decompressed, has less around it.
func (c Config) Envelope(err error) string {
	var parts []string
	var bad *Error
	isBad := errors.As(err, &bad)
	if isBad && bad.packed {
		return ""
	}
	if whole := !isBad || bad.Code == CodeTooLong; whole && c.Method == Length {
		parts = append(parts, Length.String(), c.Prefix.String())
	} else if whole && c.Method == JSONArray {
		parts = append(parts, JSONArray.String())
	}
	if c.Compression != Uncompressed {
		parts = append(parts, c.Compression.String())
	}
	return strings.Join(parts, " ")
}

// Enclose puts a frame into an envelope. The frame was cut out of a record and is put back as it was: whether it is one JSON value is nobody's
// business here. Every error is an *Error.
func Enclose(envelope string, frame []byte) ([]byte, error) {
	words := strings.Fields(envelope)
	take := func(known []string) (at int, ok bool) {
		if len(words) == 0 {
			return 0, false
		}
		if at = slices.Index(known, words[0]); at >= 0 {
			words = words[1:]
		}
		return at, at >= 0
	}
	value := frame
	if _, ok := take([]string{JSONArray.String()}); ok {
		value = slices.Concat([]byte("["), frame, []byte("]"))
	} else if _, ok := take([]string{Length.String()}); ok {
		prefix, known := take(prefixes)
		var ok bool
		if value, ok = Prefix(prefix).append(nil, len(frame)); !known || !ok {
			return nil, newError(CodeSyntax, "a frame of %d bytes can't be put into %q", len(frame), envelope)
		}
		value = append(value, frame...)
	}
	if how, ok := take(compressions[Gzip:]); ok {
		a := NewAppender(Config{Compression: Compression(how) + Gzip, MaxUncompressed: math.MaxInt32})
		var err error
		if value, err = a.Append(nil, value); err != nil {
			return nil, err
		}
	}
	if len(words) > 0 {
		return nil, newError(CodeSyntax, "framing %q is not known", envelope)
	}
	return value, nil
}
