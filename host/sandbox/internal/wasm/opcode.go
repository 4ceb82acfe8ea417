package wasm

import "strings"

// Op is an opcode (5.4); one behind a prefix is prefix<<8 | number.
type Op uint16

// The instructions that a Visitor hears of.
const (
	OpUnreachable  Op = 0x00
	OpBlock        Op = 0x02
	OpLoop         Op = 0x03
	OpIf           Op = 0x04
	OpElse         Op = 0x05
	OpEnd          Op = 0x0b
	OpBr           Op = 0x0c
	OpBrIf         Op = 0x0d
	OpBrTable      Op = 0x0e
	OpReturn       Op = 0x0f
	OpCall         Op = 0x10
	OpCallIndirect Op = 0x11
	OpTableSet     Op = 0x26
	OpMemoryGrow   Op = 0x40
	OpRefFunc      Op = 0xd2
	OpMemoryInit   Op = 0xfc08
	OpDataDrop     Op = 0xfc09
	OpMemoryCopy   Op = 0xfc0a
	OpMemoryFill   Op = 0xfc0b
	OpTableInit    Op = 0xfc0c
	OpElemDrop     Op = 0xfc0d
	OpTableCopy    Op = 0xfc0e
	OpTableGrow    Op = 0xfc0f
	OpTableFill    Op = 0xfc11
)

// The rest of what is told apart by hand; everything else is in the table of shapes.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	prefixMisc     = 0xfc
	prefixSIMD     = 0xfd

	miscMemoryInit = 8
	miscDataDrop   = 9
	miscMemoryCopy = 10
	miscMemoryFill = 11
	miscTableInit  = 12
	miscElemDrop   = 13
	miscTableCopy  = 14
	miscTableGrow  = 15
	miscTableSize  = 16
	miscTableFill  = 17

	simdConst   = 12
	simdShuffle = 13
)

// immediate is what follows an opcode whose types are in its shape.
type immediate uint8

const (
	immOther  immediate = iota // not in the table: told apart by hand, or unknown
	immNone                    // nothing
	immMemory                  // alignment and offset
	immLane                    // a lane
	immBoth                    // alignment and offset, then a lane
)

// shape is what an instruction of fixed types takes and gives. It is small, so that the table stays in the cache.
type shape struct {
	imm  immediate
	n    uint8 // how many of pops
	pops [3]Type
	push Type  // Unknown: none
	log  uint8 // for memory: log2 of the bytes read or written, the largest alignment
	lane uint8 // how many lanes

	claims uint8 // registers that an engine has for it, in slots of what may be there
}

// A family is a run of consecutive opcodes of one shape.
type family struct {
	first int
	sig   string // pops, a colon, push: i, I, f, F are i32, i64, f32, f64 and v is v128
	imm   immediate
	log   uint8
	lane  uint8
	names string
}

// build makes the tables of shapes and names. Families name every opcode that they cover, in order; "-" is a gap.
func build(families []family) (shapes [256]shape, names [256]string) {
	for _, f := range families {
		s := shape{imm: f.imm, log: f.log, lane: f.lane}
		pushes := false
		for _, c := range f.sig {
			switch {
			case c == ':':
				pushes = true
			case pushes:
				s.push = letters[c]
			default:
				s.pops[s.n] = letters[c]
				s.n++
			}
		}
		at := f.first
		for name := range fields(f.names) {
			if name != "-" {
				s.claims = claims(name)
				shapes[at], names[at] = s, name
			}
			at++
		}
	}
	return shapes, names
}

// claimShift is of shifts, which need the register only for an amount that is not constant: what was there, and what then gives way to it.
const claimShift = 3

// claims says which registers wazero's compiler for amd64 has for an instruction: rax and rdx for divisions, rcx for shifts, and for
// some on vectors rcx or xmm0.
func claims(name string) uint8 {
	class, op, _ := strings.Cut(name, ".")
	switch {
	case class == "i64x2" && (op == "abs" || op == "shr_s"):
		return 2
	case class != "i32" && class != "i64":
		return 0
	case strings.HasPrefix(op, "div_"), strings.HasPrefix(op, "rem_"):
		return 2
	case op == "shl", strings.HasPrefix(op, "shr_"), strings.HasPrefix(op, "rot"):
		return claimShift
	}
	return 0
}

var letters = map[rune]Type{'i': I32, 'I': I64, 'f': F32, 'F': F64, 'v': V128}
