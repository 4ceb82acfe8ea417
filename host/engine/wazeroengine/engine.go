// Package wazeroengine runs modules on wazero, a WebAssembly runtime in pure Go.
//
// Each module gets a wazero Runtime of its own, since its maintainers advise against sharing one among tenants; compiled
// code is shared through the engine's cache. Nothing of wazero's own bounds a call: a rewritten module yields often enough
// to be ended there, which costs a fraction of wazero's option for it and leaves Go's garbage collector its turn.
//
// One limit is wazero's all the same: its interpreter stops at 2,000 frames, earlier than Limits.Depth would, and reports it
// as the same class. It keeps a frame of the guest's in several KiB of Go's own stack, so more of them would cost too much.
package wazeroengine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tetratelabs/wazero"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/visible"
)

// Config is how the engine runs. The zero value compiles where the machine allows it and keeps compiled code in memory.
type Config struct {
	Interpreter bool   // interpret even where compiling is supported
	CacheDir    string // folder that keeps compiled code between runs; "" is none. It holds machine code: nobody else may write to it
	// Logger hears when the folder fails a compilation, which is then done without it; nil: nobody does.
	Logger *slog.Logger
}

// Engine is an engine.Engine over wazero.
type Engine struct {
	runtime wazero.RuntimeConfig
	cache   wazero.CompilationCache // in memory
	codes   *codeCache              // in the folder; nil: none
	pages   *pagemap
	slice   int64
	log     *slog.Logger
	name    string
}

var _ engine.Engine = (*Engine)(nil)

// interpretedSlice takes the interpreter, which is some fifty times as slow, about as long as a slice does compiled code.
const interpretedSlice = engine.Slice / 25

// New makes an engine. The error says that the cache's folder can't be used.
func New(c Config) (*Engine, error) {
	e := &Engine{runtime: wazero.NewRuntimeConfig(), log: c.Logger, name: "wazero"}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if c.Interpreter {
		e.runtime, e.name, e.slice = wazero.NewRuntimeConfigInterpreter(), "interpreter", interpretedSlice
	}
	if c.CacheDir != "" && !c.Interpreter {
		codes, err := openCodeCache(c.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("cache of compiled modules %s: %w", c.CacheDir, err)
		}
		e.codes = codes
	}
	e.cache = wazero.NewCompilationCache()
	e.runtime = e.runtime.WithMemoryLimitPages(engine.MaxMemory / engine.PageSize)
	e.pages = openPagemap()
	return e, nil
}

// Name is "wazero", or "interpreter" where Config asked for it.
func (e *Engine) Name() string { return e.name }

// Close frees the cache of compiled code.
func (e *Engine) Close(ctx context.Context) error {
	return errors.Join(e.cache.Close(ctx), e.pages.close())
}

// Compile compiles a module in a Runtime of its own. Where the cache's folder fails, which may be full, it is compiled without.
func (e *Engine) Compile(ctx context.Context, m *sandbox.Module, o engine.Options) (engine.Module, error) {
	if e.codes != nil {
		compiled, err := e.compileKept(ctx, m, o)
		if err == nil {
			return compiled, nil
		}
		compiled, again := e.compile(ctx, e.cache, m, o)
		if again != nil {
			return nil, again
		}
		e.log.Warn("a module was compiled without the cache of compiled modules", "reason", visible.Line(err.Error()))
		return compiled, nil
	}
	compiled, err := e.compile(ctx, e.cache, m, o)
	if err != nil {
		return nil, err
	}
	return compiled, nil
}

// compileKept takes the compiled code from the folder, or leaves it there.
func (e *Engine) compileKept(ctx context.Context, m *sandbox.Module, o engine.Options) (*module, error) {
	code, err := e.codes.open(m)
	if err != nil {
		return nil, err
	}
	if code.damaged != nil {
		e.log.Warn("a kept module was damaged and is compiled anew", "folder", code.kept, "reason", visible.Line(code.damaged.Error()))
	}
	compiled, err := e.compile(ctx, code.cache, m, o)
	if err != nil {
		code.drop()
		return nil, errors.Join(err, code.cache.Close(ctx))
	}
	compiled.code = code
	if err := errors.Join(code.seal(), e.codes.trim()); err != nil {
		e.log.Warn("a compiled module is not kept", "folder", code.folder, "reason", visible.Line(err.Error()))
	}
	return compiled, nil
}

func (e *Engine) compile(ctx context.Context, cache wazero.CompilationCache, source *sandbox.Module, o engine.Options) (_ *module, err error) {
	config := e.runtime.WithCompilationCache(cache)
	m := &module{source: source, pages: e.pages, slice: e.slice, runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	m.SetLimits(o.Limits)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compiling: wazero panicked: %v", r)
		}
		if err != nil {
			_ = m.free(ctx)
		}
	}()
	if err := m.fits(); err != nil {
		return nil, err
	}
	if m.compiled, err = m.runtime.CompileModule(ctx, source.Wasm); err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	if err := m.link(ctx, o.Host); err != nil {
		return nil, err
	}
	return m, nil
}
