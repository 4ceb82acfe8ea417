package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/sandbox"
)

// fuzzCaps keep what a fuzzer asks for small.
var fuzzCaps = sandbox.Caps{ModuleBytes: 1 << 19, BodyBytes: 1 << 16, Locals: 1000, TableEntries: 1000, MemoryPages: 16}

var errorCodes = []string{sandbox.CodeMalformed, sandbox.CodeInvalid, sandbox.CodeUnsupported, sandbox.CodeLimit, sandbox.CodeReserved}

// Any bytes are refused with a code, or become a module that both engines take and run alike.
func FuzzRewrite(f *testing.F) {
	for _, folder := range []string{"modules", "invalid"} {
		for _, file := range moduleFiles(f, folder) {
			wasm, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(wasm)
		}
	}
	engines := specEngines(f, api.CoreFeaturesV2)
	f.Fuzz(func(t *testing.T, wasm []byte) {
		before := bytes.Clone(wasm)
		m, err := sandbox.Rewrite(wasm, fuzzCaps)
		again, err2 := sandbox.Rewrite(before, fuzzCaps)
		if !reflect.DeepEqual(m, again) || !reflect.DeepEqual(err, err2) || !bytes.Equal(wasm, before) {
			t.Fatalf("rewritten twice: %+v, %v and %+v, %v", m, err, again, err2)
		}
		if err != nil {
			var refusal *sandbox.Error
			if !errors.As(err, &refusal) || !slices.Contains(errorCodes, refusal.Code) || refusal.Message == "" || m != nil {
				t.Fatalf("refused with %#v and module %v", err, m)
			}
			return
		}
		runAlike(t, engines, &specModule{wasm, m})
	})
}

// Generated modules, every one of which must be accepted.
func FuzzRewriteOfValidModules(f *testing.F) {
	for _, seed := range smithSeeds() {
		f.Add(seed)
	}
	engines := specEngines(f, api.CoreFeaturesV2)
	f.Fuzz(func(t *testing.T, choices []byte) {
		wasm := forge(choices)
		m, err := sandbox.Rewrite(wasm, fuzzCaps)
		if err != nil {
			t.Fatalf("refused a valid module: %v\n%x", err, wasm)
		}
		runAlike(t, engines, &specModule{wasm, m})
	})
}

// runAlike runs a module's functions on a budget: results, traps and fuel are the same on both
// engines, and where the calls came to an end by themselves the counted original ends the same and took no more than the fuel.
func runAlike(t *testing.T, engines []*specEngine, m *specModule) {
	ctx := t.Context()
	worlds := []*world{newWorld(t, engines[0], rewritten), newWorld(t, engines[1], rewritten), newWorld(t, engines[1], instructions)}
	neverBehind(ctx, t, engines[0], m)
	for _, w := range worlds[:2] {
		w.budget = 20_000
		if _, err := w.runtime.CompileModule(ctx, m.rewritten.Wasm); err != nil {
			t.Fatalf("%s: %v", w, err)
		}
	}
	if len(m.rewritten.Imports) > 0 || computesFloats(m.original) {
		return
	}
	var started []string
	for _, w := range worlds {
		_, err := w.instantiate(ctx, m, "")
		if started = append(started, trap(err)); errors.Is(err, errBudget) || errors.Is(err, errTooDeep) {
			return
		}
	}
	if started[0] != started[1] || started[0] != started[2] {
		t.Fatalf("instances: %q", started)
	}
	if started[0] != "" {
		return
	}
	for _, e := range m.rewritten.Exports {
		for range 4 {
			if e.Kind == sandbox.KindFunc && !callAlike(ctx, t, worlds, e) {
				return
			}
		}
	}
}

// neverBehind runs a module that counts what it executes under fuel: wherever a call ends, in a trap or because there is no more, it
// has paid for what it did. An instruction and its count are five.
func neverBehind(ctx context.Context, t *testing.T, engine *specEngine, m *specModule) {
	if len(m.rewritten.Imports) > 0 {
		return
	}
	w := newWorld(t, engine, both)
	w.budget = 20_000
	i, err := w.instantiate(ctx, m, "")
	if err != nil {
		return
	}
	count := i.module.ExportedGlobal(countExport)
	for _, e := range m.rewritten.Exports {
		if e.Kind != sandbox.KindFunc {
			continue
		}
		w.last, w.budget = i, w.consumed()+20_000
		before := count.Get()
		o, err := w.act(ctx, specAction{Type: "invoke", Field: e.Name}, arguments(e))
		if err != nil {
			t.Fatalf("%s: %s: %v", w, e.Name, err)
		}
		if done := int64(count.Get() - before); o.fuel+entryUnits < 5*done {
			t.Fatalf("%s: %s: fuel %d for %d instructions with their counts, %v", w, e.Name, o.fuel, 5*done, o.err)
		}
	}
}

// entryUnits is what a function may do before the loop in which that is charged.
const entryUnits = 8

// callAlike calls an export in all worlds and reports whether they are still alike afterwards.
func callAlike(ctx context.Context, t *testing.T, worlds []*world, e sandbox.Export) bool {
	action, args := specAction{Type: "invoke", Field: e.Name}, arguments(e)
	var outcomes []outcome
	for _, w := range worlds {
		w.last = w.instances[len(w.instances)-1]
		o, err := w.act(ctx, action, args)
		if err != nil {
			t.Fatalf("%s: %s: %v", w, e.Name, err)
		}
		for n, r := range e.Results {
			if r == sandbox.FuncRef && o.err == nil { // an address
				o.results[n] = min(o.results[n], 1)
			}
		}
		outcomes = append(outcomes, o)
		if last := len(outcomes) - 1; last > 0 && (trap(o.err) != trap(outcomes[0].err) || !slices.Equal(o.results, outcomes[0].results)) {
			t.Fatalf("%s: %s: %#x, %q, before %#x, %q", w, e.Name, o.results, trap(o.err), outcomes[0].results, trap(outcomes[0].err))
		}
		if w == worlds[1] && (errors.Is(o.err, errBudget) || errors.Is(o.err, errTooDeep)) {
			break // the counted one would run on
		}
	}
	if outcomes[0].fuel != outcomes[1].fuel {
		t.Fatalf("%s: fuel %d on one engine, %d on the other", e.Name, outcomes[0].fuel, outcomes[1].fuel)
	}
	if len(outcomes) == 3 && outcomes[0].fuel < outcomes[2].fuel {
		t.Fatalf("%s: fuel %d for %d instructions", e.Name, outcomes[0].fuel, outcomes[2].fuel)
	}
	return len(outcomes) == 3
}

// arguments are some for an export.
func arguments(e sandbox.Export) (args []uint64) {
	for _, p := range e.Params {
		switch p {
		case sandbox.I32, sandbox.I64:
			args = append(args, 3)
		case sandbox.V128:
			args = append(args, 4, 5)
		default: // null, where it is a reference
			args = append(args, 0)
		}
	}
	return args
}
