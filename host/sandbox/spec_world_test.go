package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/sandbox"
)

// specCaps let every module of the suite in, whatever it declares; what caps refuse has tests of its own.
var specCaps = sandbox.Caps{MemoryPages: 65_536, TableEntries: 10_000_000}

// specDepth is what every instance gets: enough for the suite's recursions that end, and less than the 2,000 frames at which
// wazero's interpreter ends the others by itself.
const specDepth = 20_000

var (
	errTooDeep = errors.New("too deep")
	errBudget  = errors.New("out of fuel")
)

// A specEngine is one of wazero's two, with the cache of compiled code that all its worlds share.
type specEngine struct {
	name   string
	config wazero.RuntimeConfig
	slice  int64 // units that a yield gives; must not show in anything, so each engine has another
	cache  wazero.CompilationCache
}

func specEngines(t testing.TB, features api.CoreFeatures) []*specEngine {
	engines := []*specEngine{
		{name: "compiler", config: wazero.NewRuntimeConfigCompiler(), slice: 100_000},
		{name: "interpreter", config: wazero.NewRuntimeConfigInterpreter(), slice: 7},
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" { // the compiler knows no others; the slices still differ
		engines[0].name, engines[0].config = "interpreter", wazero.NewRuntimeConfigInterpreter()
	}
	for _, e := range engines {
		e.cache = wazero.NewCompilationCache()
		e.config = e.config.WithCoreFeatures(features).WithCompilationCache(e.cache)
		t.Cleanup(func() {
			if err := e.cache.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return engines
}

// A form is what a world makes of a module before running it.
type form string

const (
	original     form = "original"
	rewritten    form = "rewritten"
	instructions form = "counted" // see counted
	both         form = "counted, then rewritten"
)

// A world runs modules of one script, which may link to each other, in one form on one engine.
type world struct {
	engine    *specEngine
	form      form
	runtime   wazero.Runtime
	instances []*instance
	named     map[string]*instance
	last      *instance
	given     int64 // units that all instances got so far
	budget    int64 // units that they may use; 0 is no bound
}

type instance struct {
	module      api.Module
	fuel, depth api.MutableGlobal // of a rewritten one
	count       api.Global        // of a counted one
}

func newWorld(t testing.TB, e *specEngine, as form) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{engine: e, form: as, runtime: wazero.NewRuntimeWithConfig(ctx, e.config), named: map[string]*instance{}}
	t.Cleanup(func() {
		if err := w.runtime.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if as == rewritten || as == both {
		_, err := w.runtime.NewHostModuleBuilder(sandbox.Prefix).
			NewFunctionBuilder().WithGoFunction(api.GoFunc(w.yield), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
			Export(sandbox.YieldImport).
			NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) { panic(errTooDeep) }), nil, nil).
			Export(sandbox.DeepImport).
			Instantiate(ctx)
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// newSpecWorld has the module that the suite's modules import.
func newSpecWorld(t testing.TB, e *specEngine, as form) *world {
	t.Helper()
	w := newWorld(t, e, as)
	host, err := spectestModule()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.instantiate(t.Context(), host, "spectest"); err != nil {
		t.Fatal(err)
	}
	return w
}

// yield fills the fuel up to a slice, or to what is left of the budget.
func (w *world) yield(_ context.Context, stack []uint64) {
	left, slice := int64(stack[0]), w.engine.slice
	if w.budget > 0 {
		// The global still holds what is left.
		if slice = min(slice, w.budget-w.consumed()); slice < 0 {
			panic(errBudget)
		}
	}
	w.given += slice - left
	stack[0] = uint64(slice)
}

// A specModule is a module of the suite before and after.
type specModule struct {
	original  []byte
	rewritten *sandbox.Module
}

func readModule(path string) (*specModule, error) {
	original, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rewritten, err := sandbox.Rewrite(original, specCaps)
	return &specModule{original, rewritten}, err
}

// spectestModule is the host module of the suite, itself wasm.
var spectestModule = sync.OnceValues(func() (*specModule, error) {
	dir, err := specFolder()
	if err != nil {
		return nil, err
	}
	return readModule(dir + "/testdata/spectest.wasm")
})

// instantiate links m under the name (none: "") and runs its start function.
func (w *world) instantiate(ctx context.Context, m *specModule, name string) (*instance, error) {
	wasm := m.original
	switch w.form {
	case rewritten:
		wasm = m.rewritten.Wasm
	case instructions:
		wasm = counted(m.original)
	case both:
		again, err := sandbox.Rewrite(counted(m.original), specCaps)
		if err != nil {
			return nil, err
		}
		wasm = again.Wasm
	}
	compiled, err := w.runtime.CompileModule(ctx, wasm)
	if err != nil {
		return nil, err
	}
	module, err := w.link(ctx, compiled, wazero.NewModuleConfig().WithName(name).WithStartFunctions())
	if err != nil {
		return nil, err
	}
	i := &instance{module: module}
	w.instances = append(w.instances, i)
	if w.form == instructions {
		i.count = module.ExportedGlobal(countExport)
	}
	if w.form == original || w.form == instructions {
		return i, nil
	}
	if err := i.open(); err != nil {
		return nil, err
	}
	if m.rewritten.HasStart {
		if _, err := module.ExportedFunction(sandbox.StartExport).Call(ctx); err != nil {
			w.reset()
			return nil, errors.Join(err, module.Close(ctx)) // as wazero does with an instance whose start function fails
		}
	}
	return i, nil
}

// link instantiates, and makes an error of the panic with which wazero meets, where an int has 32 bits, an element segment that
// begins beyond 2^31.
func (w *world) link(ctx context.Context, compiled wazero.CompiledModule, config wazero.ModuleConfig) (m api.Module, err error) {
	defer func() {
		if failed, ok := recover().(runtime.Error); ok {
			err = failed
		}
	}()
	return w.runtime.InstantiateModule(ctx, compiled, config)
}

// open finds what the rewriter added and sets it as a host does.
func (i *instance) open() error {
	var ok bool
	if i.fuel, ok = i.module.ExportedGlobal(sandbox.FuelExport).(api.MutableGlobal); !ok {
		return fmt.Errorf("no mutable global %s", sandbox.FuelExport)
	}
	if i.depth, ok = i.module.ExportedGlobal(sandbox.DepthExport).(api.MutableGlobal); !ok {
		return fmt.Errorf("no mutable global %s", sandbox.DepthExport)
	}
	if fuel, depth := int64(i.fuel.Get()), int32(i.depth.Get()); fuel != 0 || depth != 0 {
		return fmt.Errorf("fuel starts at %d and depth at %d, want 0", fuel, depth)
	}
	i.depth.Set(specDepth)
	if pages, ok := i.module.ExportedGlobal(sandbox.PagesExport).(api.MutableGlobal); ok {
		pages.Set(65536)
	}
	return nil
}

// reset gives every instance its depth back, as the host does after a trap.
func (w *world) reset() {
	for _, i := range w.instances {
		if i.depth != nil {
			i.depth.Set(specDepth)
		}
	}
}

// consumed is the fuel or the instructions that all instances used since the world began: a call may reach several of them.
func (w *world) consumed() int64 {
	used := w.given
	for _, i := range w.instances {
		if i.fuel != nil {
			used -= int64(i.fuel.Get())
		}
		if i.count != nil {
			used += int64(i.count.Get())
		}
	}
	return used
}

// An outcome is what an action did.
type outcome struct {
	results []uint64
	err     error
	fuel    int64 // or instructions
}

// trap is what an error says in its first line: behind it comes a stack trace, in which the rewriter's functions show.
// That a start function failed is wazero's to say only where wazero called it.
func trap(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if said, ok := strings.CutPrefix(line, "start function["); ok {
		_, line, _ = strings.Cut(said, "failed: ")
	}
	line, _, _ = strings.Cut(line, " mismatch: ") // what follows names a maximum, which the rewriter lowers
	return line
}

// act does a, with its arguments read.
func (w *world) act(ctx context.Context, a specAction, args []uint64) (outcome, error) {
	i := w.last
	if a.Module != "" {
		i = w.named[a.Module]
	}
	if i == nil {
		return outcome{}, fmt.Errorf("no module %q", a.Module)
	}
	if a.Type == "get" {
		global := i.module.ExportedGlobal(a.Field)
		if global == nil {
			return outcome{}, fmt.Errorf("no global %q", a.Field)
		}
		return outcome{results: []uint64{global.Get()}}, nil
	}
	function := i.module.ExportedFunction(a.Field)
	if function == nil {
		return outcome{}, fmt.Errorf("no function %q", a.Field)
	}
	before := w.consumed()
	var o outcome
	o.results, o.err = function.Call(ctx, args...)
	o.fuel = w.consumed() - before
	return o, w.settle(o.err)
}

// settle checks that a call which returned gave all its depth back.
func (w *world) settle(failed error) error {
	defer w.reset()
	for n, i := range w.instances {
		if failed == nil && i.depth != nil && int32(i.depth.Get()) != specDepth {
			return fmt.Errorf("depth of instance %d is %d after the call, want %d", n, int32(i.depth.Get()), specDepth)
		}
	}
	return nil
}

func (w *world) String() string { return w.engine.name + ", " + string(w.form) }
