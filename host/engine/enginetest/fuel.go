package enginetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// worker has a function for each way of consuming fuel, of type (i32) -> i32.
func worker() *asm.Module {
	m := asm.New()
	mark := m.Import("env", "mark", asm.Sig("", ""))
	m.Memory(4, 16)
	leaf := m.Local("leaf", asm.Sig("i", "i"), "", asm.Get(0), asm.I32(1), asm.Add)
	down := asm.Block(asm.Get(0), asm.I32(1), asm.Sub, asm.Set(0), asm.Get(0))
	m.Func("nothing", asm.Sig("i", "i"), "", asm.Get(0))
	m.Func("count", asm.Sig("i", "i"), "", asm.Loop(down), asm.Get(0))
	m.Func("calls", asm.Sig("i", "i"), "i", asm.Loop(asm.Get(1), asm.Call(leaf), asm.Set(1), down), asm.Get(1))
	m.Func("fill", asm.Sig("i", "i"), "", asm.I32(0), asm.I32(7), asm.Get(0), asm.MemoryFill, asm.I32(0))
	m.Func("grow", asm.Sig("i", "i"), "", asm.Get(0), asm.MemoryGrow)
	m.Func("host", asm.Sig("i", "i"), "", asm.Loop(asm.Call(mark), down), asm.I32(0))
	m.Func("trap", asm.Sig("i", "i"), "", asm.Loop(down), asm.Unreachable)
	deep := m.Local("deep", asm.Sig("i", "i"), "", asm.Get(0), asm.If(asm.Get(0), asm.I32(1), asm.Sub, asm.Call(leaf+8), asm.Drop), asm.I32(0))
	m.ExportRaw("deep", 0, deep)
	return m
}

func mark(f func(ctx context.Context, host any) error) []engine.HostFunc {
	return []engine.HostFunc{{Module: "env", Name: "mark", Type: none, Call: func(ctx context.Context, host any, _ engine.Memory, _ []uint64) error {
		return f(ctx, host)
	}}}
}

func nothing(context.Context, any) error { return nil }

// golden is the fuel of calls of worker's functions, the same on every engine and machine. It changes with sandbox.Version.
var golden = []struct {
	name     string
	argument uint64
	units    uint64
}{
	{"nothing", 1, 1},
	{"count", 1, 8},
	{"count", 1000, 6002},
	{"count", 100_000, 600002},
	{"calls", 1, 14},
	{"calls", 10_000, 140000},
	{"fill", 1000, 67},
	{"fill", 4 * engine.PageSize, 16389},
	{"fill", 4*engine.PageSize + 1, 16389},
	{"grow", 0, 65},
	{"grow", 2, 8257},
	{"grow", 100, 409665},
	{"host", 1000, 40000},
	{"trap", 1, 8},
	{"trap", 100_000, 600002},
	{"deep", 1, 16},
	{"deep", 1000, 8008},
}

// goldenStop is what a count to 100,000 on a budget of 250,000 consumes.
const goldenStop = 250_004

func testFuel(t *testing.T, e engine.Engine) {
	module := compile(t, e, worker(), engine.Options{Host: mark(nothing)})
	for _, g := range golden {
		for range 2 {
			i := instantiate(t, module, nil)
			for range 3 {
				before := i.Fuel()
				_, err := call(t, i, g.name, unary, g.argument)
				if got := i.Fuel() - before; got != g.units {
					t.Errorf("%s(%d) consumed %d units, want %d", g.name, g.argument, got, g.units)
				}
				if err != nil {
					break
				}
			}
		}
	}
}

