package commitlog

import (
	"container/list"

	"github.com/weir-stream/weir/fluvio/record"
)

// writers is what a log knows of producer sequences: for each writer which ordinals the log has been given, and where the last of them are.
// It is a function of the headers in the log, in their order, but for what was forgotten.
type writers struct {
	max   int   // writers
	ttl   int64 // seconds
	quota *Quota
	byID  map[int64]*list.Element
	used  list.List // of *writer, by the last append, oldest first
}

// writer is one writer. Its ordinals from start to next() were appended in ascending order, each once.
type writer struct {
	id    int64
	start int64 // first ordinal
	begin int64 // offset of that ordinal
	last  int64 // time of the last append, seconds since 1970
	runs  []run // the last maxRuns at least, ascending, never empty
}

// run is a stretch of ordinals whose offsets advance with them. A writer that has a partition for itself has one run for all it ever wrote;
// with several at work each append begins a new one.
type run struct {
	ordinal, offset, count int64
}

// maxRuns is how many runs are kept of a writer. What came before is found in the log.
const maxRuns = 8

func newWriters(cfg Config) *writers {
	return &writers{max: cfg.MaxWriters, ttl: int64(cfg.WriterRetention.Seconds()), quota: cfg.Quota, byID: map[int64]*list.Element{}}
}

// get returns a writer, or nil if it is not known.
func (t *writers) get(id int64) *writer {
	if e := t.byID[id]; e != nil {
		return e.Value.(*writer)
	}
	return nil
}

// note takes down that count records of a sequence are in the log at offset. Whatever the log holds is true: where it does not continue what is
// known of the writer, that writer had been forgotten when it was appended, and begins anew.
func (t *writers) note(s record.Sequence, count, offset, now int64) {
	e := t.byID[s.Writer]
	if e == nil {
		e = t.add(&writer{id: s.Writer})
	} else {
		t.used.MoveToBack(e)
	}
	w := e.Value.(*writer)
	w.last = now
	w.add(run{ordinal: s.Ordinal, offset: offset, count: count})
}

// noteSet takes down the batches of a set that begins at offset.
func (t *writers) noteSet(set []byte, offset, now int64) {
	for b, rest, err := record.Next(set); err == nil; b, rest, err = record.Next(rest) {
		if s, ok := b.Sequence(); ok {
			t.note(s, b.RecordCount(), offset, now)
		}
		offset += b.RecordCount()
	}
}

// add makes room for a writer that is not known, and remembers it as the one used last.
func (t *writers) add(w *writer) *list.Element {
	t.evict(t.max - 1)
	if t.quota.Spent(t.used.Len()) {
		t.forget(t.used.Front())
	}
	e := t.used.PushBack(w)
	t.byID[w.id] = e
	t.quota.Add(1)
	return e
}

// evict forgets the writers that were not used for longest, until max are left.
func (t *writers) evict(max int) {
	for t.used.Len() > max {
		t.forget(t.used.Front())
	}
}

// expire forgets writers that have appended nothing for too long.
func (t *writers) expire(now int64) {
	for e := t.used.Front(); e != nil && now-e.Value.(*writer).last > t.ttl; e = t.used.Front() {
		t.forget(e)
	}
}

func (t *writers) forget(e *list.Element) {
	delete(t.byID, t.used.Remove(e).(*writer).id)
	t.quota.Add(-1)
}

// next is the ordinal that the writer has to go on with.
func (w *writer) next() int64 {
	last := w.runs[len(w.runs)-1]
	return last.ordinal + last.count
}

func (w *writer) add(r run) {
	if len(w.runs) == 0 || r.ordinal != w.next() {
		w.start, w.begin, w.runs = r.ordinal, r.offset, append(w.runs[:0], r)
		return
	}
	if last := &w.runs[len(w.runs)-1]; last.offset+last.count == r.offset {
		last.count += r.count
		return
	}
	if len(w.runs) == maxRuns {
		w.runs = w.runs[:copy(w.runs, w.runs[1:])]
	}
	w.runs = append(w.runs, r)
}

// holds reports whether the writer's count ordinals from ordinal on were all appended.
func (w *writer) holds(ordinal, count int64) bool {
	return ordinal >= w.start && ordinal+count <= w.next()
}

// offset returns where an ordinal is that the writer holds, if it is in the runs that are kept.
func (w *writer) offset(ordinal int64) (offset int64, ok bool) {
	for i := len(w.runs) - 1; i >= 0; i-- {
		if r := w.runs[i]; ordinal >= r.ordinal {
			return r.offset + ordinal - r.ordinal, true
		}
	}
	return 0, false
}
