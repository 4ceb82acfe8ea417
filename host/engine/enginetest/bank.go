// Package enginetest holds the tests that every engine must pass, and benchmarks to compare engines with.
package enginetest

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/sandbox"
)

// Run runs the bank. open makes an engine; the bank closes it.
func Run(t *testing.T, open func(t *testing.T) engine.Engine) {
	e := open(t)
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for name, test := range map[string]func(*testing.T, engine.Engine){
		"results":        testResults,
		"host functions": testHostFunctions,
		"trap classes":   testTrapClasses,
		"nameless":       testNameless,
		"deadline":       testDeadline,
		"cancellation":   testCancellation,
		"memory limit":   testMemoryLimit,
		"bad modules":    testBadModules,
		"lookup":         testLookup,
		"start function": testStart,
		"end of life":    testEndOfLife,
		"stopping":       testStopping,
		"bulk":           testBulk,
		"bulk stopped":   testBulkStopped,
		"depth":          testDepth,
		"fuel":           testFuel,
		"fuel budget":    testFuelBudget,
		"fuel rate":      testFuelRate,
		"host calls":     testHostCalls,
		"charge":         testCharge,
		"hold":           testHold,
		"grow refused":   testGrowRefused,
		"new limits":     testNewLimits,
		"limits hammer":  testLimitsHammer,
		"re-entry":       testReentry,
		"restore":        testRestore,
		"not restorable": testNotRestorable,
		"canary":         testCanary,
		"collection":     testCollection,
	} {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
	t.Run("nothing is left", func(t *testing.T) { testNothingLeft(t, e) })
}

var (
	none   = engine.FuncType{}
	answer = engine.FuncType{Results: []engine.ValueType{engine.I32}}
	unary  = engine.FuncType{Params: []engine.ValueType{engine.I32}, Results: []engine.ValueType{engine.I32}}
)

// rewrite does what comes before every Compile.
func rewrite(t testing.TB, m *asm.Module) *sandbox.Module {
	t.Helper()
	rewritten, err := sandbox.Rewrite(m.Bytes(), sandbox.Caps{})
	if err != nil {
		t.Fatal(err)
	}
	return rewritten
}

// compile compiles m; everything is closed at the end of the test.
func compile(t testing.TB, e engine.Engine, m *asm.Module, o engine.Options) engine.Module {
	t.Helper()
	module, err := e.Compile(t.Context(), rewrite(t, m), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := module.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return module
}

func instantiate(t testing.TB, m engine.Module, host any) engine.Instance {
	t.Helper()
	i, err := m.Instantiate(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close(context.Background()) })
	return i
}

// call calls an export of type (i32…) -> i32.
func call(t testing.TB, i engine.Instance, name string, ft engine.FuncType, args ...uint64) (uint32, error) {
	t.Helper()
	f, err := i.Lookup(name, ft)
	if err != nil {
		t.Fatal(err)
	}
	stack := append(args, 0)
	err = f.Call(t.Context(), stack)
	return uint32(stack[0]), err
}

func trapOf(t testing.TB, err error) *engine.Trap {
	t.Helper()
	var trap *engine.Trap
	if !errors.As(err, &trap) {
		t.Fatalf("got %v, want a trap", err)
	}
	return trap
}

func testResults(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Memory(1, 1)
	m.Func("square", asm.Sig("i", "i"), "", asm.Get(0), asm.Get(0), asm.Mul)
	m.Func("peek", asm.Sig("i", "i"), "", asm.Get(0), asm.Load(4))
	module := compile(t, e, m, engine.Options{})
	a, b := instantiate(t, module, nil), instantiate(t, module, nil)
	if got, err := call(t, a, "square", unary, 12); err != nil || got != 144 {
		t.Fatalf("square: %d, %v", got, err)
	}
	binary.LittleEndian.PutUint32(a.Memory().Bytes()[12:], 77)
	if got, err := call(t, a, "peek", unary, 8); err != nil || got != 77 {
		t.Fatalf("peek: %d, %v", got, err)
	}
	if got, err := call(t, b, "peek", unary, 8); err != nil || got != 0 {
		t.Fatalf("another instance sees %d, %v", got, err)
	}
}

func testHostFunctions(t *testing.T, e engine.Engine) {
	refusal := errors.New("not like this")
	host := []engine.HostFunc{
		{Module: "env", Name: "sum", Type: unary, Call: func(_ context.Context, host any, mem engine.Memory, stack []uint64) error {
			stack[0] += uint64(mem.Bytes()[3]) + uint64(host.(int))
			return nil
		}},
		{Module: "env", Name: "refuse", Type: none, Call: func(context.Context, any, engine.Memory, []uint64) error { return refusal }},
		{Module: "env", Name: "broken", Type: none, Call: func(context.Context, any, engine.Memory, []uint64) error {
			var nothing []int
			_ = nothing[len(nothing)]
			return nil
		}},
		{Module: "env", Name: "unused", Type: none},
	}
	m := asm.New()
	sum := m.Import("env", "sum", asm.Sig("i", "i"))
	refuse := m.Import("env", "refuse", asm.Sig("", ""))
	broken := m.Import("env", "broken", asm.Sig("", ""))
	m.Memory(1, 1)
	m.Data(3, []byte{5})
	m.Func("sum", asm.Sig("i", "i"), "", asm.Get(0), asm.Call(sum))
	m.Func("refuse", asm.Sig("", "i"), "", asm.Call(refuse), asm.I32(0))
	m.Func("broken", asm.Sig("", "i"), "", asm.Call(broken), asm.I32(0))
	module := compile(t, e, m, engine.Options{Host: host})
	for _, each := range []int{100, 200} {
		if got, err := call(t, instantiate(t, module, each), "sum", unary, 30); err != nil || got != uint32(35+each) {
			t.Errorf("sum: %d, %v", got, err)
		}
	}
	_, err := call(t, instantiate(t, module, 0), "refuse", answer)
	if trap := trapOf(t, err); trap.Class != engine.Host || !errors.Is(err, refusal) || trap.Function != "refuse" {
		t.Errorf("refuse: %#v", trap)
	}
	_, err = call(t, instantiate(t, module, 0), "broken", answer)
	if trap := trapOf(t, err); trap.Class != engine.Bug {
		t.Errorf("broken: %#v", trap)
	}
}

// testNameless has traps in a module without a name section: they name its own indices and its exports, whatever the sandbox
// has put in between.
func testNameless(t *testing.T, e engine.Engine) {
	m := asm.New()
	host := m.Import("env", "mark", asm.Sig("", ""))
	give := m.Local("", asm.Sig("", ""), "", asm.Call(host), asm.Unreachable)
	spin := m.Local("", asm.Sig("", ""), "", asm.Forever())
	m.Func("give up", asm.Sig("", "i"), "", asm.Call(give), asm.I32(0))
	m.Func("spin", asm.Sig("", "i"), "", asm.Call(spin), asm.I32(0))
	m.Nameless()
	module := compile(t, e, m, engine.Options{Host: mark(nothing), Limits: engine.Limits{Fuel: 1_000_000}})
	for name, want := range map[string]string{"give up": "$1 give up", "spin": "$2 spin"} {
		_, err := call(t, instantiate(t, module, nil), name, answer)
		if trap := trapOf(t, err); strings.Join(trap.Stack, " ") != want || trap.Function != trap.Stack[0] {
			t.Errorf("%s: function %q, stack %q; want %q", name, trap.Function, trap.Stack, want)
		}
	}
}

func testTrapClasses(t *testing.T, e engine.Engine) {
	m := asm.New()
	first := m.Func("unreachable", asm.Sig("", "i"), "", asm.Unreachable)
	m.Memory(1, 1)
	m.Table(2)
	m.Func("load", asm.Sig("", "i"), "", asm.I32(65533), asm.Load(0))
	m.Func("divide", asm.Sig("", "i"), "", asm.I32(1), asm.I32(0), asm.DivS)
	m.Func("overflow", asm.Sig("", "i"), "", asm.I32(-1<<31), asm.I32(-1), asm.DivS)
	m.Func("null", asm.Sig("", "i"), "", asm.I32(0), asm.CallTable0)
	m.Func("beyond", asm.Sig("", "i"), "", asm.I32(2), asm.CallTable0)
	m.Func("recurse", asm.Sig("", "i"), "", asm.Call(first+6), asm.I32(1), asm.Add)
	m.Func("outer", asm.Sig("", "i"), "", asm.Call(first))
	module := compile(t, e, m, engine.Options{})
	for name, want := range map[string]engine.Class{
		"unreachable": engine.Unreachable, "load": engine.OutOfBounds, "divide": engine.Arithmetic,
		"overflow": engine.Arithmetic, "null": engine.Table, "beyond": engine.Table, "recurse": engine.StackOverflow,
		"outer": engine.Unreachable,
	} {
		i := instantiate(t, module, nil)
		_, err := call(t, i, name, answer)
		trap := trapOf(t, err)
		if trap.Class != want {
			t.Errorf("%s: class %s (%s), want %s", name, trap.Class, trap.Message, want)
		}
		if name == "outer" && (trap.Function != "unreachable" || strings.Join(trap.Stack, " ") != "unreachable outer") {
			t.Errorf("outer: function %q, stack %q", trap.Function, trap.Stack)
		}
		if _, err := call(t, i, "divide", answer); !errors.Is(err, engine.ErrDead) {
			t.Errorf("%s: a call after the trap gives %v", name, err)
		}
		if got := len(i.Memory().Bytes()); got != engine.PageSize {
			t.Errorf("%s: %d bytes of memory to read after the trap", name, got)
		}
	}
}

func testDeadline(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Memory(1, 1)
	m.Func("spin", asm.Sig("", "i"), "", asm.Forever(), asm.I32(0))
	m.Func("ok", asm.Sig("", "i"), "", asm.I32(7))
	module := compile(t, e, m, engine.Options{Limits: engine.Limits{Timeout: 50 * time.Millisecond, Fuel: engine.MaxFuel}})
	i := instantiate(t, module, nil)
	if got, err := call(t, i, "ok", answer); err != nil || got != 7 {
		t.Fatalf("ok: %d, %v", got, err)
	}
	_, err := call(t, i, "spin", answer)
	if trap := trapOf(t, err); trap.Class != engine.Deadline {
		t.Fatalf("spin: %#v", trap)
	}
	if got := len(i.Memory().Bytes()); got != engine.PageSize {
		t.Errorf("%d bytes of memory to read after the deadline", got)
	}
	if _, err := call(t, i, "ok", answer); !errors.Is(err, engine.ErrDead) {
		t.Errorf("a call after the deadline gives %v", err)
	}
}

func testCancellation(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Func("spin", asm.Sig("", ""), "", asm.Forever())
	module := compile(t, e, m, engine.Options{})
	f, err := instantiate(t, module, nil).Lookup("spin", none)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = f.Call(ctx, nil)
	if trap := trapOf(t, err); trap.Class != engine.Cancelled || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %#v", trap)
	}
}

