package sandbox

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// program is a module of functions of the type (i32) -> i32 that call each other; the first is exported as run. It has a
// memory of 1 to 4000 pages, a table of at least 8 entries that holds all functions, and env.host as function 0.
func program(bodies ...[]byte) []byte {
	all := make([][]byte, len(bodies))
	types := make([][]byte, len(bodies))
	for i := range bodies {
		all[i], types[i] = leb(uint32(i+1)), leb(0)
	}
	return binaryOf(
		section(1, vec(funcType(tI32, tI32))), section(2, vec(named("env", named("host", 0, 0)))), section(3, vec(types...)),
		section(4, vec(bytesOf(0x70, 0, leb(uint32(max(8, len(bodies))))))), section(5, 1, 1, 1, leb(4000)),
		section(7, vec(named("run", 0, 1), named("memory", 2, 0))),
		section(9, vec(bytesOf(0, 0x41, 0, 0x0b, vec(all...)))), section(10, vec(bodies...)))
}

// TestFuel holds what calls take, to the unit.
func TestFuelOfSmallPrograms(t *testing.T) {
	for _, c := range []struct {
		name string
		wasm []byte
		arg  uint64
		want int64
		fuel int64
	}{
		{"one instruction", program(body(0x20, 0)), 5, 5, 1},
		{"no instruction but the call", program(body(0x41, 1), body(0x41, 2)), 5, 1, 1},
		{"straight", program(body(0x20, 0, 0x41, 1, 0x6a)), 5, 6, 3},
		{"dead code is free", program(body(0x20, 0, 0x0f, 0x41, 1, 0x6a, 0x1a, 0x41, 2)), 5, 5, 2},
		{"light arms are charged with what is before them", program(body(0x20, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x41, 3, 0x6a, 0x0b)), 5, 1, 5},
		// block, loop: 2. Each round: local.get, i32.eqz, br_if, local.get, i32.const, i32.sub, local.set, br: 8. Then local.get.
		{"loop", program(body(0x02, 0x40, 0x03, 0x40, 0x20, 0, 0x45, 0x0d, 1, 0x20, 0, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 0, 0x0b, 0x0b, 0x20, 0)), 5, 0, 2 + 6*8 + 1},
		{"call", program(body(0x20, 0, 0x10, 2), body(0x20, 0, 0x41, 1, 0x6a)), 5, 6, 5},
		{"call to the host", program(body(0x20, 0, 0x10, 0)), 5, 6, 33},
		{"indirect call", program(body(0x20, 0, 0x41, 1, 0x11, 0, 0), body(0x20, 0)), 5, 5, 4},
		{"memory.fill", program(body(0x41, 0, 0x41, 1, 0x20, 0, 0xfc, 11, 0, 0x20, 0)), 65536, 65536, 5 + 4096},
		{"memory.copy", program(body(0x41, 0, 0x41, 1, 0x20, 0, 0xfc, 10, 0, 0, 0x20, 0)), 1600, 1600, 5 + 100},
		{"memory.grow", program(body(0x20, 0, 0x40, 0)), 3, 1, 65 + 3*4096},
		{"memory.grow by nothing", program(body(0x20, 0, 0x40, 0)), 0, 1, 65},
		{"memory.grow beyond the limit", program(body(0x20, 0, 0x40, 0)), 1000, -1, 65},
		{"memory.grow beyond 32 bits", program(body(0x20, 0, 0x40, 0)), 1<<32 - 1, -1, 65},
		{"table.fill", program(body(0x41, 0, 0xd0, 0x70, 0x20, 0, 0xfc, 17, 0, 0x20, 0)), 8, 8, 5 + 8},
		{"table.grow", program(body(0xd0, 0x70, 0x20, 0, 0xfc, 15, 0)), 100, 8, 66 + 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := instantiate(t, must(t, c.wasm))
			g.set(PagesExport, 100)
			results, used, err := g.call(1_000_000, 10_000, "run", c.arg)
			if err != nil || int64(int32(results[0])) != c.want || used != c.fuel {
				t.Errorf("%v, %d units, %v; want %d, %d units", results, used, err, c.want, c.fuel)
			}
			if depth := g.get(DepthExport); depth != 10_000 {
				t.Errorf("the depth is left at %d", depth)
			}
			if refused := g.get(RefusedExport) == 1; refused != strings.Contains(c.name, "beyond") {
				t.Errorf("a refusal to grow is noted: %v", refused)
			}
		})
	}
}

