package pipeline

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/faultpoint"
)

// A lane carries one source partition through the pipeline in three loops with bounded queues between:
//
//	connector.Reader ─▶ framing ─▶ format.Decoder ─▶ batch.Builder ─(decoded)─▶ operator.Chain ─(processed)─▶
//	    format.Encoder ─▶ connector.Writer … checkpoint.Lane ─▶ connector.Reader.Commit
//
// Control travels on the same queues as the batches, so that it needs no order of its own.
type lane struct {
	c      *Config
	name   string
	source *decoding
	chain  *operator.Chain
	sinks  *writing
	saved  checkpoint.Lane
	same   func() error // that the source's and the sinks' topics are those that were opened
	budget *budget
	warned warning
	stats  *LaneStats

	finishing bool // what an earlier plan has in the sinks, and no more: see runEarlier

	decoded, processed chan item
}

// item is what travels on a lane's queues: rows, control, or both; rows come before control.
type item struct {
	batch    *batch.Batch     // decoded rows; nil: none
	outputs  []operator.Batch // what the chain made of them
	rejected []rejection      // rows that decoding or the chain refused
	traces   traces           // of the decoded rows, where sinks carry values
	size     int64            // bytes of the budget that the item holds
	signal   signal           // what to do behind the rows
	err      error            // why the lane stops, where signal is stop and there is a reason
	point
}

// point is a place in the source, with what a checkpoint there says of it.
type point struct {
	next int64            // offset of the first record not wholly in this or an earlier item
	seen *seen            // what the source has shown before next, or a little before; nil: not known
	read *checkpoint.Read // a record before next; nil: none is known
}

// behind is p, with what is known of a point before it where p lies before what is known of it: a lane has stopped within an item.
func (p point) behind(before point) point {
	if p.seen != nil && p.seen.at > p.next {
		p.seen = before.seen
	}
	if p.read != nil && p.read.Offset >= p.next {
		p.read = before.read
	}
	return p
}

// signal is control that travels in order with the batches.
type signal uint8

const (
	none signal = iota
	mark        // save a checkpoint
	stop        // save a checkpoint and end: drained, at the end, or err
)

// queueLength is how many items may wait between two loops; the byte budget bounds their size.
const queueLength = 4

// run runs the lane's loops until all have ended. reading ends before ctx does when the pipeline drains.
func (l *lane) run(ctx, reading context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reading, stopReading := context.WithCancel(reading)
	defer stopReading()
	defer context.AfterFunc(ctx, stopReading)()
	l.decoded, l.processed = make(chan item, queueLength), make(chan item, queueLength)
	var loops sync.WaitGroup
	for _, loop := range []func() error{
		func() error { return l.readAndDecode(ctx, reading) },
		func() error { return l.runGuests(ctx) },
		func() error { return l.encodeAndWrite(ctx) },
	} {
		loops.Go(func() {
			if err := l.contain(loop); err != nil {
				cancel(err)
			}
		})
	}
	loops.Wait()
	return context.Cause(ctx)
}

// contain runs a loop and makes an error of a panic, which is a bug of weir's: other pipelines go on.
func (l *lane) contain(loop func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.c.Log.Debug("bug in weir: a lane panicked", "lane", l.name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("lane %s: bug in weir: %v; please report it, with the stack that --log-level debug shows", l.name, p)
		}
	}()
	return loop()
}

// readAndDecode reads records and cuts them into batches: by count, size and age, and at once when the source has nothing
// more at hand. What ends it, be it bad data, lets what came before it through (invariant 5).
func (l *lane) readAndDecode(ctx, reading context.Context) error {
	defer close(l.decoded)
	for !l.source.atEnd() {
		messages, err := l.source.read(reading) // connector.Reader
		if len(messages) > 0 {
			l.c.outage.over()
			l.c.worked(PartSource)
		}
		if err == nil {
			err = l.source.decodeAll(ctx, reading, messages, l.send) // framing.Splitter, format.Decoder, batch.Builder
		}
		if err != nil || reading.Err() != nil {
			return l.send(ctx, l.source.cut(stop, err))
		}
		if due, s := l.source.due(); due {
			if err := l.send(ctx, l.source.cut(s, nil)); err != nil {
				return err
			}
		}
	}
	return l.send(ctx, l.source.cut(stop, nil))
}

