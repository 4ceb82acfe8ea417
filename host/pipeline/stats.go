package pipeline

import (
	"sync/atomic"
	"time"
)

// Stats counts what a pipeline did. Every field may be read while it runs.
type Stats struct {
	RecordsIn  atomic.Int64 // records read from the source
	RowsIn     atomic.Int64 // rows decoded from them
	RowsOut    atomic.Int64 // rows that sinks have confirmed
	RecordsOut atomic.Int64 // records that sinks have confirmed, dead letters aside
	Rejected   atomic.Int64 // rows that could not be decoded or that a module rejected
	Letters    atomic.Int64 // dead letters confirmed
	Condemned  atomic.Int64 // rejected rows that a module failed on alone
	Fuel       atomic.Int64 // consumed by calls of modules; opening them is not counted
	Traps      atomic.Int64 // calls of modules that failed
	ExtraCalls atomic.Int64 // calls of modules on parts of batches that had failed
	BytesIn    atomic.Int64 // bytes of record values read
	BytesOut   atomic.Int64 // bytes of record values that sinks have confirmed

	// Nanoseconds spent in each stage, summed over lanes; waiting for another stage is not in them.
	Decode, Operators, Guest, Encode, Write, Checkpoint atomic.Int64

	started, stopped atomic.Int64
}

func (s *Stats) start() { s.started.Store(time.Now().UnixNano()) }
func (s *Stats) stop()  { s.stopped.Store(time.Now().UnixNano()) }

// Seconds is the time since the lanes began to run, or that they ran for.
func (s *Stats) Seconds() float64 {
	start, stop := s.started.Load(), s.stopped.Load()
	if start == 0 {
		return 0
	}
	if stop == 0 {
		stop = time.Now().UnixNano()
	}
	return time.Duration(stop - start).Seconds()
}

// spent adds the time since from to a stage and returns now, so that stages can be timed in a row.
func spent(stage *atomic.Int64, from time.Time) time.Time {
	now := time.Now()
	stage.Add(int64(now.Sub(from)))
	return now
}
