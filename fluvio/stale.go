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

// seenWriters is the memory of a consumer that drops stale records.
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
		w.Beyond = slices.Clone(w.Beyond)
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

// state is a copy.
func (s *seenWriters) state() []SeenWriter {
	all := make([]SeenWriter, 0, s.order.Len())
	for e := s.order.Front(); e != nil; e = e.Next() {
		w := *e.Value.(*SeenWriter)
		w.Beyond = slices.Clone(w.Beyond)
		all = append(all, w)
	}
	return all
}

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

func (w *SeenWriter) add(span Span) {
	if len(w.Beyond) == 0 && span.From <= w.Next { // nearly always
		w.Next = max(w.Next, span.To)
		return
	}
	if span.From > w.Next {
		w.Beyond = insertSpan(w.Beyond, span)
	} else {
		w.Next = max(w.Next, span.To)
	}
	for len(w.Beyond) > 0 && w.Beyond[0].From <= w.Next {
		w.Next = max(w.Next, w.Beyond[0].To)
		w.Beyond = w.Beyond[1:]
	}
	if over := len(w.Beyond) - mostGaps; over > 0 {
		w.Beyond = slices.Delete(w.Beyond, 0, over)
	}
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
