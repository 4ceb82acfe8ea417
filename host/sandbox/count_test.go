package sandbox_test

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// countExport is the counter that counted adds.
const countExport = "count of instructions"

// counted gives a valid module with a counter of executed instructions, raised by one before each of them; end and else are
// none. It is the measure that fuel must never fall below, so it shares no code with the rewriter and knows nothing clever:
// one more global, one more export, no index moves.
func counted(wasm []byte) []byte {
	sections, order := split(wasm)
	own, globals := uint64(0), importedGlobals(sections[2])
	if body := sections[6]; body != nil {
		own, _ = binary.Uvarint(body)
	}
	counter := globals + own
	if len(sections[10]) > 0 {
		sections[10] = countedCode(sections[10], counter)
	}
	sections[6] = appended(sections[6], []byte{0x7e, 1, 0x42, 0, 0x0b}) // (mut i64) (i64.const 0)
	export := append(binary.AppendUvarint(nil, uint64(len(countExport))), countExport...)
	sections[7] = appended(sections[7], binary.AppendUvarint(append(export, 3), counter))
	for _, id := range []byte{6, 7} {
		if !slices.Contains(order, id) {
			order = append(order, id)
		}
	}
	// Section 12 counts data segments and stands before the code.
	place := func(id byte) int {
		return slices.Index([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11}, id)
	}
	slices.SortFunc(order, func(a, b byte) int { return place(a) - place(b) })
	out := slices.Clone(wasm[:8])
	for _, id := range order {
		out = binary.AppendUvarint(append(out, id), uint64(len(sections[id])))
		out = append(out, sections[id]...)
	}
	return out
}

// split gives the sections of a module and their order, the custom ones left out.
func split(wasm []byte) (sections map[byte][]byte, order []byte) {
	sections = map[byte][]byte{}
	for rest := wasm[8:]; len(rest) > 0; {
		id, size := rest[0], 1+field(rest[1:])
		if id != 0 {
			sections[id], order = rest[1:size][lebs(rest[1:], 1):], append(order, id)
		}
		rest = rest[size:]
	}
	return sections, order
}

// appended adds an element to a vector.
func appended(vector, element []byte) []byte {
	n, size := uint64(0), 0
	if len(vector) > 0 {
		n, size = binary.Uvarint(vector)
	}
	return append(append(binary.AppendUvarint(nil, n+1), vector[size:]...), element...)
}

func importedGlobals(section []byte) (globals uint64) {
	if len(section) == 0 {
		return 0
	}
	n, at := binary.Uvarint(section)
	for ; n > 0; n-- {
		at += field(section[at:])
		at += field(section[at:])
		kind := section[at]
		at++
		switch kind {
		case 0: // a type
			at += lebs(section[at:], 1)
		case 1: // a type and limits
			at++
			fallthrough
		case 2: // limits
			at += 1 + lebs(section[at+1:], 1+int(section[at]&1))
		case 3: // a type and mutability
			at += 2
			globals++
		}
	}
	return globals
}

// field is the length of a vector of bytes with its count.
func field(b []byte) int {
	n, size := binary.Uvarint(b)
	return size + int(n)
}

// lebs is the length of n numbers.
func lebs(b []byte, n int) (size int) {
	for ; n > 0; n-- {
		for b[size] >= 0x80 {
			size++
		}
		size++
	}
	return size
}

// bodies gives the function bodies of a code section.
func bodies(section []byte) (out [][]byte) {
	if len(section) == 0 {
		return nil
	}
	n, at := binary.Uvarint(section)
	for ; n > 0; n-- {
		size := field(section[at:])
		width := lebs(section[at:], 1)
		out = append(out, section[at:][width:size])
		at += size
	}
	return out
}

func countedCode(section []byte, counter uint64) []byte {
	all := bodies(section)
	out := binary.AppendUvarint(nil, uint64(len(all)))
	for _, b := range all {
		b = countedBody(b, counter)
		out = append(binary.AppendUvarint(out, uint64(len(b))), b...)
	}
	return out
}

func countedBody(body []byte, counter uint64) []byte {
	at := declarations(body)
	out := slices.Clone(body[:at])
	tick := binary.AppendUvarint([]byte{0x23}, counter)
	tick = binary.AppendUvarint(append(tick, 0x42, 1, 0x7c, 0x24), counter)
	for at < len(body) {
		if op := body[at]; op != 0x05 && op != 0x0b { // else, end
			out = append(out, tick...)
		}
		size := 1 + immediates(body[at:])
		out = append(out, body[at:at+size]...)
		at += size
	}
	return out
}

// declarations is the length of a body's locals.
func declarations(body []byte) int {
	at := lebs(body, 1)
	for groups, _ := binary.Uvarint(body); groups > 0; groups-- {
		at += lebs(body[at:], 1) + 1
	}
	return at
}

// computesFloats reports whether a valid module holds an instruction whose result may be a NaN, the bits of which are the
// engine's to choose. Vectors count as such.
func computesFloats(wasm []byte) bool {
	sections, _ := split(wasm)
	for _, body := range bodies(sections[10]) {
		for at := declarations(body); at < len(body); at += 1 + immediates(body[at:]) {
			op := body[at]
			switch {
			case op >= 0x8b && op <= 0xa6, op >= 0xa8 && op <= 0xab, op >= 0xb2 && op <= 0xbb, op == 0xfd, op == 0xfc && body[at+1] < 8:
				return true
			}
		}
	}
	return false
}

// immediates is how many bytes follow an instruction's opcode (https://webassembly.github.io/spec/core/binary/instructions.html).
func immediates(b []byte) int {
	op, rest := b[0], b[1:]
	switch {
	case op == 0x0e: // br_table
		n, size := binary.Uvarint(rest)
		return size + lebs(rest[size:], int(n)+1)
	case op == 0x1c: // select with types
		return field(rest)
	case op == 0x43: // f32.const
		return 4
	case op == 0x44: // f64.const
		return 8
	case op == 0x11, op >= 0x28 && op <= 0x3e: // call_indirect, loads and stores
		return lebs(rest, 2)
	case op >= 0x02 && op <= 0x04, op == 0x0c, op == 0x0d, op == 0x10, op >= 0x20 && op <= 0x26, op >= 0x3f && op <= 0x42, op == 0xd0, op == 0xd2:
		return lebs(rest, 1)
	case op == 0xfc:
		sub, size := binary.Uvarint(rest)
		counts := []int{8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}
		return size + lebs(rest[size:], counts[sub])
	case op == 0xfd:
		sub, size := binary.Uvarint(rest)
		switch {
		case sub <= 11, sub == 92, sub == 93: // loads and stores
			return size + lebs(rest[size:], 2)
		case sub == 12, sub == 13: // v128.const, i8x16.shuffle
			return size + 16
		case sub >= 21 && sub <= 34: // lanes
			return size + 1
		case sub >= 84 && sub <= 91: // loads and stores of a lane
			return size + lebs(rest[size:], 2) + 1
		}
		return size
	case op == 0x06 || op == 0x07 || op >= 0x12 && op <= 0x19 || op > 0xd2:
		panic(fmt.Sprintf("no such instruction: %#x", op))
	}
	return 0
}
