package abi

import (
	"context"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
)

// Row is where an input row came from. It decides the guest's clock and randomness, and is in its log lines.
type Row struct {
	Topic     string
	Partition uint32
	Offset    int64
	Frame     int32
	Time      int64 // ms since 1970, the guest's clock: the latest of the stream so far; -1: none
}

// Rows tells where each row of a batch came from.
type Rows interface {
	Row(i uint32) Row
}

// Result is what a guest answered to one batch, checked. It is the caller's until Release.
type Result struct {
	Emits    []Emit
	Rejected []Rejection
	Fuel     uint64 // consumed by the call of weir_process

	rows  []uint32 // holds the row lists of all emits
	owner *spareResults
}

// Emit is one emit.
type Emit struct {
	Output int // index into Instance.Outputs
	// Selection are the input rows that a patch keeps, strictly ascending; nil: all of them. An empty list that is not
	// nil keeps none.
	Selection []uint32
	// Origin is, for each row of a batch, the input row that it came from; nil: not told.
	Origin []uint32
	// Record holds the rows of a batch, or the columns of a patch, as long as the selection; nil: a patch without columns.
	Record arrow.RecordBatch
}

// Rejection is an input row that the guest could not handle.
type Rejection struct {
	Row           uint32
	Code, Message string
}

// Release lets go of the records (who keeps one retains it) and of the lists. The result must not be used afterwards.
func (r *Result) Release() {
	for k := range r.Emits {
		if r.Emits[k].Record != nil {
			r.Emits[k].Record.Release()
		}
	}
	clear(r.Emits)
	clear(r.Rejected)
	r.Emits, r.Rejected, r.rows = r.Emits[:0], r.Rejected[:0], r.rows[:0]
	if r.owner != nil { // nil: made by another Guest than an Instance
		r.owner.put(r)
	}
}

// list takes a row list of n out of the result's own memory.
func (r *Result) list(n int) []uint32 {
	if cap(r.rows)-len(r.rows) < n || r.rows == nil {
		r.rows = make([]uint32, 0, max(2*cap(r.rows), n, 64)) // lists handed out before keep the old memory alive
	}
	r.rows = r.rows[:len(r.rows)+n]
	return r.rows[len(r.rows)-n : len(r.rows) : len(r.rows)]
}

// spareResults keeps a few released results for the next calls.
type spareResults struct {
	mu    sync.Mutex
	spare []*Result
}

func (s *spareResults) take() *Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.spare); n > 0 {
		r := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return r
	}
	return &Result{owner: s}
}

func (s *spareResults) put(r *Result) {
	const most, biggest = 4, 1 << 16
	if cap(r.rows) > biggest || cap(r.Emits) > biggest/16 || cap(r.Rejected) > biggest/16 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spare) < most {
		s.spare = append(s.spare, r)
	}
}

// Process hands one batch to the guest and returns what it answered. batch has the columns of Config.Input; from tells
// where its rows came from, nil where nothing is known. An error of the guest's is a *Failure: nothing of the call counts,
// and the instance is dead until Restore.
func (i *Instance) Process(ctx context.Context, batch arrow.RecordBatch, from Rows) (_ *Result, err error) {
	if i.dead {
		return nil, fmt.Errorf("module %s: %w", i.config.Name, ErrDead)
	}
	i.world.now = i.opened.now // whatever the last call was about
	size, err := i.writer.Prepare(batch)
	if err != nil {
		return nil, fmt.Errorf("module %s: the batch is not of the schema that the guest was opened with: %w", i.config.Name, err)
	}
	result := i.spare.take()
	defer func() {
		if err != nil {
			result.Release()
		}
	}()
	defer i.contain(&err)
	arena, err := i.reserve(ctx, size)
	if err != nil {
		return nil, i.fail(err)
	}
	i.writer.Write(arena)
	i.stats.BytesIn += uint64(size)
	i.stats.Calls++
	i.begin(phaseProcess, "weir_process")
	i.call.rows, i.call.from, i.call.result = uint32(batch.NumRows()), from, result
	if i.hasProgress {
		copy(i.memory.Bytes()[i.progress:], []byte{0, 0, 0, 0})
	}
	status, err := i.run(ctx, i.processFunc, uint32(size))
	if err != nil {
		return nil, i.fail(err)
	}
	if status != StatusOK {
		return nil, i.fail(i.refused(status))
	}
	if err := i.call.disjoint(i.outputs); err != nil {
		return nil, i.fail(err)
	}
	result.Fuel = i.spent()
	i.begin(phaseIdle, "")
	return result, nil
}

// disjoint checks that no rejected row is also selected or an origin.
func (c *call) disjoint(outputs []Output) error {
	if !c.refused {
		return nil
	}
	for k, e := range c.result.Emits {
		if outputs[e.Output].Kind == OutputPatch && e.Selection == nil {
			return violated(CodeEmitRejected, "emit %d selects all rows, rejected ones too", k)
		}
		for _, rows := range [][]uint32{e.Selection, e.Origin} {
			for _, row := range rows {
				if c.rejected.has(row) {
					return violated(CodeEmitRejected, "row %d is rejected, and emit %d selects it or comes from it", row, k)
				}
			}
		}
	}
	return nil
}
