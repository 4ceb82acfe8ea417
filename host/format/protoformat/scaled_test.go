package protoformat

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestScaled holds the product and its bounds against numbers that have none.
func TestScaled(t *testing.T) {
	edges := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	for _, unit := range []int64{1, 1e3, 1e6, 1e9} {
		rapid.Check(t, func(t *rapid.T) {
			near := max(math.MinInt64/unit, math.MinInt64+2)
			seconds := rapid.OneOf(rapid.SampledFrom(edges), rapid.Int64(), rapid.Int64Range(near-2, near+2),
				rapid.Int64Range(math.MaxInt64/unit-2, math.MaxInt64/unit)).Draw(t, "seconds")
			rest := rapid.Int64Range(0, unit-1).Draw(t, "rest")
			want := new(big.Int).Mul(big.NewInt(seconds), big.NewInt(unit))
			want.Add(want, big.NewInt(rest))
			got, over := scaled(seconds, unit, rest)
			if over == want.IsInt64() || !over && got != want.Int64() {
				t.Fatalf("%d, %t; want %s", got, over, want)
			}
		})
	}
}
