package sandbox_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// A smith makes a valid module of any bytes: each byte is a choice, and where they end the choices are the shortest ones. There
// are no floats in it, whose NaNs engines may spell as they like, and no imports.
type smith struct {
	choices []byte
	types   []smithType // of the functions, in order
	out     []byte      // the body at hand
	params  []byte
	results []byte
	labels  [][]byte // innermost last: the types of the values that a branch to it takes
	depth   int      // of expressions and blocks
	left    int      // instructions that the function may still get
	quiet   bool     // in a loop without calls
	plain   bool     // little but ways through the code, which are chosen by chance and not by values that seldom change
}

type smithType struct{ params, results []byte }

const (
	i32     = 0x7f
	i64     = 0x7e
	noTypes = 0x40
)

// maxSmithDepth is how deep expressions and blocks nest.
const maxSmithDepth = 9

// Locals behind the parameters: four of i32, then two of i64. Globals: 0 is i32, 1 is i64.
const i32Locals, i64Locals = 4, 2

var smithTypes = []smithType{
	{nil, nil},
	{nil, []byte{i32}},
	{[]byte{i32}, []byte{i32}},
	{[]byte{i32, i64}, []byte{i64}},
	{[]byte{i64}, []byte{i32, i64, i32}},
	{[]byte{i64}, []byte{i64}},
}

