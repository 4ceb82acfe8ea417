package wasm

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// oneBody is a module with a memory and one function (i32) → () of so many more locals, its code without the last end.
func oneBody(locals int, code []byte) []byte { return oneBodyOf(I32, locals, code) }

// oneBodyOf is the same with locals of the type t.
func oneBodyOf(t Type, locals int, code []byte) []byte {
	uleb := func(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }
	section := func(id byte, content ...[]byte) []byte {
		all := bytes.Join(content, nil)
		return bytes.Join([][]byte{{id}, uleb(len(all)), all}, nil)
	}
	body := bytes.Join([][]byte{{1}, uleb(locals), {byte(t)}, code, {opEnd}}, nil)
	return bytes.Join([][]byte{[]byte(magic + version1), section(1, []byte{1, 0x60, 1, byte(I32), 0}), section(3, []byte{1, 0}),
		section(5, []byte{1, 0, 1}),
		section(6, []byte{15}, bytes.Repeat([]byte{byte(I64), 0, opI64Const, 1, opEnd}, 15)), section(10, []byte{1}, uleb(len(body)), body)}, nil)
}

// validated is a validator that has seen the one function of a module.
func validated(t interface{ Fatalf(string, ...any) }, module []byte) (*Validator, *Error) {
	const many = 1 << 20
	m, err := Decode(module, Limits{ModuleBytes: many * 8, BodyBytes: many, Locals: 50_000, AllLocals: many, Nesting: 16_384, Types: 10, Functions: 10, Globals: 15, MemoryPages: 10})
	if err != nil {
		t.Fatalf("%v", err)
	}
	v := NewValidator(m, deaf{})
	_, err = v.Validate(0)
	return v, err
}

// bodyOf is what is found out about the one function of a module.
func bodyOf(t interface{ Fatalf(string, ...any) }, module []byte) (Body, *Error) {
	v, err := validated(t, module)
	if err != nil {
		return Body{}, err
	}
	return v.Validate(0)
}

// graph is a function in the making, and its blocks as they are: what the flow estimates.
type graph struct {
	t      *rapid.T
	code   []byte
	blocks []*block
	labels []*block // of the open blocks of the code: where a branch leads
	size   int
}

// block is a straight piece of code: what it reads before it sets it, what it sets, where it leads, what is alive before it.
type block struct {
	reads, sets, alive uint32 // a bit for each local
	to                 []*block
}

const graphLocals = 5

// start begins a block of the graph that from lead to.
func (g *graph) start(b *block, from ...*block) *block {
	for _, f := range from {
		f.to = append(f.to, b)
	}
	g.blocks = append(g.blocks, b)
	return b
}

// some writes instructions behind b and gives the block behind them, nil where nothing is behind.
func (g *graph) some(b *block) *block {
	for range rapid.IntRange(0, 5).Draw(g.t, "length") {
		if b == nil || g.size > 60 {
			break
		}
		g.size++
		b = g.one(b, rapid.IntRange(0, 7).Draw(g.t, "instruction"))
	}
	return b
}

func (g *graph) one(b *block, kind int) *block {
	local := rapid.IntRange(0, graphLocals-1).Draw(g.t, "local")
	switch bit := uint32(1) << local; kind {
	case 0, 1:
		g.code = append(g.code, opLocalGet, byte(local), opDrop)
		b.reads |= bit &^ b.sets
	case 2, 3:
		g.code = append(g.code, opI32Const, 1, opLocalSet, byte(local))
		b.sets |= bit
	case 4:
		return g.within(opBlock, b, &block{}, nil)
	case 5:
		header := g.start(&block{}, b)
		return g.within(opLoop, header, nil, header)
	case 6:
		return g.choice(b)
	case 7:
		n := rapid.IntRange(0, len(g.labels)-1).Draw(g.t, "label")
		to := g.labels[len(g.labels)-1-n]
		b.to = append(b.to, to)
		if rapid.Bool().Draw(g.t, "always") {
			g.code = append(g.code, opBr, byte(n))
			return nil
		}
		g.code = append(g.code, opI32Const, 0, opBrIf, byte(n))
		return g.start(&block{}, b)
	}
	return b
}

// within writes a block or a loop, whose label is behind it or before it.
func (g *graph) within(op byte, b, behind, label *block) *block {
	if label == nil {
		label = behind
	}
	g.code = append(g.code, op, 0x40)
	g.labels = append(g.labels, label)
	last := g.some(b)
	g.labels = g.labels[:len(g.labels)-1]
	g.code = append(g.code, opEnd)
	if behind == nil {
		behind = &block{}
	}
	if last != nil {
		last.to = append(last.to, behind)
	}
	return g.start(behind)
}

