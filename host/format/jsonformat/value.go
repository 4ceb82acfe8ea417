package jsonformat

import (
	"fmt"
	"math"

	"github.com/weir-stream/weir/host/format"
)

// value reads the value at p into f's column. It knows the forms that nearly all values have (of BIGINT, object does) and
// leaves the others to anyValue.
func (d *decoder) value(f *field, p int) int {
	b := d.frame
	switch f.kind {
	case kindText:
		if p+9 <= len(b) && b[p] == '"' {
			w := load(b, p+1)
			if m := stops(w, d.control); m != 0 {
				n := index(m)
				if low := m&-m - 1; b[p+1+n] == '"' && w&low&highs == 0 {
					if f.column != nil {
						if err := f.column.AppendShort(w, n); err != nil {
							d.err = err
							return -1
						}
					}
					return p + n + 2
				}
			}
		}
	case kindInt:
		if v, end := plainInt(b, p); end != 0 && v == int64(int32(v)) {
			if f.column != nil {
				f.column.AppendInt32(int32(v))
			}
			return end
		}
	case kindDouble:
		if v, end := plainDouble(b, p); end != 0 {
			if f.column != nil {
				f.column.AppendFloat64(v)
			}
			return end
		}
	case kindTime:
		if sec, nano, end := plainTime(b, p); end != 0 && d.TimestampFormat == RFC3339 {
			if v, ok := f.units(sec, nano); ok {
				if f.column != nil {
					f.column.AppendInt64(v)
				}
				return end
			}
		}
	}
	return d.anyValue(f, p)
}

// anyValue reads a value of any form, right or wrong.
func (d *decoder) anyValue(f *field, p int) int {
	b := d.frame
	switch c := b[p]; {
	case c == '"':
		content, _, end := d.text(p)
		if end < 0 {
			return end
		}
		d.fromText(f, p, content)
		if d.err != nil {
			return -1
		}
		return end
	case c == '-' || c-'0' <= 9:
		end := numberEnd(b, p)
		d.fromNumber(f, p, b[p:end])
		return end
	case c == 't' || c == 'f':
		end := d.scalar(p)
		if end < 0 {
			return end
		}
		if f.kind != kindBool {
			d.wrong(f, "json.type", p, "boolean")
		} else if f.column != nil {
			f.column.AppendBool(c == 't')
		}
		return end
	case c == 'n':
		end := d.scalar(p)
		if end < 0 {
			return end
		}
		if !f.nullable {
			d.mistake(f, "json.null", fmt.Sprintf("null value for non-nullable field (expected %s) at byte %d", f.sql, p))
		}
		f.appendNull()
		return end
	}
	end := d.skip(p, 1)
	if end >= 0 {
		d.wrong(f, "json.type", p, describe(b[p]))
	}
	return end
}

// mistake notes what is wrong about a field. The caller appends something to its column, so that a later value can take
// its place. Strict mode knows no later value: only the first mistake is kept.
func (d *decoder) mistake(f *field, code, message string) {
	if d.Strict && len(d.mistakes) > 0 {
		return
	}
	d.mistakes = append(d.mistakes, mistake{f, &format.DataError{Code: code, Path: f.name, Message: message}})
}

// wrong notes what was found at p in place of f's value, and appends a null for it.
func (d *decoder) wrong(f *field, code string, p int, found string) {
	d.mistake(f, code, fmt.Sprintf("expected %s, got %s at byte %d", f.sql, found, p))
	f.appendNull()
}

// fromText takes the content of the string at p for f.
func (d *decoder) fromText(f *field, p int, content []byte) {
	if f.kind == kindText {
		if f.column != nil {
			d.err = f.column.AppendBytes(content)
		}
		return
	}
	result := badSyntax
	switch {
	case f.kind == kindBool || d.Strict && (f.kind != kindTime || d.TimestampFormat == UnixMillis):
		d.wrong(f, "json.type", p, fmt.Sprintf("string (length: %d)", len(content)))
		return
	case f.kind == kindDouble:
		var v float64
		if v, result = parseDoubleText(content); result == good {
			f.appendDouble(v)
		}
	case f.kind == kindTime:
		sec, nano, ok := parseTime(content, d.Strict)
		if !ok {
			break
		}
		v, fits := f.units(sec, nano)
		if result = badRange; fits {
			result = f.appendInt(v)
		}
	default:
		var v int64
		if v, result = parseIntText(content); result == good {
			result = f.appendInt(v)
		}
	}
	switch result {
	case badSyntax:
		d.wrong(f, "json.parse", p, fmt.Sprintf("string (length: %d) - parse failure", len(content)))
	case badRange:
		d.wrong(f, "json.range", p, fmt.Sprintf("string (length: %d) - out of range", len(content)))
	}
}

// fromNumber takes the number token at p for f.
func (d *decoder) fromNumber(f *field, p int, token []byte) {
	result := badSyntax
	switch f.kind {
	case kindText, kindBool:
		if n, ok := splitNumber(token); d.Strict && !(ok && n.strict) {
			break
		}
		d.wrong(f, "json.type", p, fmt.Sprintf("number (length: %d)", len(token)))
		return
	case kindDouble:
		var v float64
		if v, result = parseDouble(token, d.Strict); result == good {
			f.appendDouble(v)
		}
	default:
		var v int64
		if v, result = parseInt(token, d.Strict); result != good {
			break
		}
		if f.kind == kindTime && d.TimestampFormat == UnixMillis {
			v, result = f.unitsOfMillis(v)
		} else if f.kind == kindTime && d.Strict {
			result = notText
		}
		if result == good {
			result = f.appendInt(v)
		}
	}
	switch result {
	case badSyntax:
		d.wrong(f, "json.syntax", p, fmt.Sprintf("number (length: %d) - parse failure", len(token)))
	case badRange:
		d.wrong(f, "json.range", p, fmt.Sprintf("number (length: %d) - out of range", len(token)))
	case notInteger:
		d.wrong(f, "json.type", p, fmt.Sprintf("number (length: %d) - with a fraction or an exponent", len(token)))
	case notText:
		d.wrong(f, "json.type", p, fmt.Sprintf("number (length: %d)", len(token)))
	}
}

// appendInt appends v to a column of kind kindBigint, kindInt or kindTime, if it fits.
func (f *field) appendInt(v int64) verdict {
	if f.kind == kindInt && (v < math.MinInt32 || v > math.MaxInt32) {
		return badRange
	}
	switch {
	case f.column == nil:
	case f.kind == kindInt:
		f.column.AppendInt32(int32(v))
	default:
		f.column.AppendInt64(v)
	}
	return good
}

func (f *field) appendDouble(v float64) {
	if f.column != nil {
		f.column.AppendFloat64(v)
	}
}
