package wasmtimeengine

import (
	"context"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
)

// function is an export.
type function struct {
	instance        *instance
	name            string
	params, results []engine.ValueType
	wasmtime        *wasmtime.Func
	made            uint64 // of the instance, when wasmtime was asked
}

func (f *function) find() {
	f.wasmtime, f.made = f.instance.wasm.GetFunc(f.instance.store, f.name), f.instance.made
}

func (f *function) Call(ctx context.Context, stack []uint64) error {
	i := f.instance
	if err := i.begin(ctx); err != nil {
		return err
	}
	var trap *engine.Trap
	err := i.module.engine.threads.run(func() (again bool) {
		trap = f.run(stack)
		return trap == nil // the stack of a call that trapped may have grown to all that there is
	})
	if err != nil {
		trap = &engine.Trap{Class: engine.Other, Message: err.Error(), Err: err}
	}
	return i.end(trap)
}

// run calls the guest, on a thread with a stack for it.
func (f *function) run(stack []uint64) (trap *engine.Trap) {
	defer func() {
		if r := recover(); r != nil {
			trap = panicked("wasmtime", r)
		}
	}()
	if f.made != f.instance.made {
		f.find()
	}
	args := make([]any, len(f.params))
	for k, t := range f.params {
		args[k] = valueOf(t, stack[k])
	}
	result, err := f.wasmtime.Call(f.instance.store, args...)
	if err != nil {
		return trapOf(err, f.instance)
	}
	switch len(f.results) {
	case 0:
	case 1:
		stack[0] = bitsOf(result)
	default:
		for k, v := range result.([]wasmtime.Val) {
			stack[k] = bitsOf(v.Get())
		}
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
	i.state, i.ctx, i.held, i.ended, i.endedIn = running, ctx, 0, nil, nil
	i.added.fuel.setI64(slice)
	i.added.depth.setI32(int32(i.limits.Depth))
	if i.memory != nil {
		i.added.pages.setI32(int32(i.limits.Pages(0)))
		i.added.refused.setI32(0)
	}
	return nil
}

// end closes a call.
func (i *instance) end(trap *engine.Trap) error {
	i.meter.End(i.added.fuel.i64())
	i.refused = i.memory != nil && i.added.refused.i32() != 0
	i.state, i.ctx = ready, nil
	if trap == nil {
		return nil
	}
	i.state = dead
	return trap
}
