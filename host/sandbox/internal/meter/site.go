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
	parent int  // the site of the region around it, -1 for the first
	must   bool // it is charged where it is
	check  bool // with a check of the sign
	weight int
	folded int // of the weight, what came from other sites
}

// site makes a site at the offset at; up to count, instructions belong to the current one.
func (w *planner) site(at, count int, must, check bool) {
	w.settle(count)
	w.sites = append(w.sites, site{parent: w.current, must: must, check: check})
	w.current = len(w.sites) - 1
	w.add(at, editSite, uint32(w.current))
}

// settle counts instructions to the current site.
func (w *planner) settle(count int) {
	w.sites[w.current].weight += count - w.counted
	w.counted = count
}

func (w *planner) open(e *wasm.Event) {
	w.blocks = append(w.blocks, block{site: w.current, target: e.Depth})
	if !e.Live {
		return
	}
	switch e.Op {
	case wasm.OpLoop:
		w.loops++
		w.unchecked = 0
		w.site(e.Next, e.Count, true, true)
	case wasm.OpIf:
		w.site(e.Next, e.Count, false, false)
	}
}

func (w *planner) otherwise(e *wasm.Event) {
	w.settle(e.Count)
	w.current = w.blocks[len(w.blocks)-1].site
	if e.Live {
		w.site(e.Next, e.Count, false, false)
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
	w.blocks[last-1].target = min(w.blocks[last-1].target, b.target)
	w.current = b.site
	if e.Live && b.target < last {
		w.site(e.Next, e.Count, false, false)
	}
}

// branch notes that the innermost block is left for the end, or the head, of the one at depth target.
func (w *planner) branch(e *wasm.Event, target int) {
	if e.Live {
		b := &w.blocks[len(w.blocks)-1]
		b.target = min(b.target, target)
	}
}

// finish decides which sites stay and turns them into edits.
func (w *planner) finish(body wasm.Body) {
	w.fold()
	f := w.f
	f.code = body.Code
	f.slots = int32(min(frameSlots+body.Slots+body.Values+body.Merges, 1<<30))
	f.weight = uint32(max(w.sites[0].weight, 1))
	f.check = w.loops > 0 || w.callCount > 0 || f.weight > leafWeight
	f.calls.to = len(w.calls)

	kept := w.edits[:f.edits.from]
	for _, e := range w.edits[f.edits.from:] {
		if e.kind() == editSite {
			s := w.sites[e.number()]
			if !s.must || s.weight == 0 {
				continue
			}
			e = newEdit(e.at(), chargeKind(s.check), uint32(s.weight))
			w.count(s.check)
		}
		kept = append(kept, e)
	}
	w.edits = kept
	f.edits.to = len(kept)
	w.count(f.check)
	w.Stats.Loops += w.loops
}

func chargeKind(check bool) editKind {
	if check {
		return editCheck
	}
	return editCharge
}

func (w *planner) count(check bool) {
	w.Stats.Sites++
	if check {
		w.Stats.Checks++
	}
}

// fold adds light sites to their parents, innermost first: a site's parent was always made before it. How much is added to
// one site is bounded, or a chain of arms that exclude each other would be charged as if all of them ran.
func (w *planner) fold() {
	for i := len(w.sites) - 1; i > 0; i-- {
		s := &w.sites[i]
		if s.must {
			continue
		}
		parent := &w.sites[s.parent]
		if s.weight < w.o.Fold && parent.folded+s.weight <= w.o.Fold {
			parent.weight += s.weight
			parent.folded += s.weight
		} else {
			s.must = true
		}
	}
}
