package jsonformat

import "bytes"

// skip reads the value at or after p, which no column takes, and checks its syntax. It is depth levels deep. It goes
// through nested values without recursion: objects has a bit for every level above depth that is an object.
func (d *decoder) skip(p, depth int) int {
	b := d.frame
	var objects [MaxDepth + 1]bool
	level := depth
	for {
		p = skipSpace(b, p)
		if p == len(b) {
			return d.short()
		}
		opened := b[p] == '{' || b[p] == '['
		if opened {
			if level == MaxDepth {
				return d.fail("json.depth", p, "nested too deep")
			}
			level++
			objects[level] = b[p] == '{'
			p++
		} else if p = d.scalar(p); p < 0 {
			return p
		}
		for more := false; !more; opened = false {
			if level == depth {
				return p
			}
			end := byte(']')
			if objects[level] {
				end = '}'
			}
			if p, more = d.next(p, opened, end); p < 0 {
				return p
			}
			if !more {
				level--
			}
		}
		if objects[level] {
			if _, _, p = d.text(p); p < 0 {
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
		_, _, p = d.text(p)
		return p
	case c == '-' || c-'0' <= 9:
		end := numberEnd(b, p)
		if d.Strict {
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
