package jsonformat

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/weir-stream/weir/host/batch"
)

// text reads the string at p. Its content aliases the frame or, where it has escapes and so is not plain, d.scratch, which
// holds until the next text.
func (d *decoder) text(p int) (content []byte, plain bool, _ int) {
	b := d.frame
	if p == len(b) {
		return nil, false, d.short()
	}
	if b[p] != '"' {
		return nil, false, d.fail("json.syntax", p, "no string")
	}
	start := p + 1
	p, ascii := plainRun(b, start, d.control)
	if p < len(b) && b[p] == '"' {
		if content = b[start:p]; ascii || utf8.Valid(content) {
			return content, true, p + 1
		}
		return nil, false, d.fail("json.utf8", start, "not UTF-8 in the string")
	}
	d.scratch = append(d.scratch[:0], b[start:p]...)
	p = d.escaped(p, ascii)
	return d.scratch, false, p
}

// copyText reads the plain string of ASCII whose content begins at p into the column while it looks for its end. Else, and
// where the column has to grow first, end is 0.
func (d *decoder) copyText(c *batch.Column, p int) (end int) {
	b, room := d.frame[p:], c.Spare()
	var seen uint64
	for n := 0; n+8 <= len(b) && n+8 <= len(room); n += 8 {
		w := load(b, n)
		binary.LittleEndian.PutUint64(room[n:n+8], w)
		m := stops(w, d.control)
		if m != 0 {
			n += index(m)
			if (seen|w&(m&-m-1))&highs != 0 || b[n] != '"' {
				return 0
			}
			c.EndSpare(n)
			return p + n + 1
		}
		seen |= w
	}
	return 0
}

// escaped reads on in a string from p, where its first escape is or it goes wrong, and appends the content to d.scratch.
func (d *decoder) escaped(p int, ascii bool) int {
	b := d.frame
	for {
		switch {
		case p >= len(b):
			return d.short()
		case b[p] == '\\':
			if p = d.escape(p); p < 0 {
				return p
			}
		case b[p] == '"':
			if !ascii && !utf8.Valid(d.scratch) {
				return d.fail("json.utf8", p, "not UTF-8 in the string that ends")
			}
			return p + 1
		default:
			return d.fail("json.syntax", p, "control character in a string")
		}
		end, plain := plainRun(b, p, d.control)
		d.scratch = append(d.scratch, b[p:end]...)
		p, ascii = end, ascii && plain
	}
}

// short escapes and what they stand for.
var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escape appends what the escape at p stands for to d.scratch.
func (d *decoder) escape(p int) int {
	b := d.frame
	if p+1 == len(b) {
		return d.short()
	}
	if c := escapes[b[p+1]]; c != 0 {
		d.scratch = append(d.scratch, c)
		return p + 2
	}
	r, ok := unit(b, p)
	switch {
	case !ok:
		return d.fail("json.syntax", p, "unknown or incomplete escape")
	case r < 0xd800 || r > 0xdfff:
		d.scratch = utf8.AppendRune(d.scratch, r)
		return p + 6
	}
	low, ok := unit(b, p+6)
	if !ok || r > 0xdbff || low < 0xdc00 || low > 0xdfff {
		return d.fail("json.syntax", p, "unpaired surrogate")
	}
	d.scratch = utf8.AppendRune(d.scratch, 0x10000+(r-0xd800)<<10+(low-0xdc00))
	return p + 12
}

// unit reads the UTF-16 code unit of the escape \uXXXX at p.
func unit(b []byte, p int) (rune, bool) {
	if p+6 > len(b) || b[p] != '\\' || b[p+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[p+2 : p+6] {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20-'a' <= 5:
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