func testFuelBudget(t *testing.T, e engine.Engine) {
	module := compile(t, e, worker(), engine.Options{Host: mark(nothing)})
	count := func(n uint64, l engine.Limits) (uint64, error) {
		module.SetLimits(l)
		i := instantiate(t, module, nil)
		_, err := call(t, i, "count", unary, n)
		return i.Fuel(), err
	}
	// Below a slice, about one, above one, and so many slices that they are given again and again.
	for _, n := range []uint64{1000, engine.Slice / 7, engine.Slice} {
		whole, err := count(n, engine.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if whole < 6*n {
			t.Errorf("a loop of %d turns of 6 instructions consumed %d units", n, whole)
		}
		if again, err := count(n, engine.Limits{Fuel: int64(whole)}); err != nil || again != whole {
			t.Errorf("with a budget of just what it takes, %d: %d, %v", whole, again, err)
		}
		used, err := count(n, engine.Limits{Fuel: int64(whole) / 2})
		if trap := trapOf(t, err); trap.Class != engine.Fuel || trap.Function != "count" {
			t.Errorf("with half of the budget: %#v", trap)
		}
		if used < whole/2 || used > whole/2+10 {
			t.Errorf("stopped after %d of %d units", used, whole/2)
		}
	}
	// Where it stops is the same on every engine too, whatever slices it was given.
	if used, err := count(100_000, engine.Limits{Fuel: 250_000}); used != goldenStop || trapOf(t, err).Class != engine.Fuel {
		t.Errorf("stopped after %d units, want %d: %v", used, goldenStop, err)
	}
}

// testFuelRate holds a guest to a rate: what is consumed within the time is bounded by it.
func testFuelRate(t *testing.T, e engine.Engine) {
	limits := engine.Limits{FuelPerSecond: 5_000_000, Timeout: 300 * time.Millisecond}
	i := instantiate(t, spinner(t, e, shapes["br"], limits), nil)
	_, err := call(t, i, "spin", answer)
	if trap := trapOf(t, err); trap.Class != engine.FuelRate && trap.Class != engine.Deadline {
		t.Errorf("%#v", trap)
	}
	if used, most := i.Fuel(), uint64(5_000_000*4/10+2*engine.Slice); used > most {
		t.Errorf("%d units in three tenths of a second, at most %d may be", used, most)
	}
	module := compile(t, e, worker(), engine.Options{Host: mark(nothing), Limits: engine.Limits{FuelPerSecond: 20_000_000}})
	i = instantiate(t, module, nil)
	began := time.Now()
	for range 5 {
		if _, err := call(t, i, "count", unary, 100_000); err != nil {
			t.Fatal(err)
		}
	}
	if took, used := time.Since(began), i.Fuel(); float64(used) > took.Seconds()*20_000_000+20_000_000/10+engine.Slice {
		t.Errorf("%d units in %s", used, took)
	} else if in := i.Time(); in <= 0 || in > took {
		t.Errorf("%s in calls within %s", in, took)
	}
}

func testHostCalls(t *testing.T, e engine.Engine) {
	n := 0
	host := mark(func(context.Context, any) error {
		n++
		return nil
	})
	i := instantiate(t, compile(t, e, worker(), engine.Options{Host: host, Limits: engine.Limits{HostCalls: 10}}), nil)
	for range 2 {
		if _, err := call(t, i, "host", unary, 10); err != nil {
			t.Fatal(err)
		}
	}
	_, err := call(t, i, "host", unary, 11)
	if trap := trapOf(t, err); trap.Class != engine.HostCalls || trap.Function != "host" {
		t.Errorf("%#v", trap)
	}
	if n != 30 {
		t.Errorf("%d host functions were called", n)
	}
}

// testCharge has a host function charge for its work.
func testCharge(t *testing.T, e engine.Engine) {
	var i engine.Instance
	host := mark(func(context.Context, any) error { return i.Charge(1_000_000) })
	module := compile(t, e, worker(), engine.Options{Host: host})
	i = instantiate(t, module, nil)
	if _, err := call(t, i, "host", unary, 1); err != nil {
		t.Fatal(err)
	}
	free := i.Fuel() - 1_000_000
	if _, err := call(t, i, "host", unary, 3); err != nil || i.Fuel() < 4_000_000+2*free || i.Fuel() > 4_000_000+5*free {
		t.Errorf("%d units, %v", i.Fuel(), err)
	}
	module.SetLimits(engine.Limits{Fuel: 2_500_000})
	_, err := call(t, i, "host", unary, 100)
	if trap := trapOf(t, err); trap.Class != engine.Fuel || trap.Function != "host" {
		t.Errorf("%#v", trap)
	}
}

// testNewLimits changes each limit between two calls of one instance.
func testNewLimits(t *testing.T, e engine.Engine) {
	for _, tc := range []struct {
		name     string
		argument uint64
		limits   engine.Limits
		want     engine.Class
	}{
		{"count", 200_000, engine.Limits{Fuel: 1_000_000}, engine.Fuel},
		{"count", 500_000_000, engine.Limits{Timeout: 20 * time.Millisecond, Fuel: engine.MaxFuel}, engine.Deadline},
		{"deep", 1000, engine.Limits{Depth: 1000}, engine.StackOverflow},
		{"host", 100, engine.Limits{HostCalls: 5}, engine.HostCalls},
	} {
		module := compile(t, e, worker(), engine.Options{Host: mark(nothing)})
		i := instantiate(t, module, nil)
		if _, err := call(t, i, tc.name, unary, min(tc.argument, 200_000)); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		module.SetLimits(tc.limits)
		if got := module.Limits(); got != tc.limits.WithDefaults() {
			t.Errorf("the limits are %+v", got)
		}
		_, err := call(t, i, tc.name, unary, tc.argument)
		if trap := trapOf(t, err); trap.Class != tc.want {
			t.Errorf("%s: %#v", tc.name, trap)
		}
	}
	module := compile(t, e, worker(), engine.Options{Host: mark(nothing)})
	i := instantiate(t, module, nil)
	for _, step := range []struct {
		pages int64
		want  uint32
	}{{5, 4}, {5, ^uint32(0)}, {4, ^uint32(0)}, {8, 5}} {
		module.SetLimits(limitsOf(step.pages))
		if got, err := call(t, i, "grow", unary, 1); err != nil || got != step.want {
			t.Errorf("growing with %d pages allowed: %d, %v", step.pages, int32(got), err)
		}
	}
}

// testLimitsHammer changes limits while instances are called: for the race detector.
func testLimitsHammer(t *testing.T, e engine.Engine) {
	module := compile(t, e, worker(), engine.Options{Host: mark(nothing)})
	var callers sync.WaitGroup
	for range 4 {
		i := instantiate(t, module, nil)
		callers.Go(func() {
			for range 200 {
				if _, err := call(t, i, "count", unary, 1000); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for k := range 200 {
		module.SetLimits(engine.Limits{Fuel: int64(1_000_000 + k)})
		_ = module.Limits()
	}
	callers.Wait()
}

func testReentry(t *testing.T, e engine.Engine) {
	var i engine.Instance
	var f engine.Func
	seen := []error{}
	host := mark(func(ctx context.Context, _ any) error {
		seen = append(seen, f.Call(ctx, make([]uint64, 1)), i.Pin(), i.Restore(ctx), i.Close(ctx))
		return nil
	})
	i = instantiate(t, compile(t, e, worker(), engine.Options{Host: host}), nil)
	var err error
	if f, err = i.Lookup("nothing", unary); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t, i, "host", unary, 1); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 4 {
		t.Fatalf("%d answers", len(seen))
	}
	for k, err := range seen {
		if !errors.Is(err, engine.ErrBusy) {
			t.Errorf("call %d from inside a call gives %v", k, err)
		}
	}
	if got, err := call(t, i, "nothing", unary, 5); err != nil || got != 5 {
		t.Errorf("afterwards: %d, %v", got, err)
	}
}
