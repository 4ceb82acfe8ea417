package wazeroengine

import (
	"reflect"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBank(t *testing.T) {
	for name, config := range map[string]func(*testing.T) Config{
		"compiler":    func(*testing.T) Config { return Config{} },
		"cached":      func(t *testing.T) Config { return Config{CacheDir: t.TempDir()} },
		"interpreter": func(*testing.T) Config { return Config{Interpreter: true} },
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.Run(t, func(t *testing.T) engine.Engine {
				e, err := New(config(t))
				if err != nil {
					t.Fatal(err)
				}
				return e
			})
		})
	}
}

func TestCacheFolderThatCannotBeMade(t *testing.T) {
	if _, err := New(Config{CacheDir: "/dev/null/cache"}); err == nil {
		t.Fatal("a file was taken as the cache's folder")
	}
}

func TestSplit(t *testing.T) {
	for name, tc := range map[string]struct {
		text, message, function string
		stack                   []string
	}{
		"named": {"wasm error: unreachable\nwasm stack trace:\n\tguest.main.(*T).method(i32,i64) i32\n\t\t0x1: a.go:3\n\tguest.$12()\n\t... maybe followed by omitted frames",
			"unreachable", "main.(*T).method", []string{"main.(*T).method", "$12"}},
		"host above": {"no (recovered by wazero)\nwasm stack trace:\n\tweir.emit(i32,i32) i32\n\tguest.run() (i32,i32)",
			"no", "run", []string{"host:weir.emit", "run"}},
		"start":       {"module[] function[x] failed: wasm error: unreachable\nwasm stack trace:\n\tguest.f()", "unreachable", "f", []string{"f"}},
		"bare":        {"stack overflow", "stack overflow", "", nil},
		"sandbox":     {"late (recovered by wazero)\nwasm stack trace:\n\tweir.sandbox.yield(i64) i64\n\tguest.f()", "late", "f", []string{"f"}},
		"odd name":    {"wasm error: unreachable\nwasm stack trace:\n\tguest.a\x1b[2Jb()", "unreachable", "a?[2Jb", []string{"a?[2Jb"}},
		"after trace": {"boom (recovered by wazero)\nwasm stack trace:\n\tguest.f()\n\nGo runtime stack trace:\ngoroutine 1", "boom", "f", []string{"f"}},
	} {
		message, stack := split(tc.text, "guest")
		if message != tc.message || !reflect.DeepEqual(stack, tc.stack) || innermost(stack) != tc.function {
			t.Errorf("%s: %q, %q, %q", name, message, stack, innermost(stack))
		}
	}
}

func TestPanicOfTheEngineIsATrap(t *testing.T) {
	f := &function{instance: &instance{}} // nothing is behind it
	trap := trapOf(f.run(nil), "guest")
	if trap.Class != engine.Bug || trap.Err == nil {
		t.Fatalf("got %#v", trap)
	}
}

func BenchmarkEngine(b *testing.B) {
	for name, config := range map[string]Config{"compiler": {}, "interpreter": {Interpreter: true}} {
		b.Run(name, func(b *testing.B) {
			enginetest.Benchmark(b, func(b *testing.B) engine.Engine {
				e, err := New(config)
				if err != nil {
					b.Fatal(err)
				}
				return e
			})
		})
	}
}
