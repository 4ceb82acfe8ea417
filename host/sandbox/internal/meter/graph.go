package meter

import "github.com/weir-stream/weir/host/sandbox/internal/wasm"

// walkCalls decides whose frames count against the depth: of the functions that are on a cycle of the call graph, or of all
// of them if a chain of the others could take too much. And it decides which functions need no check at their entry.
//
// A node of the graph is a defined function or, behind those, a type, which stands for all functions that a call_indirect
// of it may reach.
func (p *Plan) walkCalls() {
	g := &graph{p: p}
	g.group()
	g.walk()
	all := g.longest > int64(p.o.PathSlots)
	p.Stats.PathSlots = int(g.longest)
	if all {
		p.Stats.PathSlots = 0
	}
	for i := range p.funcs {
		f := &p.funcs[i]
		f.deep = f.deep || all
		if f.deep {
			p.Stats.Deep++
		}
		if f.check {
			p.Stats.Checks++
		}
	}
}

// graph finds the strongly connected components of a call graph (Tarjan's algorithm, without recursion).
type graph struct {
	p     *Plan
	first []uint32 // of a type's functions in reach; there is one more entry than types
	reach []call

	order  []uint32 // when a node was met, from 1 on; 0: not yet
	low    []uint32 // the earliest node met that is reached from here and in the same component
	path   []int64  // slots of the largest chain from here on, -1 while the component is open
	run    []int    // the most that may be charged from a function's entry on before a check, if it has none at its entry; else 0
	open   []uint32 // nodes of open components
	visits []visit
	met    uint32

	longest int64
}

// visit is a node whose successors are being looked at.
type visit struct {
	node uint32
	next int
}

// group collects the functions that indirect calls may reach, by type. That is every function that code or segments refer
// to; where others can put functions into a table, every one there is.
func (g *graph) group() {
	p := g.p
	any := p.openTables()
	g.first = make([]uint32, len(p.m.Types)+1)
	reachable := func(i int) bool { return any || p.m.Marks[p.m.ImportedFuncs+i]&wasm.Referenced != 0 }
	for i := range p.funcs {
		if reachable(i) {
			g.first[p.typeOf(i)+1]++
		}
	}
	for t := range p.m.Types {
		g.first[t+1] += g.first[t]
	}
	g.reach = make([]call, g.first[len(p.m.Types)])
	at := append([]uint32(nil), g.first...)
	for i := range p.funcs {
		if reachable(i) {
			t := p.typeOf(i)
			g.reach[at[t]] = call{node: uint32(i)}
			at[t]++
		}
	}
}

func (p *Plan) typeOf(i int) uint32 { return p.m.Canon[p.m.Funcs[p.m.ImportedFuncs+i]] }

// openTables says whether a table may hold functions that neither code nor segments refer to, or change at all.
func (p *Plan) openTables() bool {
	if p.m.ImportedTables > 0 || p.uses.tableWrites {
		return true
	}
	for _, e := range p.m.Exports {
		if e.Kind == wasm.KindTable {
			return true
		}
	}
	return false
}

func (g *graph) next(node uint32) []call {
	if i := int(node); i < len(g.p.funcs) {
		calls := g.p.funcs[i].calls
		return g.p.calls[calls.from:calls.to]
	}
	t := int(node) - len(g.p.funcs)
	return g.reach[g.first[t]:g.first[t+1]]
}

func (g *graph) walk() {
	n := len(g.p.funcs) + len(g.p.m.Types)
	g.order, g.low, g.path, g.run = make([]uint32, n), make([]uint32, n), make([]int64, n), make([]int, n)
	for i := range g.run {
		g.run[i] = undecided
	}
	for node := range g.p.funcs {
		if g.order[node] == 0 {
			g.meet(uint32(node))
			for len(g.visits) > 0 {
				g.step()
			}
		}
	}
}

func (g *graph) meet(node uint32) {
	g.met++
	g.order[node], g.low[node], g.path[node] = g.met, g.met, -1
	g.open = append(g.open, node)
	g.visits = append(g.visits, visit{node: node})
}

// step looks at one successor of the last node met, or leaves the node.
func (g *graph) step() {
	v := &g.visits[len(g.visits)-1]
	if next := g.next(v.node); v.next < len(next) {
		to := next[v.next].node
		v.next++
		if g.order[to] == 0 {
			g.meet(to)
		} else if g.path[to] < 0 {
			g.low[v.node] = min(g.low[v.node], g.order[to])
		}
		return
	}
	node := v.node
	g.visits = g.visits[:len(g.visits)-1]
	g.settle(node)
	if len(g.visits) > 0 {
		from := g.visits[len(g.visits)-1].node
		g.low[from] = min(g.low[from], g.low[node])
	}
	if g.low[node] == g.order[node] {
		g.component(node)
	}
}

// component closes the component whose first node is given. What it leads to is closed already, so its largest chain is
// known.
func (g *graph) component(first uint32) {
	from := len(g.open) - 1
	for g.open[from] != first {
		from--
	}
	nodes := g.open[from:]
	g.open = g.open[:from]
	best, cycle := int64(0), len(nodes) > 1
	for _, node := range nodes {
		for _, to := range g.next(node) {
			best = max(best, g.path[to.node])
			cycle = cycle || to.node == node
		}
	}
	for _, node := range nodes {
		if int(node) < len(g.p.funcs) {
			f := &g.p.funcs[node]
			f.deep = cycle
			if !cycle {
				best += int64(f.slots)
			}
		}
	}
	for _, node := range nodes {
		g.path[node] = best
	}
	g.longest = max(g.longest, best)
}

// settle decides whether a function has a check at its entry. It is decided for all that it calls by then, but for those
// that are still being visited, which are on a cycle with it: these get one, so that no cycle of direct calls is without. One
// that makes indirect calls gets one, so that no other cycle is without either. Of the rest those are left alone that are
// short, with all the calls they make of functions without a check, or come to a loop at once: loops have checks.
//
// The check at the entry does not help on the way back, when all callers do what follows their calls, one after the other. So
// what a function may do after its last check takes from the depth.
func (g *graph) settle(node uint32) {
	if int(node) >= len(g.p.funcs) {
		return
	}
	f, run := &g.p.funcs[node], 0
	for _, c := range g.next(node) {
		if int(c.node) >= len(g.p.funcs) {
			f.check = true
		} else if g.run[c.node] == undecided {
			g.p.funcs[c.node].check = true
		} else {
			run += c.times * g.run[c.node]
		}
	}
	f.check = !f.loopFirst && (f.check || f.total+run > uncheckedWeight)
	f.slots = min(f.slots+int32((f.total+min(run, callsPerCheck*uncheckedWeight))/unitsPerSlot), mostSlots)
	g.run[node] = 0
	if !f.check && !f.loopFirst {
		g.run[node] = f.total + run
	}
}

// undecided is what graph.run has for a function before settle.
const undecided = -1
