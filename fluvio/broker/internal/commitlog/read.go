package commitlog

import (
	"errors"
	"os"
)

// Cursor remembers where a reader stopped, so that reading on needs no lookup. The zero value is ready. It belongs to one reader.
type Cursor struct {
	seg  *segment
	next entry
}

// Read appends to dst the whole batches that follow each other in the log from the one that contains offset on,
// as many as fit into maxBytes, byte for byte as they were appended. It returns the longer dst and the offset after them.
//
// At the end of the log it appends nothing and returns offset itself. The first batch may start before offset. A read ends at the end of a
// segment. A batch that does not fit is a *LargeBatchError, which the caller answers, where it can afford it, by asking again.
// An offset that is not in the log is a *RangeError, damage found on the way a *CorruptError.
func (l *Log) Read(dst []byte, cur *Cursor, offset int64, maxBytes int) (out []byte, next int64, err error) {
	seg, from, limit, err := l.find(cur, offset)
	if seg == nil || err != nil {
		return dst, offset, err
	}
	if seg != cur.seg || from != cur.next || from.offset != offset {
		if from, err = l.locate(seg, from, offset, limit); err != nil {
			return dst, offset, l.explain(err, offset)
		}
	}
	out, to, err := seg.read(dst, from, limit, maxBytes)
	if err != nil {
		return dst, offset, l.explain(err, offset)
	}
	cur.seg, cur.next = seg, to
	return out, to.offset, nil
}

// find returns the segment that holds offset, a batch start in it at or before offset, and how far it may be read;
// no segment at the end of the log.
func (l *Log) find(cur *Cursor, offset int64) (seg *segment, from entry, limit int64, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, from, 0, ErrClosed
	}
	if start := l.segs[0].base; offset < start || offset > l.end {
		return nil, from, 0, &RangeError{Offset: offset, Start: start, End: l.end}
	}
	if offset == l.end {
		return nil, from, 0, nil
	}
	if seg = cur.seg; seg != nil && !seg.dropped && cur.next.offset == offset && cur.next.pos < seg.size {
		return seg, cur.next, seg.size, nil
	}
	i := len(l.segs) - 1
	for l.segs[i].base > offset {
		i--
	}
	seg = l.segs[i]
	return seg, seg.index.floor(seg.base, offset), seg.size, nil
}

// locate finds the batch that holds offset. An index entry that points at no batch is answered by walking from the segment's start, and the
// index is dropped; the next Open makes it again.
func (l *Log) locate(seg *segment, from entry, offset, limit int64) (entry, error) {
	at, err := seg.locate(from, offset, limit)
	var damaged *CorruptError
	if from.pos == 0 || !errors.As(err, &damaged) {
		return at, err
	}
	at, err = seg.locate(entry{offset: seg.base}, offset, limit)
	if err == nil {
		l.mu.Lock()
		seg.index = nil
		l.mu.Unlock()
		removed := os.Remove(indexPath(seg.path))
		l.cfg.Logger.Warn("a segment index pointed at no batch and was dropped", "file", seg.path, "remove", removed)
	}
	return at, err
}

// explain turns the failure to read a file that retention or Close has closed meanwhile into what happened.
func (l *Log) explain(err error, offset int64) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return ErrClosed
	}
	if start := l.segs[0].base; offset < start {
		return &RangeError{Offset: offset, Start: start, End: l.end}
	}
	return err
}
