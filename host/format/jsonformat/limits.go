package jsonformat

import (
	"fmt"

	"github.com/weir-stream/weir/host/format"
)

// Limits are kept where it costs nothing. Levels are counted by skip, and a table that nests deeper than it may is refused. A record that
// is short has neither many values, each of which takes two bytes at least, nor a long string; others are measured before they are
// read. What a few bytes become many values of, the structs of an array, is weighed as it is read.

// unmeasured is the longest record, in bytes, that need not be measured.
func unmeasured(l format.Limits) int { return min(2*l.Fields, l.String) }

// measure counts the values of the frame's record and looks at the lengths of its strings. It reports false after it has set err. A record
// that is not well-formed it leaves to what reads it next, which stops at the same place.
func (d *decoder) measure(start int) bool {
	if bad := d.measured(start); bad != nil {
		d.err = bad
		return false
	}
	d.err = nil
	return true
}

func (d *decoder) measured(p int) *format.DataError {
	b, level := d.frame, 0
	var bad *format.DataError
	for values := 0; ; values++ { // the record itself is none
		if p = skipSpace(b, p); p == len(b) {
			return nil
		}
		if values > d.Limits.Fields {
			return &format.DataError{Code: "json.fields", Message: fmt.Sprintf("%s, at byte %d", d.Limits.TooMany(), p)}
		}
		opened := b[p] == '{' || b[p] == '['
		switch {
		case opened && level == d.Limits.Depth:
			return nil
		case opened:
			level++
			d.enter(level, b[p] == '{')
			p++
		case b[p] == '"':
			p, bad = d.measuredText(p)
		default:
			p = d.scalar(p)
		}
		if p < 0 {
			return bad
		}
		for more := false; !more; opened = false {
			if level == 0 {
				return nil
			}
			end := byte(']')
			if d.inObject(level) {
				end = '}'
			}
			if p, more = d.next(p, opened, end); p < 0 {
				return nil
			}
			if !more {
				level--
			}
		}
		if d.inObject(level) {
			if p, bad = d.measuredText(p); p >= 0 {
				p = d.colon(p)
			}
			if p < 0 {
				return bad
			}
		}
	}
}

// measuredText passes over the string at p. Its position is -1 where it is none, or too long, which the error says.
func (d *decoder) measuredText(p int) (int, *format.DataError) {
	content, _, end := d.text(p)
	if end >= 0 && len(content) > d.Limits.String {
		return -1, &format.DataError{Code: "json.size", Message: fmt.Sprintf("%s at byte %d", d.Limits.TooLong(len(content)), p)}
	}
	return end, nil
}

// admit says what is wrong with a text that is to be one JSON value, with so many levels around it: that it is none, or is beyond the limits.
func (d *decoder) admit(text []byte, depth int) *format.DataError {
	if bad := d.validate(text, depth); bad != nil || len(text) <= d.small {
		return bad
	}
	d.begin(text, 0)
	defer d.begin(nil, 0)
	return d.measured(0)
}

// enter notes that the values of a level are those of an object, or of an array.
func (d *decoder) enter(level int, object bool) {
	if d.objects[level>>6] &^= 1 << (level & 63); object {
		d.objects[level>>6] |= 1 << (level & 63)
	}
}

func (d *decoder) inObject(level int) bool { return d.objects[level>>6]>>(level&63)&1 != 0 }

// weigh counts an item of f, the value at p, with all that is in it whether the record has it or not.
func (d *decoder) weigh(item *field, p int) bool {
	if d.weight += item.cells; d.weight > d.Limits.Fields {
		d.fail("json.fields", p, d.Limits.TooMany()+", fields of structs that are absent counted,")
		return false
	}
	return true
}
