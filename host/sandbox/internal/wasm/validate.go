package wasm

import "fmt"

// Event is an instruction that a Visitor hears of, in the order of the code. It is reused.
type Event struct {
	Op   Op
	At   int // offset of the instruction in Module.Data; its immediate is one byte further
	Next int // offset of the next one
	// Arg is of a call or ref.func the function, of call_indirect the type, of memory.init and table.init the segment, of a
	// branch the label, of br_table the largest one.
	Arg   uint32
	Depth int  // blocks around the instruction, the function's own included; of end, the one it closes included
	Live  bool // it may be executed: no unconditional branch is right before it, or before a block it is in
	Falls bool // of else and end, the code right before it may come to it
	Moves int  // of br and br_if the operands that they take along
	Count int  // instructions of the body that may be executed, up to and including this one; end and else are none
}

// A Visitor hears of the instructions that Op names.
type Visitor interface{ Visit(*Event) }

// Body is what was found out about a function's body as a whole.
type Body struct {
	Code  int // offset of the first instruction, after the locals
	Frame int // an upper bound of what its frame takes, in slots of 8 bytes; see frame
}

// Validator validates bodies (3.4.1, A.3). It reuses its stacks from body to body; one goroutine uses it.
type Validator struct {
	r       reader
	m       *Module
	visitor Visitor
	event   Event

	operands []Type
	floor    int // operands below it belong to enclosing blocks
	controls []control
	locals   locals
	effort   effort
	flow     flow
	frame    frame

	moves int  // see Event.Moves
	falls bool // see Event.Falls
	step  int  // 1 in live code
	count int  // see Event.Count
	sets  int  // locals that were set

	nesting int // the most blocks within each other, the function's own included
}

// NewValidator makes a validator for the bodies of m.
func NewValidator(m *Module, v Visitor) *Validator {
	return &Validator{m: m, visitor: v, effort: newEffort(m)}
}

// Validate checks the i-th body of the code section.
func (v *Validator) Validate(i int) (Body, *Error) {
	span, f := v.m.Bodies[i], v.m.ImportedFuncs+i
	t := v.m.TypeOf(f)
	v.r = reader{data: v.m.Data, pos: span.Start, end: span.End}
	v.operands, v.controls, v.floor = v.operands[:0], v.controls[:0], 0
	v.step, v.count, v.sets, v.nesting = 1, 0, 0, 0
	v.locals.read(&v.r, t.Params, v.m.limits.Locals)
	v.spread(span.Start)
	body := Body{Code: v.r.pos}
	v.flow.begin(v.locals.n)
	v.frame.begin(&v.locals)
	v.effort.room = roomPerBody
	v.push(control{op: OpBlock, results: t.Results, live: true})
	v.run()
	if len(v.controls) > 0 {
		v.r.fail(Malformed, span.End, "the body ends within %d blocks", len(v.controls))
	}
	v.settle(span.Start)
	body.Frame = v.frame.size()
	v.m.MostLocals.note(v.locals.n, f)
	v.m.MostNesting.note(v.nesting-1, f)
	if v.r.err != nil {
		v.r.err.Func = f
	}
	return body, v.r.err
}

// run validates instructions up to the end of the body, or the first error: an error moves the reader there.
func (v *Validator) run() {
	r := &v.r
	for r.pos < r.end && len(v.controls) > 0 {
		at := r.pos
		op := r.data[at]
		r.pos++
		v.count += v.step
		switch s := &shapes[op]; s.imm {
		case immNone:
			if truncates(op) {
				v.room(roomTruncate)
			}
			v.apply(s, at)
		case immMemory:
			v.memoryArg(s.log)
			v.apply(s, at)
		default:
			v.other(op, at)
		}
	}
	if r.pos != r.end {
		r.fail(Malformed, r.pos, "%d bytes after the end of the function", r.left())
	}
}

// apply pops and pushes what the shape says.
func (v *Validator) apply(s *shape, at int) {
	n := len(v.operands) - int(s.n)
	if s.claims > 0 {
		v.claim(s.claims)
	}
	if n < v.floor {
		v.applySlow(s, at)
		return
	}
	for i, got := range v.operands[n:] {
		if got != s.pops[i] {
			v.applySlow(s, at)
			return
		}
	}
	v.operands = v.operands[:n]
	for i := int(s.n) - 1; i >= 0; i-- {
		v.frame.pop(n+i, s.pops[i])
	}
	if s.push != Unknown {
		v.give(s.push)
	}
}

// applySlow does the same where something is missing, unknown or wrong.
func (v *Validator) applySlow(s *shape, at int) {
	for i := int(s.n) - 1; i >= 0; i-- {
		v.pop(s.pops[i], at)
	}
	if s.push != Unknown {
		v.give(s.push)
	}
}

// memoryArg reads alignment and offset (5.4.6, 3.3.7).
func (v *Validator) memoryArg(log uint8) {
	at := v.r.pos
	v.search()
	v.useMemory()
	align := v.r.u32()
	switch {
	case v.r.err != nil:
	case v.m.Memory == nil:
		v.r.fail(Invalid, at, "unknown memory 0")
	case align >= 64 && align < 128:
		v.r.fail(Unsupported, at, "an instruction that names a memory is of the proposal %q, which is not supported", multiMemory)
	case align > uint32(log):
		v.r.fail(Invalid, at, "an alignment of 2^%d for an access of %d bytes", align, 1<<log)
	}
	v.r.u32()
}

func (v *Validator) lane(n uint8) {
	at := v.r.pos
	if lane := v.r.byte(); lane >= n {
		v.r.fail(Invalid, at, "lane %d of %d", lane, n)
	}
}

// visit tells the visitor of the instruction that was just read.
func (v *Validator) visit(op Op, at int, arg uint32, live bool, depth int) {
	if v.r.err != nil {
		return
	}
	v.event = Event{Op: op, At: at, Next: v.r.pos, Arg: arg, Live: live, Depth: depth, Moves: v.moves, Falls: v.falls, Count: v.count}
	v.visitor.Visit(&v.event)
}

// tell is visit for an instruction that changes no control.
func (v *Validator) tell(op Op, at int, arg uint32) {
	v.visit(op, at, arg, v.step > 0, len(v.controls))
}

// name is what an instruction is called in messages.
func (v *Validator) name(at int) string {
	op := v.r.data[at]
	names, sub := &opNames, int(op)
	if (op == prefixMisc || op == prefixSIMD) && at+1 < len(v.r.data) {
		sub = int(v.r.data[at+1])
		names = &miscNames
		if op == prefixSIMD {
			names = &simdNames
		}
	}
	if name := names[sub]; name != "" {
		return name
	}
	return fmt.Sprintf("instruction %#02x", op)
}
