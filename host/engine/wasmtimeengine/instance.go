package wasmtimeengine

import (
	"context"
	"fmt"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v44"

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
	module  *module
	host    any
	state   state
	meter   engine.Meter
	limits  *engine.Limits  // of the running or the last call
	held    int64           // by the host, for it
	ctx     context.Context // of the running call
	ended   error           // what a host function ended the call with; nil: none did
	endedIn *imported       // that host function
	refused bool            // the last call was refused a memory.grow

	store   *wasmtime.Store
	wasm    *wasmtime.Instance
	made    uint64    // how often store and wasm were made: each time makes handles stale
	memory  *memory   // nil where there is none
	added   added     // by the sandbox
	globals []*global // the guest's own
	image   *image    // nil: nothing is pinned
}

// added are the globals that the sandbox added.
type added struct{ fuel, depth, pages, refused *global }

// make makes wasmtime's instance. No guest code runs: what was the start function is an export now.
func (i *instance) make() (err error) {
	i.store = wasmtime.NewStore(i.module.engine.wasmtime)
	defer func() {
		if r := recover(); r != nil {
			err = panicked("wasmtime", r)
		}
		if err != nil {
			i.store.Close()
		}
	}()
	if i.wasm, err = wasmtime.NewInstance(i.store, i.module.compiled, i.externs()); err != nil {
		return trapOf(err, i)
	}
	i.made++
	source := i.module.source
	i.added = added{fuel: i.global(sandbox.FuelExport), depth: i.global(sandbox.DepthExport)}
	if source.Memory != nil {
		if i.memory == nil {
			i.memory = new(memory)
		}
		i.memory.store, i.memory.wasmtime = i.store, i.wasm.GetExport(i.store, source.Memory.Export).Memory()
		i.added.pages, i.added.refused = i.global(sandbox.PagesExport), i.global(sandbox.RefusedExport)
	}
	i.globals = i.globals[:0]
	for _, g := range source.Globals {
		i.globals = append(i.globals, i.global(g.Export))
	}
	return nil
}

func (i *instance) Lookup(name string, t engine.FuncType) (engine.Func, error) {
	if i.state == closed {
		return nil, engine.ErrDead
	}
	f := &function{instance: i, name: name, results: t.Results, params: t.Params}
	if f.find(); f.wasmtime == nil {
		return nil, fmt.Errorf("function %q: %w", name, engine.ErrNoExport)
	}
	if got := typeOf(f.wasmtime.Type(i.store)); got.String() != t.String() {
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
		return i.meter.Total() + i.meter.Running(i.added.fuel.i64())
	}
	return i.meter.Total()
}

func (i *instance) Time() time.Duration { return i.meter.Took() }

func (i *instance) GrowRefused() bool { return i.refused }

// Hold lowers what the memory may grow to by what the host holds.
func (i *instance) Hold(n int64) error {
	if i.state != running || i.memory == nil {
		return nil
	}
	pages, size := i.limits.Pages(i.held+n), len(i.memory.Bytes())
	if int(pages)*engine.PageSize < size {
		return fmt.Errorf("%d bytes beside a memory of %d: %w", i.held+n, size, engine.ErrMemory)
	}
	i.held += n
	i.added.pages.setI32(int32(pages))
	return nil
}

func (i *instance) Charge(n int64) error {
	if i.state != running {
		return nil
	}
	if trap := i.meter.Charge(i.added.fuel.i64(), n); trap != nil {
		return trap
	}
	return nil
}

func (i *instance) Close(context.Context) error {
	switch i.state {
	case running:
		return engine.ErrBusy
	case closed:
		return nil
	}
	i.state, i.image = closed, nil
	if i.memory != nil {
		i.memory.wasmtime = nil
	}
	i.store.Close()
	i.module.open.Add(-1)
	return nil
}

// memory is the instance's memory as hosts see it.
type memory struct {
	store    *wasmtime.Store
	wasmtime *wasmtime.Memory // nil once the instance is closed
}

// Bytes is the memory in use; nothing once it is closed.
func (m *memory) Bytes() []byte {
	if m.wasmtime == nil {
		return nil
	}
	return m.wasmtime.UnsafeData(m.store)
}

// global is a global that the rewriter exported.
type global struct {
	store    *wasmtime.Store
	wasmtime *wasmtime.Global
}

// global finds one. Where it is not there, that is a mistake of the rewriter's and panics.
func (i *instance) global(name string) *global {
	return &global{i.store, i.wasm.GetExport(i.store, name).Global()}
}

func (g *global) get() wasmtime.Val { return g.wasmtime.Get(g.store) }

// set panics where the value is of another type than the global, or that is not mutable: a mistake on this side.
func (g *global) set(v wasmtime.Val) {
	if err := g.wasmtime.Set(g.store, v); err != nil {
		panic(err)
	}
}

func (g *global) i64() int64     { return g.get().I64() }
func (g *global) i32() int32     { return g.get().I32() }
func (g *global) setI32(v int32) { g.set(wasmtime.ValI32(v)) }
func (g *global) setI64(v int64) { g.set(wasmtime.ValI64(v)) }
