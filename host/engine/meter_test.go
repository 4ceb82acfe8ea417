package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// metered is a guest in miniature: it consumes fuel in steps, and yields when its counter is below 0.
type metered struct {
	Meter
	left int64
}

func (g *metered) begin(l Limits) *Trap {
	left, trap := g.Begin(context.Background(), l.WithDefaults())
	g.left = left
	return trap
}

func (g *metered) consume(n int64) *Trap {
	if g.left -= n; g.left >= 0 {
		return nil
	}
	next, trap := g.Yield(g.left)
	if trap == nil {
		g.left = next
	}
	return trap
}

func TestFuelIsExact(t *testing.T) {
	var g metered
	want := uint64(0)
	for _, steps := range [][]int64{{}, {1}, {Slice}, {Slice, 1}, {Slice + 1, 5}, {7 * Slice, 3}, {1, 2, 3, 100 * Slice, 4, Slice - 1}} {
		if trap := g.begin(Limits{}); trap != nil {
			t.Fatal(trap)
		}
		for _, n := range steps {
			if trap := g.consume(n); trap != nil {
				t.Fatal(trap)
			}
			want += uint64(n)
			if got := g.Total() + g.Running(g.left); got != want {
				t.Errorf("%d units in the middle of %v, want %d", got, steps, want)
			}
		}
		if g.left > Slice {
			t.Errorf("%v leaves %d units, more than a slice", steps, g.left)
		}
		g.End(g.left)
		if g.Total() != want {
			t.Errorf("%d units after %v, want %d", g.Total(), steps, want)
		}
	}
}

func TestFuelBudget(t *testing.T) {
	for _, budget := range []int64{1, Slice - 1, Slice, Slice + 1, 10 * Slice} {
		for _, step := range []int64{1, 3, 1000, 2 * Slice} {
			var g metered
			if trap := g.begin(Limits{Fuel: budget}); trap != nil {
				t.Fatal(trap)
			}
			used := int64(0)
			for {
				used += step
				trap := g.consume(step)
				if trap == nil && used <= budget {
					continue
				}
				if trap == nil || trap.Class != Fuel {
					t.Errorf("budget %d: %v after %d units", budget, trap, used)
				}
				break
			}
			g.End(g.left)
			if used-step > budget || int64(g.Total()) != used {
				t.Errorf("budget %d, steps of %d: stopped after %d, %d are counted", budget, step, used, g.Total())
			}
		}
	}
}

func TestChargedFuelCounts(t *testing.T) {
	var g metered
	if trap := g.begin(Limits{Fuel: 1000}); trap != nil {
		t.Fatal(trap)
	}
	if trap := g.consume(100); trap != nil {
		t.Fatal(trap)
	}
	if trap := g.Charge(g.left, 900); trap != nil {
		t.Errorf("just within the budget: %v", trap)
	}
	if trap := g.Charge(g.left, 1); trap == nil || trap.Class != Fuel {
		t.Errorf("beyond the budget: %v", trap)
	}
	g.End(g.left)
	if g.Total() != 1001 {
		t.Errorf("%d units", g.Total())
	}
}

func TestDeadlineAndCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		ctx, cancel := context.WithCancel(t.Context())
		left, trap := m.Begin(ctx, Limits{Timeout: time.Second, HostCalls: 5}.WithDefaults())
		if trap != nil || left != Slice {
			t.Fatalf("%d, %v", left, trap)
		}
		time.Sleep(time.Second - 1)
		if _, trap := m.Yield(-1); trap != nil {
			t.Errorf("just before the deadline: %v", trap)
		}
		time.Sleep(time.Nanosecond)
		_, late := m.Yield(-1)
		for _, trap := range []*Trap{late, m.HostCall(), m.Charge(0, 1)} {
			if trap == nil || trap.Class != Deadline {
				t.Errorf("at the deadline: %v", trap)
			}
		}
		cancel()
		if _, trap := m.Yield(-1); trap == nil || trap.Class != Cancelled || !errors.Is(trap, context.Canceled) {
			t.Errorf("cancelled: %v", trap)
		}
		m.End(0)
		if _, trap := m.Begin(ctx, Limits{}.WithDefaults()); trap == nil || trap.Class != Cancelled {
			t.Errorf("cancelled before: %v", trap)
		}
	})
}

