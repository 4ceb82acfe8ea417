package wasmtimeengine

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

type module struct {
	engine   *Engine
	source   *sandbox.Module
	compiled *wasmtime.Module
	imports  []imported // in the order that wasmtime takes them
	limits   atomic.Pointer[engine.Limits]
	open     atomic.Int64 // instances that are not closed
}

func (m *module) Limits() engine.Limits { return *m.limits.Load() }

func (m *module) SetLimits(l engine.Limits) {
	l = l.WithDefaults()
	m.limits.Store(&l)
}

// fits says whether the memory that the module starts with is within the limits.
func (m *module) fits() error {
	if m.source.Memory == nil {
		return nil
	}
	if least, most := m.source.Memory.Min, m.Limits().Pages(0); least > most {
		return fmt.Errorf("the module starts with %d pages of memory; %d of 64 KiB are left of the limit of %d bytes, which holds the stack too",
			least, most, m.Limits().Memory)
	}
	return nil
}

// Close frees the compiled code.
func (m *module) Close(context.Context) error {
	if n := m.open.Load(); n > 0 {
		return fmt.Errorf("the module is in use by %d instances: close them first", n)
	}
	m.compiled.Close()
	return nil
}

// Instantiate runs the wasm start function and nothing else: _initialize is the caller's to call. Where that fails, the
// instance comes with the error, closed, to be asked for GrowRefused and Fuel.
func (m *module) Instantiate(ctx context.Context, host any) (engine.Instance, error) {
	if err := m.fits(); err != nil {
		return nil, err
	}
	i := &instance{module: m, host: host}
	if err := i.make(); err != nil {
		return nil, err
	}
	m.open.Add(1)
	if !m.source.HasStart {
		return i, nil
	}
	start, err := i.Lookup(sandbox.StartExport, engine.FuncType{})
	if err == nil {
		err = start.Call(ctx, nil)
	}
	if err != nil {
		_ = i.Close(ctx) // the first error is the one to tell
	}
	return i, err
}
