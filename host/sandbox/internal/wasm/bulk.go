package wasm

// misc validates an instruction behind 0xfc (5.4.5 to 5.4.7).
func (v *Validator) misc(at int) {
	sub := v.r.u32()
	if v.r.err != nil {
		return
	}
	op := Op(prefixMisc<<8 | sub&0xff)
	switch {
	case sub < 8:
		v.apply(&miscShapes[sub], at)
	case sub == miscMemoryInit:
		segment := v.dataIndex(at)
		v.zeroMemory(at)
		v.popThree(I32, at)
		v.bulk()
		v.tell(op, at, segment)
	case sub == miscDataDrop:
		v.dataIndex(at)
		v.tell(op, at, 0)
	case sub == miscMemoryCopy:
		v.zeroMemory(at)
		v.zeroMemory(at)
		v.popThree(I32, at)
		v.bulk()
		v.tell(op, at, 0)
	case sub == miscMemoryFill:
		v.zeroMemory(at)
		v.popThree(I32, at)
		v.bulk()
		v.repeat()
		v.tell(op, at, 0)
	case sub == miscTableInit:
		segment, from := v.elemIndex(at)
		v.same(v.tableType(at), from, at)
		v.popThree(I32, at)
		v.bulk()
		v.tell(op, at, segment)
	case sub == miscElemDrop:
		v.elemIndex(at)
		v.tell(op, at, 0)
	case sub == miscTableCopy:
		to := v.tableType(at)
		v.same(to, v.tableType(at), at)
		v.popThree(I32, at)
		v.bulk()
		v.tell(op, at, 0)
	case sub == miscTableGrow:
		t := v.tableType(at)
		v.pop(I32, at)
		v.pop(t, at)
		v.bulk()
		v.tell(op, at, 0)
		v.give(I32)
	case sub == miscTableSize:
		v.tableType(at)
		v.give(I32)
	case sub == miscTableFill:
		v.popThree(v.tableType(at), at)
		v.bulk()
		v.repeat()
		v.tell(op, at, 0)
	default:
		if proposal := miscProposal(sub); proposal != "" {
			v.r.fail(Unsupported, at, "instruction 0xfc %d is of the proposal %q, which is not supported: build without it", sub, proposal)
		} else {
			v.r.fail(Malformed, at, "unknown instruction 0xfc %d", sub)
		}
	}
}

// popThree takes a length, a source of the type t and a destination.
func (v *Validator) popThree(t Type, at int) {
	v.pop(I32, at)
	v.pop(t, at)
	v.pop(I32, at)
}

// dataIndex reads the index of a data segment. The data section follows the code, so the data count section must tell how
// many there are (5.5.16).
func (v *Validator) dataIndex(at int) uint32 {
	i := v.r.index()
	switch {
	case v.r.err != nil:
	case v.m.dataCount < 0:
		v.r.fail(Malformed, at, "a data segment is used in code without a data count section")
	case i >= v.m.dataCount:
		v.r.fail(Invalid, at, "unknown data segment %d", i)
	}
	return uint32(i)
}

// elemIndex reads the index of an element segment and gives it and its type.
func (v *Validator) elemIndex(at int) (uint32, Type) {
	i := v.r.index()
	if i >= len(v.m.Elements) {
		v.r.fail(Invalid, at, "unknown element segment %d", i)
		return 0, Unknown
	}
	return uint32(i), v.m.Elements[i].Type
}

func (v *Validator) same(to, from Type, at int) {
	if to != from {
		v.r.fail(Invalid, at, "type mismatch: entries of %s for a table of %s", from, to)
	}
}
