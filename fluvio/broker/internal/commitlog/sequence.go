package commitlog

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/record"
)

// SequenceError refuses a set whose producer sequences neither all continue what the log holds nor are all in the log already.
type SequenceError struct {
	Writer   int64 // of the first batch that does not continue its writer
	Expected int64 // ordinal that the writer has to go on with
}

func (e *SequenceError) Error() string {
	return fmt.Sprintf("writer %d has to go on with ordinal %d", e.Writer, e.Expected)
}

// judge decides about a set, of which nothing is written yet:
//
//   - Every batch with a producer sequence continues its writer, or its writer is not known: fresh, the set is to be appended.
//   - Every batch has a producer sequence, and all ordinals are in the log: stored, a repetition.
//   - Anything else is a *SequenceError, and nothing of the set is appended: an overlap, a gap, and also a set that has both what is
//     stored and what is not. Sets are stored whole, so that is not a repetition, and one answer could not be right about both.
func (t *writers) judge(set []byte) (fresh bool, err error) {
	var (
		at     ahead
		stored *SequenceError
	)
	for b, rest, next := record.Next(set); next == nil; b, rest, next = record.Next(rest) {
		s, ok := b.Sequence()
		if !ok || at.take(t, s, b.RecordCount()) {
			fresh = true
		} else {
			if stored == nil {
				stored = &SequenceError{Writer: s.Writer, Expected: at.expected}
			}
			if w := t.get(s.Writer); w == nil || !w.holds(s.Ordinal, b.RecordCount()) {
				return false, stored
			}
		}
		if fresh && stored != nil {
			return false, stored
		}
	}
	return fresh, nil
}

// ahead follows the writers of one set: where each would be had the batches before been appended.
type ahead struct {
	writer int64 // the current one
	place
	others map[int64]place // made only for sets with several
}

type place struct {
	known    bool
	expected int64 // ordinal that the writer has to go on with before the set; of one that isn't known the first in the set
	next     int64 // and behind the batches so far
}

// take goes on to a batch and reports whether it continues its writer.
func (a *ahead) take(t *writers, s record.Sequence, count int64) bool {
	a.turn(t, s)
	if a.next != s.Ordinal {
		return false
	}
	a.next += count
	return true
}

// turn makes the writer of s the current one.
func (a *ahead) turn(t *writers, s record.Sequence) {
	if a.known && a.writer == s.Writer {
		return
	}
	if a.known {
		if a.others == nil {
			a.others = map[int64]place{}
		}
		a.others[a.writer] = a.place
	}
	a.writer = s.Writer
	if p, ok := a.others[s.Writer]; ok {
		a.place = p
		return
	}
	first := s.Ordinal
	if w := t.get(s.Writer); w != nil {
		first = w.next()
	}
	a.place = place{known: true, expected: first, next: first}
}
