package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/fault"
)

// openLane finds the lane's place, makes checkpoint 0 where there is none, and opens everything the lane uses. old, which may be nil, is
// the lane as it was: it is closed, and its checkpoints and its end go over.
func openLane(ctx context.Context, f *fleet, p uint32, old *lane) (_ *lane, err error) {
	c := f.c
	l := newLane(c, p, f.budget)
	defer func() {
		if err != nil {
			_ = l.close() // the first error is the one to tell
		}
	}()
	if old != nil {
		l.saved, old.saved = old.saved, nil
		err = old.close()
	} else {
		l.saved, err = c.Store.Open(c.Name, f.source.Topic(), p)
	}
	if err != nil {
		return nil, err
	}
	end := connector.NoEnd
	if old != nil {
		end = old.source.end
	} else if c.UntilEnd {
		if end, err = f.source.End(ctx, p); err != nil {
			return nil, err
		}
	}
	if err = l.open(ctx, f, p, end); err != nil {
		return nil, err
	}
	l.opened()
	return l, nil
}

func newLane(c *Config, p uint32, b *budget) *lane {
	return &lane{c: c, name: fmt.Sprintf("%s/%d", c.Name, p), budget: b}
}

// open opens everything but the checkpoints, which are open.
func (l *lane) open(ctx context.Context, f *fleet, p uint32, end int64) (err error) {
	if l.chain, err = l.c.Chain(ctx); err != nil {
		return err
	}
	for l.source == nil {
		if err := l.enter(ctx, f, p, end); err != nil && !l.c.skips(err) {
			return err
		}
	}
	return nil
}

// enter opens the lane's sinks and its source at its place.
func (l *lane) enter(ctx context.Context, f *fleet, p uint32, end int64) error {
	last, err := f.place(ctx, p, l.saved)
	if err != nil {
		return err
	}
	if err := notBeyond(ctx, f.source, p, last.Next); err != nil {
		return err
	}
	if err := f.sameTopic(ctx, p, last.Read); err != nil {
		return err
	}
	if end >= 0 {
		end = max(end, last.Next)
	}
	l.same = func() error { return errors.Join(f.sameSource(), f.outs.same()) }
	if l.sinks, err = f.outs.open(ctx, l.name, l.saved, last); err != nil {
		return err
	}
	l.sinks.finishing = l.finishing
	from, writers := seenAt(last)
	reader, err := f.source.Open(ctx, p, from, end, writers)
	var gone *connector.OutOfRangeError
	if errors.As(err, &gone) {
		err = outOfRange(gone)
	}
	if err == nil {
		if l.source, err = newDecoding(l.c, reader, f.source.Topic(), p, last.Next, end); err == nil {
			return nil
		}
		_ = reader.Close()
	}
	_ = l.sinks.close()
	l.sinks = nil
	return err
}

// notBeyond refuses a stored offset past the log's end: the topic is another one than it was.
func notBeyond(ctx context.Context, source connector.Source, p uint32, next int64) error {
	end, err := source.End(ctx, p)
	if err != nil || next <= end {
		return err
	}
	return fault.Inputf("the checkpoint is at offset %d, but the partition ends at %d; was the topic deleted and made again? "+
		"If so, %s", next, end, toRead)
}

// release lets go of the item's batches.
func (it *item) release() {
	if it.batch != nil {
		it.batch.Record.Release()
	}
	operator.Release(it.outputs)
	it.batch, it.outputs = nil, nil
}

// close closes what the lane opened, in the order that lets nothing be written after its place is given up.
func (l *lane) close() (err error) {
	for it := range drained(l.decoded) {
		it.release()
	}
	for it := range drained(l.processed) {
		it.release()
	}
	if l.source != nil {
		l.source.close()
		err = errors.Join(err, l.source.reader.Close())
	}
	if l.chain != nil {
		err = errors.Join(err, l.chain.Close(context.Background()))
	}
	if l.sinks != nil {
		err = errors.Join(err, l.sinks.close())
	}
	if l.saved != nil {
		err = errors.Join(err, l.saved.Close())
	}
	return err
}

// drained yields what is left on a queue after its loops have ended.
func drained(queue chan item) func(yield func(item) bool) {
	return func(yield func(item) bool) {
		for {
			select {
			case it, ok := <-queue:
				if !ok || !yield(it) {
					return
				}
			default:
				return
			}
		}
	}
}