func testMemoryLimit(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Memory(1, 0)
	m.Func("grow", asm.Sig("i", "i"), "", asm.Get(0), asm.MemoryGrow)
	limits := limitsOf(4)
	module := compile(t, e, m, engine.Options{Limits: limits})
	if got := module.Limits().Pages(0); got != 4 {
		t.Fatalf("the limit is %d pages", got)
	}
	i := instantiate(t, module, nil)
	for _, step := range []struct{ pages, want uint32 }{{2, 1}, {2, 0xffffffff}, {1, 3}, {1, 0xffffffff}, {0, 4}} {
		if got, err := call(t, i, "grow", unary, uint64(step.pages)); err != nil || got != step.want {
			t.Fatalf("growing by %d: %d, %v", step.pages, int32(got), err)
		}
	}
	if got := len(i.Memory().Bytes()); got != 4*engine.PageSize {
		t.Errorf("%d bytes", got)
	}
	big := asm.New()
	big.Memory(5, 0)
	if _, err := e.Compile(t.Context(), rewrite(t, big), engine.Options{Limits: limits}); err == nil {
		t.Error("a module that starts with more memory than allowed was compiled")
	}
	module = compile(t, e, big, engine.Options{})
	module.SetLimits(limits)
	if _, err := module.Instantiate(t.Context(), nil); err == nil {
		t.Error("an instance that starts with more memory than allowed was made")
	}
}

