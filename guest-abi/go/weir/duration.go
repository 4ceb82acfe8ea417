package weir

import (
	"math"
	"math/bits"
)

// parseDuration reads one or more numbers with a unit each, without a sign, to nanoseconds; what is finer is cut off.
func parseDuration(s string) (nanoseconds int64, ok bool) {
	total := uint64(0)
	for more := true; more; more = s != "" {
		whole, fraction, scale := uint64(0), uint64(0), uint64(1)
		digits := 0
		for ; s != "" && isDigit(s[0]); s, digits = s[1:], digits+1 {
			if whole > math.MaxInt64/10 {
				return 0, false
			}
			whole = whole*10 + uint64(s[0]-'0')
		}
		if s != "" && s[0] == '.' {
			for s = s[1:]; s != "" && isDigit(s[0]); s, digits = s[1:], digits+1 {
				if scale < 1e15 {
					fraction, scale = fraction*10+uint64(s[0]-'0'), scale*10
				}
			}
		}
		unit, rest := takeUnit(s)
		if digits == 0 || unit == 0 {
			return 0, false
		}
		s = rest
		// fraction < scale, so the quotient below is smaller than the unit.
		high, low := bits.Mul64(fraction, unit)
		part, _ := bits.Div64(high, low, scale)
		overflow, product := bits.Mul64(whole, unit)
		if overflow != 0 || product > math.MaxInt64-total || product+part > math.MaxInt64-total {
			return 0, false
		}
		total += product + part
	}
	return int64(total), true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// takeUnit splits off a unit and gives its nanoseconds, 0 where there is none.
func takeUnit(s string) (unit uint64, rest string) {
	end := 0
	for end < len(s) && !isDigit(s[end]) && s[end] != '.' {
		end++
	}
	switch rest = s[end:]; s[:end] {
	case "ns":
		return 1, rest
	case "us":
		return 1e3, rest
	case "ms":
		return 1e6, rest
	case "s":
		return 1e9, rest
	case "m":
		return 60e9, rest
	case "h":
		return 3600e9, rest
	}
	return 0, s
}
