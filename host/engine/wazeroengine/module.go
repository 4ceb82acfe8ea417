package wazeroengine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tetratelabs/wazero"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

type module struct {
	source   *sandbox.Module
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	code     *compiledCode // where it is kept; nil: nowhere
	pages    *pagemap
	slice    int64
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

// Close frees the compiled code. Instances use it, so they are closed first.
func (m *module) Close(ctx context.Context) error {
	if n := m.open.Load(); n > 0 {
		return fmt.Errorf("the module is in use by %d instances: close them first", n)
	}
	return m.free(ctx)
}

// free lets go of the compiled code too, which the cache that runtimes share would keep else.
func (m *module) free(ctx context.Context) (err error) {
	if m.compiled != nil {
		err = m.compiled.Close(ctx)
	}
	err = errors.Join(err, m.runtime.Close(ctx))
	if m.code != nil {
		err = errors.Join(err, m.code.cache.Close(ctx))
	}
	return err
}

// Instantiate runs the wasm start function and nothing else: _initialize is the caller's to call.
func (m *module) Instantiate(ctx context.Context, host any) (_ engine.Instance, err error) {
	if err := m.fits(); err != nil {
		return nil, err
	}
	i := &instance{module: m, host: host, meter: engine.Meter{Slice: m.slice}}
	i.call.instance = i
	m.open.Add(1)
	defer func() {
		if err != nil {
			_ = i.Close(ctx) // the first error is the one to tell
		}
	}()
	if err := i.make(ctx); err != nil {
		return nil, err
	}
	if !m.source.HasStart {
		return i, nil
	}
	start, err := i.Lookup(sandbox.StartExport, engine.FuncType{})
	if err != nil {
		return nil, err
	}
	return i, start.Call(ctx, nil)
}
