package backoff_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/internal/backoff"
)

func fixed(f float64) func() float64 { return func() float64 { return f } }

func delays(b *backoff.Backoff, n int) (ds []time.Duration) {
	for range n {
		d, more := b.Next()
		if !more {
			break
		}
		ds = append(ds, d)
	}
	return ds
}

func TestDelaysDoubleUpToTheLongest(t *testing.T) {
	still := func() time.Time { return time.Unix(1, 0) }
	for name, tc := range map[string]struct {
		rand float64
		want []time.Duration
	}{
		"least jitter": {0, []time.Duration{5, 10, 20, 25, 25}},
		"half":         {0.5, []time.Duration{7, 15, 30, 37, 37}},
	} {
		b := backoff.New(backoff.Config{First: 10, Max: 50, Budget: backoff.Forever, Now: still, Rand: fixed(tc.rand)})
		for range 2 {
			if got := delays(b, 5); !slices.Equal(got, tc.want) {
				t.Errorf("%s: delays %v, want %v", name, got, tc.want)
			}
			b.Reset()
		}
	}
}

func TestTheLastTryBeginsAsTheBudgetEnds(t *testing.T) {
	now := time.Unix(1, 0)
	b := backoff.New(backoff.Config{First: 10, Max: 1000, Budget: 25, Now: func() time.Time { return now }, Rand: fixed(0)})
	var tries []time.Duration
	for {
		d, more := b.Next()
		if !more {
			break
		}
		now = now.Add(d)
		tries = append(tries, now.Sub(time.Unix(1, 0)))
	}
	if want := []time.Duration{5, 15, 25}; !slices.Equal(tries, want) {
		t.Errorf("tries at %v, want %v", tries, want)
	}
}

func TestNoBudgetMeansNoRetry(t *testing.T) {
	if d, more := backoff.New(backoff.Config{}).Next(); d != 0 || more {
		t.Errorf("Next() = %v, %v", d, more)
	}
}

func TestDelaysStayWithinTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := time.Duration(rapid.Int64Range(1, 1<<62).Draw(t, "first"))
		longest := time.Duration(rapid.Int64Range(1, 1<<63-1).Draw(t, "longest"))
		random := rapid.Float64Range(0, 0.999999).Draw(t, "random")
		still := func() time.Time { return time.Unix(1, 0) }
		b := backoff.New(backoff.Config{First: first, Max: longest, Budget: backoff.Forever, Now: still, Rand: fixed(random)})
		for _, d := range delays(b, 100) {
			if d < 0 || d > longest {
				t.Fatalf("delay %d is outside 0…%d", d, longest)
			}
		}
	})
}

func TestWaitSleepsUntilTheBudgetIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, tries := time.Now(), 0
		b := backoff.New(backoff.Config{Budget: time.Minute})
		for b.Wait(t.Context()) == nil {
			tries++
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("gave up after %v, want a minute", took)
		}
		// 100 ms doubling to 5 s: at least the 12 full delays of 5 s fit, at most twice that and the seven short ones.
		if tries < 12 || tries > 34 {
			t.Errorf("%d tries in a minute", tries)
		}
		if err := b.Wait(t.Context()); !errors.Is(err, backoff.ErrSpent) {
			t.Errorf("then Wait says %v", err)
		}
		b.Reset()
		if err := b.Wait(t.Context()); err != nil {
			t.Errorf("after Reset Wait says %v", err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		began := time.Now()
		b := backoff.New(backoff.Config{First: time.Hour, Max: time.Hour, Budget: backoff.Forever})
		if err := b.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait says %v", err)
		}
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("Wait took %v", took)
		}
	})
}
