package commitlog

import (
	"errors"
	"fmt"
	"os"
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
	old := l.drop()
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
	return len(old), errors.Join(err, closeAll(old))
}

// drop takes the segments that have to go out of readers' sight.
func (l *Log) drop() []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, total, n := l.cfg.Now(), l.size(), 0
	for n < len(l.segs)-1 && (total > l.cfg.MaxBytes || now.Sub(l.segs[n].touched) > l.cfg.Retention) {
		total -= l.segs[n].size
		l.segs[n].dropped = true
		n++
	}
	old := l.segs[:n:n]
	l.segs = l.segs[n:]
	return old
}
