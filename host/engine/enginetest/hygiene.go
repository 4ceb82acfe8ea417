package enginetest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// testHold has a host function keep bytes for the call: the guest's memory can grow by as much less.
func testHold(t *testing.T, e engine.Engine) {
	var i engine.Instance
	hold, held := int64(0), error(nil)
	m := asm.New()
	f := m.Import("env", "mark", asm.Sig("", ""))
	m.Memory(4, 0)
	m.Func("grow", asm.Sig("i", "i"), "", asm.Call(f), asm.Get(0), asm.MemoryGrow)
	host := mark(func(context.Context, any) error {
		held = i.Hold(hold)
		return nil
	})
	i = instantiate(t, compile(t, e, m, engine.Options{Host: host, Limits: limitsOf(10)}), nil)
	for _, step := range []struct {
		hold int64
		grow uint64
		want uint32
		fits bool
	}{
		{3 * engine.PageSize, 4, ^uint32(0), true},
		{3 * engine.PageSize, 3, 4, true},
		{5 * engine.PageSize, 1, 7, false},
		{0, 2, 8, true},
		{engine.PageSize, 0, 10, false},
	} {
		hold = step.hold
		if got := must(t, i, "grow", unary, step.grow); got != step.want || (held == nil) != step.fits {
			t.Errorf("holding %d, growing by %d: %d, %v", step.hold, step.grow, int32(got), held)
		}
		if held != nil && !errors.Is(held, engine.ErrMemory) {
			t.Errorf("the reason is %v", held)
		}
	}
}

// testCanary writes all over instances, and looks for it in others that are made and restored meanwhile.
func testCanary(t *testing.T, e engine.Engine) {
	secret := []byte("one tenant's secret")
	module := compile(t, e, keeper(8), engine.Options{})
	other := instantiate(t, module, nil)
	if err := other.Pin(); err != nil {
		t.Fatal(err)
	}
	for round := range 50 {
		i, err := module.Instantiate(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, look := range []engine.Instance{i, other} {
			if bytes.Contains(look.Memory().Bytes(), secret[:8]) {
				t.Fatalf("round %d: an instance holds what another was told", round)
			}
		}
		if round%2 == 0 {
			must(t, i, "grow", unary, 20)
			must(t, other, "grow", unary, 20)
		}
		for at := 0; at+len(secret) < len(i.Memory().Bytes()); at += 512 {
			copy(i.Memory().Bytes()[at:], secret)
			copy(other.Memory().Bytes()[at:], secret)
		}
		if err := errors.Join(i.Close(t.Context()), other.Restore(t.Context())); err != nil {
			t.Fatal(err)
		}
		must(t, other, "grow", unary, 30)
		if bytes.Contains(other.Memory().Bytes(), secret[:8]) {
			t.Fatalf("round %d: a restored instance remembers", round)
		}
		if err := other.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// testCollection runs the garbage collector while a guest spins: it has to be done before the guest is.
func testCollection(t *testing.T, e engine.Engine) {
	limits := engine.Limits{Fuel: engine.MaxFuel, Timeout: time.Minute}
	i := instantiate(t, spinner(t, e, shapes["br"], limits), nil)
	spin, err := i.Lookup("spin", answer)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- spin.Call(ctx, make([]uint64, 1)) }()
	for range 10 {
		runtime.GC()
	}
	select {
	case err := <-ended:
		t.Fatalf("the guest ended by itself: %v", err)
	default:
	}
	cancel()
	if trap := trapOf(t, <-ended); trap.Class != engine.Cancelled {
		t.Errorf("%#v", trap)
	}
}

// testNothingLeft makes and closes many instances that have used much of everything, and looks at what the process holds.
func testNothingLeft(t *testing.T, e engine.Engine) {
	module := compile(t, e, keeper(60), engine.Options{})
	deep := asm.New()
	deep.Func("ok", asm.Sig("", "i"), "", asm.I32(7))
	deep.ExportRaw("recurse", 0, recursions["direct"](deep))
	recursing := compile(t, e, deep, engine.Options{})
	round := func() {
		for range 4 {
			i, err := module.Instantiate(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			fill(i.Memory().Bytes())
			if err := i.Pin(); err != nil {
				t.Fatal(err)
			}
			must(t, i, "grow", unary, 50)
			fill(i.Memory().Bytes())
			if err := errors.Join(i.Restore(t.Context()), i.Close(t.Context())); err != nil {
				t.Fatal(err)
			}
			if i, err = recursing.Instantiate(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if _, err := call(t, i, "recurse", answer); trapOf(t, err).Class != engine.StackOverflow {
				t.Fatal(err)
			}
			if err := i.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	round()
	memory, files, goroutines := footprint(t)
	for range 3 {
		round()
	}
	after, filesAfter, goroutinesAfter := footprint(t)
	if after > memory+16<<20 || filesAfter > files || goroutinesAfter > goroutines {
		t.Errorf("%d bytes, %d files and %d goroutines have become %d, %d and %d", memory, files, goroutines, after, filesAfter, goroutinesAfter)
	}
}

// footprint is the process's resident memory in bytes, open files and goroutines; 0 for what the system does not tell.
func footprint(t *testing.T) (memory int64, files, goroutines int) {
	t.Helper()
	debug.FreeOSMemory()
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		memory = pages * int64(os.Getpagesize())
	}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		files = len(entries)
	}
	return memory, files, runtime.NumGoroutine()
}

// testGrowRefused tells a grow that the limit refuses, whatever else would, from one that only the module's own maximum does.
func testGrowRefused(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Memory(1, 6)
	m.Func("grow", asm.Sig("i", "i"), "", asm.Get(0), asm.MemoryGrow)
	m.Func("trap", asm.Sig("i", "i"), "", asm.Get(0), asm.MemoryGrow, asm.Drop, asm.Unreachable)
	module := compile(t, e, m, engine.Options{Limits: limitsOf(4)})
	i := instantiate(t, module, nil)
	for _, step := range []struct {
		pages uint64
		want  bool
	}{{1, false}, {3, true}, {2, false}, {0, false}, {1, true}, {10, true}, {0, false}} {
		must(t, i, "grow", unary, step.pages)
		if i.GrowRefused() != step.want {
			t.Errorf("growing by %d: refused %t", step.pages, i.GrowRefused())
		}
	}
	module.SetLimits(limitsOf(20))
	must(t, i, "grow", unary, 10)
	if i.GrowRefused() {
		t.Error("beyond the module's own maximum alone: refused by the limit")
	}
	module.SetLimits(limitsOf(4))
	if _, err := call(t, i, "trap", unary, 1); trapOf(t, err).Class != engine.Unreachable || !i.GrowRefused() {
		t.Errorf("%v, refused %t", err, i.GrowRefused())
	}
}
