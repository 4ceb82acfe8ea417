package pipeline

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stats counts what a pipeline did. The zero Stats is ready; give it to one Run at a time. Every field may be read while it
// runs: lanes add to atomics, and whoever reads takes no lock that a lane waits for again and again.
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

	// Verbatim counts rows that went out as the bytes of their records, Patched those that were made of values of their records and of
	// others: what was made for a sink, whether it was found there already or is confirmed later.
	Verbatim, Patched atomic.Int64

	// Suppressed counts records and dead letters that were made and not written, because they were found in the sink: a run
	// before had written them. The lane's writing side adds one where it leaves out an ordinal.
	Suppressed atomic.Int64
	// Stale counts records that the source left out because their writer had sent them before, in whole batches as a rule, as
	// connector.Reader.Stale says.
	Stale atomic.Int64
	// GivenUp counts records and dead letters that sinks with at_most_once have given up. Their bytes are in BytesOut, their codes in
	// LetterCodes.
	GivenUp atomic.Int64
	// Lost counts records that were gone from the source before they were read. Whoever opens a lane further on than its
	// checkpoint says adds the difference.
	Lost atomic.Int64

	// Rejected by code: frames that could not be decoded, rows that a module rejected, rows that a module failed on alone.
	// Dead letters by code, as they are confirmed.
	BadData, Refused, Poison, LetterCodes Codes
	// Recent are the rows that were rejected last, and the one that has stopped the pipeline.
	Recent Recent

	// Parts is the trouble that connectors have had, by who had it.
	Parts [Parts]Trouble

	// Saves are the checkpoints that were saved, by how many seconds that took; SaveFailures those that could not be.
	Saves        Histogram
	SaveFailures atomic.Int64

	// Nanoseconds spent in each stage, summed over lanes; waiting for another stage is not in them.
	Decode, Operators, Guest, Encode, Write, Checkpoint atomic.Int64

	started, stopped atomic.Int64
	phase            atomic.Int32
	failure          atomic.Pointer[error]
	queue            atomic.Pointer[budget]

	mu    sync.Mutex // held when a lane is opened, and by readers
	lanes []*LaneStats
}

// Phase is how far a pipeline has come.
type Phase int32

// The phases, in order; a pipeline that has failed or ended may begin anew.
const (
	Planned       Phase = iota // Run has not begun
	OpeningSource              // it connects to the source
	OpeningSinks
	OpeningLanes
	Reading // its lanes run, or it waits without one
	Ended   // all is through: at the end, or drained
	Failed  // Run has returned an error
)

// Phase is where the pipeline is.
func (s *Stats) Phase() Phase { return Phase(s.phase.Load()) }

func (s *Stats) enter(p Phase) { s.phase.Store(int32(p)) }

// Failure is why Run has failed; nil where the phase is another than Failed.
func (s *Stats) Failure() error {
	if err := s.failure.Load(); err != nil && s.Phase() == Failed {
		return *err
	}
	return nil
}

// ended notes what Run returns.
func (s *Stats) ended(err error) {
	if err == nil {
		s.enter(Ended)
		return
	}
	s.failure.Store(&err)
	s.enter(Failed)
}

// Queue is how many bytes the lanes hold between reading and writing, and how many they may.
func (s *Stats) Queue() (used, limit int64) {
	b := s.queue.Load()
	if b == nil {
		return 0, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, b.limit
}

// start says that the lanes begin to run.
func (s *Stats) start() {
	s.started.Store(time.Now().UnixNano())
	s.enter(Reading)
}

func (s *Stats) stop() { s.stopped.Store(time.Now().UnixNano()) }

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
