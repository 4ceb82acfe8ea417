package framing

import (
	"bytes"
	"fmt"
)

// lines is newline framing.
type lines struct{ Config }

func (l *lines) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	for len(rest) > 0 {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end:end], rest[end+1:]
		} else {
			rest = nil
		}
		switch {
		case !l.KeepBlank && blank(line):
			continue
		case l.MaxLength == 0 || len(line) <= l.MaxLength:
		case l.Truncate:
			line = line[:l.MaxLength]
		default:
			err = fmt.Errorf("%w: %d bytes, at most %d allowed", ErrTooLong, len(line), l.MaxLength)
		}
		return line, rest, true, err
	}
	return nil, nil, false, nil
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
