package wasm

// flow follows a function as the graph of blocks that an engine makes of it, and estimates the work that the graph makes an
// engine's compiler beyond what the size of the code accounts for. Where it is more than linear is wazero's to say (its package
// internal/engine/wazevo/ssa): for each way into a block it goes up the tree of dominators and through the other ways; to find
// what a local holds it goes back over the blocks that have one way in; and where ways meet it compares all values of all ways
// with each other, again for each loop within another. All of that is counted upwards here, in time linear in the code.
type flow struct {
	depth int64        // blocks that every way to here leads through
	run   int64        // blocks since ways met, which a search for a local's value goes back over
	last  uint32       // serial of the block entered last
	loops []int        // open ones, as indices of spans
	most  int          // loops that were open at once
	spans []span       // of loops, in the order of the code
	joins []join       // in the order of the code; the last one is yet to come
	vars  []int32      // the innermost definition of each local, as an index of defs plus one; 0: not accessed yet
	defs  []definition // of all locals
}

// join is where a block of the graph begins: ways meet there, or one of several goes on.
type join struct {
	runs   int64 // of the ways, summed up
	ways   int32 // that lead here
	height int32 // operands on the stack, but those that the ways bring along
	arity  int32 // operands that they do
	sets   int32 // locals that may differ between the ways
	born   int32 // locals that are alive from here on, less those that are no longer
}

// span is a loop.
type span struct {
	end   int   // the last join in it
	alive int32 // locals that are kept alive up to its end
}

// definition gives a local a value in a block, which may hide one that a block around it gave.
type definition struct {
	at, until int    // the joins behind which the local was set, and up to which it is known to be alive
	serial    uint32 // of the block
	level     int32  // of the block
	loops     int32  // that were open
	within    int32  // the loop throughout which the local is alive, as an index of flow.spans plus one; 0: none
	outer     int32  // the definition that this one hides, as in flow.vars
}

// What things cost, in units of effort.work.
const (
	workStep  = 10  // up the tree of dominators, or back over a block
	workAlive = 100 // a value that is alive, for each way into each block
	workMeet  = 600 // a local that is alive, for each block where ways meet

	comparesPerUnit = 2 // of values where ways meet
)

func (f *flow) begin(locals int) {
	f.depth, f.run, f.last, f.most = 0, 0, 0, 0
	f.loops, f.spans, f.defs = f.loops[:0], f.spans[:0], f.defs[:0]
	f.joins = append(f.joins[:0], join{ways: 1}, join{})
	if cap(f.vars) < locals {
		f.vars = make([]int32, locals)
	}
	f.vars = f.vars[:locals]
	clear(f.vars)
}

// now is the join that the code is behind.
func (f *flow) now() int { return len(f.joins) - 2 }

// join begins a block of the graph.
func (v *Validator) join(j join) {
	f := &v.flow
	next := &f.joins[len(f.joins)-1]
	j.height, j.born = int32(len(v.operands)), next.born
	*next = j
	f.joins = append(f.joins, join{})
	v.boundary()
	if j.ways > 1 {
		v.frame.forget()
	}
	v.work(workStep * f.depth * int64(j.ways))
}

// enter follows the code into a block whose parameters are not on the stack yet.
func (v *Validator) enter(c *control) {
	f := &v.flow
	f.last++
	c.serial = f.last
	if c.op != OpElse {
		c.depth, c.run = f.depth, f.run
	}
	if v.step == 0 {
		return
	}
	switch c.op {
	case OpLoop:
		f.depth, f.run = f.depth+1, 0
		c.join = f.now() + 1
		f.loops, f.spans = append(f.loops, len(f.spans)), append(f.spans, span{})
		f.most = max(f.most, len(f.loops))
		v.join(join{ways: 1, sets: int32(v.locals.n), arity: int32(len(c.params))})
		v.frame.forget() // an engine does not know yet what comes back to the head
	case OpIf, OpElse:
		f.depth, f.run = c.depth+1, c.run+1
		v.join(join{ways: 1})
		if c.op == OpIf {
			c.memory = v.frame.memoryHere()
		} else {
			v.frame.recall(c.memory)
		}
	}
}

// fork goes on behind a branch that may be taken.
func (v *Validator) fork() {
	v.flow.depth++
	v.flow.run++
	v.join(join{ways: 1})
}

// way follows a branch to the label of a block, or the code to the block's end.
func (v *Validator) way(c *control) {
	f := &v.flow
	if c.op == OpLoop {
		f.joins[c.join].ways++
		f.joins[c.join].runs += f.run
	}
	if c.ways == 0 || f.depth < c.from {
		c.from = f.depth
	}
	if c.ways == 0 && c.op == OpBlock {
		c.memory = v.frame.memoryHere()
	}
	v.work(workStep*f.depth + c.ways)
	c.ways++
	c.runs += f.run
}

