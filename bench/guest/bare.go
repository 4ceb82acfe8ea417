package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// bareEngine runs modules as they are, on wazero alone: the original arms.
type bareEngine struct {
	cache   wazero.CompilationCache
	options wazero.RuntimeConfig
}

// newBareEngine makes one. interrupt turns wazero's own means to stop a guest on.
func newBareEngine(interrupt bool) *bareEngine {
	cache := wazero.NewCompilationCache()
	options := wazero.NewRuntimeConfigCompiler().WithCompilationCache(cache).WithCloseOnContextDone(interrupt)
	return &bareEngine{cache, options}
}

func (e *bareEngine) close(ctx context.Context) error { return e.cache.Close(ctx) }

// bare is an instance in a runtime of its own, as the project's engine has it; code is shared by the cache.
type bare struct {
	ctx     context.Context
	runtime wazero.Runtime
	module  api.Module
	cancel  context.CancelFunc
}

// open makes an instance of wasm; m describes it.
func (e *bareEngine) open(ctx context.Context, wasm []byte, m *sandbox.Module) (_ instance, err error) {
	b := &bare{runtime: wazero.NewRuntimeWithConfig(ctx, e.options)}
	b.ctx, b.cancel = context.WithCancel(ctx) // a context that may end: without, the option to interrupt has no effect
	defer func() {
		if err != nil {
			_ = b.close()
		}
	}()
	if err := b.link(m); err != nil {
		return nil, err
	}
	compiled, err := b.runtime.CompileModule(ctx, wasm)
	if err != nil {
		return nil, err
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	within := experimental.WithMemoryAllocator(b.ctx, experimental.MemoryAllocatorFunc(reserve))
	b.module, err = b.runtime.InstantiateModule(within, compiled, config)
	return b, err
}

// link gives the module the functions that it imports.
func (b *bare) link(m *sandbox.Module) error {
	builders, w := map[string]wazero.HostModuleBuilder{}, &world{}
	for _, h := range hostFuncs(m) {
		if builders[h.Module] == nil {
			builders[h.Module] = b.runtime.NewHostModuleBuilder(h.Module)
		}
		builders[h.Module].NewFunctionBuilder().WithGoModuleFunction(bareFunc(h, w), bareTypes(h.Type.Params), bareTypes(h.Type.Results)).Export(h.Name)
	}
	for name, builder := range builders {
		if _, err := builder.Instantiate(b.ctx); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	return nil
}

// bareFunc is a host function as wazero takes it. It panics where the function fails, which ends the guest's call with that error.
func bareFunc(h engine.HostFunc, w *world) api.GoModuleFunc {
	return func(ctx context.Context, m api.Module, stack []uint64) {
		if err := h.Call(ctx, w, bareMemory{m.Memory()}, stack); err != nil {
			panic(err)
		}
	}
}

func bareTypes(types []engine.ValueType) (out []api.ValueType) {
	for _, t := range types {
		out = append(out, api.ValueType(t))
	}
	return out
}

type bareMemory struct{ api.Memory }

func (m bareMemory) Bytes() []byte {
	view, _ := m.Read(0, m.Size())
	return view
}

func (b *bare) call(name string, arguments ...uint64) (uint64, error) {
	f := b.module.ExportedFunction(name)
	if f == nil {
		return 0, errNoExport
	}
	results, err := f.Call(b.ctx, arguments...)
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return results[0], nil
}

func (b *bare) memory() []byte { return bareMemory{b.module.Memory()}.Bytes() }

func (b *bare) close() error {
	b.cancel()
	return b.runtime.Close(b.ctx)
}

// linear is memory of the same kind as the project's engine has: a mapping of its own, so that arms do not differ in it.
type linear struct{ space []byte }

// mostMemory is what the largest of the guests may have.
const mostMemory = engine.MaxMemory

// reserve makes one. It panics where the system has no address space left.
func reserve(_, most uint64) experimental.LinearMemory {
	space, err := unix.Mmap(-1, 0, int(min(most, mostMemory)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		panic(errors.Join(errors.New("reserving memory for a guest"), err))
	}
	return &linear{space}
}

// Reallocate changes the size.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(len(l.space)) {
		return nil
	}
	return l.space[:size]
}

// Free gives the memory back to the system.
func (l *linear) Free() { _ = unix.Munmap(l.space) }