// forge makes the module. It has a memory of one page, a table of all its functions, and exports each function by its number.
func forge(choices []byte) []byte {
	s := &smith{choices: choices}
	s.plain = s.pick(2) == 1
	for range 1 + s.pick(5) {
		s.types = append(s.types, smithTypes[s.pick(len(smithTypes))])
	}
	count, rest := len(s.types), s.choices
	var kinds, exports, entries, code [][]byte
	for n, f := range s.types {
		kinds = append(kinds, []byte{byte(f.number())})
		exports = append(exports, []byte{1, byte('0' + n), 0, byte(n)})
		entries = append(entries, []byte{byte(n)})
		s.choices = rest[n*len(rest)/count : (n+1)*len(rest)/count]
		s.function(f)
		code = append(code, append(binary.AppendUvarint(nil, uint64(len(s.out))), s.out...))
	}
	var types [][]byte
	for _, f := range smithTypes {
		t := append([]byte{0x60, byte(len(f.params))}, f.params...)
		types = append(types, append(append(t, byte(len(f.results))), f.results...))
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, section := range []struct {
		id       byte
		elements [][]byte
	}{
		{1, types},
		{3, kinds},
		{4, [][]byte{{0x70, 1, byte(count), byte(count + 3)}}},
		{5, [][]byte{{1, 1, 3}}},
		{6, [][]byte{{i32, 1, 0x41, 5, 0x0b}, {i64, 1, 0x42, 6, 0x0b}}},
		{7, exports},
		{9, [][]byte{append([]byte{0, 0x41, 0, 0x0b, byte(count)}, joined(entries)...)}},
		{12, nil},
		{10, code},
		{11, [][]byte{append([]byte{1, 8}, "passives"...)}},
	} {
		body := append(binary.AppendUvarint(nil, uint64(len(section.elements))), joined(section.elements)...)
		if section.id == 12 {
			body = []byte{1}
		}
		out = append(binary.AppendUvarint(append(out, section.id), uint64(len(body))), body...)
	}
	return out
}

func joined(parts [][]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func (f smithType) number() int {
	for n, t := range smithTypes {
		if string(t.params) == string(f.params) && string(t.results) == string(f.results) {
			return n
		}
	}
	panic("no such type")
}

// pick chooses one of n; 0 where no choices are left.
func (s *smith) pick(n int) int {
	if len(s.choices) == 0 {
		return 0
	}
	c := s.choices[0]
	s.choices = s.choices[1:]
	return int(c) % n
}

func (s *smith) emit(b ...byte) {
	s.out = append(s.out, b...)
	s.left--
}

func (s *smith) function(f smithType) {
	s.out, s.params, s.results, s.labels, s.depth, s.left, s.quiet = nil, f.params, f.results, [][]byte{f.results}, 0, 300, false
	s.out = append(s.out, 2, i32Locals, i32, i64Locals, i64)
	s.statements()
	s.values(f.results)
	s.emit(0x0b)
}

func (s *smith) statements() {
	for s.depth < maxSmithDepth && s.left > 0 && len(s.choices) > 0 && s.pick(8) != 0 {
		s.statement()
	}
}

func (s *smith) values(types []byte) {
	for _, t := range types {
		s.value(t)
	}
}

// local chooses a parameter or local of the type.
func (s *smith) local(t byte) byte {
	var all []byte
	for n, p := range s.params {
		if p == t {
			all = append(all, byte(n))
		}
	}
	first, count := len(s.params), i32Locals
	if t == i64 {
		first, count = first+i32Locals, i64Locals
	}
	for n := range count {
		all = append(all, byte(first+n))
	}
	return all[s.pick(len(all))]
}

// block puts what fill writes into a block, loop or if; label is what a branch to it takes.
func (s *smith) block(op, kind byte, label []byte, fill func()) {
	s.emit(op, kind)
	s.labels = append(s.labels, label)
	s.depth++
	fill()
	s.depth--
	s.labels = s.labels[:len(s.labels)-1]
	s.emit(0x0b)
}

// branch chooses a label: its distance and what it takes.
func (s *smith) branch() (distance byte, types []byte) {
	n := s.pick(len(s.labels))
	return byte(n), s.labels[len(s.labels)-1-n]
}

// alike gives the distances of all labels that take the same as the one at the distance.
func (s *smith) alike(types []byte) (distances []byte) {
	for n := range s.labels {
		if string(s.labels[len(s.labels)-1-n]) == string(types) {
			distances = append(distances, byte(n))
		}
	}
	return distances
}

func (s *smith) drop(types []byte) {
	for range types {
		s.emit(0x1a)
	}
}

// statement writes code that takes nothing and leaves nothing.
func (s *smith) statement() {
	choice := s.pick(24)
	if s.plain {
		choice = []int{1, 3, 9, 12, 13, 15, 15, 15, 17, 17, 19, 19, 20, 20, 20, 21}[s.pick(16)]
	}
	switch choice {
	case 0:
		s.weight()
	case 1:
		s.block(0x02, noTypes, nil, s.statements)
	case 2:
		s.block(0x03, noTypes, nil, s.statements)
	case 3: // a loop that counts
		counter := s.local(i32)
		s.block(0x03, noTypes, nil, func() {
			s.statements()
			s.emit(0x20, counter)
			s.emit(0x41, 1)
			s.emit(0x6a)
			s.emit(0x22, counter)
			s.emit(0x41, byte(s.pick(64)))
			s.emit(0x48) // i32.lt_s
			s.emit(0x0d, 0)
		})
	case 4:
		s.value(i32)
		s.block(0x04, noTypes, nil, s.statements)
	case 5:
		s.value(i32)
		s.block(0x04, noTypes, nil, func() {
			s.statements()
			s.emit(0x05)
			s.statements()
		})
	case 6: // local.set
		s.value(i64)
		s.emit(0x21, s.local(i64))
	case 7: // global.set
		s.value(i64)
		s.emit(0x24, 1)
	case 8: // store
		s.value(i32)
		s.value(i64)
		s.emit(0x37, 0, byte(s.pick(64)))
	case 9: // br, and what is never reached behind it
		distance, types := s.branch()
		s.values(types)
		s.emit(0x0c, distance)
		s.dead()
	case 10: // br_if
		distance, types := s.branch()
		s.values(types)
		s.value(i32)
		s.emit(0x0d, distance)
		s.drop(types)
	case 11: // br_table
		_, types := s.branch()
		targets := s.alike(types)
		s.values(types)
		s.value(i32)
		s.emit(append([]byte{0x0e, byte(len(targets) - 1)}, targets...)...)
		s.dead()
	case 12: // return
		s.values(s.results)
		s.emit(0x0f)
		s.dead()
	case 13:
		f := s.pick(len(s.types))
		s.values(s.types[f].params)
		s.emit(0x10, byte(f))
		if s.quiet || s.pick(4) == 0 { // one that does not come back
			s.emit(0x00)
			s.dead()
			return
		}
		s.drop(s.types[f].results)
	case 14:
		if !s.quiet {
			s.bulk()
		}
	case 15, 16:
		s.cases()
	case 17, 18:
		s.rounds()
	case 19:
		s.oneWay()
	case 20:
		s.weight()
	case 21: // out of the block, or not
		if s.alike(nil) != nil {
			s.value(i32)
			s.branchTo(0x0d, nil)
		}
	default:
		if s.quiet {
			s.weight()
			return
		}
		f := smithTypes[s.pick(len(smithTypes))]
		s.values(f.params)
		s.value(i32)
		s.emit(0x11, byte(f.number()), 0)
		s.drop(f.results)
	}
}

// dead writes what only unreachable code allows: operands from nowhere.
func (s *smith) dead() {
	switch s.pick(7) {
	case 6:
		s.statements()
	case 1:
		s.emit(0x40, 0) // memory.grow
		s.emit(0x1a)
	case 2:
		s.emit(0xfc, 11, 0) // memory.fill
	case 3:
		s.emit(0x1b) // select
		s.emit(0x1a)
	case 4:
		s.emit(0x6a) // i32.add
		s.block(0x04, noTypes, nil, s.statements)
	case 5:
		s.emit(0x41, 3)
		s.emit(0xfc, 10, 0, 0) // memory.copy
	}
}

// weight writes instructions that do nothing: a few, more than a light region has, or more than a loop pays for at once.
func (s *smith) weight() {
	n := []int{1, 2, 5, 10, 20, 30, 35, 40, 50, 61, 64, 65, 600, 1500}[s.pick(14)]
	s.out = append(s.out, bytes.Repeat([]byte{0x01}, n)...)
	s.left--
}

// branchTo writes a br or br_if to one of the labels that take the types.
func (s *smith) branchTo(op byte, types []byte) {
	if targets := s.alike(types); len(targets) > 0 {
		s.emit(op, targets[s.pick(len(targets))])
	}
}

// cases writes a switch: blocks within each other, a br_table in the innermost that leads to any of them, or further out, and after
// each block a case, which falls through or goes elsewhere.
func (s *smith) cases() {
	n := 1 + s.pick(5)
	kind := []byte{0x02, 0x02, 0x02, 0x03}
	for range n {
		s.emit(kind[s.pick(len(kind))], noTypes)
		s.labels = append(s.labels, nil)
	}
	s.statements()
	s.value(i32)
	if s.pick(4) == 0 {
		s.branchTo(0x0d, nil)
	} else {
		all := s.alike(nil)
		targets := []byte{0x0e, byte(s.pick(6))}
		for range targets[1] + 1 {
			targets = append(targets, all[s.pick(min(len(all), n+1))])
		}
		s.emit(targets...)
	}
	for range n {
		s.labels = s.labels[:len(s.labels)-1]
		s.emit(0x0b)
		s.weight()
		s.statements()
		if s.pick(2) == 0 {
			s.branchTo(0x0c, nil)
		}
	}
}

// rounds writes a loop without calls that counts: an outer loop is put around it, from which there are ways out.
func (s *smith) rounds() {
	quiet, counter := s.quiet, s.local(i32)
	s.quiet = true
	s.block(0x03, noTypes, nil, func() {
		s.statements()
		s.emit(0x20, counter)
		s.emit(0x41, 1)
		s.emit(0x6a)
		s.emit(0x22, counter)
		s.emit(0x41, 63)
		s.emit(0x48)
		s.emit(0x0d, 0)
	})
	s.quiet = quiet
}

// oneWay writes an if of which one arm leaves, or both do, or none.
func (s *smith) oneWay() {
	s.value(i32)
	s.block(0x04, noTypes, nil, func() {
		for arm := range 2 {
			s.weight()
			if s.pick(2) == 0 {
				s.statements()
			}
			if s.pick(2) == 0 {
				s.branchTo(0x0c, nil)
			}
			if arm == 0 {
				if s.pick(4) == 0 {
					return
				}
				s.emit(0x05)
			}
		}
	})
	s.weight()
}

func (s *smith) bulk() {
	for range 3 {
		s.value(i32)
	}
	switch s.pick(4) {
	case 0:
		s.emit(0xfc, 11, 0)
	case 1:
		s.emit(0xfc, 10, 0, 0)
	case 2:
		s.emit(0xfc, 8, 0, 0) // memory.init
	default:
		s.emit(0xfc, 14, 0, 0) // table.copy
	}
}

// value writes code that leaves one value of the type.
func (s *smith) value(t byte) {
	constant, add, from := byte(0x41), byte(0x6a), byte(0xa7) // i32.wrap_i64
	other := byte(i64)
	if t == i64 {
		constant, add, from, other = 0x42, 0x7c, 0xad, i32 // i64.extend_i32_u
	}
	if s.depth >= maxSmithDepth || s.left < 0 {
		s.emit(constant, byte(s.pick(64)))
		return
	}
	if s.plain {
		s.chance()
		if t == i64 {
			s.emit(from)
		}
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	switch s.pick(16) {
	case 0, 1:
		s.emit(constant, byte(s.pick(64)))
	case 2, 3, 4:
		s.emit(0x20, s.local(t))
	case 5:
		s.emit(0x23, 0x7f-t) // global.get: i32 is 0, i64 is 1
	case 6:
		s.value(t)
		s.value(t)
		s.emit(add + byte(s.pick(13))) // add, sub, mul, div, rem, and, or, xor, shifts
	case 7:
		s.value(other)
		s.emit(from)
	case 8:
		s.block(0x02, t, []byte{t}, func() { s.statements(); s.value(t) })
	case 9:
		s.block(0x03, t, nil, func() { s.statements(); s.value(t) })
	case 10:
		s.value(i32)
		s.block(0x04, t, []byte{t}, func() {
			s.statements()
			s.value(t)
			s.emit(0x05)
			s.value(t)
		})
	case 11:
		s.value(t)
		s.emit(0x22, s.local(t))
	case 12:
		s.value(t)
		s.value(t)
		s.value(i32)
		s.emit(0x1b)
	case 13:
		s.value(i32)
		s.emit(map[byte]byte{i32: 0x28, i64: 0x29}[t], 0, 0)
	case 14: // memory.grow, in the range where it succeeds at times
		s.value(i32)
		s.emit(0x41, 3)
		s.emit(0x71)
		if s.quiet {
			s.emit(0x01)
		} else {
			s.emit(0x40, 0)
		}
		if t == i64 {
			s.emit(from)
		}
	default: // a loop whose parameter is the value
		s.value(t)
		kind := map[byte]byte{i32: 2, i64: 5}[t]
		s.block(0x03, kind, []byte{t}, func() {
			s.emit(0x22, s.local(t))
			s.statements()
		})
	}
}

// chance writes code that leaves a small number, another one each time. Global 0 is what it is made of.
func (s *smith) chance() {
	s.emit(0x23, 0)
	s.emit(0x41, 0xe5, 0x00)
	s.emit(0x6c)
	s.emit(0x41, 0x39)
	s.emit(0x6a)
	s.emit(0x24, 0)
	s.emit(0x23, 0)
	s.emit(0x41, 5)
	s.emit(0x76)
	s.emit(0x41, []byte{1, 3, 7}[s.pick(3)])
	s.emit(0x71)
	s.left += 11
}

// smithSeeds are choices that make modules of all sizes.
func smithSeeds() (out [][]byte) {
	r := rand.New(rand.NewPCG(6, 28))
	for n := range 150 {
		choices := make([]byte, n*4)
		for i := range choices {
			choices[i] = byte(r.Uint32())
		}
		out = append(out, choices)
	}
	return out
}
