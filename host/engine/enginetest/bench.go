package enginetest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// Benchmark measures what an engine adds to the guest's own work: per call, per host function, per slice of fuel, per
// instance and per restore.
func Benchmark(b *testing.B, open func(b *testing.B) engine.Engine) {
	e := open(b)
	b.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	i := instantiate(b, compile(b, e, worker(), engine.Options{Host: mark(nothing)}), nil)
	for _, run := range []struct {
		name, function string
		argument       uint64
	}{{"call", "nothing", 1}, {"1000 host calls", "host", 1000}, {"10 slices", "count", 10 * engine.Slice / 6}} {
		b.Run(run.name, func(b *testing.B) { benchmarkCall(b, i, run.function, run.argument) })
	}
	b.Run("stop", func(b *testing.B) { benchmarkStop(b, e) })
	b.Run("collection", func(b *testing.B) { benchmarkCollection(b, e) })
	b.Run("instantiate", func(b *testing.B) { benchmarkInstantiate(b, e) })
	for _, pages := range []uint32{1, 4, 16, 100, 256} {
		for _, grow := range []uint64{0, 1} {
			b.Run(fmt.Sprintf("restore/%dKiB+%dKiB", 64*pages, 64*grow), func(b *testing.B) { benchmarkRestore(b, e, pages, grow) })
		}
	}
}

func benchmarkCall(b *testing.B, i engine.Instance, name string, argument uint64) {
	f, err := i.Lookup(name, unary)
	if err != nil {
		b.Fatal(err)
	}
	stack := make([]uint64, 1)
	before := i.Fuel()
	b.ReportAllocs()
	for b.Loop() {
		stack[0] = argument
		if err := f.Call(b.Context(), stack); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(i.Fuel()-before)/float64(b.N), "fuel/op")
}

// benchmarkStop lets guests spin until their deadline, and reports how late they were stopped.
func benchmarkStop(b *testing.B, e engine.Engine) {
	const timeout = time.Millisecond
	i := instantiate(b, spinner(b, e, shapes["br_if"], engine.Limits{Fuel: engine.MaxFuel, Timeout: timeout}), nil)
	if err := i.Pin(); err != nil {
		b.Fatal(err)
	}
	spin, err := i.Lookup("spin", answer)
	if err != nil {
		b.Fatal(err)
	}
	late := []time.Duration{}
	for b.Loop() {
		began := time.Now()
		err := spin.Call(b.Context(), make([]uint64, 1))
		late = append(late, time.Since(began)-timeout)
		if trap := trapOf(b, err); trap.Class != engine.Deadline {
			b.Fatal(trap)
		}
		if err := i.Restore(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	report(b, "late", late)
}

// benchmarkCollection runs the garbage collector while a guest spins.
func benchmarkCollection(b *testing.B, e engine.Engine) {
	i := instantiate(b, spinner(b, e, shapes["br_if"], engine.Limits{Fuel: engine.MaxFuel, Timeout: time.Hour}), nil)
	spin, err := i.Lookup("spin", answer)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- spin.Call(ctx, make([]uint64, 1)) }()
	took := []time.Duration{}
	for b.Loop() {
		began := time.Now()
		runtime.GC()
		took = append(took, time.Since(began))
	}
	cancel()
	if trap := trapOf(b, <-ended); trap.Class != engine.Cancelled {
		b.Fatal(trap)
	}
	report(b, "gc", took)
}

// report adds the median and the 99th percentile.
func report(b *testing.B, name string, times []time.Duration) {
	slices.Sort(times)
	for unit, part := range map[string]int{"p50": 50, "p99": 99} {
		b.ReportMetric(float64(times[len(times)*part/100].Microseconds()), name+"-µs-"+unit)
	}
}

func benchmarkInstantiate(b *testing.B, e engine.Engine) {
	module := compile(b, e, keeper(1), engine.Options{})
	b.ReportAllocs()
	for b.Loop() {
		i, err := module.Instantiate(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := i.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// benchmarkRestore is a call that touches 64 KiB, spread over the memory, perhaps after it has grown, and the restore
// behind it. The call is in the figure, since a restore may leave it faults.
func benchmarkRestore(b *testing.B, e engine.Engine, pages uint32, grow uint64) {
	m := asm.New()
	m.Memory(pages, 0)
	m.Func("touch", asm.Sig("i", "i"), "i", asm.Get(0), asm.MemoryGrow, asm.Drop,
		asm.Loop(asm.Get(1), asm.I32(1), asm.Store(0), asm.Get(1), asm.I32(int32(pages)*4096), asm.Add, asm.Set(1),
			asm.Get(1), asm.I32(int32(pages)*engine.PageSize), asm.Sub), asm.I32(0))
	i := instantiate(b, compile(b, e, m, engine.Options{}), nil)
	fill(i.Memory().Bytes())
	if err := i.Pin(); err != nil {
		b.Fatal(err)
	}
	touch, err := i.Lookup("touch", unary)
	if err != nil {
		b.Fatal(err)
	}
	stack := make([]uint64, 1)
	b.ReportAllocs()
	for b.Loop() {
		stack[0] = grow
		if err := touch.Call(b.Context(), stack); err != nil {
			b.Fatal(err)
		}
		if err := i.Restore(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if view := i.Memory().Bytes(); len(view) != int(pages)*engine.PageSize || view[4096] != 1 {
		b.Fatal("not restored")
	}
}
