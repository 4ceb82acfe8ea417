package commitlog

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Log is one partition's log. Its methods may be called at the same time from any number of goroutines.
type Log struct {
	cfg Config
	dir string

	// appendMu serialises what changes files: Append, Clean, Close. It is taken before mu and held across disk writes.
	appendMu  sync.Mutex
	tail      File       // of the last segment, which is pinned
	failed    error      // set once: why appends are refused
	dirty     []*segment // written since the last sync, oldest first
	writers   *writers   // up to end
	snapshots []int64    // offsets of the stored snapshots of writers, newest first
	unsaved   int64      // bytes appended since the newest

	// mu guards what readers see. It is never held across a system call.
	mu     sync.RWMutex
	segs   []*segment // oldest first, never empty; only the last is written
	end    int64
	closed bool
	grown  chan struct{} // closed by the next append or Close; nil while nobody waits
}

// Open opens the log in dir, which must exist, makes its first segment if it has none, and repairs a torn tail.
// Damage that a crash cannot explain is a *CorruptError. The folder must not be open twice; that is the caller's to see to.
func Open(dir string, cfg Config) (*Log, error) {
	cfg = cfg.withDefaults()
	segs, file, err := load(cfg, dir)
	if err != nil {
		return nil, err
	}
	tail := segs[len(segs)-1]
	// What is in the tail may never have been forced: its writer may have died in between.
	l := &Log{cfg: cfg, dir: dir, tail: file, segs: segs, end: tail.end, dirty: []*segment{tail}, writers: newWriters(cfg)}
	if cfg.SyncEach {
		err = l.Sync()
	}
	if err == nil {
		err = l.restore()
	}
	if err != nil {
		l.writers.evict(0) // gives the quota back
		return nil, errors.Join(err, closeAll(segs))
	}
	return l, nil
}

// Append checks the batches in set, gives them the next offsets and writes them with one call. It returns the first offset.
//
// The base offsets are written into set itself. Either every batch is stored, readable and, with Config.SyncEach, on the disk,
// or none is: ErrCorruptBatch, ErrBatchTooLarge, *SequenceError, ErrFailed, ErrClosed, or what the file system said.
//
// A set in which every batch has a producer sequence, and all of whose ordinals are in the log, is not written again: the result is the offset of
// its first record as it was stored, and repeated is true. One that is only in part what its writers have to go on with is a *SequenceError. A writer that
// is not known, or has been forgotten, may begin with any ordinal.
func (l *Log) Append(set []byte) (base int64, repeated bool, err error) {
	records, sequenced, err := checkSet(set, l.maxBatch())
	if err != nil {
		return 0, false, err
	}
	base, again, err := l.append(set, records, sequenced)
	if again != nil {
		base, err = l.original(again)
	}
	return base, again != nil, err
}

// append writes a checked set, or says what it repeats.
func (l *Log) append(set []byte, records int64, sequenced bool) (base int64, again *repetition, err error) {
	l.appendMu.Lock()
	defer l.appendMu.Unlock()
	if err := l.usable(); err != nil {
		return 0, nil, err
	}
	now := l.cfg.Now()
	if sequenced {
		l.writers.expire(now.Unix())
		if fresh, err := l.writers.judge(set); err != nil {
			return 0, nil, err
		} else if !fresh {
			return 0, l.writers.recall(set, records), nil
		}
	}
	s, err := l.writable(len(set))
	if err != nil {
		return 0, nil, err
	}
	base = s.end
	if !fits(base, records) {
		return 0, nil, fmt.Errorf("%w: %d offsets after %d are more than there are", ErrCorruptBatch, records, base)
	}
	stamp(set, base)
	if err := l.write(s, set); err != nil {
		return 0, nil, err
	}
	l.publish(s, int64(len(set)), base+records, now)
	if sequenced {
		l.writers.noteSet(set, base, now.Unix())
	}
	if l.unsaved += int64(len(set)); l.unsaved >= l.snapshotDue() {
		l.saveWriters()
	}
	return base, nil, nil
}

func (l *Log) maxBatch() int { return int(min(int64(l.cfg.MaxBatchBytes), l.cfg.SegmentBytes)) }

// usable reports why the log takes no appends. The caller holds appendMu.
func (l *Log) usable() error {
	if l.closed {
		return ErrClosed
	}
	if l.failed != nil {
		return fmt.Errorf("%w: %w", ErrFailed, l.failed)
	}
	return nil
}

// writable returns the segment that takes the next n bytes. The caller holds appendMu, so nobody else changes size or end.
func (l *Log) writable(n int) (*segment, error) {
	s := l.segs[len(l.segs)-1]
	if s.size == 0 || s.size+int64(n) <= l.cfg.SegmentBytes {
		return s, nil
	}
	return l.roll(s)
}

