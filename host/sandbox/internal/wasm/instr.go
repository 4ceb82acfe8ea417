package wasm

// other validates an instruction that is not in the table of shapes (3.3).
func (v *Validator) other(op byte, at int) {
	switch op {
	case opLocalGet:
		n, t := v.local(at)
		v.getLocal(n)
		v.give(t)
	case opLocalSet:
		n, t := v.local(at)
		v.setLocal(n)
		v.pop(t, at)
	case opLocalTee:
		n, t := v.local(at)
		v.setLocal(n)
		v.pop(t, at)
		v.give(t)
	case opI32Const:
		v.r.signed(32)
		v.give(I32)
		v.frame.constant = v.frame.clock
	case opI64Const:
		v.r.signed(64)
		v.give(I64)
		v.frame.constant = v.frame.clock
	case opF32Const:
		v.r.take(4)
		v.give(F32)
	case opF64Const:
		v.r.take(8)
		v.give(F64)
	case opGlobalGet:
		v.search()
		v.getGlobal(at)
	case opGlobalSet:
		v.setGlobal(at)
	case opEnd:
		v.end(at)
	case opBr, opBrIf:
		v.branch(Op(op), at)
	case opCall:
		v.call(at)
	case opBlock, opLoop, opIf:
		v.open(Op(op), at)
	case opElse:
		v.otherwise(at)
	case opDrop:
		v.popAny(at)
	case opSelect:
		v.selectOne(at)
	case opReturn:
		v.popAll(v.controls[0].results, at)
		v.tell(OpReturn, at, 0)
		v.never()
	case opBrTable:
		v.branchTable(at)
	case opCallIndirect:
		v.callIndirect(at)
	case opUnreachable:
		v.never()
	case opNop:
	case opSelectTyped:
		v.selectTyped(at)
	case opTableGet:
		t := v.tableType(at)
		v.pop(I32, at)
		v.give(t)
	case opTableSet:
		t := v.tableType(at)
		v.pop(t, at)
		v.pop(I32, at)
		v.tell(OpTableSet, at, 0)
	case opMemorySize:
		v.zeroMemory(at)
		v.useMemory()
		v.give(I32)
	case opMemoryGrow:
		v.zeroMemory(at)
		v.pop(I32, at)
		v.called(0)
		v.tell(OpMemoryGrow, at, 0)
		v.give(I32)
	case opRefNull:
		v.give(v.r.refType())
	case opRefIsNull:
		if t := v.popAny(at); t != Unknown && !t.isRef() {
			v.r.fail(Invalid, at, "type mismatch: ref.is_null wants a reference and finds %s", t)
		}
		v.give(I32)
	case opRefFunc:
		v.refFunc(at)
	case prefixMisc:
		v.misc(at)
	case prefixSIMD:
		v.simd(at)
	default:
		v.unknown(op, at)
	}
}

func (v *Validator) unknown(op byte, at int) {
	if proposal := opProposals[op]; proposal != "" {
		v.r.fail(Unsupported, at, "instruction %#02x is of the proposal %q, which is not supported: build without it", op, proposal)
		return
	}
	v.r.fail(Malformed, at, "unknown instruction %#02x", op)
}

// global reads the index of a global.
func (v *Validator) global(at int) (int, Global) {
	i := v.r.index()
	if i >= len(v.m.Globals) {
		v.r.fail(Invalid, at, "unknown global %d", i)
		return 0, Global{}
	}
	return i, v.m.Globals[i]
}

func (v *Validator) getGlobal(at int) {
	i, g := v.global(at)
	v.useGlobal(i, false)
	v.give(g.Type)
}

func (v *Validator) setGlobal(at int) {
	i, g := v.global(at)
	v.useGlobal(i, true)
	if !g.Mutable {
		v.r.fail(Invalid, at, "global.set of a global that is not mutable")
	}
	v.pop(g.Type, at)
}

// tableType reads the index of a table and gives the type of its entries.
func (v *Validator) tableType(at int) Type {
	i := v.r.index()
	if i >= len(v.m.Tables) {
		v.r.fail(Invalid, at, "unknown table %d", i)
		return Unknown
	}
	return v.m.Tables[i].Type
}