func TestHostCalls(t *testing.T) {
	var m Meter
	for range 2 {
		if _, trap := m.Begin(t.Context(), Limits{HostCalls: 3}.WithDefaults()); trap != nil {
			t.Fatal(trap)
		}
		for n := range 5 {
			if trap := m.HostCall(); (trap != nil) != (n >= 3) || trap != nil && trap.Class != HostCalls {
				t.Errorf("host call %d: %v", n, trap)
			}
		}
		m.End(0)
	}
}

func TestFuelRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		limits := Limits{FuelPerSecond: rate, Timeout: time.Minute}
		var g metered
		began := time.Now()
		for range 5 { // calls
			if trap := g.begin(limits); trap != nil {
				t.Fatal(trap)
			}
			for range 20 {
				if trap := g.consume(Slice / 2); trap != nil {
					t.Fatal(trap)
				}
			}
			g.End(g.left)
		}
		if all := time.Since(began); g.Took() != all || all == 0 {
			t.Errorf("the calls took %s of %s", g.Took(), all)
		}
		if trap := g.begin(limits); trap != nil { // which waits for what the last call has left unpaid
			t.Fatal(trap)
		}
		took, used := time.Since(began), time.Duration(g.Total())*time.Second/rate
		if took < used-rateWindow || took > used {
			t.Errorf("%d units in %s, at %d a second", g.Total(), took, rate)
		}
		g.End(g.left)
		time.Sleep(time.Hour) // idling saves nothing up
		began = time.Now()
		before := g.Total()
		if trap := g.begin(limits); trap != nil {
			t.Fatal(trap)
		}
		for range 30 {
			if trap := g.consume(Slice); trap != nil {
				t.Fatal(trap)
			}
		}
		g.End(g.left)
		if took, used := time.Since(began), time.Duration(g.Total()-before)*time.Second/rate; took < used-2*rateWindow {
			t.Errorf("after idling, %d units in %s", g.Total()-before, took)
		}
		limits.Timeout = time.Second
		time.Sleep(time.Hour)
		began = time.Now()
		if trap := g.begin(limits); trap != nil {
			t.Fatal(trap)
		}
		trap := g.consume(5 * rate)
		if trap == nil || trap.Class != FuelRate || time.Since(began) != time.Second {
			t.Errorf("more than fits into the time: %v after %s", trap, time.Since(began))
		}
		g.End(g.left)
	})
}

func TestFuelRateEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, trap := m.Begin(ctx, Limits{FuelPerSecond: 1, Timeout: time.Hour}.WithDefaults()); trap != nil {
			t.Fatal(trap)
		}
		began := time.Now()
		if _, trap := m.Yield(-1); trap == nil || trap.Class != Cancelled || time.Since(began) != time.Second {
			t.Errorf("%v after %s", trap, time.Since(began))
		}
	})
}

func TestLimitsHaveDefaultsAndCeilings(t *testing.T) {
	preset := Limits{}.WithDefaults()
	want := Limits{Memory: DefaultMemory, Fuel: DefaultFuel, Timeout: DefaultTimeout, Depth: DefaultDepth, HostCalls: DefaultHostCalls}
	if preset != want || preset.WithDefaults() != preset {
		t.Errorf("defaults %+v", preset)
	}
	huge := Limits{1 << 62, 1 << 62, 1 << 62, 1 << 62, 1 << 30, 1 << 30}.WithDefaults()
	want = Limits{MaxMemory, MaxFuel, MaxFuelPerSecond, MaxTimeout, MaxDepth, MaxHostCalls}
	if huge != want {
		t.Errorf("ceilings %+v", huge)
	}
	for _, tc := range []struct {
		memory, held int64
		pages        uint32
	}{{DefaultMemory, 0, 901}, {MaxMemory, 0, 3973}, {128 << 10, 0, 1}, {1, 0, 0}, {DefaultMemory, 1 << 20, 885}, {DefaultMemory, 1 << 40, 0}} {
		if got := (Limits{Memory: tc.memory}).WithDefaults().Pages(tc.held); got != tc.pages {
			t.Errorf("%d bytes leave %d pages beside %d, want %d", tc.memory, got, tc.held, tc.pages)
		}
	}
	if small := (Limits{Memory: 1 << 20}).WithDefaults(); small.Depth*SlotBytes > 1<<17 {
		t.Errorf("a stack of %d slots in a memory of 1 MiB", small.Depth)
	}
}
