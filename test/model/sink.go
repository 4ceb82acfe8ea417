package model

import "slices"

// receive is the broker's part: it takes a request, and tells where its first record is, or that it was refused.
func (c *Config) receive(s *State, r *Request) (offset int8, ok bool) {
	log := &s.Sink[r.Part]
	first, next := r.Entries[0].Ordinal, r.Entries[0].Ordinal+r.Len
	if !c.Plain {
		expected, begin, known := s.expected(r.writer(), int(r.Part))
		if known && begin <= first && next <= expected {
			return int8(slices.IndexFunc(log.entries(), func(e Entry) bool { return e.Writer == r.writer() && e.Ordinal == first })), true
		}
		if known && first != expected {
			return 0, false
		}
		if s.Forgot == (Forgotten{r.writer(), r.Part}) {
			s.Forgot = Forgotten{}
		}
	}
	if r.Looked {
		s.Late = true
	}
	offset = log.Len
	log.append(r.entries())
	return offset, true
}

// expected is what the broker knows of a writer: the ordinal to come, and the one that its knowledge begins with.
func (s *State) expected(w Writer, part int) (next, begin int8, known bool) {
	if s.Forgot == (Forgotten{w, int8(part)}) {
		return 0, 0, false
	}
	for _, e := range s.Sink[part].entries() {
		if e.Writer != w {
			continue
		}
		if !known || e.Ordinal != next {
			begin = e.Ordinal
		}
		next, known = e.Ordinal+1, true
	}
	return next, begin, known
}

// follow reads a log from an offset to its end, and returns the ordinal behind the contiguous run of a writer that begins with ordinal. It
// reports false where one is missing. fluvio.Client.SequenceEnd does this.
func (l *Log) follow(w Writer, ordinal, from int8) (next int8, ok bool) {
	for _, e := range l.entries()[from:] {
		switch {
		case e.Writer != w || e.Ordinal < ordinal:
		case e.Ordinal > ordinal:
			return ordinal, false
		default:
			ordinal++
		}
	}
	return ordinal, true
}

// look marks the requests that may still arrive after a look for their writer.
func (c *Config) look(s *State, w Writer, part int) {
	for i := range s.requests() {
		if r := &s.Requests[i]; c.Plain && r.writer() == w && int(r.Part) == part && r.Owner == Nobody {
			r.Looked = true
		}
	}
	s.order()
}

// view calls see with what a reader of a partition sees: all of it, or without what is stale. fluvio.WithDropStale does this.
func (l *Log) view(dropStale bool, see func(Entry)) {
	var writers [maxLanes][maxDrawn + 1]struct {
		seen  uint32 // ordinals
		begin int8   // the first one of the writer that came; what is below is stale
	}
	for _, e := range l.entries() {
		w := &writers[e.Writer.Lane][e.Writer.Number]
		if w.seen == 0 {
			w.begin = e.Ordinal
		}
		if bit := uint32(1) << e.Ordinal; !dropStale || e.Ordinal >= w.begin && w.seen&bit == 0 {
			w.seen |= bit
			see(e)
		}
	}
}
