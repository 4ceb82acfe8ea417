package wasm

// constExpr reads a constant expression of the given type (3.3.10): without the proposal for more, it is one instruction
// and an end. function is called for each function index in it. offset is the value of an i32.const, else -1.
func (m *Module) constExpr(r *reader, want Type, function func(at int, f uint32)) (offset int64) {
	at := r.pos
	got, offset := m.constInstr(r, function)
	if got != want {
		r.fail(Invalid, at, "a constant expression gives %s where %s is wanted", got, want)
	}
	at = r.pos
	switch op := r.byte(); {
	case r.err != nil || op == opEnd:
	case isConstant(op):
		r.fail(Unsupported, at, "a constant expression of several instructions is, at best, of the proposal %q, which is not supported", extendedConst)
	default:
		m.notConstant(r, at, op)
	}
	return offset
}

func isConstant(op byte) bool {
	return op == opGlobalGet || op >= 0x41 && op <= 0x44 || op == opRefNull || op == opRefFunc || op == prefixSIMD
}

func (m *Module) constInstr(r *reader, function func(at int, f uint32)) (t Type, offset int64) {
	at := r.pos
	switch op := r.byte(); op {
	case opI32Const:
		return I32, int64(uint32(r.signed(32)))
	case opI64Const:
		r.signed(64)
		return I64, -1
	case opF32Const:
		r.take(4)
		return F32, -1
	case opF64Const:
		r.take(8)
		return F64, -1
	case opGlobalGet:
		return m.constGlobal(r), -1
	case opRefNull:
		return r.refType(), -1
	case opRefFunc:
		m.funcIndex(r, function)
		return FuncRef, -1
	case prefixSIMD:
		if sub := r.byte(); sub == simdConst {
			r.take(16)
			return V128, -1
		}
		m.notConstant(r, at, op)
	case opEnd:
		r.fail(Invalid, at, "a constant expression gives no value")
	default:
		m.notConstant(r, at, op)
	}
	return Unknown, -1
}

// constGlobal reads the index of a global that is imported and does not change.
func (m *Module) constGlobal(r *reader) Type {
	at := r.pos
	g := r.index()
	switch {
	case r.err != nil:
	case g >= m.ImportedGlobals:
		r.fail(Invalid, at, "a constant expression may use imported globals only, not global %d", g)
	case m.Globals[g].Mutable:
		r.fail(Invalid, at, "a constant expression may not use the mutable global %d", g)
	default:
		return m.Globals[g].Type
	}
	return Unknown
}

func (m *Module) notConstant(r *reader, at int, op byte) {
	switch op {
	case 0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e: // add, sub and mul of both integers
		r.fail(Unsupported, at, "arithmetic in a constant expression is of the proposal %q, which is not supported", extendedConst)
	default:
		if r.err == nil {
			r.fail(Invalid, at, "instruction %#02x in a constant expression", op)
		}
	}
}
