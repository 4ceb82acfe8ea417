package jsonformat

import (
	"math"
	"math/big"
	"math/bits"
)

// maxTen bounds the powers of ten that nearest knows.
const maxTen = 64

// tens are the 128 leading bits of the powers of ten from -maxTen to maxTen; bits that come after are cut off.
var tens = func() (t [2*maxTen + 1]wide) {
	low := new(big.Int).SetUint64(math.MaxUint64)
	for e := -maxTen; e <= maxTen; e++ {
		v := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil)
		if e < 0 {
			v.Div(new(big.Int).Lsh(big.NewInt(1), uint(v.BitLen()+128)), v)
		}
		if size := v.BitLen(); size > 128 {
			v.Rsh(v, uint(size-128))
		} else {
			v.Lsh(v, uint(128-size))
		}
		t[e+maxTen] = wide{new(big.Int).Rsh(v, 64).Uint64(), new(big.Int).And(v, low).Uint64()}
	}
	return t
}()

// nearest is the float64 nearest to sum * 10^exponent; false where it does not know, which is seldom. It multiplies by the
// leading bits of the power of ten and sees whether those cut off could matter (Lemire, "Number parsing at a gigabyte per
// second", Software: Practice and Experience 51(8), 2021, section 5).
func nearest(sum uint64, exponent int) (float64, bool) {
	if sum == 0 {
		return 0, true
	}
	if exponent < -maxTen || exponent > maxTen {
		return 0, false
	}
	shift := bits.LeadingZeros64(sum)
	sum <<= shift
	ten := tens[exponent+maxTen]
	hi, lo := bits.Mul64(sum, ten.hi)
	if hi&0x1ff == 0x1ff && lo+sum < sum { // a carry from what was left out could run through
		hi2, lo2 := bits.Mul64(sum, ten.lo)
		var carry uint64
		lo, carry = bits.Add64(lo, hi2, 0)
		hi += carry
		if hi&0x1ff == 0x1ff && lo == math.MaxUint64 && lo2+sum < sum {
			return 0, false
		}
	}
	top := int(hi >> 63)
	mantissa := hi >> (9 + top) // 54 bits: one more than a float64 has
	if lo == 0 && hi&0x1ff == 0 && mantissa&3 == 1 {
		return 0, false // the middle between two, or just beside it
	}
	mantissa = (mantissa + mantissa&1) >> 1
	// 217706/2^16 is log2(10), close enough for the exponents there are.
	power := 217706*exponent>>16 + 64 - shift + top - 1
	if mantissa == 1<<53 {
		mantissa >>= 1
		power++
	}
	return math.Float64frombits(uint64(power+1023)<<52 | mantissa&(1<<52-1)), true
}
