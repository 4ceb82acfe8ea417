package abi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	instances "github.com/weir-stream/weir/host/pool"
)

var _ instances.Instance = (*Instance)(nil)

// counting is a guest that counts its calls in a global and in memory, rejects row 0 with the count as its code, and traps
// from the fourth call on.
func counting() []byte {
	g := newGuest("clock_time_get")
	n := g.Global('0')
	count := asm.Block(asm.GetGlobal(n), asm.I32(1), asm.Add, asm.SetGlobal(n), asm.I32(scratchAt), asm.GetGlobal(n), asm.Store(0))
	clock := asm.Block(asm.I32(0), asm.Block(asm.Code{0x42, 0}), asm.I32(scratchAt+8), asm.Call(g.wasi["clock_time_get"]), asm.Drop)
	reject := asm.Block(asm.I32(0), asm.I32(scratchAt), asm.I32(1), asm.I32(scratchAt), asm.I32(1), asm.Call(g.reject), asm.Drop)
	grow := asm.Block(asm.I32(1), asm.MemoryGrow, asm.Drop)
	trap := asm.Block(asm.GetGlobal(n), asm.I32('4'), asm.Sub, asm.Eqz, asm.If(asm.Unreachable))
	return g.build(bodies{process: asm.Block(at(3), clock, count, grow, trap, reject, ok())})
}

