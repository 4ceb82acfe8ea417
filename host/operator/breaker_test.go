package operator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/internal/fault"
)

// TestBreakerCountsWhatItSays compares the breaker with one that keeps every row, wherever batches are cut.
func TestBreakerCountsWhatItSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBreaker(Breaker{Run: rapid.IntRange(0, 20).Draw(rt, "run"), Percent: rapid.SampledFrom([]int{0, 1, 2, 10, 50, 100}).Draw(rt, "percent")})
		var rows []bool // condemned
		share := rapid.IntRange(0, 100).Draw(rt, "poison in a hundred")
		for len(rows) < 3000 {
			if n := rapid.IntRange(0, 9).Draw(rt, "passed"); rapid.IntRange(0, 99).Draw(rt, "luck") >= share {
				b.passed(n + 1)
				rows = append(rows, make([]bool, n+1)...)
				continue
			}
			rows = append(rows, true)
			run, among := 0, 0
			for i := len(rows) - 1; i >= 0 && rows[i]; i-- {
				run++
			}
			for _, condemned := range rows[max(0, len(rows)-BreakerRows):] {
				if condemned {
					among++
				}
			}
			want := ""
			if b.Run > 0 && run >= b.Run {
				want = fmt.Sprintf("%d rows in a row", run)
			} else if b.Percent > 0 && among > b.Percent*BreakerRows/100 {
				want = fmt.Sprintf("%d of the last 1000 rows", among)
			}
			if got, _ := b.condemned(); got != want {
				rt.Fatalf("after %d rows: %q, want %q", len(rows), got, want)
			}
			if want != "" {
				return
			}
		}
	})
}

// TestTooMuchPoisonEndsTheChain breaks a module for good, in the middle of a batch or over several of them. Nothing of the
// batch at hand comes out.
func TestTooMuchPoisonEndsTheChain(t *testing.T) {
	scattered := []int64{}
	for v := int64(0); v < 1000; v += 9 {
		scattered = append(scattered, v)
	}
	for _, c := range []struct {
		name    string
		breaker Breaker
		poison  []int64
		size    int // of batches
		through int // batches
		want    []string
	}{
		{"below both limits", Breaker{Run: 3, Percent: 1}, []int64{5, 6, 8, 9, 400, 401, 402 - 5, 403, 1100}, 100, 20, nil},
		{"a run inside a batch", Breaker{Run: 3, Percent: 1}, numbers(250, 2000), 100, 2,
			[]string{"function s0 failed on 3 rows in a row", "the last one topic in partition 3 offset 252 frame 52: trap.code: the module failed on the row alone", "weir.max_poison_run"}},
		{"a run over batches", Breaker{Run: 5}, numbers(98, 2000), 100, 1, []string{"5 rows in a row", "offset 102"}},
		{"a run of batches of a row", Breaker{Run: 16}, numbers(20, 2000), 1, 35, []string{"16 rows in a row", "offset 35 "}},
		{"at once", Breaker{Run: 1}, []int64{1999}, 1000, 1, []string{"1 rows in a row", "offset 1999"}},
		{"a share", Breaker{Run: 3, Percent: 10}, scattered, 100, 9, []string{"101 of the last 1000 rows", "offset 900", "weir.max_poison_percent"}},
		{"no limit", Breaker{}, numbers(0, 2000), 1000, 2, nil},
	} {
		for _, h := range []hints{honest, absent} {
			t.Run(fmt.Sprint(c.name, " ", h), func(t *testing.T) {
				b := newBench(t)
				f := &fragile{poison: poisoned(c.poison...), hints: h}
				s := f.stage(b, "s0", f.outputs(true))
				s.Breaker = c.breaker
				cuts := slices.Collect(slices.Chunk(numbers(0, 2000), c.size))
				got, err := b.feed(b.chain(s), cuts...)
				if (err != nil) != (c.want != nil) || err != nil && fault.Of(err) != fault.Input {
					t.Fatal(err)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
				through := numbers(0, min(2000, c.through*c.size))
				if want := expect([]*fragile{f}, through); !slices.Equal(got.rows, want.rows) || !slices.Equal(got.letters, want.letters) {
					t.Errorf("%d rows and %d letters came out, want %d and %d", len(got.rows), len(got.letters), len(want.rows), len(want.letters))
				}
			})
		}
	}
}

func TestADisarmedBreakerLetsRowsThroughAgain(t *testing.T) {
	b := newBench(t)
	f := &fragile{poison: poisoned(1, 2)}
	s := f.stage(b, "s0", f.outputs(true))
	s.Breaker = Breaker{Run: 3}
	c := b.chain(s)
	for range 2 {
		if got, err := b.feed(c, numbers(1, 3)); err != nil || len(got.letters) != 2 {
			t.Fatal(got, err)
		}
		c.Disarm()
	}
}
