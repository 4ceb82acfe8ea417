package jsonformat

import "fmt"

// value reads the value at p into f's column. It knows the forms that nearly all values have (of BIGINT, members does) and
// leaves the others to anyValue.
func (d *decoder) value(f *field, p int) int {
	b := d.frame
	switch f.kind {
	case kindText, kindDictionary:
		if p+9 <= len(b) && b[p] == '"' {
			if f.column != nil {
				if end := d.copyText(f.column, p+1); end != 0 {
					return end
				}
			}
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
			} else if end, ascii := plainRun(b, p+1, d.control); ascii && end < len(b) && b[end] == '"' {
				if f.column != nil {
					if err := f.column.AppendBytes(b[p+1 : end]); err != nil {
						d.err = err
						return -1
					}
				}
				return end + 1
			}
		}
	case kindBigint, kindInt, kindSmallint, kindTinyint, kindUbigint, kindUint, kindUsmallint, kindUtinyint:
		if v, end := plainInt(b, p); end != 0 && v >= f.low && v <= f.high {
			f.appendInt(v)
			return end
		}
	case kindDouble:
		if v, end := plainDouble(b, p); end != 0 {
			if f.column != nil {
				f.column.AppendFloat64(v)
			}
			return end
		}
	case kindFloat:
		if v, end := plainFloat(b, p); end != 0 {
			if f.column != nil {
				f.column.AppendFloat32(v)
			}
			return end
		}
	case kindDecimal:
		if lo, hi, end := plainDecimal(b, p, f.scale, f.limit); end != 0 {
			if f.column != nil {
				f.column.AppendDecimal(lo, hi)
			}
			return end
		}
	case kindTime:
		if sec, nano, end := f.last.plainTime(b, p); end != 0 && d.TimestampFormat == RFC3339 {
			if v, ok := f.units(sec, nano); ok {
				if nano != 0 && int64(nano)%f.nanos != 0 {
					d.seen |= traitOdd
				}
				if f.column != nil {
					f.column.AppendInt64(v)
				}
				return end
			}
		}
	case kindDate:
		if day, end := plainDate(b, p); end != 0 {
			f.appendInt(day)
			return end
		}
	case kindBool:
		if p+4 <= len(b) && string(b[p:p+4]) == "true" {
			if f.column != nil {
				f.column.AppendBool(true)
			}
			return p + 4
		}
	case kindStruct:
		if b[p] == '{' {
			return d.structure(f, p)
		}
	case kindList:
		if b[p] == '[' {
			return d.items(f, p)
		}
	case kindMap:
		if b[p] == '{' {
			return d.entries(f, p)
		}
	case kindJSON:
		return d.verbatim(f, p)
	}
	return d.anyValue(f, p)
}

// anyValue reads a value of any form, right or wrong, but for a right one of a nested type.
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
			d.wrong(f, "json.type", p, "boolean", "")
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
			message := fmt.Sprintf("null value for non-nullable field (expected %s) at byte %d", f.sql, p)
			d.mistake(f, p, "json.null", message, "null")
		}
		f.appendNull()
		return end
	}
	end := d.skip(p, f.depth)
	if end >= 0 {
		d.wrong(f, "json.type", p, describe(b[p]), "")
	}
	return end
}

// fromText takes the content of the string at p for f.
func (d *decoder) fromText(f *field, p int, content []byte) {
	var result verdict
	switch f.kind {
	case kindText, kindDictionary:
		if f.column != nil {
			d.err = f.column.AppendBytes(content)
		}
		return
	case kindBinary, kindUUID, kindInterval, kindDate, kindClock32, kindClock64, kindTime:
		result = d.fromForm(f, content)
	case kindBool, kindStruct, kindList, kindMap:
		result = badType
	default:
		result = d.fromNumberText(f, content)
	}
	if result != good {
		d.wrong(f, result.code("json.parse"), p, d.found("string", len(content)), result.reason())
	}
}

// fromForm takes the content of a string for a type that is always written as one.
func (d *decoder) fromForm(f *field, content []byte) verdict {
	switch f.kind {
	case kindBinary:
		var ok bool
		if d.bytes, ok = parseBase64(d.bytes, content); !ok {
			return badSyntax
		}
		if f.column != nil {
			d.err = f.column.AppendBytes(d.bytes)
		}
	case kindUUID:
		id, ok := parseUUID(content, d.strict.Has(TextForms))
		if !ok {
			return badSyntax
		}
		if f.column != nil {
			d.bytes = append(d.bytes[:0], id[:]...)
			f.column.AppendFixed(d.bytes)
		}
	case kindInterval:
		v, result := parseInterval(content, d.strict.Has(TextForms))
		if result != good {
			return result
		}
		if f.column != nil {
			f.column.AppendInterval(v.months, v.days, v.nanos)
		}
	default:
		v, result := d.timeText(f, content)
		if result != good {
			return result
		}
		f.appendInt(v)
	}
	return good
}

