// Package wazeroengine runs modules on wazero, a WebAssembly runtime in pure Go.
//
// Each module gets a wazero Runtime of its own, since its maintainers advise against sharing one among tenants and since
// the limit of memory belongs to the Runtime; compiled code is shared through the engine's cache. Deadlines use wazero's
// own option, which checks at every loop head and function entry.
package wazeroengine

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/engine"
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
	cache   wazero.CompilationCache
	plain   wazero.RuntimeConfig // without the folder; nil where there is none
	log     *slog.Logger
	name    string
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine. The error says that the cache's folder can't be used.
func New(c Config) (*Engine, error) {
	e := &Engine{runtime: wazero.NewRuntimeConfig(), log: c.Logger, name: "wazero"}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if c.Interpreter {
		e.runtime, e.name = wazero.NewRuntimeConfigInterpreter(), "interpreter"
	}
	if c.CacheDir == "" {
		e.cache = wazero.NewCompilationCache()
	} else {
		cache, err := wazero.NewCompilationCacheWithDir(c.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("compilation cache %s: %w", c.CacheDir, err)
		}
		e.cache = cache
	}
	e.runtime = e.runtime.WithCloseOnContextDone(true)
	if c.CacheDir != "" {
		e.plain = e.runtime
	}
	e.runtime = e.runtime.WithCompilationCache(e.cache)
	return e, nil
}

// Name is "wazero", or "interpreter" where Config asked for it.
func (e *Engine) Name() string { return e.name }

// Close frees the cache of compiled code.
func (e *Engine) Close(ctx context.Context) error { return e.cache.Close(ctx) }

// Compile compiles wasm in a Runtime of its own. Where that fails with a cache folder, which may be full or hold damaged
// files, it is tried without.
func (e *Engine) Compile(ctx context.Context, wasm []byte, o engine.Options) (engine.Module, error) {
	m, err := e.compile(ctx, e.runtime, wasm, o)
	if err == nil || e.plain == nil {
		return m, err
	}
	m, again := e.compile(ctx, e.plain, wasm, o)
	if again == nil {
		e.log.Warn("a module was compiled without the cache of compiled modules", "reason", visible.Line(err.Error()))
	}
	return m, again
}

func (e *Engine) compile(ctx context.Context, config wazero.RuntimeConfig, wasm []byte, o engine.Options) (_ engine.Module, err error) {
	limits := o.Limits.WithDefaults()
	m := &module{limits: limits, runtime: wazero.NewRuntimeWithConfig(ctx, config.WithMemoryLimitPages(limits.MemoryPages))}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compiling: wazero panicked: %v", r)
		}
		if err != nil {
			_ = m.runtime.Close(ctx)
		}
	}()
	if m.compiled, err = m.runtime.CompileModule(ctx, wasm); err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	if err := m.link(ctx, o.Host); err != nil {
		return nil, err
	}
	return m, nil
}

// link instantiates one wazero host module for each module name that the guest imports from.
func (m *module) link(ctx context.Context, host []engine.HostFunc) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, imported := range m.compiled.ImportedFunctions() {
		from, name, _ := imported.Import()
		i := slices.IndexFunc(host, func(h engine.HostFunc) bool { return h.Module == from && h.Name == name })
		if i < 0 {
			return fmt.Errorf("linking: the module imports function %q of %q, which the host doesn't have", name, from)
		}
		if want, got := host[i].Type, typeOf(imported); want.String() != got.String() {
			return fmt.Errorf("linking: the module imports %q of %q as %s; it is %s", name, from, got, want)
		}
		if builders[from] == nil {
			builders[from] = m.runtime.NewHostModuleBuilder(from)
		}
		builders[from].NewFunctionBuilder().
			WithGoModuleFunction(hostFunction(host[i]), wazeroTypes(host[i].Type.Params), wazeroTypes(host[i].Type.Results)).Export(name)
	}
	for from, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("linking %q: %w", from, err)
		}
	}
	return nil
}

// hostError carries a host function's error through wazero, which takes only panics.
type hostError struct{ err error }

func (e hostError) Error() string { return e.err.Error() }

// hostPanic carries a host function's panic through wazero.
type hostPanic struct {
	value any
	stack []byte
}

func (p hostPanic) Error() string { return fmt.Sprintf("a host function panicked: %v", p.value) }

// instanceKey finds the calling instance in the context of a call: wazero shares host functions among instances.
type instanceKey struct{}

// hostFunction is h as wazero takes it. It panics where h fails, which is how wazero ends a guest's call; wazero recovers it.
func hostFunction(h engine.HostFunc) api.GoModuleFunc {
	return func(ctx context.Context, calling api.Module, stack []uint64) {
		i := ctx.Value(instanceKey{}).(*instance)
		if i.memory.wazero == nil { // the start function runs before Instantiate has returned
			i.memory.wazero = calling.ExportedMemory("memory")
		}
		if err := call(ctx, h, i, stack); err != nil {
			panic(err)
		}
	}
}

// call calls a host function and says whether it failed or panicked: wazero would tell the two apart only by their words.
func call(ctx context.Context, h engine.HostFunc, i *instance, stack []uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = hostPanic{r, debug.Stack()}
		}
	}()
	if err := h.Call(ctx, i.host, i.Memory(), stack); err != nil {
		return hostError{err}
	}
	return nil
}

func typeOf(f api.FunctionDefinition) engine.FuncType {
	return engine.FuncType{Params: engineTypes(f.ParamTypes()), Results: engineTypes(f.ResultTypes())}
}

// engineTypes and wazeroTypes convert value types: both sides use WebAssembly's own bytes.
func engineTypes(types []api.ValueType) []engine.ValueType {
	out := make([]engine.ValueType, len(types))
	for i, t := range types {
		out[i] = engine.ValueType(t)
	}
	return out
}

func wazeroTypes(types []engine.ValueType) []api.ValueType {
	out := make([]api.ValueType, len(types))
	for i, t := range types {
		out[i] = api.ValueType(t)
	}
	return out
}
