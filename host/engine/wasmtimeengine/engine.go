// Package wasmtimeengine runs modules on wasmtime, through its Go binding and cgo.
//
// It is the second engine: what a guest does on it, emits, traps and fuel, is what it does on wazero, and the tests compare
// the two. It lives in a Go module of its own, so that the ordinary binary stays free of cgo.
//
// A module is metered and stopped by what host/sandbox put into it, as on every engine; wasmtime's own fuel, epochs and limits
// are not in use. Two things differ from wazero inside: guests run on threads of their own, for their stacks (thread.go), and
// memory can't shrink, so that a restore makes a new instance where the memory has grown (restore.go).
package wasmtimeengine

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// Engine is an engine.Engine over wasmtime.
type Engine struct {
	wasmtime *wasmtime.Engine
	threads  threads
}

var _ engine.Engine = (*Engine)(nil)

// Name is what the engine is called in configuration.
const Name = "wasmtime"

// New makes an engine. Nothing is kept of it on disk. The error says that the build is not the one that it is made for.
func New() (*Engine, error) {
	if err := bound(); err != nil {
		return nil, err
	}
	keepLess()
	return &Engine{wasmtime: wasmtime.NewEngineWithConfig(config())}, nil
}

// config is made anew for each of wasmtime's engines, which takes it over.
func config() *wasmtime.Config {
	config := wasmtime.NewConfig()
	setStack(config, wasmStack)
	// What host/sandbox refuses, wasmtime is not to take either.
	config.SetWasmThreads(false)
	config.SetWasmTailCall(false)
	config.SetWasmRelaxedSIMD(false)
	config.SetWasmMultiMemory(false)
	config.SetWasmMemory64(false)
	return config
}

// Open is New, as host/builtin takes it.
func Open(string, *slog.Logger) (engine.Engine, error) {
	e, err := New()
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Name is "wasmtime".
func (e *Engine) Name() string { return Name }

// Close ends the engine's threads.
func (e *Engine) Close(context.Context) error {
	e.threads.close()
	e.wasmtime.Close()
	return nil
}

// Compile compiles a module.
func (e *Engine) Compile(_ context.Context, source *sandbox.Module, o engine.Options) (engine.Module, error) {
	m := &module{engine: e, source: source}
	m.SetLimits(o.Limits)
	if err := m.fits(); err != nil {
		return nil, err
	}
	if len(source.Wasm) == 0 {
		return nil, fmt.Errorf("compiling: the module is empty")
	}
	var err error
	if m.compiled, err = wasmtime.NewModule(e.wasmtime, source.Wasm); err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	if err := m.link(o.Host); err != nil {
		m.compiled.Close()
		return nil, err
	}
	return m, nil
}
