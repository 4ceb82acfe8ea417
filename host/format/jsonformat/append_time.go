package jsonformat

import (
	"encoding/binary"
	"math"
)

const (
	firstDay = -719528 // 0000-01-01
	lastDay  = 2932896 // 9999-12-31
)

// setDay makes date the text of a day from 1970; false outside the years 0 to 9999. Rows next to each other are often of
// one day.
func (c *column) setDay(day int64) bool {
	if day == c.day {
		return true
	}
	if day < firstDay || day > lastDay {
		return false
	}
	year, month, dom := date(day)
	b := c.date[:]
	put4(b, 0, year)
	put2(b, 5, month)
	put2(b, 8, dom)
	b[4], b[7], b[10] = '-', '-', 'T'
	c.day = day
	return true
}

// putTime writes the time v as text; false outside the years 0 to 9999.
func (c *column) putTime(b []byte, n int, v int64) (int, bool) {
	since := uint64(v - c.midnight)
	if since >= uint64(daySeconds*c.second) || v < c.midnight || c.day == noDay { // the difference may have wrapped
		day := floorDiv(floorDiv(v, c.second), daySeconds)
		if !c.setDay(day) {
			return n, false
		}
		c.midnight = day * daySeconds * c.second
		since = uint64(v - c.midnight)
		if c.midnight > v { // it wrapped, in the first day that a column can hold; the difference is right, but for this day only
			c.day = noDay
		}
	}
	b[n] = '"'
	*(*[dateSize]byte)(b[n+1:]) = c.date
	seconds, nano := c.split(since)
	n = putClock(b, n+1+len("2013-01-02T"), seconds, nano)
	if c.zone {
		b[n] = 'Z'
		n++
	}
	b[n] = '"'
	return n + 1, true
}

// split is a time of day in seconds and nanoseconds. Divisions by constants are several times as fast as others.
func (c *column) split(v uint64) (seconds, nano uint32) {
	switch c.second {
	case 1e9:
		return uint32(v / 1e9), uint32(v % 1e9)
	case 1e6:
		return uint32(v / 1e6), uint32(v%1e6) * 1e3
	case 1e3:
		return uint32(v / 1e3), uint32(v%1e3) * 1e6
	}
	return uint32(v), 0
}

// putClock writes the seconds of a day as "15:04:05" and the nanoseconds as a fraction.
func putClock(b []byte, n int, seconds, nano uint32) int {
	const colons = ':'<<16 | ':'<<40
	hour, minute, second := uint64(twoDigits[seconds/3600]), uint64(twoDigits[seconds/60%60]), uint64(twoDigits[seconds%60])
	binary.LittleEndian.PutUint64(b[n:], hour|minute<<24|second<<48|colons)
	return putFraction(b, n+8, nano)
}

// putFraction writes nanoseconds as a fraction in groups of three digits, nothing if there are none.
func putFraction(b []byte, n int, nano uint32) int {
	if nano == 0 {
		return n
	}
	b[n] = '.'
	n = put3(b, n+1, nano/1e6)
	if nano%1e6 != 0 {
		n = put3(b, n, nano/1e3%1e3)
	}
	if nano%1e3 != 0 {
		n = put3(b, n, nano%1e3)
	}
	return n
}

// date is the date of a day from 1970, firstDay or later. Years are counted from March, so that the leap day is the last
// (Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
func date(day int64) (year, month, dom uint32) {
	z := uint32(day + 719468 + 146097) // from 0000-03-01, an era of 400 years earlier so that it is not negative
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	dom = doy - (153*mp+2)/5 + 1
	month, year = mp+3, yoe+era*400-400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, dom
}

// millis is the time v as whole milliseconds, rounded down; false if they do not fit.
func millis(v, second int64) (int64, bool) {
	if second > 1000 {
		return floorDiv(v, second/1000), true
	}
	factor := 1000 / second
	ms := v * factor
	return ms, ms/factor == v
}

// putInterval writes an INTERVAL in quotes as an ISO 8601 duration, "P1Y2M3DT4H5M6.500S", each number with its own sign;
// none at all is "PT0S". Months are never days, nor days hours.
func putInterval(b []byte, n int, value []byte) int {
	months := int64(int32(binary.NativeEndian.Uint32(value)))
	days := int64(int32(binary.NativeEndian.Uint32(value[4:])))
	nanos := int64(binary.NativeEndian.Uint64(value[8:]))
	n += copy(b[n:], `"P`)
	start := n
	n = putPart(b, n, months/12, 'Y')
	n = putPart(b, n, months%12, 'M')
	n = putPart(b, n, days, 'D')
	if nanos != 0 || n == start {
		b[n] = 'T'
		n++
		n = putPart(b, n, nanos/3600e9, 'H')
		n = putPart(b, n, nanos/60e9%60, 'M')
		if seconds := nanos % 60e9; seconds != 0 || nanos == 0 {
			if seconds < 0 {
				b[n] = '-'
				n++
				seconds = -seconds
			}
			n = putInt(b, n, seconds/1e9)
			n = putFraction(b, n, uint32(seconds%1e9))
			b[n] = 'S'
			n++
		}
	}
	b[n] = '"'
	return n + 1
}

// putPart writes a number of an interval and its unit, nothing for 0.
func putPart(b []byte, n int, v int64, unit byte) int {
	if v == 0 {
		return n
	}
	n = putInt(b, n, v)
	b[n] = unit
	return n + 1
}

const noDay = math.MinInt64
