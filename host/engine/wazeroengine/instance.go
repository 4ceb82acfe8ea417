package wazeroengine

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/engine"
)

type module struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	limits   engine.Limits
}

func (m *module) Limits() engine.Limits { return m.limits }

func (m *module) Close(ctx context.Context) error { return m.runtime.Close(ctx) }

// Instantiate runs the wasm start function and nothing else: _initialize is the caller's to call.
func (m *module) Instantiate(ctx context.Context, host any) (engine.Instance, error) {
	i := &instance{host: host, limits: m.limits, name: m.compiled.Name()}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	err := i.run(ctx, func(ctx context.Context) (err error) {
		i.module, err = m.runtime.InstantiateModule(ctx, m.compiled, config)
		return err
	})
	if err != nil {
		if i.module != nil {
			_ = i.module.Close(ctx)
		}
		return nil, err
	}
	i.memory.wazero = i.module.ExportedMemory("memory")
	return i, nil
}

type instance struct {
	module api.Module
	memory memory
	host   any
	limits engine.Limits
	name   string // the module's own name, which wazero puts before each function's
	dead   bool
}

// callContext is the context of one call: it leads host functions to the instance.
type callContext struct {
	context.Context
	instance *instance
}

func (c callContext) Value(key any) any {
	if key == (instanceKey{}) {
		return c.instance
	}
	return c.Context.Value(key)
}

// run runs guest code under the limits and turns whatever ends it into a *engine.Trap.
func (i *instance) run(ctx context.Context, call func(context.Context) error) (err error) {
	if i.dead {
		return engine.ErrDead
	}
	timed, cancel := context.WithTimeout(ctx, i.limits.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = &engine.Trap{Class: engine.Bug, Message: fmt.Sprintf("wazero panicked: %v", r)}
		}
		if err != nil {
			i.dead = true
		}
	}()
	if err := call(callContext{timed, i}); err != nil {
		return trapOf(ctx, err, i.name)
	}
	return nil
}

func (i *instance) Lookup(name string, t engine.FuncType) (engine.Func, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return nil, fmt.Errorf("function %q: %w", name, engine.ErrNoExport)
	}
	if got := typeOf(f.Definition()); got.String() != t.String() {
		return nil, fmt.Errorf("the module exports %q as %s; it must be %s", name, got, t)
	}
	return &function{i, f}, nil
}

func (i *instance) Memory() engine.Memory {
	if i.memory.wazero == nil {
		return nil
	}
	return &i.memory
}

func (i *instance) Close(ctx context.Context) error {
	i.dead = true
	return i.module.Close(ctx)
}

type function struct {
	instance *instance
	wazero   api.Function
}

func (f *function) Call(ctx context.Context, stack []uint64) error {
	return f.instance.run(ctx, func(ctx context.Context) error { return f.wazero.CallWithStack(ctx, stack) })
}

type memory struct{ wazero api.Memory }

func (m *memory) Bytes() []byte {
	view, _ := m.wazero.Read(0, m.wazero.Size())
	return view
}
