package meter

import "github.com/weir-stream/weir/host/sandbox/internal/wasm"

// site is a place where fuel may be charged: before a region of the code, for all instructions in it. A region is what
// runs only after its site was passed, and at most once for each time it was passed.
//
//	entry of the function       all code outside of loops that no branch skips
//	head of a loop              the same of the loop's body, for each round
//	arm of an if                the arm
//	after br_if                 the rest of the block
//	after a block               what follows it, where a branch in it leads beyond its end; else that belongs to the region
//	                            in which the block began
//
// The first two are charged where they are. Of the others a light one is charged where the region around it is, its
// parent, which never runs less often.
type site struct {
	parent int      // the site of the region around it, -1 for the first
	kind   editKind // what becomes of it where it is charged: editCharge, or with a check
	must   bool     // it is charged where it is
	group  int      // at most one of a group's sites is passed each time their parent is; 0: no group
	weight int
	folded int // of the weight, what came from other sites
}

// site makes a site at the offset at; up to count, instructions belong to the current one.
func (w *planner) site(at, count int, k editKind) {
	w.settle(count)
	w.sites = append(w.sites, site{parent: w.current, kind: k, must: k != editCharge})
	w.current = len(w.sites) - 1
	w.add(at, editSite, uint32(w.current))
}

// settle counts instructions to the current site.
func (w *planner) settle(count int) {
	w.sites[w.current].weight += count - w.counted
	w.counted = count
}

func (w *planner) open(e *wasm.Event) {
	w.blocks = append(w.blocks, block{site: w.current, first: w.outside(), checked: w.checked, target: e.Depth, mixedTo: e.Depth + 1})
	if !e.Live {
		return
	}
	switch e.Op {
	case wasm.OpLoop:
		w.openLoop(e)
	case wasm.OpIf:
		w.arm(e, w.newGroup())
	}
}

// arm begins an arm of an if. One of both runs.
func (w *planner) arm(e *wasm.Event, group int) {
	w.site(e.Next, e.Count, editCharge)
	w.sites[w.current].group = group
	w.blocks[len(w.blocks)-1].group = group
}

func (w *planner) otherwise(e *wasm.Event) {
	w.settle(e.Count)
	b := &w.blocks[len(w.blocks)-1]
	b.mixed = b.mixed || e.Falls // the first arm comes to the end, whatever the second one does
	w.current, w.checked = b.site, b.checked
	if e.Live {
		w.arm(e, b.group)
	}
}

func (w *planner) end(e *wasm.Event) {
	w.settle(e.Count)
	last := len(w.blocks) - 1
	b := w.blocks[last]
	w.blocks = w.blocks[:last]
	if last == 0 {
		return
	}
	around := &w.blocks[last-1]
	around.target, around.mixedTo = min(around.target, b.target), min(around.mixedTo, b.mixedTo)
	b.mixed = b.mixed || b.mixedTo <= last
	w.current, w.checked = b.site, b.checked // a check in the block may have been gone around
	if w.loop.open && w.loop.depth == last {
		w.closeLoop(e)
	}
	if e.Live && b.target < last {
		w.site(e.Next, e.Count, editCharge)
		if !e.Falls && !b.mixed {
			w.exclude(&b)
		}
	}
}

// exclude puts the site after the block b into one group with those after blocks in it: cases of a switch. All of them are
// come to by a branch in the region where these blocks began, and in no other way.
func (w *planner) exclude(b *block) {
	if b.group == 0 {
		b.group = w.newGroup()
	}
	w.sites[w.current].group = b.group
	if around := &w.blocks[len(w.blocks)-1]; around.site == b.site {
		around.group = b.group
	}
}

func (w *planner) newGroup() int {
	w.groups = append(w.groups, 0)
	return len(w.groups) - 1
}

// branch notes that the innermost block is left for the end, or the head, of the one at depth target; by br_table also for
// others up to that one.
func (w *planner) branch(e *wasm.Event, target int) {
	if !e.Live {
		return
	}
	b := &w.blocks[len(w.blocks)-1]
	b.target = min(b.target, target)
	switch outside := w.outside(); {
	case target >= outside:
	case e.Op == wasm.OpBrTable:
		around := &w.blocks[outside-1]
		around.mixedTo = min(around.mixedTo, target)
	default:
		w.blocks[target].mixed = true
	}
}

// outside is how many of the open blocks began elsewhere than in the current region: the first ones, since a region that was left
// goes on only when the block is closed in which it was left.
func (w *planner) outside() int {
	last := len(w.blocks) - 1
	if w.blocks[last].site != w.current {
		return last + 1
	}
	return w.blocks[last].first
}

// finish decides which sites stay and turns them into edits.
func (w *planner) finish(body wasm.Body) {
	w.fold()
	w.foldEntry(body.Code)
	f := w.f
	f.code = body.Code
	f.slots = int32(min(body.Frame+w.kept(), mostSlots))
	f.weight = uint32(w.sites[0].weight)
	f.calls.to = len(w.calls)
	for _, s := range w.sites {
		if s.must {
			f.total += s.weight
		}
	}
	kept := w.edits[:f.edits.from]
	for _, e := range w.edits[f.edits.from:] {
		switch e.kind() {
		case editDropped:
			continue
		case editSite:
			s := w.sites[e.number()]
			if !s.must || s.weight == 0 && s.kind == editCharge {
				continue
			}
			e = newEdit(e.at(), s.kind, uint32(s.weight))
			w.count(s.kind)
		}
		kept = append(kept, e)
	}
	w.edits = kept
	f.edits.to = len(kept)
	if f.weight > 0 {
		w.Stats.Sites++
	}
	w.Stats.Loops += w.loops
}

func (w *planner) count(k editKind) {
	w.Stats.Sites++
	if k != editCharge {
		w.Stats.Checks++
	}
}

// kept is how many slots the fuel may take, and the depth: the value behind each charge that is followed by another one in a block
// that nothing else leads to.
func (w *planner) kept() int {
	n := 2 + 2*len(w.m.TypeOf(w.m.ImportedFuncs+int(w.node)-1).Results) // these pass the end of a block around the code
	for _, s := range w.sites {
		if s.must && s.kind == editCharge {
			n++
		}
	}
	return n
}
