package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// fleet is a worker's lanes: of the partitions p with p mod Workers = Worker, as many as the source has got by now.
type fleet struct {
	c       *Config
	source  connector.Source
	outs    *sinks
	budget  *budget
	started int // how many partitions the source had at the start of the run
	known   int // those below have lanes, here or at another worker
	first   func() (int, error)
	earlier sync.Mutex // held by the lane that is run as it was planned before, with a source, sinks and a budget of its own

	mu    sync.Mutex
	lanes []*lane // those that are open
}

func newFleet(c *Config, source connector.Source, outs *sinks) *fleet {
	f := &fleet{c: c, source: source, outs: outs, budget: newBudget(c.QueueBytes), started: count(source.Partitions())}
	f.first = sync.OnceValues(f.findFirst)
	return f
}

// count is how many partitions there are, those included that are not read.
func count(partitions []uint32) int {
	if len(partitions) == 0 {
		return 0
	}
	return int(partitions[len(partitions)-1]) + 1
}

// findFirst is how many partitions the source had when the pipeline first began, as the oldest lane remembers that the store knows of.
// Where none does, that is now.
func (f *fleet) findFirst() (int, error) {
	first, known := f.started, false
	var unread error
	states, err := f.c.Store.List()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	for _, s := range states {
		if s.Pipeline != f.c.Name {
			continue
		}
		if s.OK && s.Last.Topic == f.source.Topic() {
			first, known = min(first, s.Last.SourcePartitions), true
		}
		unread = cmp.Or(unread, s.Err)
	}
	if !known && unread != nil {
		return 0, unread
	}
	return first, nil
}

// open opens the lanes that there are at the start.
func (f *fleet) open(ctx context.Context) error {
	return f.more(func(p uint32) error {
		_, err := f.openLane(ctx, p, nil)
		return err
	})
}

// openAtOnce is how many lanes are opened at a time: most of it is waiting for answers.
const openAtOnce = 8

// more calls open for each of the worker's partitions that it does not know yet, for some at a time, and returns the error of the first one.
func (f *fleet) more(open func(p uint32) error) error {
	partitions := f.source.Partitions()
	n := count(partitions)
	if n < f.known {
		return f.fewer(n, f.known)
	}
	var mine []uint32
	for _, p := range partitions {
		if int64(p) >= int64(f.known) && p%f.c.Workers == f.c.Worker {
			mine = append(mine, p)
		}
	}
	if err := several(len(mine), openAtOnce, func(i int) error { return open(mine[i]) }); err != nil {
		return err
	}
	f.known = n
	return nil
}

// fewer says that the source has less partitions than it had.
func (f *fleet) fewer(now, before int) error {
	return fault.Inputf("topic %s has %d partitions, it had %d; was the topic deleted and made again? "+
		"If so, begin anew with another --state: what is made of its records is written again, whatever the sinks hold", f.source.Topic(), now, before)
}

// run runs the lanes until all have ended, those included that come meanwhile.
func (f *fleet) run(ctx context.Context, drain <-chan struct{}) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	ended := make(chan struct{})
	var watcher, running sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-drain:
			stopReading()
			f.c.outage.wait(ended, cancel)
		case <-ended:
		}
	})
	run := func(l *lane) {
		running.Go(func() {
			if err := f.runLane(ctx, reading, l); err != nil {
				cancel(err)
			}
		})
	}
	for _, l := range slices.Clone(f.lanes) {
		run(l)
	}
	if !f.c.UntilEnd {
		running.Go(func() {
			if err := f.grow(ctx, reading, run); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	close(ended)
	watcher.Wait()
	return context.Cause(ctx)
}

// growthLook is how often the source is asked how many partitions it has.
const growthLook = time.Second

// grow runs the lanes of partitions that the source gets, until reading ends.
func (f *fleet) grow(ctx, reading context.Context, run func(*lane)) error {
	tick := time.NewTicker(growthLook)
	defer tick.Stop()
	for {
		select {
		case <-reading.Done():
			return nil
		case <-tick.C:
		}
		err := f.more(func(p uint32) error {
			l, err := f.openWhileReading(ctx, reading, p, nil)
			if l != nil {
				run(l)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
}

// openWhileReading is openLane, but gives up when reading ends: the lane is nil then.
func (f *fleet) openWhileReading(ctx, reading context.Context, p uint32, old *lane) (*lane, error) {
	ctx, giveUp := context.WithCancel(ctx)
	opened := context.AfterFunc(reading, giveUp)
	defer opened() // ctx stays: the lane outlives reading
	l, err := f.openLane(ctx, p, old)
	if reading.Err() != nil {
		err = nil
	}
	return l, err
}

// runLane runs a lane to its end. One that retention has overtaken, and that may go on, is opened again.
func (f *fleet) runLane(ctx, reading context.Context, l *lane) error {
	for {
		l.stats.begin()
		err := l.run(ctx, reading)
		if err == nil || ctx.Err() != nil || !f.c.skips(err) {
			l.stats.finish(err, ctx.Err() == nil)
			return err
		}
		next, err := f.again(ctx, reading, l)
		if next == nil {
			l.stats.finish(err, ctx.Err() == nil)
			return err
		}
		l = next
	}
}

// again opens a lane that has ended once more, at its last checkpoint; nil where reading has ended meanwhile.
func (f *fleet) again(ctx, reading context.Context, old *lane) (*lane, error) {
	f.mu.Lock()
	f.lanes = slices.DeleteFunc(f.lanes, func(l *lane) bool { return l == old })
	f.mu.Unlock()
	return f.openWhileReading(ctx, reading, old.source.partition, old)
}

// openLane opens a lane, or one that has ended once more.
func (f *fleet) openLane(ctx context.Context, p uint32, old *lane) (*lane, error) {
	l, err := openLane(ctx, f, p, old)
	if err != nil {
		return nil, fmt.Errorf("lane %s/%d: %w", f.source.Topic(), p, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lanes = append(f.lanes, l)
	return l, nil
}

// close closes the lanes, when all have ended.
func (f *fleet) close() (err error) {
	for _, l := range slices.Backward(f.lanes) {
		closing(&err, l.close)
	}
	return err
}
