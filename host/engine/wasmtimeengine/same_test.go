package wasmtimeengine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/sandbox"
)

// A twin is one module on both engines.
type twin struct {
	modules   [2]engine.Module
	instances [2]engine.Instance
}

// twins makes twins, and counts the calls that were compared.
type twins struct {
	engines [2]engine.Engine // wazero, wasmtime
	calls   int
}

func newTwins(t *testing.T) *twins {
	wazero, err := wazeroengine.New(wazeroengine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	both := &twins{engines: [2]engine.Engine{wazero, open(t)}}
	t.Cleanup(func() {
		for _, e := range both.engines {
			if err := e.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return both
}

// printers are what the suite's modules import to print with.
var printers = func() (out []engine.HostFunc) {
	for name, params := range map[string][]engine.ValueType{
		"print": nil, "print_i32": {engine.I32}, "print_i64": {engine.I64}, "print_f32": {engine.F32}, "print_f64": {engine.F64},
		"print_i32_f32": {engine.I32, engine.F32}, "print_f64_f64": {engine.F64, engine.F64},
	} {
		out = append(out, engine.HostFunc{Module: "spectest", Name: name, Type: engine.FuncType{Params: params},
			Call: func(context.Context, any, engine.Memory, []uint64) error { return nil }})
	}
	return out
}()

// open makes the twin of a module; nil where it wants more than the contract of engines has, such as a memory to import.
func (both *twins) open(t *testing.T, file string) *twin {
	t.Helper()
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sandbox.Rewrite(wasm, sandbox.Caps{})
	if err != nil {
		return nil
	}
	if slices.ContainsFunc(m.Imports, func(i sandbox.Import) bool { return i.Kind != sandbox.KindFunc }) {
		return nil
	}
	made := &twin{}
	var errs [2]error
	for k, e := range both.engines {
		made.modules[k], errs[k] = e.Compile(t.Context(), m, engine.Options{Host: printers, Limits: engine.Limits{Fuel: 100_000_000}})
	}
	if (errs[0] == nil) != (errs[1] == nil) {
		t.Fatalf("%s: compiled: %v, %v", file, errs[0], errs[1])
	}
	if errs[0] != nil {
		return nil
	}
	t.Cleanup(func() { made.close(t) })
	return made
}

// begin makes new instances; false where both fail, in the same way.
func (w *twin) begin(t *testing.T, what string) bool {
	t.Helper()
	var errs [2]error
	for k, m := range w.modules {
		if w.instances[k] != nil {
			if err := w.instances[k].Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if w.instances[k], errs[k] = m.Instantiate(t.Context(), nil); errs[k] != nil {
			w.instances[k] = nil
		}
	}
	if class(errs[0]) != class(errs[1]) {
		t.Errorf("%s: instantiated: %v, %v", what, errs[0], errs[1])
	}
	return errs[0] == nil && errs[1] == nil
}

func (w *twin) close(t *testing.T) {
	for k, m := range w.modules {
		if i := w.instances[k]; i != nil {
			_ = i.Close(context.Background())
		}
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func class(err error) engine.Class {
	var trap *engine.Trap
	switch {
	case err == nil:
		return ""
	case errors.As(err, &trap):
		return trap.Class
	}
	return "error"
}

// call makes a call on both and compares what came of it: results, class of the trap, the guest's function, fuel.
func (both *twins) call(t *testing.T, w *twin, what, name string, ft engine.FuncType, args []uint64) (fuel uint64, trapped bool) {
	t.Helper()
	var stacks [2][]uint64
	var errs [2]error
	var used [2]uint64
	for k, i := range w.instances {
		f, err := i.Lookup(name, ft)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		stacks[k] = append(slices.Clone(args), make([]uint64, len(ft.Results))...)
		before := i.Fuel()
		errs[k] = f.Call(t.Context(), stacks[k])
		used[k] = i.Fuel() - before
	}
	both.calls++
	if class(errs[0]) != class(errs[1]) || used[0] != used[1] {
		t.Errorf("%s: %v with %d units, %v with %d", what, errs[0], used[0], errs[1], used[1])
	}
	if errs[0] != nil {
		return used[0], true
	}
	for k, r := range ft.Results {
		if !sameBits(r, stacks[0][k], stacks[1][k]) {
			t.Errorf("%s: result %d is %#x and %#x", what, k, stacks[0][k], stacks[1][k])
		}
	}
	return used[0], false
}

// sameBits compares numbers. Which NaN an operation gives is left to engines.
func sameBits(t engine.ValueType, a, b uint64) bool {
	switch t {
	case engine.I32:
		return uint32(a) == uint32(b)
	case engine.F32:
		x, y := math.Float32frombits(uint32(a)), math.Float32frombits(uint32(b))
		return uint32(a) == uint32(b) || x != x && y != y
	case engine.F64:
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		return a == b || x != x && y != y
	}
	return a == b
}

// A specCommand is one step of a script of the specification's test suite, as wast2json writes it.
type specCommand struct {
	Type     string      `json:"type"`
	Line     int         `json:"line"`
	Name     string      `json:"name"`
	Filename string      `json:"filename"`
	Expected []specValue `json:"expected"`
	Action   struct {
		Type   string      `json:"type"`
		Module string      `json:"module"`
		Field  string      `json:"field"`
		Args   []specValue `json:"args"`
	} `json:"action"`
}

type specValue struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

var numberTypes = map[string]engine.ValueType{"i32": engine.I32, "i64": engine.I64, "f32": engine.F32, "f64": engine.F64}

// numbers reads values; false where one is none, as the contract of engines passes nothing else.
func numbers(values []specValue) (types []engine.ValueType, bits []uint64, ok bool) {
	for _, v := range values {
		t, ok := numberTypes[v.Type]
		if !ok {
			return nil, nil, false
		}
		var text string
		_ = json.Unmarshal(v.Value, &text) // an expected value may be a pattern, of which only the type counts
		n, err := strconv.ParseUint(text, 10, 64)
		if signed, signedErr := strconv.ParseInt(text, 10, 64); err != nil && signedErr == nil {
			n = uint64(signed)
		}
		types, bits = append(types, t), append(bits, n)
	}
	return types, bits, true
}

// TestSpecSuite makes the calls of the specification's test suite, which comes inside wazero's Go module, on wazero and on
// wasmtime. Modules that import more than functions, and calls that pass vectors or references, are beyond the contract of
// engines; host/sandbox compares those on wazero's two.
func TestSpecSuite(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest/v2/testdata/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	both := newTwins(t)
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) { both.play(t, path) })
	}
	t.Logf("%d calls were compared", both.calls)
	if least := 22_000; both.calls < least {
		t.Errorf("%d calls were compared, of at least %d", both.calls, least)
	}
}

func (both *twins) play(t *testing.T, path string) {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var script struct{ Commands []specCommand }
	if err := json.Unmarshal(raw, &script); err != nil {
		t.Fatal(err)
	}
	var last *twin
	named := map[string]*twin{}
	for _, c := range script.Commands {
		what := fmt.Sprintf("line %d", c.Line)
		switch c.Type {
		case "module":
			if last = both.open(t, filepath.Join(filepath.Dir(path), c.Filename)); last != nil && !last.begin(t, what) {
				last = nil
			}
			if c.Name != "" {
				named[c.Name] = last
			}
		case "action", "assert_return", "assert_trap", "assert_exhaustion":
			w := last
			if c.Action.Module != "" {
				w = named[c.Action.Module]
			}
			both.act(t, w, what, c)
		}
	}
}

// act makes a script's call, where it can be made. An instance that trapped is followed by a new one.
func (both *twins) act(t *testing.T, w *twin, what string, c specCommand) {
	params, args, ok := numbers(c.Action.Args)
	results, _, numeric := numbers(c.Expected)
	if w == nil || w.instances[0] == nil || c.Action.Type != "invoke" || !ok || !numeric {
		return
	}
	what += ": " + c.Action.Field
	if _, trapped := both.call(t, w, what, c.Action.Field, engine.FuncType{Params: params, Results: results}, args); trapped {
		w.begin(t, what)
	}
}
