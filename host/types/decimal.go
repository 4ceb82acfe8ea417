package types

import (
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// tens is how many digits a power of ten has room for in a word.
const tens = 19

// Rescale gives an unscaled number with from digits behind the point to of them. ok is false where that would lose digits that
// are not zeros, or takes more than precision digits in all. The methods of decimal128 are not for numbers that anybody wrote:
// they panic past 128 bits, find the least number to have few digits, and lose half of each where words have 32 bits.
func Rescale(n decimal128.Num, from, to, precision int32) (_ decimal128.Num, ok bool) {
	abs, negative := n, n.Sign() < 0
	if negative {
		abs = n.Negate()
	}
	hi, lo := uint64(abs.HighBits()), abs.LowBits()
	for from > to {
		step := min(from-to, tens)
		unit, rest := power(step), uint64(0)
		hi, rest = hi/unit, hi%unit
		if lo, rest = bits.Div64(rest, lo, unit); rest != 0 {
			return n, false
		}
		from -= step
	}
	for from < to {
		step := min(to-from, tens)
		unit := power(step)
		over, high := bits.Mul64(hi, unit)
		carry, low := bits.Mul64(lo, unit)
		high, more := bits.Add64(high, carry, 0)
		if over|more != 0 {
			return n, false
		}
		hi, lo = high, low
		from += step
	}
	most := decimal128.GetScaleMultiplier(int(precision))
	if limit := uint64(most.HighBits()); hi > limit || hi == limit && lo >= most.LowBits() {
		return n, false
	}
	out := decimal128.New(int64(hi), lo)
	if negative {
		out = out.Negate()
	}
	return out, true
}

// power is a power of ten of at most tens digits behind the first.
func power(digits int32) uint64 { return decimal128.GetScaleMultiplier(int(digits)).LowBits() }