// table follows a br_table with n labels, the default one not counted.
func (v *Validator) table(n int) {
	v.work(workLabel * int64(n))
	v.room(roomLabel * int64(n))
	v.join(join{ways: int32(n + 1)})
}

// repeat follows a bulk instruction that an engine makes a loop of.
func (v *Validator) repeat() {
	if v.step > 0 {
		v.flow.depth, v.flow.run = v.flow.depth+2, 0
		v.room(roomLoop)
		v.join(join{ways: 5})
	}
}

// search accounts for an instruction for which an engine looks into the blocks before it.
func (v *Validator) search() { v.work(workStep * v.flow.run * int64(v.step)) }

// leave follows the code to the end of a block that may be reached, and behind it.
func (v *Validator) leave(c *control) {
	f := &v.flow
	if v.step > 0 && c.op != OpLoop {
		v.way(c)
	}
	if c.op == OpIf { // the else that is not there
		f.depth, f.run = c.depth+1, c.run+1
		v.way(c)
	}
	switch {
	case c.op == OpLoop:
		s := &f.spans[f.loops[len(f.loops)-1]]
		f.loops = f.loops[:len(f.loops)-1]
		s.end = f.now()
		f.joins[s.end+1].born -= s.alive
		f.run++
		v.join(join{ways: 1})
	case c.ways < 2:
		f.depth, f.run = c.depth+1, c.run+1
		if c.ways == 1 {
			f.depth, f.run = c.from+1, c.runs+1
		}
		v.join(join{ways: 1, arity: int32(len(c.results))})
		v.frame.recall(c.memory)
	default:
		f.depth, f.run = c.from+1, 0
		v.join(join{ways: int32(c.ways), runs: c.runs, sets: int32(min(v.sets-c.sets, v.locals.n)), arity: int32(len(c.results))})
	}
}

// reach is the definition that gives a local its value here, or one of those that may.
func (v *Validator) reach(local int) *definition {
	f := &v.flow
	for at := f.vars[local]; at > 0; at = f.defs[at-1].outer {
		d := &f.defs[at-1]
		if int(d.level) < len(v.controls) && v.controls[d.level].serial == d.serial {
			f.vars[local] = at
			return d
		}
	}
	return f.define(local, definition{serial: v.controls[0].serial}) // what it begins with
}

func (f *flow) define(local int, d definition) *definition {
	f.defs = append(f.defs, d)
	f.vars[local] = int32(len(f.defs))
	return &f.defs[len(f.defs)-1]
}

// setLocal notes that a local is given a value.
func (v *Validator) setLocal(local int) {
	v.sets++
	if v.step == 0 || v.r.err != nil {
		return
	}
	f, level := &v.flow, len(v.controls)-1
	d := v.reach(local)
	if int(d.level) != level {
		d = f.define(local, definition{outer: f.vars[local]})
	}
	*d = definition{at: f.now(), until: f.now(), serial: v.controls[level].serial, level: int32(level), loops: int32(len(f.loops)), outer: d.outer}
	if !v.frame.off {
		v.setValue(local)
	}
}

// getLocal notes that a local is read. It was alive up to here, and is throughout a loop that began since it was set.
func (v *Validator) getLocal(local int) {
	if v.step == 0 || v.r.err != nil {
		return
	}
	f := &v.flow
	d, now := v.reach(local), f.now()
	if !v.frame.off {
		v.useValue(v.frame.values.of[local])
	}
	v.work(workStep * min(f.run, int64(now-d.at)))
	loop := int32(0) // the outermost one that began since
	if int(d.loops) < len(f.loops) {
		loop = int32(f.loops[d.loops] + 1)
	}
	if d.within > 0 && d.within != loop {
		d.until, d.within = max(d.until, f.spans[d.within-1].end), 0
	}
	switch {
	case loop > 0 && d.within == 0:
		d.within = loop
		f.spans[loop-1].alive++
		f.joins[d.until+1].born++
	case loop == 0 && d.until < now:
		f.joins[d.until+1].born++
		f.joins[now+1].born--
		d.until = now
	}
}

// alive accounts for the values that are alive where blocks begin, which is known at the function's end.
func (v *Validator) alive() {
	f, locals, again := &v.flow, int64(0), int64(2+v.flow.most)
	for i := range f.joins {
		j := &f.joins[i]
		locals += int64(j.born)
		ways, arity := int64(j.ways), int64(j.arity)
		v.work(ways*(locals+int64(j.height)+arity)*workAlive + locals*j.runs*workStep)
		if ways > 1 {
			v.work(locals * workMeet)
		}
		differ := min(locals, int64(j.sets)) + arity
		compares := ways * again
		if v.effort.work < 0 || compares > 0 && differ*differ > v.effort.work/compares {
			v.effort.work = -1
			return
		}
		v.work(differ * differ * compares / comparesPerUnit)
	}
}
