package pipeline

import (
	"context"
	"slices"
	"sort"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/operator"
)

// operate runs the chain over an item's batch, and lets go of it. It belongs to the second loop.
func (l *lane) operate(ctx context.Context, it *item) error {
	b := it.batch
	it.batch = nil
	defer b.Record.Release()
	result, err := l.process(ctx, b)
	if err != nil {
		return err
	}
	if at := l.stopping(result.Rejected); at != nil {
		operator.Release(result.Batches)
		if result, err = l.stopAt(ctx, it, b, at); err != nil {
			return err
		}
	}
	it.outputs = result.Batches
	it.rejected = append(it.rejected, l.fromOperators(result.Rejected)...)
	// A letter's place in its topic must not depend on where batches are cut.
	slices.SortStableFunc(it.rejected, func(a, b rejection) int { return a.letter.Compare(&b.letter) })
	return nil
}

func (l *lane) process(ctx context.Context, b *batch.Batch) (*operator.Result, error) {
	result, err := l.chain.Process(ctx, b)
	counts := l.chain.Counts()
	l.c.Stats.Fuel.Add(counts.Fuel)
	l.c.Stats.Traps.Add(counts.Failures)
	l.c.Stats.ExtraCalls.Add(counts.Extra)
	l.c.Stats.Guest.Add(int64(l.chain.GuestTime()))
	return result, err
}

// stopAt ends the lane at the record of a rejected row. The rows before it go through (invariant 5): they are run once
// more, alone, which gives what it gave before, since modules keep no state.
func (l *lane) stopAt(ctx context.Context, it *item, b *batch.Batch, at *operator.Rejection) (*operator.Result, error) {
	it.signal, it.err, it.next = stop, at.Stop(), at.Letter.Offset
	l.c.Stats.rejected(&rejection{letter: at.Letter, condemned: at.Condemned})
	it.rejected = slices.DeleteFunc(it.rejected, func(r rejection) bool { return r.letter.Compare(&at.Letter) >= 0 })
	rows := sort.Search(b.From.Len(), func(i int) bool {
		offset := b.From.Offset[i]
		return offset > at.Letter.Offset || offset == at.Letter.Offset && b.From.Frame[i] >= at.Letter.Frame
	})
	if rows == 0 {
		return new(operator.Result), nil
	}
	before := head(b, rows)
	defer before.Record.Release()
	l.chain.Disarm() // the breakers have counted these rows
	result, err := l.process(ctx, before)
	if err == nil && l.stopping(result.Rejected) != nil { // the module changed its mind
		operator.Release(result.Batches)
		err = at.Stop()
	}
	return result, err
}

// head is the first rows of a batch as it was decoded.
func head(b *batch.Batch, rows int) *batch.Batch {
	return &batch.Batch{Record: b.Record.NewSlice(0, int64(rows)), From: b.From.Part(0, rows)}
}

// stopping finds the first rejected row that has nowhere to go, nil where there is none.
func (l *lane) stopping(rows []operator.Rejection) (first *operator.Rejection) {
	for i := range rows {
		r, to := &rows[i], l.c.OnReject[rows[i].Stage]
		if to.Letters < 0 && !to.Drop && (first == nil || r.Letter.Compare(&first.Letter) < 0) {
			first = r
		}
	}
	return first
}
