package wazeroengine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// link instantiates one wazero host module for each module name that the guest imports from.
func (m *module) link(ctx context.Context, host []engine.HostFunc) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, imported := range m.compiled.ImportedFunctions() {
		from, name, _ := imported.Import()
		f, t, err := find(host, from, name)
		if err != nil {
			return err
		}
		if got := typeOf(imported); t.String() != got.String() {
			return fmt.Errorf("linking: the module imports %q of %q as %s; it is %s", name, from, got, t)
		}
		if builders[from] == nil {
			builders[from] = m.runtime.NewHostModuleBuilder(from)
		}
		builders[from].NewFunctionBuilder().WithGoModuleFunction(f, wazeroTypes(t.Params), wazeroTypes(t.Results)).Export(name)
	}
	for from, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("linking %q: %w", from, err)
		}
	}
	return nil
}

// find is the function that a module imports: the sandbox's own, or one of host.
func find(host []engine.HostFunc, from, name string) (api.GoModuleFunc, engine.FuncType, error) {
	if from == sandbox.Prefix {
		switch name {
		case sandbox.YieldImport:
			i64 := []engine.ValueType{engine.I64}
			return yield, engine.FuncType{Params: i64, Results: i64}, nil
		case sandbox.DeepImport:
			return tooDeep, engine.FuncType{}, nil
		}
	}
	i := slices.IndexFunc(host, func(h engine.HostFunc) bool { return h.Module == from && h.Name == name })
	if i < 0 {
		return nil, engine.FuncType{}, fmt.Errorf("linking: the module imports function %q of %q, which the host doesn't have", name, from)
	}
	return hostFunction(host[i]), host[i].Type, nil
}

// callContext is the context of every call into wazero. It leads host functions, which instances share, to the instance.
// Its values are none: wazero looks its experimental options up at each call, and none is in use.
type callContext struct {
	context.Context
	instance *instance
}

func (*callContext) Value(any) any { return nil }

func instanceOf(ctx context.Context) *instance { return ctx.(*callContext).instance }

// limit carries a trap of the host's own through wazero, which takes only panics.
type limit struct{ *engine.Trap }

// hostError carries a host function's error through wazero.
type hostError struct{ err error }

func (e hostError) Error() string { return e.err.Error() }

// hostPanic carries a host function's panic through wazero.
type hostPanic struct {
	value any
	stack []byte
}

func (p hostPanic) Error() string { return fmt.Sprintf("a host function panicked: %v", p.value) }

// yield gives a guest that has used up its slice of fuel the next one. It panics to end the guest, as hostFunction does.
func yield(ctx context.Context, _ api.Module, stack []uint64) {
	next, trap := instanceOf(ctx).meter.Yield(int64(stack[0]))
	if trap != nil {
		panic(limit{trap})
	}
	stack[0] = uint64(next)
}

// tooDeep ends a guest whose calls are nested too deeply. It panics, as hostFunction does.
func tooDeep(context.Context, api.Module, []uint64) {
	panic(limit{&engine.Trap{Class: engine.StackOverflow, Message: "stack overflow: calls nested too deeply"}})
}

// hostFunction is h as wazero takes it. It panics where h fails, which is how wazero ends a guest's call; wazero recovers it.
func hostFunction(h engine.HostFunc) api.GoModuleFunc {
	return func(ctx context.Context, _ api.Module, stack []uint64) {
		i := instanceOf(ctx)
		if trap := i.meter.HostCall(); trap != nil {
			panic(limit{trap})
		}
		if err := i.serve(h, stack); err != nil {
			panic(err)
		}
	}
}

// serve calls a host function and says whether it failed or panicked: wazero would tell the two apart only by their words.
func (i *instance) serve(h engine.HostFunc, stack []uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = hostPanic{r, debug.Stack()}
		}
	}()
	if err := h.Call(i.call.Context, i.host, i.Memory(), stack); err != nil {
		return failed(err)
	}
	return nil
}

// failed says whether a host function handed on a trap or has an error of its own.
func failed(err error) error {
	var trap *engine.Trap
	if errors.As(err, &trap) {
		return limit{trap}
	}
	return hostError{err}
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
