package meter

import "github.com/weir-stream/weir/host/sandbox/internal/wasm"

// A loop is checked and charged in its head, in one of four ways. Engines keep what changes from round to round in registers
// as long as nothing in the loop is a call, taken or not; so loops that take time are checked without one, and the call is
// made in an outer loop that is put around them.
//
// A paid loop holds no other loop and no call that comes back. Its rounds are paid for many at a time, and counted in a local
// of the function, so that a round takes no memory access:
//
//	i64.const -weight; local.set spare
//	loop                                    outer
//	  check; fuel -= paidAtOnce
//	  spare += paidAtOnce + weight
//	  loop                                  the guest's
//	    spare -= weight; br outer if spare < reserve
//	    ...                                 charges of regions in it are taken from spare, too, if the reserve is enough for all
//	  end
//	end
//	fuel += spare                           and before every branch that leaves
//
// What it is charged in the end is what it would be otherwise. A trap comes before the refund: it costs what is in spare, which
// is never below 0 but at the head, and so never less than what was executed.
//
// A function's first loop, which it comes to before anything else and which holds no other, is what the Go compiler puts
// around nearly all functions. It may hold calls, so fuel stays in the global:
//
//	loop                                    outer
//	  check
//	  loop                                  the guest's
//	    br outer if fuel < 0; fuel -= weight
//	    ...
//	  end
//	end
//
// Other loops have the call in their heads, and come back to them behind it; those with parameters have a plain check.
type loop struct {
	open    bool  // the innermost loop is a candidate for the first two ways
	calls   bool  // it can't be a paid one
	depth   int   // of its block
	start   int   // the edit before it
	head    int   // its site
	exits   []int // edits of branches and returns that leave it: their labels pass one block more in the end
	refunds []int // edits before those
}

// paidAtOnce is how much is paid for at once in a paid loop, and the most that is kept in reserve.
const paidAtOnce = 1024

// paidLoop is what a paid loop takes from spare.
type paidLoop struct {
	weight  uint32 // in its head
	reserve uint32 // elsewhere in a round, at most
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
	l.calls, l.depth, l.start, l.head = false, e.Depth, len(w.edits), len(w.sites)
	l.exits, l.refunds = l.exits[:0], l.refunds[:0]
	w.add(e.At, editDropped, uint32(l.head))
	w.site(e.Next, e.Count, editHead)
}

// simpleType says whether a block type, whose first byte is given, has no parameters.
func simpleType(first byte) bool { return first >= 0x40 && first < 0x80 }

// leaves plans a branch or return, which may leave the loop.
func (w *planner) leaves(e *wasm.Event) {
	l := &w.loop
	out := l.open && int(e.Arg) >= e.Depth-l.depth // labels below are of blocks in the loop, or its own
	if e.Op == wasm.OpReturn {
		out = l.open
	}
	if out {
		l.refunds = append(l.refunds, len(w.edits))
		w.add(e.At, editDropped, 0)
		l.exits = append(l.exits, len(w.edits))
	}
	switch e.Op {
	case wasm.OpBr:
		if out {
			w.add(e.At, editBranch, e.Arg)
		}
	case wasm.OpBrIf:
		switch {
		case e.Moves == 0:
			w.add(e.At, editBranchIf, e.Arg+1)
		case out: // operands that a refund would be in the way of
			l.open = false
		}
	case wasm.OpBrTable:
		if out {
			l.open = false
		}
	case wasm.OpReturn:
		w.add(e.At, editReturn, uint32(e.Depth-1))
	}
}

// noteCall notes a call, also one that an instruction is replaced by. One that does not come back does not matter.
func (w *planner) noteCall(e *wasm.Event) {
	if wasm.Op(w.m.Data[e.Next]) != wasm.OpUnreachable {
		w.loop.calls = true
	}
}

// closeLoop is at the end of the innermost loop, which was a candidate all the way.
func (w *planner) closeLoop(e *wasm.Event) {
	l := &w.loop
	l.open = false
	switch {
	case !l.calls:
		w.become(l.start, editPaid, uint32(l.head))
		w.add(e.Next, editPaidEnd, 0)
		for i := l.head; i < len(w.sites); i++ {
			w.sites[i].kind = editTake
		}
		w.sites[l.head].kind = editRound
		for _, i := range l.refunds {
			if w.edits[i+1].kind() != editBranchIf {
				w.become(i, editRefund, 0)
			}
		}
	case l.head == w.first:
		w.become(l.start, editOuter, 0)
		w.add(e.Next, editOuterEnd, 0)
		w.sites[l.head].kind = editInner
	default:
		return
	}
	for _, i := range l.exits {
		kind := w.edits[i].kind()
		if kind == editBranchIf && !l.calls {
			kind = editRefundIf
		}
		w.become(i, kind, w.edits[i].number()+1)
	}
}

// become changes an edit.
func (w *planner) become(i int, k editKind, number uint32) {
	w.edits[i] = newEdit(w.edits[i].at(), k, number)
}

// siteEdit is what becomes of a site that is charged where it is. In a paid loop that is the last one so far, since it holds no
// other; what its reserve is not enough for is taken from the fuel.
func (w *planner) siteEdit(at int, s site) edit {
	weight := uint32(s.weight)
	if s.kind != editRound && s.kind != editTake {
		return newEdit(at, s.kind, weight)
	}
	last := len(w.paid) - 1
	if s.kind == editRound {
		return newEdit(at, editRound, uint32(last))
	}
	if l := &w.paid[last]; weight <= paidAtOnce-l.reserve {
		l.reserve += weight
		return newEdit(at, editTake, weight)
	}
	return newEdit(at, editCharge, weight)
}