// TestBulkIsChargedBeforeItHappens gives too little for the operation: nothing of it is seen.
func TestBulkIsChargedBeforeItHappens(t *testing.T) {
	g := instantiate(t, must(t, program(body(0x41, 0, 0x41, 1, 0x20, 0, 0xfc, 11, 0, 0x20, 0))))
	if _, _, err := g.call(4000, 100, "run", 65536); !errors.Is(err, errFuel) {
		t.Fatalf("%v, want %v", err, errFuel)
	}
	if b, _ := g.module.Memory().ReadByte(0); b != 0 {
		t.Error("memory was filled")
	}
}

// TestATrapInALoopIsPaid traps behind n instructions of an arm in a loop.
func TestATrapInALoopIsPaid(t *testing.T) {
	for _, n := range []int{60, 70, 500, 1000, 1100, 50_000} {
		arm := bytes.Repeat([]byte{0x01}, n)
		g := instantiate(t, must(t, program(body(0x03, 0x40, 0x20, 0, 0x04, 0x40, arm, 0x00, 0x0b, 0x20, 0, 0x0d, 0, 0x0b, 0x20, 0))))
		if _, used, err := g.call(1_000_000, 1000, "run", 1); err == nil || used < int64(n+4) || used > int64(n+8) {
			t.Errorf("%d units for a trap behind %d instructions, %v", used, n, err)
		}
	}
}

// TestEndlessGuestsEnd runs programs that never end by themselves.
func TestEndlessGuestsEnd(t *testing.T) {
	for name, wasm := range map[string][]byte{
		"br":            program(body(0x03, 0x40, 0x0c, 0, 0x0b, 0x00)),
		"br_if":         program(body(0x03, 0x40, 0x41, 1, 0x0d, 0, 0x0b, 0x41, 0)),
		"br_table":      program(body(0x03, 0x40, 0x41, 1, 0x0e, 0, 0, 0x0b, 0x00)),
		"from a block":  program(body(0x03, 0x40, 0x02, 0x40, 0x0c, 1, 0x0b, 0x0b, 0x00)),
		"from an if":    program(body(0x03, 0x40, 0x41, 1, 0x04, 0x40, 0x0c, 1, 0x05, 0x0c, 1, 0x0b, 0x0b, 0x00)),
		"with operands": program(body(0x20, 0, 0x03, 0, 0x0c, 0, 0x0b)),
		"two loops":     program(body(0x03, 0x40, 0x03, 0x40, 0x0c, 1, 0x0b, 0x0b, 0x00)),
		"calls":         program(body(0x03, 0x40, 0x20, 0, 0x10, 2, 0x1a, 0x0c, 0, 0x0b, 0x00), body(0x20, 0)),
		"grows":         program(body(0x03, 0x40, 0x41, 1, 0x40, 0, 0x1a, 0x0c, 0, 0x0b, 0x00)),
	} {
		g := instantiate(t, must(t, wasm))
		if _, used, err := g.call(100_000, 100_000, "run", 1); !errors.Is(err, errFuel) || used < 99_000 {
			t.Errorf("%s: %d units, %v", name, used, err)
		}
	}
}

// TestACallTreeEnds is 2^40 calls without a loop, by leaves that have no check of their own.
func TestACallTreeEnds(t *testing.T) {
	bodies := make([][]byte, 41)
	for i := range 40 {
		bodies[i] = body(0x20, 0, 0x10, i+2, 0x10, i+2)
	}
	bodies[40] = body(0x20, 0)
	g := instantiate(t, must(t, program(bodies...)))
	if _, _, err := g.call(1_000_000, 100_000, "run", 1); !errors.Is(err, errFuel) {
		t.Errorf("%v, want %v", err, errFuel)
	}
}

// TestLongRunsOfCallsYield calls a leaf without a check 100,000 times in a row, as written: there is no loop and one entry.
func TestLongRunsOfCallsYield(t *testing.T) {
	g := instantiate(t, must(t, program(body(0x20, 0, bytes.Repeat([]byte{0x10, 2}, 100_000)), body(0x20, 0))))
	g.slice = 10_000
	if _, used, err := g.call(1_000_000, 100_000, "run", 1); err != nil || used != 200_001 {
		t.Fatalf("%d units, %v", used, err)
	}
	if g.yields < 15 {
		t.Errorf("%d yields of 10,000 units in 200,001", g.yields)
	}
}

