package jsonformat

import "math"

const daySeconds = 86400

// plainDate reads the string at p if it is a date such as "2013-01-02". Else end is 0.
func plainDate(b []byte, p int) (day int64, end int) {
	if p+12 > len(b) || b[p] != '"' || b[p+11] != '"' {
		return 0, 0
	}
	day, ok := parsePlainDate(b[p+1 : p+11])
	if !ok {
		return 0, 0
	}
	return day, p + 12
}

// parsePlainDate reads a text of ten bytes as the number of days from 1970 to a date of the years 0 to 9999.
func parsePlainDate(s []byte) (int64, bool) {
	c := pairs{ok: s[4] == '-' && s[7] == '-'}
	day, ok := days(c.at(s, 0)*100+c.at(s, 2), c.at(s, 5), c.at(s, 8))
	return day, ok && c.ok
}

// parseDate reads the text of a date: "2013-01-02", or, unless strict, a timestamp, of which the date in UTC counts.
func parseDate(s []byte, strict bool) (int64, verdict) {
	if len(s) == 10 {
		if day, ok := parsePlainDate(s); ok {
			return day, good
		}
		return 0, badSyntax
	}
	sec, _, ok := parseTime(s, false)
	if strict || !ok {
		return 0, badSyntax
	}
	return floorDiv(sec, daySeconds), good
}

// dayOfMillis is the day of a time in milliseconds from 1970.
func dayOfMillis(ms int64) (int64, verdict) { return checkDay(floorDiv(ms, daySeconds*1000)) }

// checkDay says whether a DATE column can hold the day.
func checkDay(day int64) (int64, verdict) {
	if day < math.MinInt32 || day > math.MaxInt32 {
		return 0, badRange
	}
	return day, good
}

// parseClock reads the text of a time of day in nanoseconds: "12:34:56", with or without a fraction, of which digits past
// the ninth are dropped, or, unless strict, "12:34".
func parseClock(s []byte, strict bool) (nanos int64, ok bool) {
	if len(s) < 5 || s[2] != ':' {
		return 0, false
	}
	c := pairs{ok: true}
	hour, minute, second, fractional := c.at(s, 0), c.at(s, 3), uint64(0), int32(0)
	switch rest := s[5:]; {
	case len(rest) == 0 && !strict:
	case len(rest) < 3 || rest[0] != ':':
		return 0, false
	default:
		second = c.at(rest, 1)
		if rest = rest[3:]; len(rest) == 0 {
			break
		}
		end := digitsEnd(rest, 1)
		if rest[0] != '.' || end == 1 || end != len(rest) || strict && end > 10 {
			return 0, false
		}
		fractional = fraction(rest[1:])
	}
	if !c.ok || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return int64(hour*3600+minute*60+second)*1e9 + int64(fractional), true
}
