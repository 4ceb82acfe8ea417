// Package connectortest is the bank of tests that every connector with sources and sinks runs, and a connector in memory.
package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/connector"
)

// Harness is what a connector lends to the bank.
type Harness struct {
	// Topic makes an empty topic of so many partitions: 1 or 3, only 1 where OnePartition says so.
	Topic        func(partitions int) (*Topic, error)
	OnePartition bool
	// Env is given to everything the bank opens.
	Env connector.Env
	// Keys and Times tell that records keep their keys and their times.
	Keys, Times bool
	// Sequences tells that topics append what has a producer sequence once, and that each partition remembers only the writer
	// that wrote last: so the bank can have ordinals written twice, or with gaps.
	Sequences bool
	// Ignore lists goroutines that may outlive a connector, such as those of a broker that the harness keeps.
	Ignore []goleak.Option
}

// Topic is an empty topic and the tables over it.
type Topic struct {
	Earliest, Latest connector.Config // sources, by where they begin
	Uncommitted      connector.Config // like Earliest, but reads what is not committed too; nil where there is no such thing
	Sink             connector.Config
	// Grow gives the topic more partitions, up to so many; nil where it can't have more.
	Grow func(partitions int) error
	// Withhold makes the topic take records and not commit them until commit is called; nil where it commits them at once.
	Withhold func() (commit func())
	// Stall makes whoever is at the other end confirm nothing until resume is called; nil where nobody is.
	Stall func() (resume func())
}

// Run runs every check of the bank.
func Run(t *testing.T, h Harness) {
	for _, c := range checks {
		if c.needs != nil && !c.needs(h) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := c.run(ctx, h); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A check opens what it needs on a topic of its own. It returns an error rather than failing a test, so that the bank's own
// tests can see that it catches what it is for.
type check struct {
	name       string
	partitions int
	needs      func(Harness) bool
	body       func(context.Context, *bench) error
}

var (
	keys      = func(h Harness) bool { return h.Keys }
	times     = func(h Harness) bool { return h.Times }
	spread    = func(h Harness) bool { return !h.OnePartition }
	byKey     = func(h Harness) bool { return h.Keys && !h.OnePartition }
	sequences = func(h Harness) bool { return h.Sequences }
)

var checks = []check{
	{"everything is read once and in order", 1, nil, readsOnceInOrder},
	{"reading begins at any offset", 1, nil, beginsAtAnyOffset},
	{"latest begins after what is there", 1, nil, latestBeginsAtTheEnd},
	{"a read that was given up is taken up again", 1, nil, readIsTakenUpAgain},
	{"what was read stays as it was", 1, nil, bytesStay},
	{"commits go beside reads", 1, nil, commitsBesideReads},
	{"two readers read the same", 1, nil, readersAreIndependent},
	{"partitions are read and written apart", 3, spread, partitionsApart},
	{"equal keys share a partition", 3, byKey, equalKeysShareAPartition},
	{"an empty key is not the absence of one", 1, keys, emptyKeyIsAKey},
	{"times are kept", 1, times, timesAreKept},
	{"a flush leaves nothing unconfirmed", 1, nil, flushConfirms},
	{"a writer copies what it is given", 1, nil, writerCopies},
	{"a blocked write ends with its context", 1, nil, blockedWriteEnds},
	{"a blocked flush ends with its context", 1, nil, blockedFlushEnds},
	{"reading ends where it is to end", 1, nil, readingEnds},
	{"partitions that are added are seen", 1, spread, addedPartitionsAreSeen},
	{"what is not committed is read only where that is wanted", 1, nil, isolationIsKept},
	{"a sequence goes on where its writer crashed", 1, sequences, sequenceGoesOn},
	{"ordinals that are there are not written again", 1, sequences, ordinalsAreWrittenOnce},
	{"the end of a sequence is found among others", 1, sequences, sequenceEndIsFound},
	{"a gap in a sequence is an error", 1, sequences, gapsAreErrors},
	{"what was written twice is read once, from anywhere", 1, sequences, staleRecordsAreLeftOut},
	{"reading ends behind what is left out", 1, sequences, readingEndsBehindStaleRecords},
	{"a table is opened only as what it is", 1, nil, rolesAreKept},
	{"closing in the middle of things is clean", 1, nil, closesInTheMiddle},
}

// run makes the check's topic, runs it, closes what it opened and looks for goroutines that are left.
func (c check) run(ctx context.Context, h Harness) error {
	topic, err := h.Topic(c.partitions)
	if err != nil {
		return fmt.Errorf("making a topic: %w", err)
	}
	ignore := append([]goleak.Option{goleak.IgnoreCurrent()}, h.Ignore...)
	b := &bench{Topic: topic, h: h}
	err = c.body(ctx, b)
	if closing := b.close(); err == nil {
		err = closing
	}
	if err == nil {
		err = goleak.Find(ignore...)
	}
	return err
}

// bench holds what a check has opened.
type bench struct {
	*Topic
	h       Harness
	closers []func() error
}

// close closes everything in the reverse order of opening.
func (b *bench) close() (err error) {
	for len(b.closers) > 0 {
		last := b.closers[len(b.closers)-1]
		b.closers = b.closers[:len(b.closers)-1]
		if e := last(); e != nil {
			err = errors.Join(err, fmt.Errorf("closing: %w", e))
		}
	}
	return err
}

func (b *bench) source(ctx context.Context, c connector.Config) (connector.Source, error) {
	s, err := c.OpenSource(ctx, b.h.Env)
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}
	b.closers = append(b.closers, s.Close)
	return s, nil
}

// reader opens the topic and a reader at offset, which -1 makes the offset that the configuration means.
func (b *bench) reader(ctx context.Context, c connector.Config, partition uint32, offset int64) (connector.Reader, error) {
	s, err := b.source(ctx, c)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		if offset, err = s.Start(ctx, partition); err != nil {
			return nil, fmt.Errorf("finding the start: %w", err)
		}
	}
	r, err := s.Open(ctx, partition, offset, connector.NoEnd, nil)
	if err != nil {
		return nil, fmt.Errorf("opening partition %d at %d: %w", partition, offset, err)
	}
	b.closers = append(b.closers, r.Close)
	return r, nil
}

