package enginetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// keeper remembers in every way that a restorable module can: in memory, below and above what is there at first, and in
// a global.
func keeper(pages uint32) *asm.Module {
	m := asm.New()
	m.Memory(pages, pages+64)
	g := m.Global(5)
	m.Data(64, []byte("at first"))
	m.Func("set", asm.Sig("ii", "i"), "", asm.Get(0), asm.Get(1), asm.Store(0), asm.Get(1), asm.SetGlobal(g), asm.I32(0))
	m.Func("get", asm.Sig("i", "i"), "", asm.Get(0), asm.Load(0))
	m.Func("global", asm.Sig("", "i"), "", asm.GetGlobal(g))
	m.Func("grow", asm.Sig("i", "i"), "", asm.Get(0), asm.MemoryGrow)
	m.Func("trap", asm.Sig("i", "i"), "", asm.Get(0), asm.I32(-1), asm.Store(0), asm.Unreachable)
	return m
}

var binaryFunc = engine.FuncType{Params: []engine.ValueType{engine.I32, engine.I32}, Results: []engine.ValueType{engine.I32}}

// must calls a function that does not trap.
func must(t testing.TB, i engine.Instance, name string, ft engine.FuncType, args ...uint64) uint32 {
	t.Helper()
	got, err := call(t, i, name, ft, args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return got
}

// testRestore goes back to the image after whatever may have happened, with a small memory and with a large one.
func testRestore(t *testing.T, e engine.Engine) {
	for _, pages := range []uint32{1, 100} {
		module := compile(t, e, keeper(pages), engine.Options{})
		i := instantiate(t, module, nil)
		size := uint64(pages) * engine.PageSize
		if err := i.Restore(t.Context()); !errors.Is(err, engine.ErrNotRestorable) {
			t.Errorf("restoring what was not pinned gives %v", err)
		}
		i = instantiate(t, module, nil)
		must(t, i, "set", binaryFunc, 1024, 77)
		set, err := i.Lookup("set", binaryFunc) // before any restore
		if err != nil {
			t.Fatal(err)
		}
		if err := i.Pin(); err != nil {
			t.Fatal(err)
		}
		image := bytes.Clone(i.Memory().Bytes())
		pristine := func(after string) {
			t.Helper()
			if err := i.Restore(t.Context()); err != nil {
				t.Fatalf("after %s: %v", after, err)
			}
			if !bytes.Equal(i.Memory().Bytes(), image) {
				t.Errorf("after %s: the memory, of %d bytes, is not the image of %d", after, len(i.Memory().Bytes()), len(image))
			}
			if got := must(t, i, "global", answer); got != 77 {
				t.Errorf("after %s: the global is %d", after, got)
			}
			if got := must(t, i, "grow", unary, 0); got != pages {
				t.Errorf("after %s: the guest sees %d pages", after, got)
			}
			if _, err := call(t, i, "get", unary, size); trapOf(t, err).Class != engine.OutOfBounds {
				t.Errorf("after %s: reading behind the memory gives %v", after, err)
			}
			if err := i.Restore(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		pristine("nothing")
		for range 3 {
			must(t, i, "set", binaryFunc, 2048, 1)
			pristine("a call")
			if _, err := call(t, i, "trap", unary, size-4); trapOf(t, err).Class != engine.Unreachable {
				t.Fatal(err)
			}
			pristine("a trap")
			if got := must(t, i, "grow", unary, 40); got != pages {
				t.Fatalf("growing: %d", int32(got))
			}
			if got := must(t, i, "get", unary, size+5*engine.PageSize); got != 0 {
				t.Errorf("memory that has grown begins with %d", got)
			}
			must(t, i, "set", binaryFunc, size+5*engine.PageSize, 9)
			must(t, i, "set", binaryFunc, size+39*engine.PageSize, 9)
			pristine("growth")
			fill(i.Memory().Bytes())
			pristine("the host wrote everywhere")
			must(t, i, "grow", unary, 64)
			fill(i.Memory().Bytes())
			pristine("growth and writing everywhere")
			if err := set.Call(t.Context(), []uint64{4, 4}); err != nil {
				t.Errorf("a function from before: %v", err)
			}
			pristine("an old function")
		}
		before := i.Fuel()
		pristine("asking for the fuel")
		if i.Fuel() <= before {
			t.Error("fuel does not go on counting")
		}
		testRepin(t, i, size)
	}
}

// fill writes everywhere.
func fill(b []byte) {
	for k := range min(len(b), 4096) {
		b[k] = byte(k*7 + 1)
	}
	for n := 4096; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// testRepin pins again: after changes, and after growth.
func testRepin(t *testing.T, i engine.Instance, size uint64) {
	for _, grow := range []uint64{0, 3, 0, 40} {
		must(t, i, "grow", unary, grow)
		size += grow * engine.PageSize
		must(t, i, "set", binaryFunc, 4096, 1000+grow)
		must(t, i, "set", binaryFunc, size-8, 2000)
		if err := i.Pin(); err != nil {
			t.Fatal(err)
		}
		image := bytes.Clone(i.Memory().Bytes())
		fill(i.Memory().Bytes())
		must(t, i, "grow", unary, 1)
		if err := i.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(i.Memory().Bytes(), image) || binary.LittleEndian.Uint32(image[4096:]) != uint32(1000+grow) {
			t.Errorf("pinned again after growing by %d, the image is not what it was", grow)
		}
	}
}

func testNotRestorable(t *testing.T, e engine.Engine) {
	m := asm.New()
	m.Table(1)
	m.Func("grow", asm.Sig("i", "i"), "", asm.NullFunc, asm.Get(0), asm.TableGrow)
	i := instantiate(t, compile(t, e, m, engine.Options{}), nil)
	if err := i.Pin(); !errors.Is(err, engine.ErrNotRestorable) {
		t.Errorf("pinning what has a table that changes gives %v", err)
	}
	if err := i.Restore(t.Context()); !errors.Is(err, engine.ErrNotRestorable) {
		t.Errorf("restoring it gives %v", err)
	}
	none := asm.New()
	none.Func("f", asm.Sig("", "i"), "", asm.I32(1))
	i = instantiate(t, compile(t, e, none, engine.Options{}), nil)
	if err := errors.Join(i.Pin(), i.Restore(t.Context())); err != nil {
		t.Errorf("without a memory: %v", err)
	}
	if err := errors.Join(i.Close(context.Background()), nil); err != nil {
		t.Fatal(err)
	}
	if err := i.Pin(); !errors.Is(err, engine.ErrDead) {
		t.Errorf("pinning what is closed gives %v", err)
	}
	if err := i.Restore(t.Context()); !errors.Is(err, engine.ErrDead) {
		t.Errorf("restoring what is closed gives %v", err)
	}
}
