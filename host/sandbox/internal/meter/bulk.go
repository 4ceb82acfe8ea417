package meter

import (
	"fmt"

	"github.com/weir-stream/weir/host/sandbox/internal/wasm"
)

// How much a bulk instruction does at a time. Between two pieces the host is asked, whatever fuel is left, so that a call is
// stopped in the middle of one instruction as well: memory that was never touched before costs its page faults, and a
// function's entry in a table some 100 ns on wasmtime. A quarter of a MiB costs time, and so does a MiB or more, from where
// Go's memmove writes around the caches.
const (
	pieceBytes   = 512 << 10
	pieceEntries = 16 << 10
)

// bulk is a bulk instruction that is run in pieces. The other ones, table.fill, copy and grow, take a few ms for all entries
// that there can be.
type bulk struct {
	op                   wasm.Op // memory.fill, memory.copy, memory.init or table.init
	segment, size, table uint32  // of the instructions that have them; the size is the segment's
}

// bulk plans a bulk instruction. What initialises from a segment of one piece needs no more than its charge.
func (w *planner) bulk(e *wasm.Event) {
	w.noteCall(e)
	o := bulk{op: e.Op}
	switch e.Op {
	case wasm.OpMemoryInit:
		o.segment, o.size = e.Arg, w.m.DataSizes[e.Arg]
		if o.size <= pieceBytes {
			w.uses.bytes = true
			w.add(e.At, editBytes, 0)
			return
		}
	case wasm.OpTableInit:
		o.segment, o.size = e.Arg, w.m.Elements[e.Arg].Size
		if o.size <= pieceEntries {
			w.uses.items = true
			w.add(e.At, editItems, 0)
			return
		}
		segment := skipLEB(w.m.Data, e.At+1)
		o.table = readU32(w.m.Data, skipLEB(w.m.Data, segment))
	}
	i, there := w.bulks[o]
	if !there {
		i = uint32(len(w.uses.bulk))
		w.bulks[o], w.uses.bulk = i, append(w.uses.bulk, o)
	}
	w.add(e.At, editBulk, i)
}

func (o bulk) name() string {
	switch o.op {
	case wasm.OpMemoryFill:
		return "memory_fill"
	case wasm.OpMemoryCopy:
		return "memory_copy"
	case wasm.OpMemoryInit:
		return fmt.Sprintf("memory_init_%d", o.segment)
	}
	return fmt.Sprintf("table_init_%d_%d", o.table, o.segment)
}

// instruction is its encoding (5.4.5, 5.4.6).
func (o bulk) instruction() []byte {
	b := []byte{opMisc, byte(o.op)}
	switch o.op {
	case wasm.OpMemoryFill:
		return append(b, 0)
	case wasm.OpMemoryCopy:
		return append(b, 0, 0)
	}
	return appendU32(appendU32(b, o.segment), o.table) // memory 0 for table 0
}

// piece is how much is done at a time.
func (o bulk) piece() int64 {
	if o.op == wasm.OpTableInit {
		return pieceEntries
	}
	return pieceBytes
}

// perUnit is how much a unit of fuel pays for, as a power of two.
func (o bulk) perUnit() byte {
	if o.op == wasm.OpTableInit {
		return 0
	}
	return 4
}

// The locals of the helpers. The first three are the operands of the instruction.
const (
	bulkTo     = iota // address
	bulkFrom          // address, offset in the segment, or value to fill with
	bulkLength        // in bytes or entries
	bulkLong          // i64: the length
	bulkFuel          // i64: the fuel
)

// bulkBody is (to, from, length i32) -> (the same of what is left to do): it charges the length. Where the fuel is below 0 or
// the length above a piece, which show in one sign, the other helper goes on; nothing has to be kept meanwhile.
func (c *code) bulkBody(b []byte, o bulk, pieces uint32) []byte {
	b = append(b, 1, 2, typeI64)
	b = append(append(b, c.fuelGet...), opLocalGet, bulkLength, opI64ExtendU, opLocalTee, bulkLong)
	b = append(b, opI64Const, o.perUnit(), opI64ShrU, opI64Sub, opLocalTee, bulkFuel)
	b = append(append(b, c.fuelSet...), opLocalGet, bulkFuel, opI64Const)
	b = append(appendS64(b, o.piece()), opLocalGet, bulkLong, opI64Sub, opI64Or)
	b = append(b, opI64Const, 0, opI64GeS, opIf, typeEmpty, opElse)
	b = append(appendU32(append(operands(b), opCall), pieces), opReturn, opEnd)
	return append(operands(b), opEnd)
}

