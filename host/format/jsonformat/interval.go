package jsonformat

import "math"

// interval is a length of time as INTERVAL columns have it: months, days and nanoseconds, none of which stands for another.
type interval struct {
	months, days int32
	nanos        int64
}

// intervalUnits are the designators of an ISO 8601 duration, in their order, and what each is in months, days or seconds.
// "M" is months before the "T" and minutes behind it.
var intervalUnits = [...]struct {
	designator     byte
	clock          bool // behind the T
	months, days   int64
	seconds        int64
	takesFractions bool
}{
	{designator: 'Y', months: 12}, {designator: 'M', months: 1}, {designator: 'W', days: 7}, {designator: 'D', days: 1},
	{designator: 'H', clock: true, seconds: 3600}, {designator: 'M', clock: true, seconds: 60},
	{designator: 'S', clock: true, seconds: 1, takesFractions: true},
}

// parseInterval reads an ISO 8601 duration such as "P1M2DT3H4M5.6S" (section 5.5.2.2), with weeks among the rest, and with
// a sign before any of its numbers or before the whole, as PostgreSQL writes and reads them. Only seconds take a fraction,
// of which digits past the ninth are dropped, or, if strict, refused.
func parseInterval(s []byte, strict bool) (interval, verdict) {
	var months, days, nanos total
	negative, p := sign(s, 0)
	if p >= len(s) || s[p] != 'P' {
		return interval{}, badSyntax
	}
	clock, unit, parts := false, 0, 0
	for p++; p < len(s); parts++ {
		if s[p] == 'T' && !clock {
			clock = true
			if p++; p == len(s) {
				return interval{}, badSyntax
			}
		}
		minus, start := sign(s, p)
		end := digitsEnd(s, start)
		whole, fractional, p2 := s[start:end], []byte(nil), end
		if end < len(s) && s[end] == '.' {
			p2 = digitsEnd(s, end+1)
			fractional = s[end+1 : p2]
		}
		for unit < len(intervalUnits) && p2 < len(s) && (intervalUnits[unit].designator != s[p2] || intervalUnits[unit].clock != clock) {
			unit++
		}
		if unit == len(intervalUnits) || p2 == len(s) || start == end {
			return interval{}, badSyntax
		}
		u := intervalUnits[unit]
		if p2 > end && (!u.takesFractions || len(fractional) == 0 || strict && len(fractional) > 9) {
			return interval{}, badSyntax
		}
		minus = minus != negative
		months.add(whole, u.months, minus)
		days.add(whole, u.days, minus)
		nanos.add(whole, u.seconds*1e9, minus)
		nanos.plus(int64(fraction(fractional)), minus)
		p = p2 + 1
		unit++
	}
	switch {
	case parts == 0:
		return interval{}, badSyntax
	case months.over || days.over || nanos.over || months.outside32() || days.outside32():
		return interval{}, badRange
	}
	return interval{int32(months.sum), int32(days.sum), nanos.sum}, good
}

// sign reads a sign, of which there may be none.
func sign(s []byte, p int) (negative bool, end int) {
	if p < len(s) && (s[p] == '-' || s[p] == '+') {
		return s[p] == '-', p + 1
	}
	return false, p
}

// total is a sum that remembers whether it left the range of an int64.
type total struct {
	sum  int64
	over bool
}

// add adds digits times unit.
func (t *total) add(digits []byte, unit int64, negative bool) {
	if unit == 0 {
		return
	}
	v := int64(0)
	for _, d := range digits {
		if v > (math.MaxInt64-9)/10 {
			t.over = true
			return
		}
		v = v*10 + int64(d-'0')
	}
	if v > math.MaxInt64/unit {
		t.over = true
		return
	}
	t.plus(v*unit, negative)
}

func (t *total) plus(v int64, negative bool) {
	if negative {
		v = -v
	}
	if sum := t.sum + v; v >= 0 == (sum >= t.sum) {
		t.sum = sum
		return
	}
	t.over = true
}

func (t *total) outside32() bool { return t.sum < math.MinInt32 || t.sum > math.MaxInt32 }
