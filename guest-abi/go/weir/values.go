package weir

import "math/bits"

// Decimal is the digits of a DECIMAL as an integer of 128 bits in two halves: the number times 10^scale. It lies in memory as in a
// column.
type Decimal struct {
	Lo uint64
	Hi int64
}

// DecimalOf is an integer as the digits of a DECIMAL.
func DecimalOf(digits int64) Decimal { return Decimal{uint64(digits), digits >> 63} }

// Int64 is the digits as an integer; ok is false where 64 bits are too few.
func (d Decimal) Int64() (digits int64, ok bool) {
	return int64(d.Lo), d.Hi == int64(d.Lo)>>63
}

// Text is the number in decimal notation, with as many digits behind the point as the scale says.
func (d Decimal) Text(scale int) string {
	lo, hi := d.Lo, uint64(d.Hi)
	if d.Hi < 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	scale = max(scale, 0)
	b := make([]byte, max(scale, 40)+3) // 39 digits, the point, a zero before it, the sign
	at, digits := len(b), 0
	for lo|hi != 0 || digits <= scale {
		if digits == scale && scale > 0 {
			at--
			b[at] = '.'
		}
		var remainder uint64
		hi, remainder = hi/10, hi%10
		lo, remainder = bits.Div64(remainder, lo, 10)
		at--
		b[at] = '0' + byte(remainder)
		digits++
	}
	if d.Hi < 0 {
		at--
		b[at] = '-'
	}
	return string(b[at:])
}

// UUID is the 16 bytes of a UUID, in the order in which they are written.
type UUID [16]byte

// String is the UUID as it is written: lower case, in groups of 8, 4, 4, 4 and 12 digits.
func (u UUID) String() string {
	const hex = "0123456789abcdef"
	b := make([]byte, 0, 36)
	for i, c := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hex[c>>4], hex[c&15])
	}
	return string(b)
}

// Interval is a span of time: months, days and nanoseconds, each of which may be negative, and none of which is turned into
// another. It lies in memory as in a column.
type Interval struct {
	Months, Days int32
	Nanoseconds  int64
}