// choice writes an if.
func (g *graph) choice(b *block) *block {
	behind := &block{}
	g.code = append(g.code, opI32Const, 0, opIf, 0x40)
	g.labels = append(g.labels, behind)
	arms := []*block{g.some(g.start(&block{}, b))}
	if rapid.Bool().Draw(g.t, "else") {
		g.code = append(g.code, opElse)
		arms = append(arms, g.some(g.start(&block{}, b)))
	} else {
		arms = append(arms, b)
	}
	g.labels = g.labels[:len(g.labels)-1]
	g.code = append(g.code, opEnd)
	for _, a := range arms {
		if a != nil {
			a.to = append(a.to, behind)
		}
	}
	return g.start(behind)
}

// solve computes what is alive before each block: what is read there or further on before it is set.
func (g *graph) solve() {
	for changed := true; changed; {
		changed = false
		for _, b := range g.blocks {
			alive := uint32(0)
			for _, to := range b.to {
				alive |= to.alive
			}
			if alive = alive&^b.sets | b.reads; alive != b.alive {
				b.alive, changed = alive, true
			}
		}
	}
}

// TestFlowIsNoUnderestimate holds the estimate of what is alive where blocks begin against what is.
func TestFlowIsNoUnderestimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &graph{t: t}
		whole := &block{}
		g.labels = append(g.labels, whole)
		g.some(g.start(&block{}))
		g.solve()
		v, err := validated(t, oneBody(graphLocals-1, g.code))
		if err != nil {
			t.Fatalf("%v", err)
		}
		if have, want := len(v.flow.joins), len(g.blocks)+2; have != want { // and the end of the function, and the one to come
			t.Fatalf("%d blocks, want %d: % x", have, want, g.code)
		}
		reached := map[*block]bool{}
		g.reach(g.blocks[0], reached)
		locals := 0
		for i, b := range g.blocks {
			locals += int(v.flow.joins[i].born)
			want := 0
			for bits := b.alive; bits > 0; bits &= bits - 1 {
				want++
			}
			if i > 0 && reached[b] && locals < want {
				t.Fatalf("block %d: %d locals are alive (%05b), the flow has %d: % x", i, want, b.alive, locals, g.code)
			}
		}
	})
}

func (g *graph) reach(b *block, reached map[*block]bool) {
	if !reached[b] {
		reached[b] = true
		for _, to := range b.to {
			g.reach(to, reached)
		}
	}
}

// TestEffort are functions of a shape that compilers make, which must pass, and some that only look alike. Each is a few KB, so
// it has hardly more than what any module may take.
func TestEffort(t *testing.T) {
	local := func(op byte, n int) []byte { return binary.AppendUvarint([]byte{op}, uint64(n)) }
	get, set := func(n int) []byte { return local(opLocalGet, n) }, func(n int) []byte { return local(opLocalSet, n) }
	each := func(n int, f func(i int) []byte) (all []byte) {
		for i := range n {
			all = append(all, f(i)...)
		}
		return all
	}
	times := func(n int, parts ...[]byte) []byte { return bytes.Repeat(bytes.Join(parts, nil), n) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	block, loop, when, end, drop := []byte{opBlock, 0x40}, []byte{opLoop, 0x40}, []byte{opIf, 0x40}, []byte{opEnd}, []byte{opDrop}
	out := join(get(0), []byte{opBrIf, 0})
	for _, c := range []struct {
		name   string
		locals int
		code   []byte
		passes bool
	}{
		{"each value in a local of its own, as without optimisation", 8000, join(block, each(8000, func(i int) []byte {
			if i%10 == 0 {
				return join(get(0), set(i+1), get(i+1), []byte{opBrIf, 0})
			}
			return join(get(0), set(i+1), get(i+1), drop)
		}), end), true},
		{"the same, all read again at the end", 8000, join(block, each(8000, func(i int) []byte {
			if i%10 == 0 {
				return join(get(0), set(i+1), get(i+1), []byte{opBrIf, 0})
			}
			return join(get(0), set(i+1), get(i+1), drop)
		}), end, each(8000, func(i int) []byte { return join(get(i+1), drop) })), false},
		{"a switch over 3,000 blocks within each other, as of Go's compiler", 1, join(loop, times(3000, block), get(0), []byte{opBrTable, 0xb7, 0x17},
			each(3000, func(i int) []byte { return binary.AppendUvarint(nil, uint64(i)) }), []byte{0}, times(3000, end, get(0), set(1), out), end), true},
		{"as many ifs within each other", 1, join(times(6000, get(0), when), times(6000, end)), false},
		{"200 locals in a loop of 500 ifs", 200, join(loop, each(500, func(i int) []byte { return join(get(1+i%200), when, get(0), set(1+i*7%200), end) }), out, end), true},
		{"2,000 locals in a loop of 500 ifs", 2000, join(loop, each(2000, func(i int) []byte { return join(get(1+i), when, get(0), set(1+i*7%2000), end) }), out, end), false},
	} {
		v, err := validated(t, oneBody(c.locals, c.code))
		if passes := err == nil; passes != c.passes {
			t.Errorf("%s: passes %t, want %t; %d of its work is left, in %d bytes: %v", c.name, passes, c.passes, v.effort.work, len(c.code), err)
		}
	}
}
