package enginetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// shapes are guests that never end, or not in a lifetime, by the shape of what they repeat. Each is the body of a function
// "spin" of type () -> i32, and may add functions to the module first.
var shapes = map[string]func(m *asm.Module) asm.Code{
	"br":           func(*asm.Module) asm.Code { return asm.Forever() },
	"br_if":        func(*asm.Module) asm.Code { return asm.Loop(asm.I32(1)) },
	"br_table":     func(*asm.Module) asm.Code { return asm.ForeverTable() },
	"if in a loop": func(*asm.Module) asm.Code { return asm.Loop(asm.I32(1), asm.If(asm.I32(1), asm.Drop), asm.I32(1)) },
	"loops in a loop": func(*asm.Module) asm.Code {
		return asm.Forever(asm.Loop(asm.I32(0)), asm.Loop(asm.I32(0)))
	},
	"calls": func(m *asm.Module) asm.Code {
		leaf := m.Local("leaf", asm.Sig("", ""), "")
		return asm.Forever(asm.Call(leaf))
	},
	"indirect calls": func(m *asm.Module) asm.Code {
		leaf := m.Local("leaf", asm.Sig("", "i"), "", asm.I32(1))
		m.Table(1)
		m.Elem(leaf)
		return asm.Forever(asm.I32(0), asm.CallTable0, asm.Drop)
	},
	"call tree": func(m *asm.Module) asm.Code {
		f := m.Local("leaf", asm.Sig("", ""), "")
		for range 60 {
			f = m.Local("twice", asm.Sig("", ""), "", asm.Call(f), asm.Call(f))
		}
		return asm.Call(f)
	},
	"long body": func(*asm.Module) asm.Code {
		body := asm.Code{}
		for range 20_000 {
			body = append(body, asm.Block(asm.I32(1), asm.Drop)...)
		}
		return asm.Forever(body)
	},
	"memory.fill": func(m *asm.Module) asm.Code {
		m.Memory(64, 64)
		return asm.Forever(asm.I32(0), asm.I32(1), asm.I32(64*engine.PageSize), asm.MemoryFill)
	},
	"memory.copy": func(m *asm.Module) asm.Code {
		m.Memory(64, 64)
		return asm.Forever(asm.I32(0), asm.I32(65536), asm.I32(63*engine.PageSize), asm.MemoryCopy)
	},
	"memory.grow": func(m *asm.Module) asm.Code {
		m.Memory(1, 0)
		return asm.Forever(asm.I32(1), asm.MemoryGrow, asm.Drop)
	},
	"table.grow": func(m *asm.Module) asm.Code {
		m.Table(1)
		return asm.Forever(asm.NullFunc, asm.I32(1000), asm.TableGrow, asm.Drop)
	},
}

// spinner compiles a shape.
func spinner(t testing.TB, e engine.Engine, shape func(*asm.Module) asm.Code, l engine.Limits) engine.Module {
	m := asm.New()
	m.Func("ok", asm.Sig("", "i"), "", asm.I32(7))
	body := shape(m)
	m.Func("spin", asm.Sig("", "i"), "", body, asm.I32(0))
	return compile(t, e, m, engine.Options{Limits: l})
}

// testStopping stops every shape by each of what may stop it.
func testStopping(t *testing.T, e engine.Engine) {
	const soon = 30 * time.Millisecond
	plenty := engine.Limits{Fuel: engine.MaxFuel, Timeout: time.Minute}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			module := spinner(t, e, shape, plenty)
			for want, arrange := range map[engine.Class]func() (context.Context, context.CancelFunc){
				engine.Deadline: func() (context.Context, context.CancelFunc) {
					module.SetLimits(engine.Limits{Fuel: engine.MaxFuel, Timeout: soon})
					return context.WithCancel(t.Context())
				},
				engine.Cancelled: func() (context.Context, context.CancelFunc) {
					module.SetLimits(plenty)
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(soon, cancel)
					return ctx, cancel
				},
				engine.Fuel: func() (context.Context, context.CancelFunc) {
					module.SetLimits(engine.Limits{Fuel: 1_000_000, Timeout: time.Minute})
					return context.WithCancel(t.Context())
				},
			} {
				ctx, cancel := arrange()
				i := instantiate(t, module, nil)
				spin, err := i.Lookup("spin", answer)
				if err != nil {
					t.Fatal(err)
				}
				err = spin.Call(ctx, make([]uint64, 1))
				cancel()
				if trap := trapOf(t, err); trap.Class != want {
					t.Errorf("class %s (%s), want %s", trap.Class, trap.Message, want)
				}
				if want == engine.Cancelled && !errors.Is(err, context.Canceled) {
					t.Errorf("%v does not say that the context was cancelled", err)
				}
				if _, err := call(t, i, "ok", answer); !errors.Is(err, engine.ErrDead) {
					t.Errorf("a call after it gives %v", err)
				}
			}
		})
	}
}

// recursions never end, by the shape of their frames. Each gives the index of a function of type () -> i32.
var recursions = map[string]func(m *asm.Module) uint32{
	"direct": func(m *asm.Module) uint32 {
		return m.Local("self", asm.Sig("", "i"), "", asm.Call(1), asm.I32(1), asm.Add)
	},
	"mutual": func(m *asm.Module) uint32 {
		m.Local("one", asm.Sig("", "i"), "", asm.Call(2), asm.I32(1), asm.Add)
		return m.Local("other", asm.Sig("", "i"), "", asm.Call(1), asm.I32(1), asm.Add)
	},
	"indirect": func(m *asm.Module) uint32 {
		f := m.Local("self", asm.Sig("", "i"), "", asm.I32(0), asm.CallTable0, asm.I32(1), asm.Add)
		m.Table(1)
		m.Elem(f)
		return f
	},
	"thousands of locals": func(m *asm.Module) uint32 {
		locals := make([]byte, 5000)
		for k := range locals {
			locals[k] = 'I'
		}
		return m.Local("self", asm.Sig("", "i"), string(locals), asm.Call(1), asm.I32(1), asm.Add)
	},
	"thousands of operands": func(m *asm.Module) uint32 {
		push, drop := asm.Code{}, asm.Code{}
		for range 5000 {
			push, drop = append(push, asm.Call(2)...), append(drop, asm.Add...)
		}
		f := m.Local("self", asm.Sig("", "i"), "", push, asm.Call(1), drop)
		m.Local("number", asm.Sig("", "i"), "", asm.I32(1))
		return f
	},
}

// testDepth ends each recursion, before the stack is larger than the limit says.
func testDepth(t *testing.T, e engine.Engine) {
	for name, shape := range recursions {
		t.Run(name, func(t *testing.T) {
			m := asm.New()
			m.Func("ok", asm.Sig("", "i"), "", asm.I32(7))
			f := shape(m)
			m.ExportRaw("recurse", 0, f)
			for _, limits := range []engine.Limits{{}, {Depth: 10_000}} {
				i := instantiate(t, compile(t, e, m, engine.Options{Limits: limits}), nil)
				_, err := call(t, i, "recurse", answer)
				if trap := trapOf(t, err); trap.Class != engine.StackOverflow {
					t.Errorf("class %s (%s)", trap.Class, trap.Message)
				}
				if used := i.Fuel(); limits.Depth > 0 && used > 100_000 {
					t.Errorf("%d units were consumed within %d slots", used, limits.Depth)
				}
			}
		})
	}
}
