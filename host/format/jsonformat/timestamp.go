package jsonformat

import "math"

// units is a time in the column's unit, rounded down; false if it does not fit. nano is 0 to 1e9-1.
func (f *field) units(sec int64, nano int32) (int64, bool) {
	part := int64(nano)
	if f.nanos > 1 {
		part /= f.nanos
	}
	if sec <= f.safe && sec >= -f.safe {
		return sec*f.second + part, true
	}
	// Near the ends of the range the sum may fit where the product does not, so a negative time is counted from above.
	if sec < 0 && part > 0 {
		sec, part = sec+1, part-f.second
	}
	v := sec * f.second
	if v/f.second != sec || part > 0 && v > math.MaxInt64-part || part < 0 && v < math.MinInt64-part {
		return 0, false
	}
	return v + part, true
}

// unitsOfMillis is a time in milliseconds in the column's unit, rounded down.
func (f *field) unitsOfMillis(ms int64) (int64, verdict) {
	if f.second == 1 {
		return floorDiv(ms, 1000), good
	}
	factor := f.second / 1000
	if v := ms * factor; v/factor == ms {
		return v, good
	}
	return 0, badRange
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// daysBefore is the number of days in a year before each month, in a year that is not a leap year.
var daysBefore = [...]int64{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

func leap(year uint64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// days is the number of days from 1970 to a date of the years 0 to 9999; false if there is no such date.
func days(year, month, day uint64) (int64, bool) {
	if month-1 > 11 || day == 0 {
		return 0, false
	}
	before, after := daysBefore[month-1], daysBefore[month]
	if leap(year) {
		if month > 2 {
			before++
		}
		if month > 1 {
			after++
		}
	}
	if int64(day) > after-before {
		return 0, false
	}
	// Leap days before the year: those of the years 0 to year-1.
	y := int64(year)
	leaps := (y+3)/4 - (y+99)/100 + (y+399)/400
	return 365*y + leaps + before + int64(day) - 1 - 719528, true
}

// What the digits of "2013-01-02T15:04" must be xored with to give numbers, and zeros for what stands between, and what
// must be added then to carry into the top bit of a byte that is wrong.
const (
	dateZeros = 0x2d30302d30303030 // "0000-00-"
	dateLimit = 0x7f76767f76767676
	timeZeros = 0x30303a3030543030 // "00T00:00"
	timeLimit = 0x76767f76767f7676
)

// lastDate is the date that was read last: those of neighbours are often equal.
type lastDate struct {
	text [10]byte
	day  int64
}

// plainTime reads the string at p if it is a time such as "2013-01-02T15:04:05Z", with or without a fraction of at most
// nine digits or the zone. Else end is 0.
func (l *lastDate) plainTime(b []byte, p int) (sec int64, nano int32, end int) {
	if p+22 > len(b) || b[p] != '"' || b[p+17] != ':' {
		return 0, 0, 0
	}
	clock := load(b, p+9) ^ timeZeros
	s1, s2 := uint64(b[p+18]-'0'), uint64(b[p+19]-'0')
	if (clock|(clock+timeLimit))&highs != 0 || s1 > 5 || s2 > 9 {
		return 0, 0, 0
	}
	clock = clock*10 + clock>>8 // pairs of digits as numbers, in the first byte of each
	hour, minute := clock>>24&0xff, clock>>48&0xff
	if hour > 23 || minute > 59 || string(b[p+1:p+11]) != string(l.text[:]) && !l.read(b[p+1:p+11], clock&0xff) {
		return 0, 0, 0
	}
	sec = l.day*daySeconds + int64(hour*3600+minute*60+s1*10+s2)
	p += 20
	if b[p] == '.' {
		start := p + 1
		if p = digitsEnd(b, start); p == start || p > start+9 {
			return 0, 0, 0
		}
		nano = fraction(b[start:p])
	}
	if p < len(b) && b[p] == 'Z' {
		p++
	}
	if p == len(b) || b[p] != '"' {
		return 0, 0, 0
	}
	return sec, nano, p + 1
}

// read reads a date such as "2013-01-02", of which the digits of the day are known to be dom; false if there is no such date.
func (l *lastDate) read(s []byte, dom uint64) bool {
	date := load(s, 0) ^ dateZeros
	if (date|(date+dateLimit))&highs != 0 {
		return false
	}
	date = date*10 + date>>8
	day, ok := days(date&0xff*100+date>>16&0xff, date>>40&0xff, dom)
	if ok {
		l.day = day
		copy(l.text[:], s)
	}
	return ok
}

// fraction is a fraction of a second in nanoseconds; digits past the ninth are dropped.
func fraction(digits []byte) int32 {
	var n int32
	for i := range 9 {
		n *= 10
		if i < len(digits) {
			n += int32(digits[i] - '0')
		}
	}
	return n
}

// parseTime reads the text of a timestamp in any form that the package documentation lists. The forms are those of
// string_to_datetime in arrow-rs, arrow-cast/src/parse.rs, without zone names.
func parseTime(s []byte, strict bool) (sec int64, nano int32, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, false
	}
	c := pairs{ok: true}
	day, ok := days(c.at(s, 0)*100+c.at(s, 2), c.at(s, 5), c.at(s, 8))
	if !ok || !c.ok || len(s) == 10 {
		return day * 86400, 0, ok && c.ok && !strict
	}
	if s[10] != 'T' && (strict || s[10] != 't' && s[10] != ' ') {
		return 0, 0, false
	}
	var hour, minute, second uint64
	var zone []byte
	switch {
	case len(s) >= 19 && s[13] == ':' && s[16] == ':':
		hour, minute, second, zone = c.at(s, 11), c.at(s, 14), c.at(s, 17), s[19:]
		if len(zone) > 0 && zone[0] == '.' {
			end := digitsEnd(zone, 1)
			if end == 1 || strict && end > 10 {
				return 0, 0, false
			}
			nano, zone = fraction(zone[1:end]), zone[end:]
		}
	case len(s) >= 17 && !strict:
		hour, minute, second, zone = c.at(s, 11), c.at(s, 13), c.at(s, 15), s[17:]
	default:
		return 0, 0, false
	}
	offset, known := zoneOffset(zone, strict)
	if !c.ok || !known || hour > 23 || minute > 59 || second > 60 || strict && second == 60 {
		return 0, 0, false
	}
	return day*86400 + int64(hour*3600+minute*60+second) - offset, nano, true
}

// pairs reads numbers of two digits; ok is false after one that is not.
type pairs struct{ ok bool }

func (c *pairs) at(s []byte, i int) uint64 {
	if s[i]-'0' > 9 || s[i+1]-'0' > 9 {
		c.ok = false
		return 1
	}
	return uint64(s[i]-'0')*10 + uint64(s[i+1]-'0')
}

// zoneOffset is the offset from UTC, in seconds, that the rest of a timestamp says; none is UTC.
func zoneOffset(s []byte, strict bool) (offset int64, ok bool) {
	if len(s) == 0 || len(s) == 1 && (s[0] == 'Z' || s[0] == 'z' && !strict) {
		return 0, true
	}
	for !strict && len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	c := pairs{ok: true}
	var hours, minutes uint64
	switch {
	case len(s) == 6 && s[3] == ':':
		hours, minutes = c.at(s, 1), c.at(s, 4)
	case len(s) == 5 && !strict:
		hours, minutes = c.at(s, 1), c.at(s, 3)
	case len(s) == 3 && !strict:
		hours = c.at(s, 1)
	default:
		return 0, false
	}
	offset = int64(hours*3600 + minutes*60)
	if s[0] == '-' {
		offset = -offset
	}
	return offset, c.ok && hours <= 23 && minutes <= 59 && (s[0] == '+' || s[0] == '-')
}
