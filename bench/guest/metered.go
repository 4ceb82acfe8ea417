package main

import (
	"context"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/sandbox"
)

// plenty are limits that no program comes to, each of them on.
var plenty = engine.Limits{Memory: engine.MaxMemory, Fuel: engine.MaxFuel, Timeout: time.Minute}

// meteredModule is a rewritten module on the project's engine.
type meteredModule struct {
	ctx    context.Context
	engine *wazeroengine.Engine
	module engine.Module
	types  map[string]engine.FuncType
}

// newMetered compiles a rewritten module on an engine of its own.
func newMetered(ctx context.Context, m *sandbox.Module, limits engine.Limits) (*meteredModule, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	module, err := e.Compile(ctx, m, engine.Options{Host: hostFuncs(m), Limits: limits})
	if err != nil {
		_ = e.Close(ctx)
		return nil, err
	}
	return &meteredModule{ctx, e, module, types(m)}, nil
}

func (m *meteredModule) open() (*metered, error) {
	i, err := m.module.Instantiate(m.ctx, &world{})
	return &metered{i, m}, err
}

func (m *meteredModule) close() error {
	if err := m.module.Close(m.ctx); err != nil {
		return err
	}
	return m.engine.Close(m.ctx)
}

// metered is an instance of it.
type metered struct {
	engine.Instance
	module *meteredModule
}

func (i *metered) call(name string, arguments ...uint64) (uint64, error) {
	t, ok := i.module.types[name]
	if !ok {
		return 0, errNoExport
	}
	f, err := i.Lookup(name, t)
	if err != nil {
		return 0, err
	}
	stack := make([]uint64, max(len(t.Params), len(t.Results), 1))
	copy(stack, arguments)
	if err := f.Call(i.module.ctx, stack); err != nil || len(t.Results) == 0 {
		return 0, err
	}
	return stack[0], nil
}

func (i *metered) memory() []byte { return i.Memory().Bytes() }

func (i *metered) close() error { return i.Close(i.module.ctx) }