// roll closes segment s for writing and begins the next one.
func (l *Log) roll(s *segment) (*segment, error) {
	next, file, err := createSegment(l.cfg, l.dir, s.end)
	if err != nil {
		return nil, fmt.Errorf("begin a new segment: %w", err)
	}
	l.mu.RLock()
	x := s.index
	l.mu.RUnlock()
	if err := writeIndex(s, s.size, s.end, x); err != nil {
		l.cfg.Logger.Warn("cannot store a segment index; it will be made again at the next start", "file", s.path, "error", err)
	}
	if l.cfg.SyncEach {
		if err := SyncDir(l.dir); err != nil {
			return nil, errors.Join(err, next.discard(), os.Remove(next.path))
		}
	}
	l.tail = file
	s.unpin()
	l.mu.Lock()
	l.segs = append(l.segs[:len(l.segs):len(l.segs)], next)
	l.mu.Unlock()
	return next, nil
}

// write puts set behind the published bytes of s. If it fails the file is cut back; if that fails too, the log takes no more.
func (l *Log) write(s *segment, set []byte) error {
	n, err := l.tail.WriteAt(set, s.size)
	if err == nil && n < len(set) {
		err = fmt.Errorf("short write: %d of %d bytes", n, len(set))
	}
	if err != nil {
		err = fmt.Errorf("append to %s: %w", s.path, err)
		return errors.Join(err, l.cutBack(s))
	}
	if l.cfg.SyncEach {
		if err := l.tail.Sync(); err != nil {
			l.failed = fmt.Errorf("force %s to the disk: %w", s.path, err)
			return errors.Join(l.failed, l.cutBack(s))
		}
	} else if n := len(l.dirty); n == 0 || l.dirty[n-1] != s {
		l.dirty = append(l.dirty, s)
	}
	return nil
}

func (l *Log) cutBack(s *segment) error {
	if err := l.tail.Truncate(s.size); err != nil {
		l.failed = fmt.Errorf("cut back %s to %d bytes after a failed write: %w", s.path, s.size, err)
		return l.failed
	}
	return nil
}

// publish makes n written bytes of s visible and wakes who waits for them.
func (l *Log) publish(s *segment, n, end int64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.index = s.index.add(entry{offset: s.end, pos: s.size})
	s.size += n
	s.end, l.end = end, end
	s.touched = now
	l.wake()
}

func (l *Log) wake() {
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
}

// Grown returns a channel that is closed once the log ends after offset, or is closed.
func (l *Log) Grown(offset int64) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end > offset || l.closed {
		return closedChan
	}
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return l.grown
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Bounds returns the first offset that the log still has, and the offset that the next record will get.
func (l *Log) Bounds() (start, end int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.segs[0].base, l.end
}

// Size returns how many bytes of batches the log holds.
func (l *Log) Size() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.size()
}

func (l *Log) size() (total int64) {
	for _, s := range l.segs {
		total += s.size
	}
	return total
}

// Sync forces everything appended so far to the disk. Appends go on meanwhile.
//
// After a failed fsync(2) the system may have dropped the pages that it could not write, and report success the next time.
// So the log takes no more then: ErrFailed. Where a segment could not even be opened, for want of file descriptors, nothing is lost: the
// next Sync tries it again.
func (l *Log) Sync() error {
	l.appendMu.Lock()
	dirty := l.dirty
	l.dirty = nil
	l.appendMu.Unlock()
	for i, s := range dirty {
		f, err := s.acquire()
		if err != nil {
			if l.forsaken(s, err) {
				continue
			}
			l.postpone(dirty[i:])
			return fmt.Errorf("force %s to the disk: %w", s.path, err)
		}
		err = f.Sync()
		s.release()
		if err != nil {
			err = fmt.Errorf("force %s to the disk: %w", s.path, err)
			l.appendMu.Lock()
			l.failed = err
			l.appendMu.Unlock()
			return err
		}
	}
	return nil
}

// forsaken reports whether a segment could not be opened because retention or Close came first.
func (l *Log) forsaken(s *segment, err error) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return s.dropped || errors.Is(err, os.ErrClosed)
}

// postpone leaves segments to the next Sync.
func (l *Log) postpone(segs []*segment) {
	l.appendMu.Lock()
	defer l.appendMu.Unlock()
	later := slices.DeleteFunc(l.dirty, func(s *segment) bool { return slices.Contains(segs, s) })
	l.dirty = slices.DeleteFunc(append(slices.Clone(segs), later...), func(s *segment) bool { return s.dropped })
}

// Close syncs and closes the log and wakes everybody who waits on it.
func (l *Log) Close() error {
	err := l.Sync()
	l.appendMu.Lock()
	defer l.appendMu.Unlock()
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.wake()
	l.mu.Unlock()
	l.writers.evict(0) // gives the quota back
	return errors.Join(err, closeAll(l.segs))
}

// IsDiskFull reports whether an Append failed for want of space.
func IsDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// SyncDir forces the names in a folder to the disk: a new file can be lost with the power even if its contents were forced.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("force folder to the disk: %w", err)
	}
	if err := d.Sync(); err != nil {
		return errors.Join(fmt.Errorf("force folder %s to the disk: %w", dir, err), d.Close())
	}
	return d.Close()
}
