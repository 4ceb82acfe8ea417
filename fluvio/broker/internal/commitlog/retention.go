package commitlog

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Clean removes closed segments, oldest first: those last written longer than Config.Retention ago, and as many more as keep the
// log within Config.MaxBytes. It returns how many it removed. The segment that is written to stays, whatever its age and size
// (fluvio-storage/src/cleaner.rs).
func (l *Log) Clean() (removed int, err error) {
	l.appendMu.Lock()
	defer l.appendMu.Unlock()
	if l.closed {
		return 0, ErrClosed
	}
	l.writers.expire(l.cfg.Now().Unix())
	n := l.expired()
	if n == 0 {
		return 0, nil
	}
	// What is known of the writers outlives their batches. It is stored before those go.
	behind := l.segs[n].base > l.savedUpTo()
	if behind {
		l.saveWriters()
	}
	old := l.drop(n)
	l.dirty = slices.DeleteFunc(l.dirty, func(s *segment) bool { return s.dropped })
	for _, s := range old {
		// Oldest first, and no further after a failure, so that whatever stays has no gap.
		if err = os.Remove(s.path); err != nil {
			err = fmt.Errorf("remove old segment: %w", err)
			break
		}
		if e := os.Remove(indexPath(s.path)); e != nil && !errors.Is(e, os.ErrNotExist) {
			l.cfg.Logger.Warn("cannot remove an old index", "file", indexPath(s.path), "error", e)
		}
	}
	if err = errors.Join(err, closeAll(old)); behind && l.savedUpTo() < l.segs[0].base {
		l.saveWriters() // there was no room for it before, perhaps
	}
	return len(old), err
}

// expired counts the segments that have to go.
func (l *Log) expired() (n int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	now, total := l.cfg.Now(), l.size()
	for n < len(l.segs)-1 && (total > l.cfg.MaxBytes || now.Sub(l.segs[n].touched) > l.cfg.Retention) {
		total -= l.segs[n].size
		n++
	}
	return n
}

// drop takes the first n segments out of readers' sight.
func (l *Log) drop(n int) []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.segs[:n:n]
	for _, s := range old {
		s.dropped = true
	}
	l.segs = l.segs[n:]
	return old
}
