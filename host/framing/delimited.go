package framing

import "bytes"

// delimited is newline framing and that by any other delimiter.
type delimited struct {
	Config
	delimiter []byte // empty: none is found
}

var newline = []byte{'\n'}

func (d *delimited) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	for len(rest) > 0 {
		frame, rest = d.cut(rest)
		if !d.KeepBlank && len(trim(frame)) == 0 {
			continue
		}
		if d.Truncate && d.MaxLength > 0 && len(frame) > d.MaxLength {
			frame = frame[:d.MaxLength:d.MaxLength]
		}
		return frame, rest, true, d.tooLong(frame)
	}
	return nil, nil, false, nil
}

// cut takes what is before the first delimiter.
func (d *delimited) cut(rest []byte) (frame, remaining []byte) {
	end := -1
	if len(d.delimiter) > 0 {
		end = bytes.Index(rest, d.delimiter)
	}
	if end < 0 {
		return rest, nil
	}
	return rest[:end:end], rest[end+len(d.delimiter):]
}

// trim cuts JSON's white space off both ends. It is also what a blank line is made of.
func trim(text []byte) []byte {
	text = trimLeft(text)
	for len(text) > 0 && space(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func trimLeft(text []byte) []byte {
	for len(text) > 0 && space(text[0]) {
		text = text[1:]
	}
	return text
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
