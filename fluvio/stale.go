package fluvio

import (
	"container/list"
	"slices"
)

const (
	// mostWriters that are remembered for a partition. The one that has written nothing for longest is forgotten first.
	mostWriters = 1024
	// mostGaps in the ordinals of a writer that are remembered. The lowest is forgotten first, with what came behind it.
	mostGaps = 64
)

// Span is ordinals from From up to, but without, To.
type Span struct{ From, To int64 }

// SeenWriter is which ordinals of a writer a consumer has returned: all below Next, from the first one seen, and those Beyond.
type SeenWriter struct {
	Writer int64
	Next   int64
	Beyond []Span // behind gaps: in order, apart from each other, all above Next
}

// Seen is which records of producer sequences have come from a partition, see WithDropStale. It belongs to an offset: that of the next
// record when it was taken.
type Seen struct {
	Partition uint32
	Writers   []SeenWriter // longest ago first
}

// seenMemory is what a consumer that drops stale records has seen: up to its position, and as it was before the last Poll, with what came
// since. So it can tell what came before any offset of that Poll, at the price of a step more for each batch.
//
// What has been seen of a writer after a record does not depend on how the records before it were cut into spans, see SeenWriter.add: a
// consumer that starts in the middle of what another one polled at once comes to the same state.
type seenMemory struct {
	now     *seenWriters
	before  *seenWriters
	journal []passage // what leads from before to now
}

// passage is a run of records of one writer that were passed.
type passage struct {
	offset int64 // of the first one
	writer int64
	span   Span
}

// mostPassages is how many a Poll remembers: it returns what it has then.
const mostPassages = 1024

func newSeenMemory(state []SeenWriter) *seenMemory {
	now := newSeenWriters(state)
	return &seenMemory{now: now, before: now.clone()}
}

// add notes that records from an offset on have been seen.
func (m *seenMemory) add(offset, writer int64, span Span) {
	m.now.add(writer, span)
	if n := len(m.journal); n > 0 {
		last := &m.journal[n-1]
		if last.writer == writer && last.span.To == span.From && last.offset+last.span.To-last.span.From == offset {
			last.span.To = span.To
			return
		}
	}
	m.journal = append(m.journal, passage{offset, writer, span})
}

// settle forgets how it came to be: nobody asks any more about what is before the position.
func (m *seenMemory) settle() {
	if m == nil {
		return
	}
	for i := range m.journal {
		m.before.add(m.journal[i].writer, m.journal[i].span)
	}
	m.journal = m.journal[:0]
}

// full tells whether there is no room for another passage.
func (m *seenMemory) full() bool { return m != nil && len(m.journal) >= mostPassages }

// stateBefore is a copy of the state that belongs to an offset.
func (m *seenMemory) stateBefore(offset int64) []SeenWriter {
	state := m.before.clone()
	for _, p := range m.journal {
		if p.offset >= offset {
			break
		}
		p.span.To = p.span.From + min(p.span.To-p.span.From, offset-p.offset)
		state.add(p.writer, p.span)
	}
	return state.list()
}

// seenWriters is which records of producer sequences have been seen.
type seenWriters struct {
	writers map[int64]*list.Element
	order   list.List // of *SeenWriter, that which wrote last at the back
}

func newSeenWriters(state []SeenWriter) *seenWriters {
	s := &seenWriters{writers: make(map[int64]*list.Element)}
	for _, w := range state {
		if _, twice := s.writers[w.Writer]; twice {
			continue
		}
		beyond := w.Beyond
		w.Beyond = nil
		for _, span := range beyond { // whatever a state was read from: it comes out in order and bounded
			if span.From < span.To {
				w.add(span)
			}
		}
		s.insert(&w)
	}
	return s
}

func (s *seenWriters) insert(w *SeenWriter) {
	s.writers[w.Writer] = s.order.PushBack(w)
	for s.order.Len() > mostWriters {
		oldest := s.order.Front()
		delete(s.writers, oldest.Value.(*SeenWriter).Writer)
		s.order.Remove(oldest)
	}
}

// clone shares nothing with the original.
func (s *seenWriters) clone() *seenWriters {
	c := &seenWriters{writers: make(map[int64]*list.Element, len(s.writers))}
	for _, w := range s.list() {
		w.Beyond = slices.Clone(w.Beyond)
		c.insert(&w)
	}
	return c
}

// list is what is held; the gaps are shared with it.
func (s *seenWriters) list() []SeenWriter {
	all := make([]SeenWriter, 0, s.order.Len())
	for e := s.order.Front(); e != nil; e = e.Next() {
		all = append(all, *e.Value.(*SeenWriter))
	}
	return all
}

// state is a copy.
func (s *seenWriters) state() []SeenWriter { return s.clone().list() }

// fresh appends the parts of a span that have not been seen.
func (s *seenWriters) fresh(dst []Span, writer int64, span Span) []Span {
	e, ok := s.writers[writer]
	if !ok {
		return append(dst, span)
	}
	w := e.Value.(*SeenWriter)
	at := max(span.From, w.Next)
	for _, seen := range w.Beyond {
		if at >= span.To || seen.From >= span.To {
			break
		}
		if at < seen.From {
			dst = append(dst, Span{at, seen.From})
		}
		at = max(at, seen.To)
	}
	if at < span.To {
		dst = append(dst, Span{at, span.To})
	}
	return dst
}

// add notes that a span has been seen. The first one of a writer begins its window: what is below is stale from then on.
func (s *seenWriters) add(writer int64, span Span) {
	e, ok := s.writers[writer]
	if !ok {
		s.insert(&SeenWriter{Writer: writer, Next: span.To})
		return
	}
	s.order.MoveToBack(e)
	e.Value.(*SeenWriter).add(span)
}

// add does to the state what adding one record after the other does, so that it does not matter where a batch is cut.
func (w *SeenWriter) add(span Span) {
	if len(w.Beyond) == 0 && span.From <= w.Next { // nearly always
		w.Next = max(w.Next, span.To)
		return
	}
	if span.From > w.Next {
		if len(w.Beyond) >= mostGaps && !w.makeRoom(&span) {
			return
		}
		w.Beyond = insertSpan(w.Beyond, span)
	} else {
		w.Next = max(w.Next, span.To)
	}
	joined := 0
	for joined < len(w.Beyond) && w.Beyond[joined].From <= w.Next {
		w.Next = max(w.Next, w.Beyond[joined].To)
		joined++
	}
	w.Beyond = slices.Delete(w.Beyond, 0, joined)
}

// makeRoom forgets the lowest of all gaps, where the span's first record makes one more. Where that is the span's own, as much of it is
// forgotten as does not touch what is there; it returns false if that is all.
func (w *SeenWriter) makeRoom(span *Span) bool {
	for _, seen := range w.Beyond {
		if seen.From <= span.From+1 && span.From <= seen.To {
			return true
		}
	}
	if lowest := w.Beyond[0].From; span.From < lowest {
		span.From = min(lowest-1, span.To)
		return span.From < span.To
	}
	w.Beyond = slices.Delete(w.Beyond, 0, 1)
	return true
}

// insertSpan adds a span to a list in order, and joins what touches.
func insertSpan(all []Span, span Span) []Span {
	first := 0
	for first < len(all) && all[first].To < span.From {
		first++
	}
	last := first
	for last < len(all) && all[last].From <= span.To {
		span.From, span.To = min(span.From, all[last].From), max(span.To, all[last].To)
		last++
	}
	return slices.Replace(all, first, last, span)
}
