package commitlog

import (
	"math"
	"os"
)

const (
	// snapshotBytes is how much is appended between two snapshots of the writers, and so how much log is walked for them at the next start.
	snapshotBytes = 64 << 20
	// snapshotShare is how many times larger than a snapshot that must at least be: with many writers the work on snapshots stays
	// below that part of the work on the log.
	snapshotShare = 16
	// keptSnapshots are on the disk at a time: the older one is for when power was lost while the newer one was written.
	keptSnapshots = 2
)

// restore brings what is known of the writers to the end of the log: by the newest snapshot that fits the log, and the batch headers behind it.
// Without one all headers are walked; then writers whose batches retention has removed are forgotten.
func (l *Log) restore() error {
	offsets, err := snapshotOffsets(l.dir)
	if err != nil {
		return err
	}
	start, end := l.segs[0].base, l.end
	from, found := start, false
	for _, at := range offsets {
		if !found && at >= start && at <= end && l.writers.readSnapshot(l.dir, at) {
			from, found = at, true
		} else if !found || at < start {
			// One from behind the end tells of batches that a loss of power has taken; others will have their offsets.
			l.removeSnapshot(at)
			continue
		}
		l.snapshots = append(l.snapshots, at)
	}
	if !found && start > 0 {
		l.cfg.Logger.Warn("there is no snapshot of the producer sequences; writers whose batches were all removed are forgotten", "folder", l.dir)
	}
	walked, err := l.replay(from)
	if err != nil {
		return err
	}
	l.writers.expire(l.cfg.Now().Unix())
	if l.unsaved = walked; l.unsaved >= l.snapshotDue() {
		l.saveWriters()
	}
	return nil
}

// replay takes down the sequences of all batches from offset on and returns how many bytes of log they are.
func (l *Log) replay(from int64) (walked int64, err error) {
	for _, s := range l.segs {
		if s.end <= from {
			continue
		}
		start := entry{offset: s.base}
		if from > s.base {
			if start, err = l.locate(s, s.index.floor(s.base, from), from, s.size); err != nil {
				return walked, err
			}
		}
		err = s.walk(start.pos, start.offset, s.size, func(_ int64, h header) bool {
			if h.base >= from {
				walked += int64(h.size)
				if h.writer >= 0 {
					l.writers.note(h.sequence(), h.records, h.base, s.touched.Unix())
				}
			}
			return true
		})
		if err != nil {
			return walked, err
		}
	}
	return walked, nil
}

// snapshotDue is how many bytes are to be appended before the next snapshot.
func (l *Log) snapshotDue() int64 {
	if l.cfg.snapshotBytes > 0 {
		return l.cfg.snapshotBytes
	}
	return max(snapshotBytes, snapshotShare*int64(l.writers.used.Len())*(writerSize+maxRuns*runSize))
}

// saveWriters writes a snapshot and removes old ones. Without one the next start has more to walk, so a failure is no error of an append.
// The caller holds appendMu.
func (l *Log) saveWriters() {
	l.unsaved = 0 // after a failure too: not at each append
	if err := l.writers.writeSnapshot(l.dir, l.end, l.cfg.SyncEach); err != nil {
		l.cfg.Logger.Warn("cannot store a snapshot of the producer sequences", "folder", l.dir, "error", err)
		return
	}
	if len(l.snapshots) == 0 || l.snapshots[0] != l.end {
		l.snapshots = append([]int64{l.end}, l.snapshots...)
	}
	for len(l.snapshots) > keptSnapshots {
		last := len(l.snapshots) - 1
		l.removeSnapshot(l.snapshots[last])
		l.snapshots = l.snapshots[:last]
	}
}

// savedUpTo is the offset of the newest snapshot, none below any offset.
func (l *Log) savedUpTo() int64 {
	if len(l.snapshots) == 0 {
		return math.MinInt64
	}
	return l.snapshots[0]
}

func (l *Log) removeSnapshot(at int64) {
	if err := os.Remove(snapshotPath(l.dir, at)); err != nil {
		l.cfg.Logger.Warn("cannot remove an old snapshot of the producer sequences", "folder", l.dir, "error", err)
	}
}
