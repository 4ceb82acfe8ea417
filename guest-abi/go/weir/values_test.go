package weir_test

import (
	"math"
	"strings"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir"
)

func TestDecimals(t *testing.T) {
	most := weir.Decimal{Lo: math.MaxUint64, Hi: math.MaxInt64}
	for _, test := range []struct {
		digits weir.Decimal
		scale  int
		want   string
	}{
		{weir.DecimalOf(0), 0, "0"}, {weir.DecimalOf(0), 2, "0.00"}, {weir.DecimalOf(5), 2, "0.05"}, {weir.DecimalOf(-5), 1, "-0.5"},
		{weir.DecimalOf(-1234), 2, "-12.34"}, {weir.DecimalOf(10), 1, "1.0"}, {weir.DecimalOf(7), -1, "7"},
		{weir.DecimalOf(math.MinInt64), 0, "-9223372036854775808"}, {weir.DecimalOf(1), 38, "0." + strings.Repeat("0", 37) + "1"},
		{most, 0, "170141183460469231731687303715884105727"}, {most, 38, "1.70141183460469231731687303715884105727"},
		{weir.Decimal{Hi: math.MinInt64}, 39, "-0.170141183460469231731687303715884105728"}, {weir.Decimal{Lo: 5, Hi: 1}, 3, "18446744073709551.621"},
		{weir.DecimalOf(1), 60, "0." + strings.Repeat("0", 59) + "1"},
	} {
		if got := test.digits.Text(test.scale); got != test.want {
			t.Errorf("%v, scale %d: %s, want %s", test.digits, test.scale, got, test.want)
		}
	}
	for _, n := range []int64{0, 1, -1, math.MinInt64, math.MaxInt64} {
		if got, ok := weir.DecimalOf(n).Int64(); got != n || !ok {
			t.Errorf("%d came back as %d, %v", n, got, ok)
		}
	}
	for _, d := range []weir.Decimal{{Hi: 1}, {Lo: 1 << 63}, {Hi: -1}, most} {
		if n, ok := d.Int64(); ok {
			t.Errorf("%v is %d", d, n)
		}
	}
}
