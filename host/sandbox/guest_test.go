package sandbox

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// guest is an instance of a rewritten module under a budget, the least that a host does.
type guest struct {
	t      testing.TB
	module api.Module
	left   int64 // of the budget, not in the slice
	slice  int64
	yields int
	owed   int64 // the most that the guest had used beyond what it had, where it was checked
}

var (
	errFuel  = errors.New("out of fuel")
	errDepth = errors.New("too deep")
)

// hostModules are what the guest may import, beside what the rewriter adds.
func instantiate(t testing.TB, m *Module) *guest {
	t.Helper()
	ctx := context.Background()
	g := &guest{t: t, slice: 1000}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(4096))
	t.Cleanup(func() { r.Close(ctx) })
	yield := func(_ context.Context, left int64) int64 {
		g.yields++
		g.owed = max(g.owed, -left)
		grant := min(g.slice, g.left)
		if left+grant < 0 {
			grant = min(-left, g.left)
		}
		if g.left -= grant; left+grant < 0 {
			panic(errFuel)
		}
		return left + grant
	}
	deep := func(context.Context) { panic(errDepth) }
	b := r.NewHostModuleBuilder(Prefix)
	b.NewFunctionBuilder().WithFunc(yield).Export(YieldImport)
	b.NewFunctionBuilder().WithFunc(deep).Export(DeepImport)
	if _, err := b.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	host := r.NewHostModuleBuilder("env")
	host.NewFunctionBuilder().WithFunc(func(_ context.Context, x int32) int32 { return x + 1 }).Export("host")
	if _, err := host.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	compiled, err := r.CompileModule(ctx, m.Wasm)
	if err != nil {
		t.Fatal(err)
	}
	if g.module, err = r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions()); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *guest) set(global string, x uint64) {
	g.t.Helper()
	v, ok := g.module.ExportedGlobal(global).(api.MutableGlobal)
	if !ok {
		g.t.Fatalf("no mutable global %s", global)
	}
	v.Set(x)
}

func (g *guest) get(global string) int64 {
	v := g.module.ExportedGlobal(global)
	if v.Type() == api.ValueTypeI32 {
		return int64(int32(v.Get()))
	}
	return int64(v.Get())
}

// call runs a function with a budget of fuel and depth and says what it took.
func (g *guest) call(fuel, depth int64, name string, args ...uint64) (results []uint64, used int64, err error) {
	g.t.Helper()
	g.left = fuel
	g.set(FuelExport, 0)
	g.set(DepthExport, uint64(depth))
	results, err = g.module.ExportedFunction(name).Call(context.Background(), args...)
	return results, fuel - g.left - g.get(FuelExport), err
}

// must rewrites a module that is fine.
func must(t testing.TB, wasm []byte) *Module {
	t.Helper()
	m, err := Rewrite(wasm, Caps{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
