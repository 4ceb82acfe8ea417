package types

import (
	"math"
	"math/big"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"pgregory.net/rapid"
)

// exact is the number without the help of decimal128's methods.
func exact(n decimal128.Num) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(n.HighBits()), 64)
	return v.Add(v, new(big.Int).SetUint64(n.LowBits()))
}

func tenTo(digits int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
}

// TestRescale compares with arithmetic of unbounded precision.
func TestRescale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := decimal128.New(rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(-1)), rapid.Just(int64(math.MinInt64)), rapid.Int64()).Draw(t, "high"),
			rapid.OneOf(rapid.Just(uint64(0)), rapid.Just(uint64(1e19)), rapid.Uint64()).Draw(t, "low"))
		from, to := rapid.Int32Range(0, MaxPrecision).Draw(t, "from"), rapid.Int32Range(0, MaxPrecision).Draw(t, "to")
		precision := rapid.Int32Range(max(to, 1), MaxPrecision).Draw(t, "precision")
		if zeros := rapid.Int32Range(0, tens).Draw(t, "zeros"); n.HighBits() == 0 && rapid.Bool().Draw(t, "whole") {
			n = n.Mul(decimal128.GetScaleMultiplier(int(zeros)))
		}
		want, rest := new(big.Int).QuoRem(new(big.Int).Mul(exact(n), tenTo(to)), tenTo(from), new(big.Int))
		fits := rest.Sign() == 0 && want.CmpAbs(tenTo(precision)) < 0
		got, ok := Rescale(n, from, to, precision)
		if ok != fits || ok && exact(got).Cmp(want) != 0 {
			t.Fatalf("%v with %d digits as DECIMAL(%d, %d): %v, %t, want %v, %t", exact(n), from, precision, to, exact(got), ok, want, fits)
		}
	})
}