// limitsOf leaves so many pages to the memory.
func limitsOf(pages int64) engine.Limits {
	return engine.Limits{Memory: pages*engine.PageSize*8/7 + engine.PageSize/2}
}

func testBadModules(t *testing.T, e engine.Engine) {
	unknown := asm.New()
	unknown.Import("env", "nothing", asm.Sig("", ""))
	other := asm.New()
	other.Import("env", "f", asm.Sig("i", ""))
	host := []engine.HostFunc{{Module: "env", Name: "f", Type: none}}
	invalid := asm.New()
	invalid.Func("f", asm.Sig("", "i"), "")
	for name, m := range map[string]*sandbox.Module{
		"empty": {}, "text": {Wasm: []byte("(module)")}, "cut": {Wasm: rewrite(t, unknown).Wasm[:12]},
		"not rewritten": {Wasm: []byte("\x00asm\x01\x00\x00\x00")}, "invalid body": {Wasm: invalid.Bytes()},
		"unknown import": rewrite(t, unknown), "import of another type": rewrite(t, other),
	} {
		compiled, err := e.Compile(t.Context(), m, engine.Options{Host: host})
		if err != nil {
			continue
		}
		if name != "not rewritten" { // which an engine may find out only when it makes an instance
			t.Errorf("%s was compiled", name)
		} else if _, err := compiled.Instantiate(t.Context(), nil); err == nil {
			t.Errorf("%s was instantiated", name)
		}
		if err := compiled.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func testLookup(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Func("f", asm.Sig("i", "i"), "", asm.Get(0))
	i := instantiate(t, compile(t, e, m, engine.Options{}), nil)
	if _, err := i.Lookup("g", unary); !errors.Is(err, engine.ErrNoExport) {
		t.Errorf("a function that isn't there: %v", err)
	}
	if _, err := i.Lookup("f", answer); err == nil || errors.Is(err, engine.ErrNoExport) || !strings.Contains(err.Error(), "(i32) -> i32") {
		t.Errorf("another type: %v", err)
	}
	if i.Memory() != nil {
		t.Error("a module without memory has one")
	}
}

func testStart(t *testing.T, e engine.Engine) {
	mark := []engine.HostFunc{{Module: "env", Name: "mark", Type: none, Call: func(_ context.Context, host any, mem engine.Memory, _ []uint64) error {
		mem.Bytes()[0] = 9
		*host.(*bool) = true
		return nil
	}}}
	limits := engine.Limits{Timeout: 50 * time.Millisecond, Fuel: engine.MaxFuel}
	build := func(body ...asm.Code) engine.Module {
		m := asm.New()
		f := m.Import("env", "mark", asm.Sig("", ""))
		m.Memory(1, 1)
		m.Start(m.Local("begin", asm.Sig("", ""), "", append([]asm.Code{asm.Call(f)}, body...)...))
		return compile(t, e, m, engine.Options{Host: mark, Limits: limits})
	}
	seen := false
	if i := instantiate(t, build(), &seen); !seen || i.Memory().Bytes()[0] != 9 {
		t.Error("the start function did not run")
	}
	for want, body := range map[engine.Class]asm.Code{engine.Deadline: asm.Forever(), engine.Unreachable: asm.Unreachable} {
		_, err := build(body).Instantiate(t.Context(), &seen)
		if trap := trapOf(t, err); trap.Class != want {
			t.Errorf("got %#v, want %s", trap, want)
		}
	}
}

func testEndOfLife(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Func("f", asm.Sig("", "i"), "", asm.I32(1))
	i := instantiate(t, compile(t, e, m, engine.Options{}), nil)
	f, err := i.Lookup("f", answer)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Call(t.Context(), make([]uint64, 1)); !errors.Is(err, engine.ErrDead) {
		t.Errorf("a call after Close gives %v", err)
	}
	if _, err := i.Lookup("f", answer); !errors.Is(err, engine.ErrDead) {
		t.Errorf("Lookup after Close gives %v", err)
	}
	if err := i.Close(t.Context()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
