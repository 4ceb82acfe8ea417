package wasm

// frame estimates what a function's frame takes on an engine's stack, in slots of 8 bytes, as an upper bound. What is put there is
// wazero's to say (its package internal/engine/wazevo/backend/regalloc): each value that does not stay in a register gets a slot of
// its own. That happens to values that are alive across a call, or in more than one block of the graph of flow; to those that are
// used after others that are used earlier have taken all registers; and to those that come into being where ways meet (phis).
//
// Values are operands, what locals are given, and what is loaded of the module's state: the memory's base and length, and globals,
// which an engine keeps until the next call, or until ways meet.
type frame struct {
	off      bool // no estimate is wanted
	slots    int
	moved    int    // the slots of what a call passes, at most
	floats   int    // operands so far that are of other registers
	all      bool   // an instruction takes all registers
	clock    uint32 // operands so far
	constant uint32 // of the last integer constant
	segment  uint32 // straight stretches of code without a call so far, from 1 on

	born    []uint32 // of each operand, by its place on the stack: what the clock showed
	counted int      // operands, from the bottom, that have their slots
	values  values

	epoch  uint32     // times so far that what was loaded was forgotten
	older  bool       // it may still be there, from an earlier block
	loaded [16]loaded // of the memory, then of globals, by index
}

// loaded is a value that was loaded.
type loaded struct {
	name          int // of the global
	epoch         uint32
	segment, born uint32
	counted       bool
}

const (
	// waits is how many operands an engine has registers for while a value waits: of the 14 that wazero has on amd64 for
	// integers, two hold its contexts and up to four what the access of a memory needs.
	waits = 8
	// framePlain is what every frame takes: the return address, and registers that it saves, in two slots each.
	framePlain = 14
	// frameFloats is what it takes if it has more than floatsFree floats or vectors, or moves memory.
	frameFloats, floatsFree = 16, 8
	// callFree is how much a call passes in registers.
	callFree = 7
)

func (f *frame) begin(l *locals) {
	*f = frame{off: f.off, slots: framePlain + l.slots, segment: 1, epoch: 1, born: f.born[:0], values: f.values}
	if !f.off {
		f.values.begin(l.n)
	}
}

// width is how many slots a value takes.
func width(t Type) int {
	if t == V128 {
		return 2
	}
	return 1
}

func widths(types []byte) int {
	n := 0
	for _, t := range types {
		n += width(Type(t))
	}
	return n
}

// push notes that the operand n was pushed.
func (f *frame) push(n int, t Type) {
	if n < len(f.born) {
		f.born[n] = f.clock
	} else {
		f.born = append(f.born, f.clock)
	}
	f.clock++
	if t >= V128 && t <= F32 {
		f.floats++
	}
}

// pop notes that the operand n is popped.
func (f *frame) pop(n int, t Type) {
	if n < f.counted {
		f.counted = n
	} else if f.clock-f.born[n] > waits {
		f.slots += width(t)
	}
}

// boundary is a call, or where a block of the graph begins: operands on the stack are alive across it.
func (v *Validator) boundary() {
	f := &v.frame
	f.segment++
	if v.step == 0 {
		return
	}
	for n := f.counted; n < len(v.operands); n++ {
		f.slots += width(v.operands[n])
	}
	f.counted = len(v.operands)
}

// called is a call, or an instruction that is replaced by one, or served by the engine in the same way. It moves so many operands.
func (v *Validator) called(moved int) {
	v.frame.moved = max(v.frame.moved, moved)
	v.boundary()
	v.frame.forget()
}

// bulk is an instruction that moves memory or table entries.
func (v *Validator) bulk() {
	v.frame.all = true
	v.called(0)
}

// claim is an instruction that an engine has certain registers for: values that are there lose them.
func (v *Validator) claim(registers uint8) {
	f := &v.frame
	if v.step > 0 && (registers != claimShift || f.constant != f.clock) {
		f.slots += int(registers)
	}
}

// crosses says whether a value that is used now was alive across a boundary, or waited.
func (f *frame) crosses(segment, born uint32) bool {
	return segment != f.segment || f.clock-born > waits
}

// forget is where what was loaded is not known any more.
func (f *frame) forget() {
	f.epoch++
	f.older = false
}

// recall is where the code goes on behind an earlier place, where the memory's state was as given.
func (f *frame) recall(memory loaded) {
	known := memory.epoch > 0
	f.epoch++
	f.older = true
	f.loaded[0] = memory
	if known {
		f.loaded[0].epoch = f.epoch
	}
}

// memoryHere is what is known of the memory, with epoch 0 if nothing is.
func (f *frame) memoryHere() loaded {
	l := f.loaded[0]
	if l.epoch != f.epoch {
		l.epoch = 0
	}
	return l
}

// useMemory notes that the memory is accessed: its base and its length are loaded.
func (v *Validator) useMemory() {
	f := &v.frame
	l := &f.loaded[0]
	switch {
	case v.step == 0:
	case l.epoch != f.epoch:
		*l = loaded{epoch: f.epoch, segment: f.segment, born: f.clock}
	case !l.counted && f.crosses(l.segment, l.born):
		l.counted = true
		f.slots += 2
	}
}

// useGlobal notes that a global is read, or set.
func (v *Validator) useGlobal(name int, set bool) {
	f := &v.frame
	l := &f.loaded[1+name%(len(f.loaded)-1)]
	switch {
	case v.step == 0:
	case set:
		*l = loaded{name: name, epoch: f.epoch, segment: f.segment, born: f.clock}
	case l.epoch != f.epoch || l.name != name:
		*l = loaded{name: name, epoch: f.epoch, segment: f.segment, born: f.clock, counted: f.older || l.epoch == f.epoch}
		if l.counted {
			f.slots++
		}
	case !l.counted && f.crosses(l.segment, l.born):
		l.counted = true
		f.slots++
	}
}

// size is the estimate, at the function's end.
func (f *frame) size() int {
	n := f.slots + max(f.moved-callFree, 0)
	if f.all || f.floats > floatsFree {
		n += frameFloats
	}
	return n
}