// zeroMemory reads the byte that stands where other proposals have the index of a memory.
func (v *Validator) zeroMemory(at int) {
	switch b := v.r.byte(); {
	case v.r.err != nil:
	case b != 0:
		v.r.fail(Unsupported, at, "an instruction that names a memory is of the proposal %q, which is not supported", multiMemory)
	case v.m.Memory == nil:
		v.r.fail(Invalid, at, "unknown memory 0")
	}
}

func (v *Validator) call(at int) {
	f := v.r.index()
	if f >= len(v.m.Funcs) {
		v.r.fail(Invalid, at, "unknown function %d", f)
		return
	}
	t := v.m.TypeOf(f)
	v.reload()
	v.popAll(t.Params, at)
	v.called(widths(t.Params) + widths(t.Results))
	v.tell(OpCall, at, uint32(f))
	v.giveAll(t.Results)
}

func (v *Validator) callIndirect(at int) {
	i := v.r.index()
	table := v.tableType(at)
	switch {
	case v.r.err != nil:
		return
	case i >= len(v.m.Types):
		v.r.fail(Invalid, at, "unknown type %d", i)
		return
	case table != FuncRef:
		v.r.fail(Invalid, at, "type mismatch: call_indirect through a table of %s", table)
		return
	}
	v.reload()
	v.room(roomIndirect)
	v.pop(I32, at)
	t := v.m.Types[i]
	v.popAll(t.Params, at)
	v.called(widths(t.Params) + widths(t.Results))
	v.tell(OpCallIndirect, at, uint32(i))
	v.giveAll(v.m.Types[i].Results)
}

func (v *Validator) refFunc(at int) {
	f := v.r.index()
	switch {
	case v.r.err != nil:
	case f >= len(v.m.Funcs):
		v.r.fail(Invalid, at, "unknown function %d", f)
	case v.m.Marks[f]&Declared == 0:
		v.r.fail(Invalid, at, "ref.func of function %d, which occurs nowhere outside of code", f)
	}
	v.called(0)
	v.tell(OpRefFunc, at, uint32(f))
	v.give(FuncRef)
}

// selectOne is the select that tells its type from its operands: numbers and vectors only.
func (v *Validator) selectOne(at int) {
	v.pop(I32, at)
	a, b := v.popAny(at), v.popAny(at)
	if a == Unknown {
		a, b = b, a
	}
	if b != Unknown && a != b || a.isRef() {
		v.r.fail(Invalid, at, "type mismatch: select of %s and %s", b, a)
	}
	v.give(a)
}

func (v *Validator) selectTyped(at int) {
	if n := v.r.u32(); n != 1 {
		v.r.fail(Invalid, at, "a select of %d types", n)
	}
	t := v.r.valueType()
	v.pop(I32, at)
	v.pop(t, at)
	v.pop(t, at)
	v.give(t)
}

// simd validates an instruction behind 0xfd. Its number is at most two bytes in the shortest form, which is the only one
// taken: an engine may know no other.
func (v *Validator) simd(at int) {
	sub := v.shortest()
	if sub > 0xff {
		if v.r.err == nil {
			v.r.fail(Unsupported, at, "vector instruction %#x is of the proposal %q, which is not supported: build without it", sub, relaxedSIMD)
		}
		return
	}
	s := &simdShapes[sub]
	switch {
	case sub == simdConst:
		v.r.take(16)
		v.give(V128)
		return
	case sub == simdShuffle:
		for range 16 {
			v.lane(32)
		}
		v.pop(V128, at)
		v.pop(V128, at)
		v.give(V128)
		return
	case s.imm == immOther:
		v.r.fail(Malformed, at, "unknown vector instruction %#02x", sub)
		return
	case s.imm == immLane:
		v.lane(s.lane)
	case s.imm == immMemory:
		v.memoryArg(s.log)
	case s.imm == immBoth:
		v.memoryArg(s.log)
		v.lane(s.lane)
	}
	v.apply(s, at)
}

// shortest reads an unsigned integer that takes no byte more than it needs.
func (v *Validator) shortest() uint32 {
	at := v.r.pos
	n := v.r.u32()
	if v.r.pos-at > 1 && v.r.data[v.r.pos-1] == 0 {
		v.r.fail(Malformed, at, "the number of an instruction takes more bytes than it needs")
	}
	return n
}