// runGuests hands each batch to the operators. A failure that stops the lane lets what came before it through (invariant
// 5).
func (l *lane) runGuests(ctx context.Context) error {
	defer close(l.processed)
	through := point{next: l.source.start}
	for it := range l.decoded {
		if it.batch != nil {
			began := time.Now()
			if err := l.operate(ctx, &it); err != nil { // operator.Chain
				it = item{signal: stop, err: err, point: through, size: it.size}
			}
			spent(&l.c.Stats.Operators, began)
		}
		it.point = it.behind(through)
		through = it.point
		if err := pass(ctx, l.processed, it); err != nil {
			return err
		}
		if it.signal == stop {
			return nil
		}
	}
	return nil
}

// encodeAndWrite writes what came out, and saves a checkpoint where the item says so: every sink confirmed, then the
// checkpoint durable, then the commit (invariants 1 and 2).
func (l *lane) encodeAndWrite(ctx context.Context) error {
	through := point{next: l.source.start}
	for it := range l.processed {
		if err := l.reserve(&it); err != nil { // checkpoint.Lane, where records are written at most once
			it.release()
			return err
		}
		if err := l.sinks.write(ctx, &it); unfit(err) { // format.Encoder, connector.Writer
			it = item{signal: stop, err: err, point: through, size: it.size}
			l.sinks.again()
		} else if err != nil {
			return err
		}
		through = it.point
		l.budget.release(it.size)
		if it.signal == none && (l.overdue() || l.finishing && l.sinks.reached(it.next)) {
			it.signal = mark
		}
		if it.signal == none {
			continue
		}
		faultpoint.Pass("lane written")
		if err := l.sinks.flush(ctx); err != nil { // connector.Writer
			return err
		}
		faultpoint.Pass("lane confirmed")
		l.c.outage.over()
		l.c.worked(PartSinks, PartLetters)
		if err := l.same(); err != nil { // connector.Source, connector.Sink
			return err
		}
		if it.err == nil { // what fails the lane may be that the cluster is gone
			if err := l.sinks.settle(ctx, it.next); err != nil { // connector.Sink
				return err
			}
		}
		if err := l.save(it.point); err != nil { // checkpoint.Lane
			return err
		}
		faultpoint.Pass("lane saved")
		if err := l.source.commit(ctx, it.next); err != nil { // connector.Reader
			return err
		}
		faultpoint.Pass("lane committed")
		if it.signal == stop {
			return it.err
		}
		if l.finishing && l.sinks.through() {
			return errThrough
		}
	}
	return nil
}

// overdue tells whether a checkpoint is long due, and its mark still behind items that take their time: a lane that is killed now and then
// has to get on.
func (l *lane) overdue() bool { return time.Since(l.sinks.checkpointed) >= 2*l.c.CheckpointInterval }

// send puts an item on the first queue once the budget has room for it.
func (l *lane) send(ctx context.Context, it item) error {
	if err := l.budget.acquire(ctx, it.size); err != nil {
		it.release()
		return err
	}
	return pass(ctx, l.decoded, it)
}

// pass puts an item on a queue, or lets go of it where ctx has ended. Once it has let go of one it never passes another,
// since a checkpoint behind a gap would lose what was in the gap.
func pass(ctx context.Context, queue chan<- item, it item) error {
	if ctx.Err() != nil {
		it.release()
		return context.Cause(ctx)
	}
	select {
	case queue <- it:
		return nil
	case <-ctx.Done():
		it.release()
		return context.Cause(ctx)
	}
}
