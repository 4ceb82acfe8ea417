package wazeroengine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// state is what an instance may be asked for.
type state int

const (
	ready state = iota
	running
	dead // until it is restored
	closed
)

type instance struct {
	module *module
	wasm   api.Module
	host   any
	state  state
	call   callContext // of the running call
	meter  engine.Meter
	limits *engine.Limits // of the running or the last call
	held   int64          // by the host, for it
	traps  uint64         // so far: each makes wazero's handles on functions stale

	memory  *memory // nil where there is none
	fuel    api.MutableGlobal
	depth   api.MutableGlobal
	pages   api.MutableGlobal // nil without a memory, as refused is
	refused api.MutableGlobal
	globals []api.MutableGlobal
	pinned  []uint64 // of globals; nil: nothing is pinned
}

// make makes wazero's instance. No guest code runs: what was the start function is an export now.
func (i *instance) make(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &engine.Trap{Class: engine.Bug, Message: fmt.Sprintf("wazero panicked: %v", r), Err: fmt.Errorf("%v\n%s", r, debug.Stack())}
		}
	}()
	source := i.module.source
	if source.Memory != nil {
		l, err := newLinear(int(min(source.Memory.Max, engine.MaxMemory/engine.PageSize))*engine.PageSize, i.module.pages)
		if err != nil {
			return err
		}
		i.memory = &memory{linear: l}
		if l.Reallocate(uint64(source.Memory.Min)*engine.PageSize) == nil {
			return fmt.Errorf("the system has no %d pages of memory for an instance", source.Memory.Min)
		}
		ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return l }))
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	if i.wasm, err = i.module.runtime.InstantiateModule(ctx, i.module.compiled, config); err != nil {
		return trapOf(err, i.module.compiled.Name())
	}
	i.fuel, i.depth = i.global(sandbox.FuelExport), i.global(sandbox.DepthExport)
	if i.memory != nil {
		i.memory.wazero = i.wasm.Memory()
		i.pages, i.refused = i.global(sandbox.PagesExport), i.global(sandbox.RefusedExport)
	}
	for _, g := range source.Globals {
		i.globals = append(i.globals, i.global(g.Export))
	}
	return nil
}

// global is a global that the rewriter exported. Where it is not there, that is a mistake of the rewriter's and panics.
func (i *instance) global(name string) api.MutableGlobal {
	return i.wasm.ExportedGlobal(name).(api.MutableGlobal)
}

func (i *instance) Lookup(name string, t engine.FuncType) (engine.Func, error) {
	if i.state == closed {
		return nil, engine.ErrDead
	}
	f := &function{instance: i, name: name}
	if f.find(); f.wazero == nil {
		return nil, fmt.Errorf("function %q: %w", name, engine.ErrNoExport)
	}
	if got := typeOf(f.wazero.Definition()); got.String() != t.String() {
		return nil, fmt.Errorf("the module exports %q as %s; it must be %s", name, got, t)
	}
	return f, nil
}

func (i *instance) Memory() engine.Memory {
	if i.memory == nil {
		return nil
	}
	return i.memory
}

func (i *instance) Fuel() uint64 {
	if i.state == running {
		return i.meter.Total() + i.meter.Running(int64(i.fuel.Get()))
	}
	return i.meter.Total()
}

func (i *instance) Time() time.Duration { return i.meter.Took() }

func (i *instance) GrowRefused() bool { return i.refused != nil && i.refused.Get() != 0 }

// Hold lowers what the memory may grow to by what the host holds.
func (i *instance) Hold(n int64) error {
	if i.state != running || i.memory == nil {
		return nil
	}
	l, allowed := i.memory.linear, int(i.limits.Pages(i.held+n))*engine.PageSize
	if allowed < l.size {
		return fmt.Errorf("%d bytes beside a memory of %d: %w", i.held+n, l.size, engine.ErrMemory)
	}
	i.held += n
	l.limit(allowed)
	i.pages.Set(uint64(allowed / engine.PageSize))
	return nil
}

func (i *instance) Charge(n int64) error {
	if i.state != running {
		return nil
	}
	if trap := i.meter.Charge(int64(i.fuel.Get()), n); trap != nil {
		return trap
	}
	return nil
}

// begin starts a call from outside: the guest's counters are set, whatever the last call left in them.
func (i *instance) begin(ctx context.Context) error {
	switch i.state {
	case running:
		return engine.ErrBusy
	case dead, closed:
		return engine.ErrDead
	}
	i.limits = i.module.limits.Load()
	slice, trap := i.meter.Begin(ctx, *i.limits)
	if trap != nil {
		i.state = dead
		return trap
	}
	i.state, i.call.Context, i.held = running, ctx, 0
	i.fuel.Set(uint64(slice))
	i.depth.Set(uint64(i.limits.Depth))
	if i.memory != nil {
		pages := i.limits.Pages(0)
		i.memory.linear.limit(int(pages) * engine.PageSize)
		i.pages.Set(uint64(pages))
		i.refused.Set(0)
	}
	return nil
}

// end closes a call, and turns what ended it early into a trap.
func (i *instance) end(err error) error {
	i.meter.End(int64(i.fuel.Get()))
	i.state, i.call.Context = ready, nil
	if err == nil {
		return nil
	}
	i.state = dead
	i.traps++
	return trapOf(err, i.module.compiled.Name())
}

func (i *instance) Close(ctx context.Context) (err error) {
	switch i.state {
	case running:
		return engine.ErrBusy
	case closed:
		return nil
	}
	i.state = closed
	if i.wasm != nil {
		err = i.wasm.Close(ctx)
	}
	if i.memory != nil {
		err = errors.Join(err, i.memory.linear.release())
	}
	i.module.open.Add(-1)
	return err
}

// function is an export. wazero's handle on it owns a stack, which grows and never shrinks, so it is dropped after a trap:
// a recursion without end leaves nothing behind.
type function struct {
	instance *instance
	name     string
	wazero   api.Function
	traps    uint64 // of the instance, when wazero was asked
}

func (f *function) find() {
	f.wazero, f.traps = f.instance.wasm.ExportedFunction(f.name), f.instance.traps
}

func (f *function) Call(ctx context.Context, stack []uint64) error {
	if err := f.instance.begin(ctx); err != nil {
		return err
	}
	return f.instance.end(f.run(stack))
}

func (f *function) run(stack []uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = enginePanic{r, debug.Stack()}
		}
	}()
	if f.traps != f.instance.traps {
		f.find()
	}
	return f.wazero.CallWithStack(&f.instance.call, stack)
}

// enginePanic is a panic of wazero's own.
type enginePanic struct {
	value any
	stack []byte
}

func (p enginePanic) Error() string { return fmt.Sprintf("wazero panicked: %v", p.value) }
