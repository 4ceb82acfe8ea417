package meter

import "github.com/weir-stream/weir/host/sandbox/internal/wasm"

// Plan is what is to be done to a module.
type Plan struct {
	m     *wasm.Module
	o     Options
	funcs []function // defined ones
	edits []edit     // of all bodies
	calls []call     // that functions make
	uses  uses

	Stats Stats
}

// Stats count what a plan holds.
type Stats struct {
	Loops, Sites, Checks, Deep, PathSlots int
}

// uses are what the bodies contain that matters for the module as a whole.
type uses struct {
	bytes, items, grow bool   // helpers that are called
	bulk               []bulk // those that have helpers of their own
	tableWrites        bool   // table.set, grow, fill, copy or init
	drops              bool   // elem.drop or data.drop
}

// function is what is to be done to one body.
type function struct {
	edits, calls span   // in Plan
	code         int    // offset of the first instruction
	weight       uint32 // charged at entry
	total        int    // what all of it weighs
	check        bool   // at entry
	loopFirst    bool   // it comes to a loop with a check before anything else
	deep         bool   // the frame counts against the depth
	slots        int32  // of the frame
}

type span struct{ from, to int }

// call is an edge of the call graph.
type call struct {
	node  uint32
	times int // as written
}

// NewPlan validates the bodies of m and plans what to do to them. It uses and extends the marks of m.
func NewPlan(m *wasm.Module, o Options) (*Plan, *wasm.Error) {
	p := &Plan{m: m, o: o, funcs: make([]function, len(m.Bodies))}
	w := newPlanner(p)
	v := wasm.NewValidator(m, w)
	for i := range p.funcs {
		w.begin(i)
		body, err := v.Validate(i)
		if err != nil {
			return nil, err
		}
		w.finish(body)
	}
	p.walkCalls()
	return p, nil
}

// planner collects one function's part of a plan.
type planner struct {
	*Plan
	f     *function
	node  uint32 // of the function in the call graph, plus one
	start int    // of its body

	bulks      map[bulk]uint32 // the places in uses.bulk
	sites      []site
	current    int // the site that instructions are counted to
	counted    int // how many instructions are
	blocks     []block
	groups     []int // for each group of sites, what of them was added to the parent
	loop       loop
	first      int  // the site of a loop that no other, no call and no branch is before, if not 0
	firstAt    int  // and where the loop is
	firstCalls bool // it holds calls, or other loops
	loops      int
	callCount  int    // calls so far, as written
	checked    int    // how many there were at the last check that every way to here has passed
	seen       []edge // for each call graph node, the last function that leads to it
}

// edge is a function, plus one, and where its call is in Plan.
type edge struct {
	from uint32
	call int
}

// block is an open block.
type block struct {
	site    int  // current when it began
	first   int  // the outermost block around it, or itself, that has the same site, by its depth
	checked int  // planner.checked when it began, or at the head of a loop
	target  int  // the outermost block that a branch in it leads to, by its depth
	group   int  // of sites of which one at most runs each time its site was passed, 0: none yet
	mixed   bool // its end is come to from elsewhere than its site's region, but for the code right before it
	mixedTo int  // so are those of all blocks from this depth on that are around it, or itself
}

func newPlanner(p *Plan) *planner {
	return &planner{Plan: p, bulks: map[bulk]uint32{}, seen: make([]edge, len(p.m.Bodies)+len(p.m.Types))}
}

func (w *planner) begin(i int) {
	w.f, w.node, w.start = &w.funcs[i], uint32(i)+1, w.m.Bodies[i].Start
	w.f.edits.from, w.f.calls.from = len(w.edits), len(w.calls)
	w.sites = append(w.sites[:0], site{parent: -1, must: true})
	w.blocks = append(w.blocks[:0], block{})
	w.current, w.counted, w.loops, w.callCount, w.checked = 0, 0, 0, 0, 0
	w.groups = append(w.groups[:0], 0)
	w.loop.open, w.first, w.firstAt, w.firstCalls = false, 0, 0, true
}

func (w *planner) add(at int, k editKind, number uint32) {
	w.edits = append(w.edits, newEdit(at-w.start, k, number))
}

