package operator

import (
	"context"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
)

// isolation is the search for the rows of one batch that a stage's module fails on. Parts are run, and their answers take
// effect, from left to right.
type isolation struct {
	*Chain
	stage  int
	batch  *batch.Batch
	res    *Result
	misled bool // the progress cell has pointed at a row that was fine: it is not believed again

	// A call that fails costs the copy of all its rows, so behind a few poison rows the others are run a stride at a time:
	// four times the way from one poison row to the next so far, and twice as many after each stride that is fine.
	stride    int
	condemned int
}

// A batch may have unhurried poison rows before strides begin: up to there one costs three calls. Strides shorter than the
// least are not worth a call.
const (
	unhurried   = 3
	leastStride = 64
)

// isolate runs the rows of a batch that stage i's module failed on in parts, and condemns those that it fails on alone.
func (c *Chain) isolate(ctx context.Context, i int, b *batch.Batch, failure *abi.Failure, res *Result) error {
	n := int(b.Record.NumRows())
	s := &isolation{Chain: c, stage: i, batch: b, res: res, stride: n}
	if n > 1 {
		return s.cut(ctx, 0, n, failure.Row)
	}
	// Whether the call happened to begin on a clean image depends on what other lanes do, so it is not looked at.
	_, err := s.run(ctx, 0, n)
	return err
}

// run runs the rows from lo to hi, and cuts them where the module fails on them; it tells whether it did not.
func (s *isolation) run(ctx context.Context, lo, hi int) (fine bool, err error) {
	if lo == hi {
		return true, nil
	}
	t, err := s.try(ctx, lo, hi)
	if err != nil {
		return false, err
	}
	if t.failure != nil && hi-lo > 1 {
		return false, s.cut(ctx, lo, hi, t.failure.Row)
	}
	return t.failure == nil, s.settle(ctx, t)
}

// cut runs the rows from lo to hi, which the module failed on together, in parts. hint is what the progress cell said,
// counted from lo; -1: nothing.
func (s *isolation) cut(ctx context.Context, lo, hi, hint int) error {
	for end := hi; lo < hi; { // it is the rows from lo to end that the module failed on
		if s.misled || hint < 0 || hint >= end-lo {
			return s.halve(ctx, lo, end, hi)
		}
		// The row that the cell points at is tried first, since the instance has to be restored now anyway. What comes of it
		// takes effect in its turn.
		at := lo + hint
		row, err := s.try(ctx, at, at+1)
		if err != nil {
			return err
		}
		s.misled = row.failure == nil
		before, err := s.run(ctx, lo, at)
		if err != nil {
			row.release()
			return err
		}
		if err := s.settle(ctx, row); err != nil {
			return err
		}
		if row.failure == nil && before && end-at > 2 { // the failure is in what is left: no need to see it once more
			return s.halve(ctx, at+1, end, hi)
		}
		if lo, end, hint, err = s.advance(ctx, at+1, hi); err != nil {
			return err
		}
	}
	return nil
}

// advance runs the rows from lo to hi, a stride at a time, and stops at the stride that the module fails on: the rows from
// next to end, and the hint about them. Where it gets through, next is hi.
func (s *isolation) advance(ctx context.Context, lo, hi int) (next, end, hint int, err error) {
	for lo < hi {
		end := min(hi, lo+s.stride)
		t, err := s.try(ctx, lo, end)
		if err != nil {
			return 0, 0, 0, err
		}
		if t.failure != nil && end-lo > 1 {
			return lo, end, t.failure.Row, nil
		}
		if t.failure == nil {
			s.stride = min(2*s.stride, int(s.batch.Record.NumRows()))
		}
		if err := s.settle(ctx, t); err != nil {
			return 0, 0, 0, err
		}
		lo = end
	}
	return hi, hi, -1, nil
}

// halve runs the rows from lo to end, two at least that the module failed on together, in two parts, and those up to hi.
func (s *isolation) halve(ctx context.Context, lo, end, hi int) error {
	middle := lo + (end-lo)/2
	for _, span := range [][2]int{{lo, middle}, {middle, end}, {end, hi}} {
		if _, err := s.run(ctx, span[0], span[1]); err != nil {
			return err
		}
	}
	return nil
}

// trial is what came of a call on the rows from lo to hi: an answer, or a failure.
type trial struct {
	lo, hi  int
	part    *batch.Batch
	answer  *abi.Result
	failure *abi.Failure
}

func (t *trial) release() {
	if t.failure == nil {
		t.answer.Release()
		t.part.Record.Release()
	}
}

// try calls the module on the rows from lo to hi, from a clean image where that is one row.
func (s *isolation) try(ctx context.Context, lo, hi int) (t trial, err error) {
	if ctx.Err() != nil {
		return t, context.Cause(ctx)
	}
	t = trial{lo: lo, hi: hi, part: part(s.batch, lo, hi)}
	s.counts.Extra++
	t.answer, t.failure, err = s.call(ctx, s.stages[s.stage], t.part, hi-lo == 1, s.res)
	if err != nil || t.failure != nil {
		t.part.Record.Release()
	}
	return t, err
}

// settle lets an answer take effect, or condemns the one row that the module failed on.
func (s *isolation) settle(ctx context.Context, t trial) error {
	if t.failure != nil {
		return s.condemn(t.lo, t.failure)
	}
	defer t.part.Record.Release()
	s.stages[s.stage].breaker.passed(t.hi - t.lo)
	return s.take(ctx, s.stage, t.part, t.answer, s.res)
}

// condemn rejects a row that the module failed on alone, unless the breaker finds that too many are.
func (s *isolation) condemn(row int, failure *abi.Failure) error {
	reason := "the module failed on the row alone: " + failure.Reason()
	if err := s.reject(s.stage, s.batch, row, failure.Code, reason, s.res); err != nil {
		return err
	}
	rejection := &s.res.Rejected[len(s.res.Rejected)-1]
	rejection.Condemned = true
	if s.condemned++; s.condemned > unhurried {
		s.stride = max(leastStride, 4*(row+1)/s.condemned)
	}
	stage := s.stages[s.stage]
	if limit, option := stage.breaker.condemned(); limit != "" {
		return stage.tripped(limit, option, &rejection.Letter)
	}
	return nil
}

// part is the rows from lo to hi of a batch. The caller releases it, and keeps b meanwhile.
func part(b *batch.Batch, lo, hi int) *batch.Batch {
	p := &batch.Batch{Record: b.Record.NewSlice(int64(lo), int64(hi)), From: b.From, Derived: b.Derived}
	switch {
	case b.Derived:
	case b.Origin != nil:
		p.Origin = b.Origin[lo:hi]
	default:
		p.From = b.From.Part(lo, hi)
		p.From.Latest = b.From.LatestBefore(lo)
	}
	return p
}
