package ipc

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

// What looks at several values at a time must find one wherever it is.

func TestNaNsAreFoundAnywhere(t *testing.T) {
	const nan, negative = 0x7ff8 << 48, 0xfff8<<48 | 1
	for n := range 11 {
		for at := range n {
			doubles := make([]uint64, n)
			for i := range doubles {
				doubles[i] = math.Float64bits([]float64{0, math.Inf(1), math.Inf(-1), -math.MaxFloat64}[i%4])
			}
			want := slices.Clone(doubles)
			doubles[at], want[at] = negative, nan
			if canonical(doubles); !slices.Equal(doubles, want) {
				t.Errorf("%d doubles, a NaN at %d: %x", n, at, doubles)
			}
		}
	}
}

func TestDescentsAreFoundAnywhere(t *testing.T) {
	for n := 1; n < 12; n++ {
		places := make([]int32, n)
		for i := range places {
			places[i] = int32(5 + 3*i/2) // some are equal
		}
		if i := descent(places); i != 0 {
			t.Errorf("%d places that ascend: a descent at %d", n, i)
		}
		for at := 1; at < n; at++ {
			saved := places[at]
			places[at] = places[at-1] - 1
			if i := descent(places); i != at {
				t.Errorf("%d places, a descent at %d: found at %d", n, at, i)
			}
			places[at] = saved
		}
	}
}

func TestASCIIIsNothingElse(t *testing.T) {
	for n := range 70 {
		text := bytes.Repeat([]byte{0x7f}, n)
		if !isASCII(text) {
			t.Errorf("%d characters are not ASCII", n)
		}
		for at := range n {
			text[at] = 0x80
			if isASCII(text) {
				t.Errorf("%d bytes of which byte %d is 0x80 are ASCII", n, at)
			}
			text[at] = 0x7f
		}
	}
}
