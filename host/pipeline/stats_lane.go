package pipeline

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// LaneStats is how far a lane is. Every method may be called while it runs.
type LaneStats struct {
	Topic     string
	Partition uint32

	state   atomic.Int32
	read    atomic.Int64 // offset of the first record not wholly read
	covered atomic.Int64 // of the first record that the newest checkpoint does not cover
	end     atomic.Int64 // behind the partition's newest record, as far as that is known; -1: not
	since   atomic.Int64 // when the oldest record was read that no checkpoint covers, in Unix nanoseconds; 0: there is none
}

// LaneState is what a lane does.
type LaneState int32

// What lanes do. The others of a pipeline stop when one has failed.
const (
	LaneOpened LaneState = iota
	LaneRunning
	LaneEnded
	LaneFailed
)

// State is what the lane does.
func (l *LaneStats) State() LaneState { return LaneState(l.state.Load()) }

// Offsets are the first record not wholly read, and the first that no checkpoint covers.
func (l *LaneStats) Offsets() (read, covered int64) { return l.read.Load(), l.covered.Load() }

// Lag is how many offsets of the partition no checkpoint covers; ok: it is known.
func (l *LaneStats) Lag() (lag int64, ok bool) {
	covered, end := l.covered.Load(), l.end.Load()
	return max(0, end-covered), end >= 0
}

// Uncovered is for how long, by now, records have been read that no checkpoint covers; 0 where there are none.
func (l *LaneStats) Uncovered(now time.Time) time.Duration {
	since := l.since.Load()
	if since == 0 {
		return 0
	}
	return max(0, time.Duration(now.UnixNano()-since))
}

// took says that everything before next has been read.
func (l *LaneStats) took(next int64) {
	if next > l.read.Load() {
		l.read.Store(next)
		l.since.CompareAndSwap(0, time.Now().UnixNano())
	}
}

// saved says that a checkpoint covers everything before next. The lane reads meanwhile: what it took before the swap keeps
// the time of the save, what it takes behind it finds 0 and sets its own.
func (l *LaneStats) saved(next int64) {
	l.covered.Store(next)
	l.since.Store(0)
	if l.read.Load() > next {
		l.since.CompareAndSwap(0, time.Now().UnixNano())
	}
}

// Lanes are those opened so far, by partition.
func (s *Stats) Lanes() []*LaneStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lanes)
}

// lane makes the stats of a lane that begins at next, or takes those that an earlier one of the partition has left.
func (s *Stats) lane(topic string, partition uint32, next int64) *LaneStats {
	l := &LaneStats{Topic: topic, Partition: partition}
	l.read.Store(next)
	l.covered.Store(next)
	l.end.Store(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	at, found := slices.BinarySearchFunc(s.lanes, partition, func(l *LaneStats, p uint32) int { return cmp.Compare(l.Partition, p) })
	if found {
		s.lanes[at] = l
	} else {
		s.lanes = slices.Insert(s.lanes, at, l)
	}
	return l
}

// opened begins the account of a lane that has been opened.
func (l *lane) opened() {
	d := l.source
	l.account(l.c.Stats.lane(d.topic, d.partition, d.start))
	l.c.Log.Info("lane opened", "lane", l.name, "topic", d.topic, "partition", d.partition, "offset", d.start)
}

// account lets the lane keep its account.
func (l *lane) account(s *LaneStats) { l.stats, l.source.stats = s, s }

// account keeps account of what has been read. It belongs to the first loop, as the reader does.
func (d *decoding) account() {
	d.stats.took(d.next)
	stale := d.reader.Stale()
	d.c.Stats.Stale.Add(stale - d.stale)
	d.stale = stale
}

// save is sinks.save on the lane's account.
func (l *lane) save(at point) error {
	began := time.Now()
	if err := l.sinks.save(at); err != nil {
		l.c.Stats.SaveFailures.Add(1)
		return err
	}
	l.c.Stats.Saves.Observe(time.Since(began))
	l.stats.saved(at.next)
	return nil
}

// begin and finish surround the lane's run. first says that no lane failed before.
func (l *LaneStats) begin() { l.state.Store(int32(LaneRunning)) }

func (l *LaneStats) finish(err error, first bool) {
	if err != nil && first {
		l.state.Store(int32(LaneFailed))
		return
	}
	l.state.Store(int32(LaneEnded))
}
