package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/benchkit"
	"github.com/weir-stream/weir/test/evil"
)

// Stop is how soon guests that never end are stopped, and what others notice of them.
type Stop struct {
	Shapes     map[string]Spread `json:"late_us"`      // past the deadline, by shape of what is repeated; "all" is all of them
	Bulk       map[string]Spread `json:"bulk_late_ms"` // the same in the middle of one bulk operation, by what it is over
	Collection map[string]Spread `json:"gc_ms"`        // runtime.GC() while nothing runs, and while a guest spins
}

// Spread is of many tries.
type Spread struct {
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Tries int     `json:"tries"`
}

func newSpread(tries []float64) Spread {
	sorted := slices.Sorted(slices.Values(tries))
	return Spread{benchkit.Quantile(sorted, 0.5), benchkit.Quantile(sorted, 0.99), sorted[len(sorted)-1], len(sorted)}
}

//go:embed testdata/c/shapes.wasm
var shapesInC []byte

// stopping measures all of Stop.
func (b *bench) stopping(r *Report) error {
	runtime.GC() // what came before is no concern of the guests'
	for _, step := range []func(*Stop) error{b.shapes, b.bulk, b.collection} {
		if err := step(&r.Stop); err != nil {
			return fmt.Errorf("stopping: %w", err)
		}
	}
	return nil
}

// spinTries is how often each shape is stopped, spinTime after how long.
const (
	spinTries = 200
	spinTime  = 2 * time.Millisecond
)

// shapes stops the guests of the evil suite that loop without end, and the trees of calls.
func (b *bench) shapes(s *Stop) error {
	attacks, err := evil.Attacks()
	if err != nil {
		return err
	}
	s.Shapes = map[string]Spread{}
	var all []float64
	for _, a := range attacks {
		if a.Call != "weir_process" || a.Code != "limit.fuel" || !strings.HasPrefix(a.Name, "loop_") && !strings.HasPrefix(a.Name, "tree_") {
			continue
		}
		late, err := b.stopShape(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		s.Shapes[a.Name] = newSpread(late)
		all = append(all, late...)
	}
	s.Shapes["all"] = newSpread(all)
	return nil
}

func (b *bench) stopShape(a evil.Attack) (late []float64, err error) {
	wasm, err := a.Wasm()
	if err != nil {
		return nil, err
	}
	g, err := openGuest(b.ctx, wasm, evilInput, engine.Limits{Fuel: engine.MaxFuel, Timeout: spinTime})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	rows := integers(evilInput, 10, 1)
	defer rows.Release()
	for range spinTries {
		began := time.Now()
		_, err := g.Process(b.ctx, rows, nil)
		took := time.Since(began)
		var f *abi.Failure
		if !errors.As(err, &f) || f.Code != "limit.time" {
			return nil, fmt.Errorf("it ended with %v", err)
		}
		late = append(late, float64((took-spinTime).Nanoseconds())/1e3)
		if err := g.renew(b.ctx); err != nil {
			return nil, err
		}
	}
	return late, nil
}

// bulkTries is how often each bulk operation is stopped, bulkTime after how long: soon after one began, which is when it is longest.
const (
	bulkTries = 50
	bulkTime  = time.Millisecond
)

// bulk stops operations over all of a memory, of the default size and of the largest, that was touched before and that was not.
func (b *bench) bulk(s *Stop) error {
	s.Bulk = map[string]Spread{}
	for _, size := range []int64{engine.DefaultMemory, engine.MaxMemory} {
		for _, function := range []string{"fill", "copy"} {
			for _, touched := range []bool{false, true} {
				name := fmt.Sprintf("%s, limit of %d MiB, %s", function, size>>20, map[bool]string{false: "fresh", true: "touched"}[touched])
				late, err := b.stopBulk(function, size, touched)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				s.Bulk[name] = newSpread(late)
			}
		}
	}
	return nil
}

func (b *bench) stopBulk(function string, size int64, touched bool) (late []float64, err error) {
	limits := engine.Limits{Memory: size, Fuel: engine.MaxFuel}.WithDefaults()
	m, err := b.shapesModule(limits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	for range bulkTries {
		took, err := stopOnce(m, function, limits, touched)
		if err != nil {
			return nil, err
		}
		late = append(late, (took-bulkTime).Seconds()*1e3)
	}
	return late, nil
}

// stopOnce makes an instance with all the memory that it may have, and stops one function.
func stopOnce(m *meteredModule, function string, limits engine.Limits, touched bool) (took time.Duration, err error) {
	m.module.SetLimits(limits)
	i, err := m.open()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	pages := uint64(limits.Pages(0))
	if got, err := i.call("grow", pages); err != nil || got != pages {
		return 0, fmt.Errorf("the memory grew to %d pages of %d: %w", got, pages, err)
	}
	if memory := i.memory(); touched {
		for at := 0; at < len(memory); at += 4096 {
			memory[at] = 1
		}
	}
	limits.Timeout = bulkTime
	m.module.SetLimits(limits)
	began := time.Now()
	_, err = i.call(function)
	took = time.Since(began)
	return took, ended(err, engine.Deadline)
}

// ended checks that a call ended by a trap of a class.
func ended(err error, want engine.Class) error {
	var trap *engine.Trap
	if !errors.As(err, &trap) || trap.Class != want {
		return fmt.Errorf("the call ended with %v, not with %s", err, want)
	}
	return nil
}

// collections is how often the garbage collector is run.
const collections = 200

// collection runs the garbage collector with nothing else going on, and while a guest spins.
func (b *bench) collection(s *Stop) (err error) {
	m, err := b.shapesModule(engine.Limits{Fuel: engine.MaxFuel, Timeout: time.Hour})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	i, err := m.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	spin, err := i.Lookup("spin", engine.FuncType{})
	if err != nil {
		return err
	}
	s.Collection = map[string]Spread{"idle": collect()}
	ctx, cancel := context.WithCancel(b.ctx)
	result := make(chan error, 1)
	go func() { result <- spin.Call(ctx, make([]uint64, 1)) }()
	s.Collection["spinning"] = collect()
	cancel()
	return ended(<-result, engine.Cancelled)
}

func collect() Spread {
	var took []float64
	for range collections {
		began := time.Now()
		runtime.GC()
		took = append(took, time.Since(began).Seconds()*1e3)
	}
	return newSpread(took)
}

// shapesModule compiles c/shapes.c.
func (b *bench) shapesModule(limits engine.Limits) (*meteredModule, error) {
	rewritten, err := sandbox.Rewrite(shapesInC, sandbox.Caps{})
	if err != nil {
		return nil, err
	}
	return newMetered(b.ctx, rewritten, limits)
}

// newEngine makes the engine that the figures are of.
func newEngine() (*wazeroengine.Engine, error) { return wazeroengine.New(wazeroengine.Config{}) }
