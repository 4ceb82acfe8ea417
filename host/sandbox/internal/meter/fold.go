package meter

// fold adds light sites to their parents, innermost first: a site's parent was always made before it. Of a group the
// heaviest is added. How much is added to one site is bounded, or a chain of regions that are mostly skipped would be charged
// as if all of them ran.
func (w *planner) fold() {
	for i := len(w.sites) - 1; i > 0; i-- {
		s := &w.sites[i]
		if s.must {
			continue
		}
		parent := &w.sites[s.parent]
		more := max(0, s.weight-w.groups[s.group])
		if s.weight >= w.o.Fold || parent.folded+more > w.o.Fold {
			s.must = true
			continue
		}
		parent.weight += more
		parent.folded += more
		if s.group != 0 {
			w.groups[s.group] += more
		}
	}
}

// foldEntry charges what a function does outside of its first loop in that loop, in each round, if it is little, the loop is come
// to for sure, and its rounds are no light ones; see loop. code is where the function's instructions begin. Such a function needs
// no check of its own.
func (w *planner) foldEntry(code int) {
	entry := &w.sites[0]
	entry.weight = max(entry.weight, 1)
	if w.first == 0 || entry.weight > entryWeight || !passes(w.m.Data[code:w.firstAt]) {
		return
	}
	head := &w.sites[w.first]
	if head.kind != editInner && head.kind != editHead {
		return
	}
	w.f.loopFirst = true
	if w.firstCalls {
		head.weight += entry.weight
		entry.weight = 0
	}
}

// passes says whether instructions always come to their end, as far as can be seen at a glance.
func passes(code []byte) bool {
	for at := 0; at < len(code); at = skipLEB(code, at+1) {
		switch code[at] {
		case opBlock, opLocalGet, opLocalSet, opLocalTee, opGlobalGet, opGlobalSet, opI32Const, opI64Const:
		default:
			return false
		}
	}
	return true
}
