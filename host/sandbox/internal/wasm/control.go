package wasm

// control is an open block (A.3: control frame).
type control struct {
	op              Op
	params, results []byte
	height          int  // operands below the block
	unreachable     bool // the rest of the block is never reached: it may pop what is not there
	live            bool // the block itself may be reached
	sets            int  // locals set before it

	// See values.
	memory       loaded // what was known of it where the first arm began, or the one way to the end
	first, aside int    // where its values begin, and those of the first arm
	segment      uint32 // in which it began

	// See flow.
	serial     uint32 // in the order of the code; an else has another than its if
	depth, run int64  // where it began
	ways, runs int64  // that lead to its label, and the sum of their runs
	from       int64  // the least depth of those
	join       int    // that a loop begins with
}

// label is what a branch to the block takes along.
func (c *control) label() []byte {
	if c.op == OpLoop {
		return c.params
	}
	return c.results
}

func (v *Validator) top() *control {
	if n := len(v.controls); n > 0 {
		return &v.controls[n-1]
	}
	return nil
}

// push opens a block whose parameters were popped.
func (v *Validator) push(c control) {
	c.height = len(v.operands)
	v.floor = c.height
	v.controls = append(v.controls, c)
	v.nesting = max(v.nesting, len(v.controls))
	v.begins(&v.controls[len(v.controls)-1])
	v.enter(&v.controls[len(v.controls)-1])
	v.giveAll(c.params)
}

// close pops the results of the innermost block and checks that nothing else is left.
func (v *Validator) close(at int) control {
	c := v.controls[len(v.controls)-1]
	v.popAll(c.results, at)
	if n := len(v.operands) - c.height; n != 0 {
		v.r.fail(Invalid, at, "type mismatch: a block leaves %d operands too many", n)
	}
	v.controls = v.controls[:len(v.controls)-1]
	v.floor = 0
	if outer := v.top(); outer != nil {
		v.floor = outer.height
	}
	return c
}

// never makes the rest of the block unreachable.
func (v *Validator) never() {
	c := v.top()
	v.operands = v.operands[:c.height]
	v.frame.counted = min(v.frame.counted, c.height)
	c.unreachable = true
	v.step = 0
}

// setStep makes step follow whether live code goes on.
func (v *Validator) setStep(live bool) {
	v.step = 0
	if live {
		v.step = 1
	}
}

// open reads a block, loop or if (5.4.1, 3.3.8).
func (v *Validator) open(op Op, at int) {
	if len(v.controls) > v.m.limits.Nesting {
		v.r.fail(Limit, at, "more than %d blocks within each other", v.m.limits.Nesting)
		return
	}
	c := control{op: op, live: v.step > 0, sets: v.sets}
	c.params, c.results = v.blockType()
	if op == OpIf {
		v.pop(I32, at)
	}
	v.popAll(c.params, at)
	v.visit(op, at, 0, c.live, len(v.controls))
	if v.r.err == nil {
		v.push(c)
	}
}

// blockType reads a block type: nothing, one result, or the index of a type (5.4.1). An index is a signed integer of 33
// bits, which leaves the bytes of value types free.
func (v *Validator) blockType() (params, results []byte) {
	r := &v.r
	at := r.pos
	if r.left() > 0 && r.data[at] >= 0x40 && r.data[at] < 0x80 {
		r.pos++
		if r.data[at] == 0x40 || !r.isValueType(r.data[at], at) {
			return nil, nil
		}
		return nil, r.data[at : at+1]
	}
	i := r.signed(33)
	switch {
	case r.err != nil:
	case i < 0:
		r.fail(Malformed, at, "%d is no block type", i)
	case i >= int64(len(v.m.Types)):
		r.fail(Invalid, at, "unknown type %d", i)
	default:
		return v.m.Types[i].Params, v.m.Types[i].Results
	}
	return nil, nil
}

// otherwise reads an else.
func (v *Validator) otherwise(at int) {
	v.count -= v.step
	if c := v.top(); c.op != OpIf {
		v.r.fail(Malformed, at, "an else outside of an if")
		return
	}
	c := v.close(at)
	v.falls = v.step > 0
	if v.falls {
		v.way(&c)
	}
	v.firstArm(&c)
	c.op, c.unreachable = OpElse, false
	v.setStep(c.live)
	v.visit(OpElse, at, 0, c.live, len(v.controls)+1)
	if v.r.err == nil {
		v.push(c)
	}
}

// end reads an end.
func (v *Validator) end(at int) {
	v.count -= v.step
	depth := len(v.controls)
	c := v.close(at)
	if c.op == OpIf && string(c.params) != string(c.results) {
		v.r.fail(Invalid, at, "type mismatch: an if without else gives other values than it takes")
	}
	v.lastArm(&c)
	if c.live {
		v.leave(&c)
	}
	v.setStep(c.live)
	v.falls = c.live && !c.unreachable
	v.visit(OpEnd, at, 0, c.live, depth)
	if v.r.err == nil && depth > 1 {
		v.giveAll(c.results)
	}
}

// target finds the block that a label names.
func (v *Validator) target(at, label int) *control {
	if label >= len(v.controls) {
		v.r.fail(Invalid, at, "unknown label %d", label)
	}
	if v.r.err != nil {
		return v.top()
	}
	return &v.controls[len(v.controls)-1-label]
}

// branch reads br and br_if.
func (v *Validator) branch(op Op, at int) {
	label := v.r.index()
	if op == OpBrIf {
		v.pop(I32, at)
	}
	c := v.target(at, label)
	types := c.label()
	v.popAll(types, at)
	if v.step > 0 && v.r.err == nil {
		v.way(c)
	}
	v.moves = len(types)
	v.tell(op, at, uint32(label))
	if op == OpBr {
		v.never()
	} else {
		v.giveAll(types)
		if v.step > 0 {
			v.fork()
		}
	}
}

// branchTable reads br_table. Every label takes the same number of operands, and each of them must fit what is there.
func (v *Validator) branchTable(at int) {
	v.pop(I32, at)
	n := v.r.count("labels", 1, noLimit)
	arity, largest := -1, 0
	for range n + 1 {
		label := v.r.index()
		c := v.target(at, label)
		types := c.label()
		if arity >= 0 && len(types) != arity {
			v.r.fail(Invalid, at, "type mismatch: the labels of a br_table take %d and %d operands", arity, len(types))
		}
		if v.r.err != nil {
			return
		}
		arity, largest = len(types), max(largest, label)
		v.fitsLabel(types, at)
		if v.step > 0 {
			v.way(c)
		}
	}
	if v.step > 0 {
		v.table(n)
	}
	v.tell(OpBrTable, at, uint32(largest))
	v.never()
}

// fitsLabel checks the topmost operands against a label without taking them.
func (v *Validator) fitsLabel(types []byte, at int) {
	v.move(len(types))
	for i := range types {
		want := Type(types[len(types)-1-i])
		switch n := len(v.operands) - 1 - i; {
		case n >= v.floor && (v.operands[n] == want || v.operands[n] == Unknown):
		case n < v.floor && v.top().unreachable:
		case v.r.err == nil:
			v.r.fail(Invalid, at, "type mismatch: a label of a br_table wants other operands than there are")
		}
	}
}
