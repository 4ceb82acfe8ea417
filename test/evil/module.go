package evil

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/ipc"
)

// module is a guest in the making: what a well-behaved one with one output has, and whatever is added. Each entry is encoded
// as the binary format has it, without anything being checked.
//
// Types 0 to 2 are () → (), (i32) → i32 and that of weir.output; functions 0 to 4 are weir.output, the marker, weir_arena,
// weir_open and weir_process.
type module struct {
	types, imports, functions, tables, globals, exports, elements, codes, data [][]byte

	start   []byte // the index of the start function; nil: none
	process []byte // the code of weir_process, locals first; nil: it returns 0
	custom  []byte // custom sections at the end
}

const (
	typeNone  = 0
	typeUnary = 1
	baseTypes = 3
	baseFuncs = 5 // imports come on top
)

// Instructions, as the binary format numbers them.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opI32Load      = 0x28
	opI32Const     = 0x41
	opI32Add       = 0x6a
	opI32Mul       = 0x6c

	i32     = 0x7f
	nothing = 0x40 // the type of a block without results
)

func uleb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func text(s string) []byte { return append(uleb(len(s)), s...) }

// vector is entries with their count before them.
func vector(entries ...[]byte) []byte { return append(uleb(len(entries)), cat(entries...)...) }

// repeat is n times the same entry.
func repeat(n int, entry ...byte) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = entry
	}
	return out
}

func section(id byte, content []byte) []byte {
	return cat([]byte{id}, uleb(len(content)), content)
}

func custom(name string, content []byte) []byte { return section(0, cat(text(name), content)) }

// code is a function's code with n locals of type i32, its end included.
func code(n int, instructions ...[]byte) []byte {
	locals := vector(append(uleb(n), i32))
	if n == 0 {
		locals = vector()
	}
	whole := cat(locals, cat(instructions...), []byte{opEnd})
	return append(uleb(len(whole)), whole...)
}

// constant pushes a small number.
func constant(n int8) []byte { return []byte{opI32Const, byte(n) & 0x7f} }

// address pushes a number of four bytes at most.
func address(n int) []byte {
	return []byte{opI32Const, byte(n) | 0x80, byte(n>>7) | 0x80, byte(n>>14) | 0x80, byte(n>>21) & 0x7f}
}

func op(code byte, index int) []byte { return append([]byte{code}, uleb(index)...) }

func (m module) bytes() ([]byte, error) {
	schema, err := ipc.AppendSchema(nil, arrow.NewSchema(nil, nil))
	if err != nil {
		return nil, err
	}
	if m.process == nil {
		m.process = code(0, constant(0))
	}
	first := len(m.imports) + 1 // of the guest's own functions
	declare := cat(constant(0), constant(0), constant(1), address(1024), address(len(schema)), op(opCall, 0), []byte{opDrop})
	function := func(name string, index int) []byte { return cat(text(name), []byte{0}, uleb(first+index)) }
	out := cat([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, vector(append([][]byte{{0x60, 0, 0}, {0x60, 1, i32, 1, i32}, {0x60, 5, i32, i32, i32, i32, i32, 1, i32}}, m.types...)...)),
		section(2, vector(append([][]byte{cat(text(abi.ImportModule), text("output"), []byte{0, 2})}, m.imports...)...)),
		section(3, vector(append([][]byte{{typeNone}, {typeUnary}, {typeUnary}, {typeUnary}}, m.functions...)...)),
		optional(4, m.tables),
		section(5, vector([]byte{0, 2})),
		optional(6, m.globals),
		section(7, vector(append([][]byte{cat(text("memory"), []byte{2, 0}), function(abi.Marker, 0), function("weir_arena", 1),
			function("weir_open", 2), function("weir_process", 3)}, m.exports...)...)),
		startSection(m.start),
		optional(9, m.elements),
		section(10, vector(append([][]byte{code(0), code(0, address(1<<16)), code(0, declare, constant(0)), m.process}, m.codes...)...)),
		section(11, vector(append([][]byte{cat([]byte{0}, address(1024), []byte{opEnd}, uleb(len(schema)), schema)}, m.data...)...)),
		m.custom)
	return out, nil
}

func startSection(index []byte) []byte {
	if index == nil {
		return nil
	}
	return section(8, index)
}

func optional(id byte, entries [][]byte) []byte {
	if len(entries) == 0 {
		return nil
	}
	return section(id, vector(entries...))
}
