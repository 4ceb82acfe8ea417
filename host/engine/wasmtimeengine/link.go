package wasmtimeengine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// imported is a function that the module imports.
type imported struct {
	wasmtime *wasmtime.FuncType
	results  []engine.ValueType
	slots    int    // of its stack
	name     string // "module.name", for stacks
	own      bool   // the sandbox's: not the guest's business
	// call serves it. The error ends the guest's call.
	call func(i *instance, stack []uint64) error
}

// link finds the functions that the module imports.
func (m *module) link(host []engine.HostFunc) error {
	for _, wanted := range m.compiled.Imports() {
		from, name := wanted.Module(), ""
		if wanted.Name() != nil {
			name = *wanted.Name()
		}
		ft := wanted.Type().FuncType()
		if ft == nil {
			return fmt.Errorf("linking: the module imports %q of %q, which is not a function", name, from)
		}
		f, t, err := find(host, from, name)
		if err != nil {
			return err
		}
		if got := typeOf(ft); t.String() != got.String() {
			return fmt.Errorf("linking: the module imports %q of %q as %s; it is %s", name, from, got, t)
		}
		m.imports = append(m.imports, imported{
			wasmtime: ft, results: t.Results, slots: max(len(t.Params), len(t.Results)), name: from + "." + name, own: from == sandbox.Prefix, call: f,
		})
	}
	return nil
}

// find is the function that a module imports: the sandbox's own, or one of host.
func find(host []engine.HostFunc, from, name string) (func(*instance, []uint64) error, engine.FuncType, error) {
	if from == sandbox.Prefix {
		switch name {
		case sandbox.YieldImport:
			i64 := []engine.ValueType{engine.I64}
			return (*instance).yield, engine.FuncType{Params: i64, Results: i64}, nil
		case sandbox.DeepImport:
			return (*instance).tooDeep, engine.FuncType{}, nil
		}
	}
	k := slices.IndexFunc(host, func(h engine.HostFunc) bool { return h.Module == from && h.Name == name })
	if k < 0 {
		return nil, engine.FuncType{}, fmt.Errorf("linking: the module imports function %q of %q, which the host doesn't have", name, from)
	}
	h := host[k]
	return func(i *instance, stack []uint64) error { return i.serve(h, stack) }, h.Type, nil
}

// externs are the imports of one instance.
func (i *instance) externs() []wasmtime.AsExtern {
	out := make([]wasmtime.AsExtern, len(i.module.imports))
	for k := range i.module.imports {
		f := &i.module.imports[k]
		out[k] = wasmtime.NewFunc(i.store, f.wasmtime, func(_ *wasmtime.Caller, args []wasmtime.Val) ([]wasmtime.Val, *wasmtime.Trap) {
			stack := make([]uint64, f.slots)
			for n, v := range args {
				stack[n] = bitsOf(v.Get())
			}
			if err := f.call(i, stack); err != nil {
				i.ended, i.endedIn = err, f
				return nil, interrupt()
			}
			results := make([]wasmtime.Val, len(f.results))
			for n, t := range f.results {
				results[n] = valueOf(t, stack[n])
			}
			return results, nil
		})
	}
	return out
}

// yield gives a guest that has used up its slice of fuel the next one.
func (i *instance) yield(stack []uint64) error {
	next, trap := i.meter.Yield(int64(stack[0]))
	if trap != nil {
		return trap
	}
	stack[0] = uint64(next)
	return nil
}

// tooDeep ends a guest whose calls are nested too deeply.
func (i *instance) tooDeep([]uint64) error {
	return &engine.Trap{Class: engine.StackOverflow, Message: "stack overflow: calls nested too deeply"}
}

// serve calls a host function, and makes of its error or its panic the trap that ends the call.
func (i *instance) serve(h engine.HostFunc, stack []uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked("a host function", r)
		}
	}()
	if trap := i.meter.HostCall(); trap != nil {
		return trap
	}
	err = h.Call(i.ctx, i.host, i.Memory(), stack)
	var trap *engine.Trap
	if err == nil || errors.As(err, &trap) {
		return err
	}
	return &engine.Trap{Class: engine.Host, Message: err.Error(), Err: err}
}
