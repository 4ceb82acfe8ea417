package connectortest

import (
	"slices"

	"github.com/weir-stream/weir/host/connector"
)

// The bounds of what connectors remember of writers, see connector.SeenWriter.
const (
	mostWriters = 1024
	mostGaps    = 64
)

// seen is which ordinals a reader has passed, told one by one. nil remembers nothing.
type seen struct{ writers []connector.SeenWriter }

func newSeen(writers []connector.SeenWriter) *seen {
	return (&seen{writers}).clone()
}

func (s *seen) clone() *seen {
	if s == nil {
		return nil
	}
	c := &seen{slices.Clone(s.writers)}
	for i := range c.writers {
		c.writers[i].Beyond = slices.Clone(c.writers[i].Beyond)
	}
	return c
}

// add notes a record and tells whether it was new.
func (s *seen) add(r *stored) (fresh bool) {
	if s == nil || !r.sequenced {
		return true
	}
	i := slices.IndexFunc(s.writers, func(w connector.SeenWriter) bool { return w.Writer == r.writer })
	if i < 0 {
		s.writers = append(s.writers, connector.SeenWriter{Writer: r.writer, Next: r.ordinal + 1})
		s.writers = s.writers[max(len(s.writers)-mostWriters, 0):]
		return true
	}
	w := s.writers[i]
	fresh = addOrdinal(&w, r.ordinal)
	s.writers = append(slices.Delete(s.writers, i, i+1), w)
	return fresh
}

func addOrdinal(w *connector.SeenWriter, n int64) (fresh bool) {
	at := 0
	for at < len(w.Beyond) && w.Beyond[at].To < n {
		at++
	}
	switch {
	case n < w.Next || at < len(w.Beyond) && w.Beyond[at].From <= n && n < w.Beyond[at].To:
		return false
	case n == w.Next:
		w.Next++
	case at < len(w.Beyond) && w.Beyond[at].To == n:
		w.Beyond[at].To++
		if at+1 < len(w.Beyond) && w.Beyond[at+1].From == n+1 {
			w.Beyond[at].To = w.Beyond[at+1].To
			w.Beyond = slices.Delete(w.Beyond, at+1, at+2)
		}
	case at < len(w.Beyond) && w.Beyond[at].From == n+1:
		w.Beyond[at].From = n
	default:
		w.Beyond = slices.Insert(w.Beyond, at, connector.Span{From: n, To: n + 1})
		w.Beyond = w.Beyond[max(len(w.Beyond)-mostGaps, 0):]
	}
	for len(w.Beyond) > 0 && w.Beyond[0].From == w.Next {
		w.Next, w.Beyond = w.Beyond[0].To, w.Beyond[1:]
	}
	return true
}
