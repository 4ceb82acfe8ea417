package commitlog

import (
	"github.com/weir-stream/weir/fluvio/record"
)

// maxSeek bounds how many batch headers are read to find out where a repeated set was stored.
const maxSeek = 1 << 14

// repetition is a set whose ordinals are all stored, and what is known of the place.
type repetition struct {
	set     []byte
	records int64
	first   record.Sequence // of the first batch
	refusal *SequenceError  // the answer where the place is not found

	base     int64 // offset of first
	known    bool  // base is known
	together bool  // and all of the set is there, in order
	from, to int64 // base lies between these offsets: before, one of the writers had not yet begun what is known of it
}

// recall finds out what the kept runs say of the place of a set that judge found stored.
func (t *writers) recall(set []byte, records int64) *repetition {
	b, _, _ := record.Next(set)
	s, _ := b.Sequence()
	w := t.get(s.Writer)
	r := &repetition{set: set, records: records, first: s, refusal: &SequenceError{Writer: s.Writer, Expected: w.next()}}
	r.from, r.to = t.earliest(set), w.runs[0].offset
	if r.base, r.known = w.offset(s.Ordinal); r.known {
		r.together = t.together(set, r.base)
	}
	return r
}

// earliest is the lowest offset that the set can be at. The same ordinals of a writer that was forgotten in between are other records.
func (t *writers) earliest(set []byte) (from int64) {
	at := int64(0)
	for b, rest, err := record.Next(set); err == nil; b, rest, err = record.Next(rest) {
		s, _ := b.Sequence()
		from = max(from, t.get(s.Writer).begin-at)
		at += b.RecordCount()
	}
	return from
}

// together reports whether the kept runs have all ordinals of the set one behind the other from offset base on.
func (t *writers) together(set []byte, base int64) bool {
	for b, rest, err := record.Next(set); err == nil; b, rest, err = record.Next(rest) {
		s, _ := b.Sequence()
		w, n := t.get(s.Writer), b.RecordCount()
		first, known := w.offset(s.Ordinal)
		last, _ := w.offset(s.Ordinal + n - 1)
		if !known || first != base || last != base+n-1 {
			return false
		}
		base += n
	}
	return true
}

// original returns the offset that a repeated set was stored at. Clients number the records of a set from the one offset that they are told,
// so where its ordinals are not one behind the other, or where looking for them would take too long, or what is there has been removed,
// the answer is a *SequenceError: that the set is stored can be learned by reading, a wrong offset could not be told from a right one.
func (l *Log) original(r *repetition) (base int64, err error) {
	if r.together {
		return r.base, nil
	}
	budget := maxSeek
	if !r.known {
		r.base, r.known, err = l.seek(r, &budget)
	}
	if err == nil && r.known && r.base >= r.from {
		r.together, err = l.matches(r, &budget)
	}
	if err != nil {
		l.cfg.Logger.Warn("cannot look up where repeated records are stored", "folder", l.dir, "writer", r.first.Writer,
			"ordinal", r.first.Ordinal, "error", err)
	}
	if err != nil || !r.together {
		return 0, r.refusal
	}
	return r.base, nil
}

// seek looks for the first ordinal of r, backwards, one stretch of an index at a time.
func (l *Log) seek(r *repetition, budget *int) (base int64, found bool, err error) {
	l.mu.RLock()
	segs := l.segs
	l.mu.RUnlock()
	to := r.to
	for i := len(segs) - 1; i >= 0 && to > r.from; i-- {
		s := segs[i]
		l.mu.RLock()
		x, size := s.index, s.size
		l.mu.RUnlock()
		for to > s.base && to > r.from {
			start := x.floor(s.base, to-1)
			err = s.walk(start.pos, start.offset, size, func(_ int64, h header) bool {
				if h.base >= to || *budget == 0 {
					return false
				}
				*budget--
				past := r.first.Ordinal - h.ordinal
				base = h.base + past
				found = base >= r.from && h.writer == r.first.Writer && past >= 0 && past < h.records
				return !found
			})
			if found || err != nil || *budget == 0 {
				return base, found, err
			}
			to = start.offset
		}
	}
	return 0, false, nil
}

// matches reports whether the log has all ordinals of r one behind the other from r.base on.
func (l *Log) matches(r *repetition, budget *int) (same bool, err error) {
	b, rest, _ := record.Next(r.set)
	from, same := r.base, true // offset of b
	for at := r.base; at < r.base+r.records && same; {
		seg, start, limit, err := l.find(new(Cursor), at)
		if err != nil || seg == nil {
			return false, err
		}
		if start, err = l.locate(seg, start, at, limit); err != nil {
			return false, err
		}
		err = seg.walk(start.pos, start.offset, limit, func(_ int64, h header) bool {
			for same && from < h.end() {
				s, _ := b.Sequence()
				same = *budget > 0 && h.writer == s.Writer && h.ordinal-h.base == s.Ordinal-from
				*budget--
				if from+b.RecordCount() > h.end() || len(rest) == 0 {
					break
				}
				from += b.RecordCount()
				b, rest, _ = record.Next(rest)
			}
			at = h.end()
			return same && at < r.base+r.records
		})
		if err != nil {
			return false, err
		}
	}
	return same, nil
}
