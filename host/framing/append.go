package framing

import (
	"bytes"
	"encoding/json"
)

// Appender puts frames together into the value of a record: what it wrote a [Splitter] with the same Config cuts into the
// same frames. It is for one goroutine, and allocates nothing once its buffers have grown.
//
// A value of one frame, which is what a sink writes, is one call of Append. A value of any number is
//
//	dst = a.Begin(dst)
//	dst, err = a.Frame(dst, frame) // for each
//	dst, err = a.End(dst)
//
// Every error is an *Error. An empty frame, or one of white space, comes back only where the method can tell it from none:
// with Newline and Delimiter if KeepBlank is set, with Length, and with None. JSON values lose white space around them.
type Appender struct {
	config    Config
	limit     int
	delimiter []byte // of Newline and Delimiter
	pack      compressor
	start     int // of the value within dst
	frames    int // in the value at hand
}

// NewAppender makes an appender.
func NewAppender(c Config) *Appender {
	a := &Appender{config: c, limit: c.maxUncompressed(), delimiter: []byte(c.Delimiter), pack: compressor{how: c.Compression}}
	if c.Method == Newline {
		a.delimiter = newline
	}
	return a
}

// Append appends a value that holds one frame to dst, which it returns as it was if there is an error.
func (a *Appender) Append(dst, frame []byte) ([]byte, error) {
	out, err := a.Frame(a.Begin(dst), frame)
	if err == nil {
		out, err = a.End(out)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Begin begins a value behind dst.
func (a *Appender) Begin(dst []byte) []byte {
	a.start, a.frames = len(dst), 0
	if a.config.Method == JSONArray {
		dst = append(dst, '[')
	}
	return dst
}

// Frame appends a frame to the value. It returns dst as it was if the frame is longer than Config.MaxLength or can't be
// told from its neighbours: if it holds the delimiter, or is not one JSON value where the method is about those.
func (a *Appender) Frame(dst, frame []byte) ([]byte, error) {
	if a.config.Method != None {
		if err := a.config.tooLong(frame); err != nil {
			return dst, err
		}
	}
	out, err := a.frame(dst, frame)
	if err != nil {
		return dst, err
	}
	a.frames++
	return out, nil
}

func (a *Appender) frame(dst, frame []byte) ([]byte, error) {
	switch a.config.Method {
	case Newline, Delimiter:
		return delimit(dst, frame, a.delimiter)
	case Length:
		dst, ok := a.config.Prefix.append(dst, len(frame))
		if !ok {
			return dst, newError(CodeTooLong, "frame of %d bytes is longer than a prefix %v can say", len(frame), a.config.Prefix)
		}
		return append(dst, frame...), nil
	case JSONArray:
		return a.appendElement(dst, trim(frame))
	case JSONConcat:
		if frame = trim(frame); !json.Valid(frame) {
			return dst, errNoValue()
		}
		return append(append(dst, frame...), '\n'), nil
	}
	if a.frames > 0 {
		return dst, newError(CodeSyntax, "a record without framing holds one frame")
	}
	return append(dst, frame...), nil
}

// delimit appends a frame and the delimiter. The first delimiter must be the one appended, for one may also begin within the
// frame and end within the delimiter.
func delimit(dst, frame, delimiter []byte) ([]byte, error) {
	from := len(dst)
	dst = append(append(dst, frame...), delimiter...)
	if bytes.Index(dst[from:], delimiter) != len(frame) {
		return dst, newError(CodeSyntax, "frame holds the delimiter of frames")
	}
	return dst, nil
}

func (a *Appender) appendElement(dst, element []byte) ([]byte, error) {
	if !json.Valid(element) { // not every frame is made by a format of JSON
		return dst, errNoValue()
	}
	if a.frames > 0 {
		dst = append(dst, ',')
	}
	return append(dst, element...), nil
}

func errNoValue() error { return newError(CodeSyntax, "frame is not one JSON value") }

// End ends the value, and compresses it. It returns what was there before Begin if the value is larger than
// Config.MaxUncompressed, which applies to values that are compressed.
func (a *Appender) End(dst []byte) ([]byte, error) {
	if a.config.Method == JSONArray {
		dst = append(dst, ']')
	}
	if a.config.Compression == Uncompressed {
		return dst, nil
	}
	value := dst[a.start:]
	if len(value) > a.limit {
		return dst[:a.start], newError(CodeTooLarge, "record is larger than framing.max_uncompressed: %d bytes, at most %d allowed", len(value), a.limit)
	}
	packed, err := a.pack.pack(value)
	if err != nil {
		return dst[:a.start], newError(CodeCompression, "record can't be compressed as %v: %v", a.config.Compression, err)
	}
	return append(dst[:a.start], packed...), nil
}
