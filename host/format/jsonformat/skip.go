package jsonformat

import "bytes"

// skip reads the value at or after p, which no column takes, and checks its syntax. It is depth levels deep. It goes
// through nested values without recursion.
func (d *decoder) skip(p, depth int) int {
	b := d.frame
	if p = skipSpace(b, p); p < len(b) && b[p] != '{' && b[p] != '[' {
		return d.scalar(p)
	}
	level := depth
	for {
		p = skipSpace(b, p)
		if p == len(b) {
			return d.short()
		}
		opened := b[p] == '{' || b[p] == '['
		if opened {
			if level >= d.Limits.Depth {
				return d.fail("json.depth", p, d.Limits.TooDeep())
			}
			level++
			d.enter(level, b[p] == '{')
			p++
		} else if p = d.scalar(p); p < 0 {
			return p
		}
		for more := false; !more; opened = false {
			if level == depth {
				return p
			}
			end := byte(']')
			if d.inObject(level) {
				end = '}'
			}
			if p, more = d.next(p, opened, end); p < 0 {
				return p
			}
			if !more {
				level--
			}
		}
		if d.inObject(level) {
			if p = d.skipText(p); p < 0 {
				return p
			}
			if p = d.colon(p); p < 0 {
				return p
			}
		}
	}
}

// scalar checks the string, number or literal at p.
func (d *decoder) scalar(p int) int {
	b := d.frame
	switch c := b[p]; {
	case c == '"':
		return d.skipText(p)
	case c == '-' || c-'0' <= 9:
		end := numberEnd(b, p)
		if d.strict.Has(SkippedNumbers) {
			if n, ok := splitNumber(b[p:end]); !ok || !n.strict {
				return d.fail("json.syntax", p, "malformed number")
			}
		}
		return end
	case c == 't':
		return d.literal(p, "true")
	case c == 'f':
		return d.literal(p, "false")
	case c == 'n':
		return d.literal(p, "null")
	}
	if bytes.HasPrefix(b[p:], byteOrderMark) {
		return d.fail("json.syntax", p, "byte order mark in place of a value")
	}
	return d.fail("json.syntax", p, "no value")
}

// skipText checks the string at p.
func (d *decoder) skipText(p int) int {
	if end, ascii := plainRun(d.frame, p+1, d.control); ascii && end < len(d.frame) && d.frame[end] == '"' {
		return end + 1
	}
	_, _, p = d.text(p)
	return p
}

// byteOrderMark begins files of some editors. RFC 8259 section 8.1 lets parsers take it for an error.
var byteOrderMark = []byte("\xef\xbb\xbf")

func (d *decoder) literal(p int, word string) int {
	b := d.frame
	if end := p + len(word); end <= len(b) && string(b[p:end]) == word {
		return end
	}
	if len(b)-p < len(word) && string(b[p:]) == word[:len(b)-p] {
		return d.short()
	}
	return d.fail("json.syntax", p, "no value")
}

// describe names the type of the value that begins with c.
func describe(c byte) string {
	switch c {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}