func (b *bench) sink(ctx context.Context) (connector.Sink, error) {
	s, err := b.Sink.OpenSink(ctx, b.h.Env)
	if err != nil {
		return nil, fmt.Errorf("opening the sink: %w", err)
	}
	b.closers = append(b.closers, s.Close)
	return s, nil
}

// writerOf opens a writer of a sink.
func (b *bench) writerOf(ctx context.Context, s connector.Sink, sequence *connector.Sequence) (connector.Writer, error) {
	w, err := s.Open(ctx, "lane", sequence)
	if err != nil {
		return nil, fmt.Errorf("opening a writer: %w", err)
	}
	b.closers = append(b.closers, w.Close)
	return w, nil
}

func (b *bench) writer(ctx context.Context) (connector.Writer, error) {
	s, err := b.sink(ctx)
	if err != nil {
		return nil, err
	}
	return b.writerOf(ctx, s, nil)
}

// fill writes the records from, from+1 … to-1 of partition 0 and flushes.
func (b *bench) fill(ctx context.Context, w connector.Writer, from, to int) error {
	for i := from; i < to; i++ {
		if err := w.Write(ctx, 0, connector.Message{Time: -1, Value: value(i)}); err != nil {
			return fmt.Errorf("writing record %d: %w", i, err)
		}
	}
	if err := w.Flush(ctx); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	return nil
}

// filled opens a writer, and writes records 0 … n-1.
func (b *bench) filled(ctx context.Context, n int) (connector.Writer, error) {
	w, err := b.writer(ctx)
	if err != nil {
		return nil, err
	}
	return w, b.fill(ctx, w, 0, n)
}
