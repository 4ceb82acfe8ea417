package meter

import "github.com/weir-stream/weir/host/sandbox/internal/wasm"

// A loop is checked and charged in its head. Engines keep what changes from round to round in registers as long as nothing in
// the loop is a call, taken or not. A loop that holds no other loop and no call that comes back is therefore checked without
// one; the call is made in an outer loop that is put around it:
//
//	loop                                    outer
//	  check
//	  loop                                  the guest's
//	    br outer if fuel < 0; fuel -= weight
//	    ...
//	  end
//	end
//
// So is a function's first loop, which it comes to before anything else and which holds no other: the Go compiler puts one around
// nearly all functions. It may hold calls.
//
// Other loops have the call in their heads, and come back to them behind it; those with parameters have a plain check.
type loop struct {
	open  bool  // the innermost loop is a candidate for an outer one
	calls bool  // there are calls in it
	depth int   // of its block
	start int   // the edit before it
	head  int   // its site
	exits []int // edits of branches and returns that leave it: their labels pass one block more in the end
}

// openLoop begins a loop, before its site is made. One with parameters is no candidate: they could not pass the outer loop.
func (w *planner) openLoop(e *wasm.Event) {
	w.loops++
	w.checked = w.callCount
	w.blocks[len(w.blocks)-1].checked = w.checked
	if w.loops == 1 && w.current == 0 && w.callCount == 0 {
		w.first, w.firstAt = len(w.sites), e.At
	}
	l := &w.loop
	if l.open = simpleType(w.m.Data[e.At+1]); !l.open {
		w.site(e.Next, e.Count, editCheck)
		return
	}
	l.calls, l.depth, l.start, l.head, l.exits = false, e.Depth, len(w.edits), len(w.sites), l.exits[:0]
	w.add(e.At, editDropped, 0)
	w.site(e.Next, e.Count, editHead)
}

// simpleType says whether a block type, whose first byte is given, has no parameters.
func simpleType(first byte) bool { return first >= 0x40 && first < 0x80 }

// leaves plans a branch or return, which may leave the loop.
func (w *planner) leaves(e *wasm.Event) {
	l := &w.loop
	out := l.open && int(e.Arg) >= e.Depth-l.depth // labels below are of blocks in the loop, or its own
	kind, label := editLabel, e.Arg
	switch {
	case e.Op == wasm.OpReturn:
		kind, label, out = editReturn, uint32(e.Depth-1), l.open
	case e.Op == wasm.OpBrIf && e.Moves == 0:
		kind, label = editBranchIf, e.Arg+1
	case !out:
		return
	case e.Op == wasm.OpBrTable:
		l.open = false // all its labels would change
		return
	}
	if out {
		l.exits = append(l.exits, len(w.edits))
	}
	w.add(e.At, kind, label)
}

// noteCall notes a call, also one that an instruction is replaced by. One that does not come back does not matter. The body may be cut
// short behind it: that is refused later.
func (w *planner) noteCall(e *wasm.Event) {
	if e.Next == len(w.m.Data) || wasm.Op(w.m.Data[e.Next]) != wasm.OpUnreachable {
		w.loop.calls = true
	}
}

// closeLoop is at the end of the innermost loop, which was a candidate all the way.
func (w *planner) closeLoop(e *wasm.Event) {
	l := &w.loop
	l.open = false
	if l.calls && l.head != w.first {
		return
	}
	if l.head == w.first {
		w.firstCalls = l.calls
	}
	w.become(l.start, editOuter, 0)
	w.add(e.Next, editOuterEnd, 0)
	w.sites[l.head].kind = editInner
	for _, i := range l.exits {
		w.become(i, w.edits[i].kind(), w.edits[i].number()+1)
	}
}

// become changes an edit.
func (w *planner) become(i int, k editKind, number uint32) {
	w.edits[i] = newEdit(w.edits[i].at(), k, number)
}
