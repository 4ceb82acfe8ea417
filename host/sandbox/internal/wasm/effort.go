package wasm

// effort bounds what a module costs beyond its size, in the engine that compiles it: where a few bytes can stand for much work,
// what compilers make of programs stays far below these bounds, and what goes beyond them is refused. An engine can't be
// stopped in the middle of a function. The figures are wazero's.
type effort struct {
	locals  int   // spread out, of all functions: an engine keeps them so, and a run of any length takes three bytes
	work    int64 // left for all functions, in units that stand for some 2.5 ns; most of it is flow's
	room    int64 // left for this function, in bytes, beyond those that any instruction may take (about 1.4 KiB a byte of code)
	globals int64 // mutable ones
}

// What a module may take. Of some 60 published ones that wazero can compile, from source-map's 50 KB to ruby's 54 MB, most
// take 100 to 500 units for a byte of rewritten code, the largest 720 (biome, 37 MB of it), and tiktoken 1.35e9 for 0.8 MB.
const (
	workAnyway  = 1_000_000_000
	workPerByte = 1000
	roomPerBody = 1 << 30
)

// What things take that no graph shows.
const (
	workOperand, roomOperand = 700, 400   // moved by calls and branches, of which one of two bytes may move a thousand
	workLabel, roomLabel     = 4000, 2000 // of br_table, each of which gets a block of its own
	workGlobal, roomGlobal   = 100, 1700  // each mutable one is loaded anew after each call
	workDeclare              = 4          // a global, which is declared in each function
	roomIndirect             = 10_000     // call_indirect
	roomTruncate             = 6_000      // a float made an integer, with its traps
	roomLoop                 = 25_000     // memory.fill and table.fill
)

// CheckEffort refuses a rewritten module whose functions would take an engine's compiler too long or too much memory: that is
// what is compiled, and what was added to it may take more than the rest. (What is far beyond is refused when the original is
// validated.) The error's function counts defined ones only, -1 where it is none of them; its offset is in the rewritten module.
func CheckEffort(data []byte, l Limits) *Error {
	m, err := Decode(data, l)
	if err != nil {
		return err
	}
	v := NewValidator(m, deaf{})
	v.frame.off = true
	for i := range m.Bodies {
		if _, err := v.Validate(i); err != nil {
			err.Func = i
			return err
		}
	}
	return nil
}

// deaf is a visitor that needs to hear of nothing.
type deaf struct{}

func (deaf) Visit(*Event) {}

// newEffort is what the functions of m may take.
func newEffort(m *Module) effort {
	code := m.Sections[SectionCode]
	e := effort{work: workAnyway + workPerByte*int64(code.End-code.Start)}
	for _, g := range m.Globals {
		if g.Mutable {
			e.globals++
		}
	}
	return e
}

// work takes from what is left.
func (v *Validator) work(n int64) { v.effort.work -= n }

// room takes from what is left, where the instruction may be executed.
func (v *Validator) room(n int64) { v.effort.room -= n * int64(v.step) }

// move accounts for n operands that an instruction moves. They take time here too, so it does not wait for the function's end.
func (v *Validator) move(n int) {
	v.work(workOperand * int64(n))
	v.room(roomOperand * int64(n))
	if v.effort.work < 0 {
		v.tooLong(v.r.pos)
	}
}

// reload accounts for what an engine loads anew after a call.
func (v *Validator) reload() {
	v.work(workGlobal * v.effort.globals * int64(v.step))
	v.room(roomGlobal * v.effort.globals)
}

// truncates says whether an instruction is one of i32.trunc_f32_s to i64.trunc_f64_u, between which are two others.
func truncates(op byte) bool { return op >= 0xa8 && op <= 0xb1 && op&^1 != 0xac }

// spread accounts for the locals of a function.
func (v *Validator) spread(at int) {
	v.effort.locals += v.locals.n
	if most := v.m.limits.AllLocals; v.effort.locals > most {
		v.r.fail(Limit, at, "the functions up to this one have %d locals together, at most %d are allowed", v.effort.locals, most)
	}
}

// settle refuses a function that was followed to its end if it took too much.
func (v *Validator) settle(at int) {
	v.work(workDeclare * int64(len(v.m.Globals)))
	v.alive()
	if v.effort.room < 0 {
		v.r.fail(Limit, at, "compiling it would take too much memory: split the function, pass much data in memory, and have fewer mutable globals (%d)",
			v.effort.globals)
	}
	if v.effort.work < 0 {
		v.tooLong(at)
	}
}

func (v *Validator) tooLong(at int) {
	v.r.fail(Limit, at, "compiling would take too long for a module of this size; it is here, with %d locals and %d blocks, that it goes too far: "+
		"build with optimisation, split large functions, and pass much data in memory", v.locals.n, len(v.flow.joins)-1)
}
