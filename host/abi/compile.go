package abi

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
)

// caps are what the rewriter allows a module, where the ABI says it.
var caps = sandbox.Caps{ModuleBytes: LimitModuleBytes, TableEntries: LimitTableEntries}

// Compile rewrites a module, so that it can be metered, and compiles it with the host functions of this package. cache
// keeps what was rewritten; nil: nothing is kept. A refusal by the rewriter is a *sandbox.Error. A panic below is an error.
func Compile(ctx context.Context, e engine.Engine, cache *sandbox.Cache, wasm []byte, l engine.Limits) (_ engine.Module, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the host panicked over a module: %v\n%s", r, debug.Stack())
		}
	}()
	rewrite := sandbox.Rewrite
	if cache != nil {
		rewrite = cache.Rewrite
	}
	rewritten, err := rewrite(wasm, caps)
	if err != nil {
		return nil, fault.InputError(err)
	}
	m, err := e.Compile(ctx, rewritten, engine.Options{Host: HostFuncs(), Limits: l})
	if err != nil {
		return nil, fault.InputError(err)
	}
	return m, nil
}
