package jsonformat

import (
	"github.com/weir-stream/weir/host/format"
)

// document writes a value of a JSON column, the text that it is. Whatever made it, it must be JSON as strict mode reads it
// and nest no deeper than a record that is read may, unless it may be a string instead. Line breaks between its tokens become
// spaces, so that a message stays one line. In an envelope it is written in a string, which unpacked reads.
func (e *encoder) document(dst []byte, c *column, row int) ([]byte, bool) {
	text := c.text[c.offsets[row]:c.offsets[row+1]]
	if bad := e.check.validate(text, c.depth); bad != nil {
		if e.InvalidAsText {
			return e.textValue(dst, c, row)
		}
		e.bad = bad
		return dst, false
	}
	if e.IncludeSchema {
		return e.textValue(dst, c, row)
	}
	return appendLine(dst, text), true
}

// validate says what is wrong with a text that is to be one JSON value, with so many levels around it.
func (d *decoder) validate(text []byte, depth int) *format.DataError {
	d.begin(text, 0)
	defer d.begin(nil, 0)
	p := d.skip(0, depth)
	if p >= 0 {
		if p = skipSpace(text, p); p == len(text) {
			return nil
		}
		d.fail("json.syntax", p, "unexpected data behind the value")
	}
	return d.err.(*format.DataError)
}

// appendLine appends JSON with its line breaks, which stand between tokens only, as spaces.
func appendLine(dst, text []byte) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[start:] {
		if c == '\n' || c == '\r' {
			dst[start+i] = ' '
		}
	}
	return dst
}