func TestRestoredInstanceIsAsItWasOpened(t *testing.T) {
	trip := trip{rows: 20, from: somewhere{base: 1000}, config: Config{OpenTime: 77}}
	if err := trip.run(t, counting()); err != nil {
		t.Fatal(err)
	}
	i := trip.instance
	pages := len(i.memory.Bytes())
	for range 3 {
		want := "1"
		for ; want != "4"; want = string(want[0] + 1) {
			if want != "1" || i.dead {
				if err := trip.process(t); err != nil {
					t.Fatal(err)
				}
			}
			if got := trip.result.Rejected[0].Code; got != want {
				t.Fatalf("call %s is the guest's %s", want, got)
			}
		}
		if calls, memory := i.Used(); calls != 3 || int(memory) != pages+2*engine.PageSize {
			t.Errorf("used %d times, %d bytes", calls, memory)
		}
		if f := failureOf(t, trip.process(t)); f.Code != "trap.unreachable" || f.Row != 3 {
			t.Fatalf("%v", f)
		}
		if err := trip.process(t); !errors.Is(err, ErrDead) {
			t.Fatalf("a call after the trap: %v", err)
		}
		before := i.Stats()
		if err := i.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
		if calls, memory := i.Used(); calls != 0 || int(memory) != pages-engine.PageSize {
			t.Errorf("restored: used %d times, %d bytes", calls, memory)
		}
		if s := i.Stats(); s.Fuel != before.Fuel || s.Fuel == 0 || s.Calls != before.Calls {
			t.Errorf("statistics do not go on: %+v, %+v", before, s)
		}
		if i.clock() != 77*int64(time.Millisecond) || len(i.Outputs()) != 1 {
			t.Errorf("the guest's clock is at %d, it has %d outputs", i.clock(), len(i.Outputs()))
		}
		if err := trip.process(t); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatCannotBeRestored(t *testing.T) {
	g := newGuest()
	g.Table(1)
	trip := trip{rows: 1}
	if err := trip.run(t, g.build(bodies{process: asm.Block(asm.NullFunc, asm.I32(1), asm.TableGrow)})); err != nil {
		if f := failureOf(t, err); f.Code != "status.error" {
			t.Fatal(err)
		}
	}
	if err := trip.instance.Restore(t.Context()); !errors.Is(err, engine.ErrNotRestorable) {
		t.Errorf("got %v", err)
	}
	if _, err := trip.instance.Process(context.Background(), batchOf(inputSchema, 1, memoryDefault), nil); !errors.Is(err, ErrDead) {
		t.Errorf("a call after that: %v", err)
	}
}

// TestLimitsEndCallsByTheirCodes runs into each limit.
func TestLimitsEndCallsByTheirCodes(t *testing.T) {
	const small = 20 * engine.PageSize
	random := func(g *guest) asm.Code {
		return asm.Forever(asm.I32(0), asm.I32(4*engine.PageSize), asm.Call(g.wasi["random_get"]), asm.Drop)
	}
	for name, tc := range map[string]struct {
		limits engine.Limits
		code   string
		kind   FailureKind
		body   func(g *guest) asm.Code
	}{
		"a loop and its fuel":    {engine.Limits{Fuel: 100_000}, CodeLimitFuel, FailedTrap, func(*guest) asm.Code { return asm.Forever() }},
		"a loop and its time":    {engine.Limits{Timeout: 20 * time.Millisecond, Fuel: engine.MaxFuel}, CodeLimitTime, FailedDeadline, func(*guest) asm.Code { return asm.Forever() }},
		"a loop and its rate":    {engine.Limits{FuelPerSecond: 100_000, Timeout: 200 * time.Millisecond}, CodeLimitFuelRate, FailedDeadline, func(*guest) asm.Code { return asm.Forever() }},
		"recursion":              {engine.Limits{}, CodeLimitDepth, FailedTrap, func(*guest) asm.Code { return asm.Block(asm.Get(0), asm.Call(7+3), asm.Drop) }},
		"calls of the host":      {engine.Limits{HostCalls: 50}, CodeLimitHostCalls, FailedTrap, func(g *guest) asm.Code { return asm.Forever(g.logs(0, "again")) }},
		"randomness is not free": {engine.Limits{Fuel: 1_000_000}, CodeLimitFuel, FailedTrap, random},
		"randomness takes time":  {engine.Limits{Timeout: 20 * time.Millisecond, Fuel: engine.MaxFuel}, CodeLimitTime, FailedDeadline, random},
		"memory, and a trap":     {engine.Limits{Memory: small}, CodeLimitMemory, FailedMemory, func(*guest) asm.Code { return asm.Block(asm.I32(30), asm.MemoryGrow, asm.Drop, asm.Unreachable) }},
		"memory, and an exit":    {engine.Limits{Memory: small}, CodeLimitMemory, FailedMemory, func(g *guest) asm.Code { return asm.Block(asm.I32(30), asm.MemoryGrow, asm.Call(g.wasi["proc_exit"])) }},
		"memory, and a bad status": {engine.Limits{Memory: small}, CodeLimitMemory, FailedMemory, func(*guest) asm.Code {
			return asm.Block(asm.I32(30), asm.MemoryGrow, asm.Drop, asm.I32(1), asm.Code{0x0f})
		}},
		"what is emitted counts": {engine.Limits{Memory: small}, CodeLimitMemory, FailedMemory, func(g *guest) asm.Code {
			return asm.Forever(g.emits(1, nil, rowsOf(3000)))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuest("random_get", "proc_exit")
			trip := trip{rows: 10, limits: tc.limits}
			f := failureOf(t, trip.run(t, g.build(bodies{open: g.two(), process: asm.Block(at(7), tc.body(g), ok())})))
			if f.Code != tc.code || f.Kind != tc.kind || f.Call != "weir_process" || f.Row != 7 && name != "randomness is not free" && name != "randomness takes time" {
				t.Errorf("%s %s in %s, about row %d: %v", f.Kind, f.Code, f.Call, f.Row, f)
			}
			if strings.Contains(f.Error(), "weir.sandbox") {
				t.Errorf("the sandbox shows: %v", f)
			}
			for _, text := range []string{f.Error(), f.Reason()} {
				if _, remedy, _ := strings.Cut(text, "; raise weir."); remedy == "" || strings.Count(text, "raise") != 1 {
					t.Errorf("what to do is not said once: %s", text)
				}
			}
			if err := trip.instance.Restore(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
