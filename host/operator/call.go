package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/pool"
)

// call sends a stage's module the columns that it asks for, from a clean image where that is asked for. It gives the answer,
// or the failure that rows of the batch may be the reason of, or the error that ends the chain.
//
// The instance is the call's alone, and is given back before the answer is looked at: so no chain ever waits for an instance
// while it holds another one, be it of this stage or of a later one, and lanes cannot wait for each other in a circle.
func (c *Chain) call(ctx context.Context, s *stage, b *batch.Batch, clean bool, res *Result) (*abi.Result, *abi.Failure, error) {
	lease, err := s.lease(ctx, clean)
	if err != nil {
		return nil, nil, err
	}
	sent := make([]arrow.Array, len(s.Send))
	for i, col := range s.Send {
		sent[i] = b.Record.Column(col)
	}
	rec := array.NewRecordBatch(s.Input, sent, b.Record.NumRows())
	defer rec.Release()
	began := time.Now()
	answer, err := lease.Instance.Process(ctx, rec, &rows{Batch: b, latest: b.From.Latest})
	c.guest += time.Since(began)
	c.count(ctx, answer, err)
	if closing := lease.Release(ctx, err != nil); closing != nil {
		if err == nil {
			answer.Release()
		}
		return nil, nil, fmt.Errorf("function %s: closing an instance: %w", s.Function, errors.Join(err, closing))
	}
	if err != nil {
		failure, err := s.judge(ctx, b, err)
		return nil, failure, err
	}
	return answer, nil, nil
}

// lease takes an instance of the stage: as it was opened, where clean is set or its memory has grown by more than it may have
// by now, and as calls that ended well left it otherwise.
func (s *stage) lease(ctx context.Context, clean bool) (*pool.Lease[Guest], error) {
	lease, err := s.pool.Get(ctx, oneTenant)
	if err == nil {
		calls, memory := lease.Instance.Used()
		if calls > 0 && (clean || s.Growth != nil && memory-s.memory > s.Growth()) {
			err = lease.Renew(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("function %s: getting an instance for a call: %w", s.Function, err)
	}
	return lease, nil
}

// count keeps account of a call.
func (c *Chain) count(ctx context.Context, answer *abi.Result, err error) {
	var failure *abi.Failure
	switch {
	case err == nil:
		c.counts.Fuel += int64(answer.Fuel)
		return
	case errors.As(err, &failure):
		c.counts.Fuel += int64(failure.Fuel)
	}
	if ctx.Err() == nil {
		c.counts.Failures++
	}
}

// rows tells a module where the rows of one call came from, and what time it is there: the latest of the partition's rows up
// to that one, whatever instances and stages they went through and wherever batches are cut.
type rows struct {
	*batch.Batch
	seen   int // rows of From that latest knows of
	latest int64
}

func (r *rows) Row(i uint32) abi.Row {
	from, at := r.From, from(r.Batch, i)
	for ; r.seen <= at; r.seen++ {
		r.latest = max(r.latest, from.Time[r.seen])
	}
	return abi.Row{Topic: from.Topic, Partition: from.Partition, Offset: from.Offset[at], Frame: from.Frame[at], Time: r.latest}
}

// from is the source row of a row; a derived one counts as coming from the last.
func from(b *batch.Batch, i uint32) int {
	if b.Derived {
		return b.From.Len() - 1
	}
	return b.Source(int(i))
}
