package enginetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// Sizes of the mover: several pieces of each bulk instruction, and a rest.
const (
	moverBytes   = 45 * engine.PageSize
	moverSegment = 30*engine.PageSize + 7
	moverEntries = 50_000
)

var ternary = engine.FuncType{Params: []engine.ValueType{engine.I32, engine.I32, engine.I32}, Results: []engine.ValueType{engine.I32}}

// mover has a function for each bulk instruction that may take long, of type (to, from or value, length i32) -> 0.
func mover() *asm.Module {
	m := asm.New()
	seven := m.Local("seven", asm.Sig("", "i"), "", asm.I32(7))
	m.Memory(45, 45)
	m.Table(moverEntries)
	data, elements := m.PassiveData(pattern(moverSegment, 3)), m.PassiveElem(seven, moverEntries)
	move := func(name string, instruction asm.Code) {
		m.Func(name, asm.Sig("iii", "i"), "", asm.Get(0), asm.Get(1), asm.Get(2), instruction, asm.I32(0))
	}
	move("fill", asm.MemoryFill)
	move("copy", asm.MemoryCopy)
	move("init", asm.MemoryInit(data))
	move("table", asm.TableInit(elements))
	m.Func("entry", asm.Sig("i", "i"), "", asm.Get(0), asm.CallTable0)
	return m
}

// pattern is n bytes of which no two stretches are alike.
func pattern(n int, seed uint32) []byte {
	out := make([]byte, n)
	for k := range out {
		seed = seed*1664525 + 1013904223
		out[k] = byte(seed >> 24)
	}
	return out
}

// moves are calls of mover's functions. want is what they make of the memory; nil: they trap, and nothing is written.
var moves = []struct {
	name             string
	to, from, length uint64
	want             func(memory []byte)
}{
	{"fill", 1, 0x17f, moverBytes - 3, func(m []byte) { copy(m[1:], bytes.Repeat([]byte{0x7f}, moverBytes-3)) }},
	{"fill", 1, 9, moverBytes, nil},
	{"fill", 0, 9, 1<<32 - 1, nil},
	{"copy", 5, 100_000, moverBytes - 100_000, func(m []byte) { copy(m[5:], m[100_000:]) }},
	{"copy", 100_000, 5, moverBytes - 100_000, func(m []byte) { copy(m[100_000:], m[5:moverBytes-99_995]) }},
	{"copy", 1, 0, moverBytes - 1, func(m []byte) { copy(m[1:], m) }},
	{"copy", 0, 1, moverBytes - 1, func(m []byte) { copy(m, m[1:]) }},
	{"copy", 0, 0, moverBytes, func([]byte) {}},
	{"copy", 1, 0, moverBytes, nil},
	{"copy", 0, 1, moverBytes, nil},
	{"copy", 1 << 31, 5, 1<<31 + 5, nil},
	{"init", 77, 7, moverSegment - 7, func(m []byte) { copy(m[77:], pattern(moverSegment, 3)[7:]) }},
	{"init", 0, 1, moverSegment, nil},
	{"init", moverBytes - moverSegment + 1, 0, moverSegment, nil},
}

// testBulk holds what bulk instructions of many pieces do, and what they cost, which is known before they begin.
func testBulk(t *testing.T, e engine.Engine) {
	module := compile(t, e, mover(), engine.Options{})
	for _, c := range moves {
		i := instantiate(t, module, nil)
		want := pattern(moverBytes, 1)
		copy(i.Memory().Bytes(), want)
		_, err := call(t, i, c.name, ternary, c.to, c.from, c.length)
		units := 5 + c.length/16
		if c.want != nil {
			c.want(want)
		} else if trap := trapOf(t, err); trap.Class != engine.OutOfBounds || trap.Function != c.name {
			t.Errorf("%s(%d, %d, %d): %#v", c.name, c.to, c.from, c.length, trap)
		}
		if (err == nil) != (c.want != nil) || i.Fuel() != units {
			t.Errorf("%s(%d, %d, %d) consumed %d units, want %d: %v", c.name, c.to, c.from, c.length, i.Fuel(), units, err)
		}
		if !bytes.Equal(i.Memory().Bytes(), want) {
			t.Errorf("%s(%d, %d, %d) leaves another memory than it should", c.name, c.to, c.from, c.length)
		}
	}
	i := instantiate(t, module, nil)
	must(t, i, "table", ternary, 2, 1, moverEntries-2)
	if units := uint64(5 + moverEntries - 2); i.Fuel() != units {
		t.Errorf("table.init consumed %d units, want %d", i.Fuel(), units)
	}
	for _, entry := range []uint64{2, moverEntries / 2, moverEntries - 1} {
		if got := must(t, i, "entry", unary, entry); got != 7 {
			t.Errorf("entry %d gives %d", entry, got)
		}
	}
	if _, err := call(t, i, "entry", unary, 1); trapOf(t, err).Class != engine.Table {
		t.Errorf("the entry before the first one: %v", err)
	}
}

// impatient is a context that is cancelled when it was asked so often.
type impatient struct {
	context.Context
	left int
}

func (c *impatient) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// testBulkStopped stops a call in the middle of its only instruction.
func testBulkStopped(t *testing.T, e engine.Engine) {
	module := compile(t, e, mover(), engine.Options{Limits: engine.Limits{Fuel: engine.MaxFuel}})
	for _, c := range []struct {
		name             string
		to, from, length uint64
		first            uint64 // where it begins to write
		last             uint64 // and ends
	}{
		{"fill", 0, 1, moverBytes, 0, moverBytes - 1},
		{"copy", 0, 100_000, moverBytes - 100_000, 0, moverBytes - 100_001},
		{"copy", 100_000, 0, moverBytes - 100_000, moverBytes - 1, 100_000},
		{"init", 0, 0, moverSegment, 0, moverSegment - 1},
		{"table", 0, 0, moverEntries, 0, 0},
	} {
		i := instantiate(t, module, nil)
		memory := i.Memory().Bytes()
		for k := range memory {
			memory[k] = byte(k >> 12)
		}
		f, err := i.Lookup(c.name, ternary)
		if err != nil {
			t.Fatal(err)
		}
		first, last := memory[c.first], memory[c.last]
		// It is asked when the call begins, may be when the instruction is charged, and after each piece.
		err = f.Call(&impatient{t.Context(), 3}, []uint64{c.to, c.from, c.length})
		if trap := trapOf(t, err); trap.Class != engine.Cancelled || trap.Function != c.name || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %#v", c.name, trap)
		}
		if memory = i.Memory().Bytes(); c.name != "table" && (memory[c.first] == first || memory[c.last] != last) {
			t.Errorf("%s to %d from %d was stopped: %#x first, before %#x; %#x last, before %#x", c.name, c.to, c.from,
				memory[c.first], first, memory[c.last], last)
		}
	}
}
