package wasm

// give pushes an operand.
func (v *Validator) give(t Type) {
	v.frame.push(len(v.operands), t)
	v.operands = append(v.operands, t)
}

// giveAll pushes a list of operands.
func (v *Validator) giveAll(types []byte) {
	v.move(len(types))
	for _, t := range types {
		v.give(Type(t))
	}
}

// pop takes an operand of the type want.
func (v *Validator) pop(want Type, at int) {
	if n := len(v.operands) - 1; n >= v.floor && v.operands[n] == want {
		v.operands = v.operands[:n]
		v.frame.pop(n, want)
		return
	}
	v.popSlow(want, at)
}

func (v *Validator) popSlow(want Type, at int) {
	if got := v.popAny(at); got != want && got != Unknown {
		v.r.fail(Invalid, at, "type mismatch: %s wants %s and finds %s", v.name(at), want, got)
	}
}

// popAny takes any operand: Unknown where unreachable code has none.
func (v *Validator) popAny(at int) Type {
	n := len(v.operands) - 1
	if n >= v.floor {
		t := v.operands[n]
		v.operands = v.operands[:n]
		v.frame.pop(n, t)
		return t
	}
	if c := v.top(); c == nil || !c.unreachable {
		v.r.fail(Invalid, at, "type mismatch: %s wants an operand more than there are", v.name(at))
	}
	return Unknown
}

// popAll takes operands of the given types, the last one first.
func (v *Validator) popAll(types []byte, at int) {
	v.move(len(types))
	for i := len(types) - 1; i >= 0 && v.r.err == nil; i-- {
		v.pop(Type(types[i]), at)
	}
}