// Visit implements wasm.Visitor.
func (w *planner) Visit(e *wasm.Event) {
	switch e.Op {
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf:
		w.open(e)
	case wasm.OpElse:
		w.otherwise(e)
	case wasm.OpEnd:
		w.end(e)
	case wasm.OpBr, wasm.OpBrTable:
		w.branch(e, e.Depth-1-int(e.Arg))
		w.leaves(e)
	case wasm.OpBrIf:
		w.branch(e, e.Depth-1-int(e.Arg))
		w.leaves(e)
		if e.Live {
			w.site(e.Next, e.Count, editCharge)
		}
	case wasm.OpReturn:
		w.branch(e, 0)
		if e.Live {
			w.leaves(e)
		}
	default:
		w.plain(e)
	}
}

// plain is an instruction after which the next one runs.
func (w *planner) plain(e *wasm.Event) {
	switch e.Op {
	case wasm.OpCall:
		w.call(e)
	case wasm.OpCallIndirect:
		w.checkCalls(e)
		w.leadsTo(uint32(len(w.funcs)) + w.m.Canon[e.Arg])
	case wasm.OpRefFunc:
		w.add(e.At+1, editFunc, w.newIndex(e.Arg))
		w.m.Marks[e.Arg] |= wasm.Referenced
		w.heavy(e, refFuncWeight)
	case wasm.OpMemoryGrow:
		w.uses.grow = true
		w.noteCall(e)
		w.add(e.At, editGrow, 0)
		w.heavy(e, growWeight)
	case wasm.OpMemoryInit, wasm.OpMemoryCopy, wasm.OpMemoryFill:
		w.bulk(e)
	case wasm.OpTableSet:
		w.uses.tableWrites = true
	case wasm.OpTableInit:
		w.uses.tableWrites = true
		w.bulk(e)
	case wasm.OpTableCopy, wasm.OpTableFill, wasm.OpTableGrow:
		w.uses.tableWrites, w.uses.items = true, true
		w.noteCall(e)
		w.add(e.At, editItems, 0)
		if e.Op == wasm.OpTableGrow {
			w.heavy(e, growWeight)
		}
	case wasm.OpElemDrop, wasm.OpDataDrop:
		w.uses.drops = true
	}
}

// newIndex is the index of a function in the rewritten module: two imports come before the defined ones.
func (p *Plan) newIndex(f uint32) uint32 {
	if int(f) < p.m.ImportedFuncs {
		return f
	}
	return f + addedImports
}

func (w *planner) call(e *wasm.Event) {
	w.checkCalls(e)
	w.add(e.At+1, editFunc, w.newIndex(e.Arg))
	if defined := int(e.Arg) - w.m.ImportedFuncs; defined >= 0 {
		w.leadsTo(uint32(defined))
	} else {
		w.heavy(e, importCallWeight)
	}
}

// checkCalls counts a call and puts a check before it when there were many since one that could not be gone around.
func (w *planner) checkCalls(e *wasm.Event) {
	w.callCount++
	w.noteCall(e)
	if w.callCount-w.checked >= callsPerCheck && e.Live {
		w.checked = w.callCount
		w.site(e.At, e.Count-1, editCheck)
	}
}

// leadsTo adds an edge to the call graph.
func (w *planner) leadsTo(node uint32) {
	if w.seen[node].from != w.node {
		w.seen[node] = edge{w.node, len(w.calls)}
		w.calls = append(w.calls, call{node: node})
	}
	w.calls[w.seen[node].call].times++
}

// heavy adds to an instruction's weight of 1.
func (w *planner) heavy(e *wasm.Event, weight int) {
	if e.Live {
		w.sites[w.current].weight += weight - 1
	}
}

// ChangesTables says whether a table may change after instantiation, of which an exported one alone is no sign: the host
// does not.
func (p *Plan) ChangesTables() bool { return p.uses.tableWrites || p.m.ImportedTables > 0 }

// DropsSegments says whether the code drops segments.
func (p *Plan) DropsSegments() bool { return p.uses.drops }