// TestNoLongWayBetweenChecks runs programs that go around checks, on the way in or on the way back. What a check finds to be owed was
// used since the one before it.
func TestNoLongWayBetweenChecks(t *testing.T) {
	short := bodyWith(vec(), bytes.Repeat([]byte{0x01}, 1000))
	calls := func(n int) []byte { return bytes.Repeat([]byte{0x10, 1}, n) }
	// if the global is not 0 it is made less by 1 and the function calls itself; then it does what follows
	recursive := func(code ...any) []byte {
		return body(0x23, 0, 0x04, 0x40, 0x23, 0, 0x41, 1, 0x6b, 0x24, 0, 0x10, 0, 0x0b, bytesOf(code...))
	}
	for _, c := range []struct {
		name string
		f    []byte
		most int64
	}{
		{"checks in arms", body(bytes.Repeat(bytesOf(calls(1020), 0x41, 0, 0x04, 0x40, calls(20), 0x0b), 100)), 1_200_000},
		{"loops in arms", body(bytes.Repeat(bytesOf(calls(1020), 0x41, 0, 0x04, 0x40, 0x03, 0x40, 0x0b, 0x0b), 100)), 1_200_000},
		{"branches around checks", body(bytes.Repeat(bytesOf(0x02, 0x40, calls(1020), 0x0c, 0, calls(20), 0x0b), 100)), 1_200_000},
		{"calls on the way back", recursive(calls(1000)), 70_000_000},
		{"code on the way back", recursive(0x41, 0, 0x0d, 0, bytes.Repeat([]byte{0x01}, 100_000)), 70_000_000},
	} {
		g := instantiate(t, must(t, binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0), leb(0))),
			section(6, vec(bytesOf(tI32, 1, 0x41, 0, 0x0b))), section(7, vec(named("run", 0, 0))), section(10, vec(c.f, short)))))
		g.slice = 100_000
		err := errDepth
		for n := uint64(1 << 16); errors.Is(err, errDepth) && n > 0; n /= 2 { // as deep as it may
			g.set(GlobalExport+"0", n)
			_, _, err = g.call(1<<40, 1_000_000, "run")
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if owed := max(g.owed, -g.get(FuelExport)); owed > c.most {
			t.Errorf("%s: %d units owed", c.name, owed)
		}
	}
}

// TestRecursionIsTooDeep runs recursion of every shape. What it may take of the host's stack is the depth given.
func TestRecursionIsTooDeep(t *testing.T) {
	locals := bodyWith(vec(slices.Concat(leb(10_000), []byte{0x7e})), 0x20, 0, 0x10, 1)
	operands := body(bytes.Repeat([]byte{0x20, 0}, 1000), 0x10, 1, bytes.Repeat([]byte{0x6a}, 999))
	for _, c := range []struct {
		name string
		wasm []byte
		deep int
	}{
		{"direct", program(body(0x20, 0, 0x10, 1)), 1},
		{"mutual", program(body(0x20, 0, 0x10, 2), body(0x20, 0, 0x10, 1)), 2},
		{"mutual, one beside", program(body(0x20, 0, 0x10, 2), body(0x20, 0, 0x10, 1), body(0x20, 0)), 2},
		{"indirect", program(body(0x20, 0, 0x41, 0, 0x11, 0, 0)), 1},
		{"through another", program(body(0x20, 0, 0x10, 2), body(0x20, 0, 0x41, 0, 0x11, 0, 0)), 2},
		{"many locals", program(locals), 1},
		{"many operands", program(operands), 1},
		{"many locals that change in many loops", program(changing(100)), 1},
		{"by a table that code fills", program(body(0x41, 1, 0xd2, 1, 0x26, 0, 0x20, 0, 0x41, 1, 0x11, 0, 0)), 1},
	} {
		m := must(t, c.wasm)
		if m.Stats.Deep != c.deep {
			t.Errorf("%s: %d functions are on a cycle, want %d", c.name, m.Stats.Deep, c.deep)
		}
		g := instantiate(t, m)
		for range 2 { // the depth is set anew after a trap
			if _, _, err := g.call(1_000_000_000, 100_000, "run", 1); !errors.Is(err, errDepth) {
				t.Errorf("%s: %v, want %v", c.name, err, errDepth)
			}
		}
	}
}

