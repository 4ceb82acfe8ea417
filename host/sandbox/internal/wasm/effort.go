package wasm

// effort bounds what a module costs beyond its size, here and in the engine that compiles it: where a few bytes can stand
// for much work, what compilers make of programs stays far below these bounds, and what goes beyond them is refused. The
// times are wazero's.
type effort struct {
	locals   int // spread out, of all functions: an engine keeps them so, and a run of any length takes three bytes
	operands int // left in this body to be moved by calls and branches: one of two bytes may move a thousand
	labels   int // left of br_table: about 10 µs each
	values   int // left of locals times blocks: an engine asks for each local at each block where ways meet, about 2 µs each
}

const (
	operandsPerBody = 100_000
	operandsPerByte = 16
	labelsAnyway    = 30_000 // the specification's own tests have a br_table of 24,000
	bytesPerLabel   = 8      // the Go compiler makes a label for 27 bytes of code, others for hundreds
	valuesAnyway    = 500_000
	valuesPerByte   = 4 // the Go compiler makes 0.23, LLVM 0.25, unoptimised Zig 1.8
	valuesAtMost    = 16_000_000
)

// newEffort is what code of the given size may take.
func newEffort(size int) effort {
	return effort{labels: labelsAnyway + size/bytesPerLabel, values: min(valuesAnyway+size*valuesPerByte, valuesAtMost)}
}

func (e *effort) begin(body Span) {
	e.operands = operandsPerBody + operandsPerByte*(body.End-body.Start)
}

// spend accounts for a list of n operands.
func (v *Validator) spend(n, at int) {
	if v.effort.operands -= n; v.effort.operands < 0 {
		v.r.fail(Limit, at, "calls and branches that move too many operands: pass them in memory")
	}
}

// table accounts for the labels of a br_table.
func (v *Validator) table(n, at int) {
	if v.effort.labels -= n; v.effort.labels < 0 {
		v.r.fail(Limit, at, "too many labels of br_table for a module of this size: use a table in memory")
	}
}

// spread accounts for the locals of a function.
func (v *Validator) spread(at int) {
	v.effort.locals += v.locals.n
	if most := v.m.limits.AllLocals; v.effort.locals > most {
		v.r.fail(Limit, at, "the functions up to this one have %d locals together, at most %d are allowed", v.effort.locals, most)
	}
}

// meet accounts for the blocks of a function.
func (v *Validator) meet(at int) {
	if v.effort.values -= v.locals.slots * v.blocks; v.effort.values < 0 {
		v.r.fail(Limit, at, "%d locals and %d blocks are too much for a module of this size: build with optimisation, or split the function",
			v.locals.n, v.blocks)
	}
}
