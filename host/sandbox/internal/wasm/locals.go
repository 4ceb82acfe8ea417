package wasm

import "sort"

// locals are a function's parameters and locals. The binary format gives them in runs, and a run of three bytes may stand
// for many thousands: only the first few are spread out.
type locals struct {
	n     int
	slots int
	flat  [512]Type // of the first n
	runs  []run
}

// run is locals of one type, up to but not including the index end.
type run struct {
	end int
	t   Type
}

// read reads the locals of a body (5.5.13), which follow the parameters.
func (l *locals) read(r *reader, params []byte, limit int) {
	l.n, l.slots, l.runs = 0, 0, l.runs[:0]
	for _, p := range params {
		l.add(1, Type(p))
	}
	for range r.count("groups of locals", 2, noLimit) {
		at := r.pos
		n := r.index()
		if n > limit-l.n {
			r.fail(Limit, at, "more than %d locals", limit)
		}
		t := r.valueType()
		if r.err != nil {
			return
		}
		l.add(n, t)
	}
}

func (l *locals) add(n int, t Type) {
	if n == 0 {
		return
	}
	for i := l.n; i < min(l.n+n, len(l.flat)); i++ {
		l.flat[i] = t
	}
	l.n += n
	l.slots += n
	if t == V128 {
		l.slots += n
	}
	if last := len(l.runs) - 1; last >= 0 && l.runs[last].t == t {
		l.runs[last].end = l.n
		return
	}
	l.runs = append(l.runs, run{l.n, t})
}

// at is the type of a local. i is below n.
func (l *locals) at(i int) Type {
	if i < len(l.flat) {
		return l.flat[i]
	}
	return l.runs[sort.Search(len(l.runs), func(k int) bool { return l.runs[k].end > i })].t
}

// local reads the index of a local and gives its type too.
func (v *Validator) local(at int) (int, Type) {
	i := v.r.index()
	if i >= v.locals.n {
		if v.r.err == nil {
			v.r.fail(Invalid, at, "unknown local %d", i)
		}
		return 0, Unknown
	}
	return i, v.locals.at(i)
}