// timeText is the text of a date, time or timestamp as f's column takes it.
func (d *decoder) timeText(f *field, content []byte) (int64, verdict) {
	switch f.kind {
	case kindDate:
		return parseDate(content, d.strict.Has(TextForms))
	case kindClock32, kindClock64:
		nanos, ok := parseClock(content, d.strict.Has(TextForms))
		if !ok {
			return 0, badSyntax
		}
		if nanos%f.nanos != 0 {
			d.seen |= traitOdd
		}
		return nanos / f.nanos, good
	}
	d.seen |= traitOdd // plainTime reads the others
	if d.strict.Has(TimestampForms) && d.TimestampFormat == UnixMillis {
		return 0, badType
	}
	sec, nano, ok := parseTime(content, d.strict.Has(TimestampForms))
	if !ok {
		return 0, badSyntax
	}
	v, fits := f.units(sec, nano)
	if !fits {
		return 0, badRange
	}
	return v, good
}

// fromNumberText takes the content of a string for a type that is written as a number.
func (d *decoder) fromNumberText(f *field, content []byte) verdict {
	asText := f.kind == kindDecimal && d.DecimalEncoding != DecimalNumber
	if d.strict.Has(StringNumbers) && !asText {
		return badType
	}
	d.seen |= traitOdd // NaN is written as null
	switch f.kind {
	case kindDouble:
		v, result := parseDoubleText(content)
		return f.appendDouble(v, result)
	case kindFloat:
		v, result := parseFloatText(content)
		return f.appendFloat(v, result)
	case kindDecimal:
		return d.fromDecimalText(f, content)
	}
	v, result := f.parseIntText(content)
	if result == good {
		f.appendInt(v)
	}
	return result
}

// fromDecimalText takes the content of a string for a DECIMAL: digits, or with DecimalBytes base64.
func (d *decoder) fromDecimalText(f *field, content []byte) verdict {
	if d.DecimalEncoding != DecimalBytes {
		lo, hi, result := parseDecimalText(content, f.precision, f.scale, d.strict)
		return f.appendDecimal(lo, hi, result)
	}
	var ok bool
	if d.bytes, ok = parseBase64(d.bytes, content); !ok {
		return badSyntax
	}
	lo, hi, result := unscaled(d.bytes, f.limit)
	return f.appendDecimal(lo, hi, result)
}

// fromNumber takes the number token at p for f.
func (d *decoder) fromNumber(f *field, p int, token []byte) {
	var result verdict
	switch f.kind {
	case kindDouble:
		var v float64
		v, result = parseDouble(token, d.strict)
		result = f.appendDouble(v, result)
	case kindFloat:
		var v float32
		v, result = parseFloat(token, d.strict)
		result = f.appendFloat(v, result)
	case kindDecimal:
		lo, hi, r := parseDecimal(token, f.precision, f.scale, d.strict)
		result = f.appendDecimal(lo, hi, r)
	case kindText, kindDictionary, kindBool, kindBinary, kindUUID, kindInterval, kindStruct, kindList, kindMap:
		result = badType
		if n, ok := splitNumber(token); d.strict.Has(NumberSyntax) && !(ok && n.strict) {
			result = badSyntax
		}
	default:
		var v int64
		if v, result = d.integer(f, token); result == good {
			f.appendInt(v)
		}
	}
	if result != good {
		d.wrong(f, result.code("json.syntax"), p, d.found("number", len(token)), result.reason())
	}
}

// found says what was found, for a message if there is to be one.
func (d *decoder) found(what string, length int) string {
	if d.probing {
		return ""
	}
	return fmt.Sprintf("%s (length: %d)", what, length)
}

// integer is a number token as the value of an integer, date, time or timestamp column.
func (d *decoder) integer(f *field, token []byte) (int64, verdict) {
	negative, magnitude, result := parseInt(token, d.strict)
	if result != good {
		return 0, result
	}
	millis := d.TimestampFormat == UnixMillis
	switch {
	case f.kind == kindDate && millis && d.datesInDays():
		return f.fit(negative, magnitude)
	case f.kind == kindTime && !millis && d.strict.Has(TimestampForms),
		f.kind == kindDate && !millis && d.strict.Has(TextForms),
		(f.kind == kindClock32 || f.kind == kindClock64) && d.strict.Has(TextForms):
		return 0, badType
	case (f.kind == kindTime || f.kind == kindDate) && millis:
		ms, result := toInt64(negative, magnitude)
		if result != good {
			return 0, result
		}
		if f.kind == kindDate {
			return dayOfMillis(ms)
		}
		return f.unitsOfMillis(ms)
	}
	return f.fit(negative, magnitude)
}

func (f *field) appendDouble(v float64, result verdict) verdict {
	if result == good && f.column != nil {
		f.column.AppendFloat64(v)
	}
	return result
}

func (f *field) appendFloat(v float32, result verdict) verdict {
	if result == good && f.column != nil {
		f.column.AppendFloat32(v)
	}
	return result
}

func (f *field) appendDecimal(lo uint64, hi int64, result verdict) verdict {
	if result == good && f.column != nil {
		f.column.AppendDecimal(lo, hi)
	}
	return result
}
