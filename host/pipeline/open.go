package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/fault"
)

// openLane finds the lane's place, makes checkpoint 0 where there is none, and opens everything the lane uses.
func openLane(ctx context.Context, c *Config, source connector.Source, outs *sinks, p uint32, budget *budget) (_ *lane, err error) {
	l := &lane{c: c, name: fmt.Sprintf("%s/%d", c.Name, p), budget: budget}
	defer func() {
		if err != nil {
			_ = l.close() // the first error is the one to tell
		}
	}()
	if l.saved, err = c.Store.Open(c.Name, source.Topic(), p); err != nil {
		return nil, err
	}
	last, err := place(ctx, c, source, p, l.saved, outs)
	if err != nil {
		return nil, err
	}
	end, err := endOffset(ctx, c, source, p, last.Next)
	if err != nil {
		return nil, err
	}
	if l.chain, err = c.Chain(ctx); err != nil {
		return nil, err
	}
	if l.sinks, err = outs.open(ctx, l.name, l.saved, last); err != nil {
		return nil, err
	}
	from, writers := seenAt(last)
	reader, err := source.Open(ctx, p, from, end, writers)
	if err != nil {
		return nil, err
	}
	if l.source, err = newDecoding(c, reader, source.Topic(), p, last.Next, end); err != nil {
		_ = reader.Close()
		return nil, err
	}
	l.opened()
	return l, nil
}

// endOffset returns where the run ends, -1 for never. A stored offset past the log's end means that the topic is another
// one than it was.
func endOffset(ctx context.Context, c *Config, source connector.Source, p uint32, next int64) (int64, error) {
	end, err := source.End(ctx, p)
	if err != nil {
		return 0, err
	}
	if next > end {
		return 0, fault.Inputf("the checkpoint is at offset %d, but the partition ends at %d; was the topic deleted and made again? "+
			"Run with another --state to read it from its start", next, end)
	}
	if !c.UntilEnd {
		return -1, nil
	}
	return end, nil
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