// changing is a function with n loops within each other that all change n locals, and a call of itself in the innermost: an
// engine keeps each local once for each loop.
func changing(n int) []byte {
	var first, change, last []byte
	for i := range n {
		local := leb(uint32(i + 1))
		first = append(first, bytesOf(0x20, 0, 0x41, i&63, 0x6a, 0x21, local)...)
		change = append(change, bytesOf(0x20, local, 0x41, 1, 0x6a, 0x21, local)...)
		last = append(last, bytesOf(0x20, local, 0x6a)...)
	}
	return bodyWith(vec(slices.Concat(leb(uint32(n)), []byte{0x7f})), first, bytes.Repeat([]byte{3, 0x40}, n), change,
		0x20, 0, 0x10, 1, 0x21, 0, bytes.Repeat([]byte{0x20, 0, 0x0d, 0, 0x0b}, n), 0x20, 0, last)
}

// TestDepthComesBack returns from a recursive function in every way there is.
func TestDepthComesBack(t *testing.T) {
	again := func(way ...any) []byte {
		// if the argument is 0 return 7, else call itself with one less and leave in the given way, the result on the stack
		return body(0x20, 0, 0x45, 0x04, 0x40, 0x41, 7, 0x0f, 0x0b, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, bytesOf(way...))
	}
	for name, b := range map[string][]byte{
		"end":                again(),
		"return":             again(0x0f),
		"br":                 again(0x0c, 0),
		"br_if":              again(0x41, 1, 0x0d, 0),
		"br_table":           again(0x41, 3, 0x0e, 1, 0, 0),
		"br deep":            again(0x21, 0, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0c, 2, 0x0b, 0x0b, 0x00),
		"return from a loop": again(0x21, 0, 0x03, 0x40, 0x20, 0, 0x0f, 0x0b, 0x00),
	} {
		g := instantiate(t, must(t, program(b)))
		results, _, err := g.call(1_000_000, 1000, "run", 20)
		if err != nil || results[0] != 7 || g.get(DepthExport) != 1000 {
			t.Errorf("%s: %v, %v, depth %d", name, results, err, g.get(DepthExport))
		}
	}
}

// TestSeveralResults wraps a recursive function of the type () -> (i32, i64) into a block of that type.
func TestSeveralResults(t *testing.T) {
	recursive := body(0x23, 0, 0x45, 0x04, 0x40, 0x41, 1, 0x42, 2, 0x0f, 0x0b, 0x23, 0, 0x41, 1, 0x6b, 0x24, 0, 0x10, 0)
	for _, others := range []int{0, 70} { // with 70, the added type's index takes two bytes
		types := slices.Repeat([][]byte{funcType("", tI32+tI64)}, 1+others)
		g := instantiate(t, must(t, binaryOf(section(1, vec(types...)), section(3, vec(leb(0))), section(6, vec(bytesOf(tI32, 1, 0x41, 5, 0x0b))),
			section(7, vec(named("run", 0, 0))), section(10, vec(recursive)))))
		results, _, err := g.call(1000, 1000, "run")
		if err != nil || !slices.Equal(results, []uint64{1, 2}) || g.get(DepthExport) != 1000 {
			t.Errorf("%v, %v, depth %d", results, err, g.get(DepthExport))
		}
	}
}

// TestALongChainCounts has functions on no cycle whose frames together are larger than half of the depth.
func TestALongChainCounts(t *testing.T) {
	chain := func(n int) []byte {
		bodies := make([][]byte, n)
		for i := range bodies {
			bodies[i] = bodyWith(vec(slices.Concat(leb(49_999-1), []byte{0x7e})), 0x20, 0, 0x10, i+2)
		}
		return program(append(bodies, body(0x20, 0))...)
	}
	if m := must(t, chain(9)); m.Stats.Deep != 0 || m.Stats.PathSlots < 450_000 {
		t.Errorf("%+v", m.Stats)
	}
	if m := must(t, chain(10)); m.Stats.Deep != 11 {
		t.Errorf("%+v", m.Stats)
	}
}