// piecesBody is of the same type. It checks the fuel, and runs all of the instruction but its last piece. Where the
// instruction would trap all of it is left, so that it traps before anything is written.
//
//	check
//	block
//	  loop
//	    br_if 1, the length is at most a piece, or a range ends outside
//	    the length -= a piece
//	    a piece
//	    ask the host
//	    br 0
//	  end
//	end
//	what is left
func (c *code) piecesBody(b []byte, o bulk) []byte {
	b = append(append(b, 0), c.check...)
	b = append(b, opBlock, typeEmpty, opLoop, typeEmpty, opLocalGet, bulkLength)
	b = append(o.appendPiece(b), opI32LeU, opBrIf, 1)
	b = o.leaveOutside(b)
	b = o.move(b, bulkLength, opI32Sub)
	b = append(o.onePiece(b), c.ask...)
	b = append(b, opBr, 0, opEnd, opEnd)
	return append(operands(b), opEnd)
}

// leaveOutside leaves the loop where what is written or read is not all there. A segment that was dropped is seen by the first
// piece.
func (o bulk) leaveOutside(b []byte) []byte {
	// Both sizes are i64: a memory may have 2^32 bytes.
	memory := []byte{opMemorySize, 0, opI64ExtendU, opI64Const, 16, opI64Shl}
	segment := appendS64([]byte{opI64Const}, int64(o.size))
	switch o.op {
	case wasm.OpMemoryFill:
		return leaveBehind(b, bulkTo, memory)
	case wasm.OpMemoryCopy:
		return leaveBehind(leaveBehind(b, bulkTo, memory), bulkFrom, memory)
	case wasm.OpMemoryInit:
		return leaveBehind(leaveBehind(b, bulkTo, memory), bulkFrom, segment)
	}
	table := append(appendU32([]byte{opMisc, miscTableSize}, o.table), opI64ExtendU)
	return leaveBehind(leaveBehind(b, bulkTo, table), bulkFrom, segment)
}

// leaveBehind leaves the loop where the range that begins in a local ends behind a size.
func leaveBehind(b []byte, local byte, size []byte) []byte {
	b = append(b, opLocalGet, local, opI64ExtendU, opLocalGet, bulkLength, opI64ExtendU, opI64Add)
	return append(append(b, size...), opI64GtU, opBrIf, 1)
}

// onePiece runs the instruction on a piece, the length being that of the rest: on the first piece, and moves on. A copy to a
// higher address begins with the last one, since it may overwrite what it copies.
func (o bulk) onePiece(b []byte) []byte {
	instruction := append(o.appendPiece(nil), o.instruction()...)
	first := append([]byte{opLocalGet, bulkTo, opLocalGet, bulkFrom}, instruction...)
	first = o.move(first, bulkTo, opI32Add)
	if o.op != wasm.OpMemoryFill {
		first = o.move(first, bulkFrom, opI32Add)
	}
	if o.op != wasm.OpMemoryCopy {
		return append(b, first...)
	}
	b = append(b, opLocalGet, bulkTo, opLocalGet, bulkFrom, opI32GtU, opIf, typeEmpty)
	b = append(b, opLocalGet, bulkTo, opLocalGet, bulkLength, opI32Add, opLocalGet, bulkFrom, opLocalGet, bulkLength, opI32Add)
	b = append(append(b, instruction...), opElse)
	return append(append(b, first...), opEnd)
}

func (o bulk) appendPiece(b []byte) []byte { return appendS64(append(b, opI32Const), o.piece()) }

// move adds a piece to a local or takes one from it.
func (o bulk) move(b []byte, local, op byte) []byte {
	return append(o.appendPiece(append(b, opLocalGet, local)), op, opLocalSet, local)
}

func operands(b []byte) []byte {
	return append(b, opLocalGet, bulkTo, opLocalGet, bulkFrom, opLocalGet, bulkLength)
}
