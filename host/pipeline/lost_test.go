package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

func wantRefused(t *testing.T, err error, words ...string) {
	t.Helper()
	if fault.Of(err) != fault.Input {
		t.Errorf("the run ended with %v", err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the run ended with %v, which does not say %q", err, w)
		}
	}
}

func TestRetentionBeforeAStart(t *testing.T) {
	for _, d := range deliveries {
		t.Run(d.String(), func(t *testing.T) {
			j := elastic(1, d)
			b := newBench(t, j)
			must(t, b.run(t.Context(), b.config(), nil))
			b.produce("in", 0, numbered("0", 10, 30)...)
			b.mem.Trim("in", 0, 20)
			wantRefused(t, b.run(t.Context(), b.config(), nil), "offset 10", "retention took 10", "source.lost")
			b.expectLanes(1, 10)
			b.job.skipLost = true
			writer := b.saved["p/0"].Sinks["table out"].Writer
			c := b.config()
			must(t, b.run(t.Context(), c, nil))
			if now := b.saved["p/0"].Sinks["table out"].Writer; (now != writer) != (d == connector.ExactlyOnce) {
				t.Errorf("the writer is %d, it was %d: other records must have other ordinals", now, writer)
			}
			if got, lost := b.values("out", 0), c.Stats.Lost.Load(); len(got) != 20 || lost != 10 || b.at("p/0") != 30 {
				t.Errorf("%d records came out, %d are lost, the checkpoint is at %d", len(got), lost, b.at("p/0"))
			}
			if n := strings.Count(b.log.String(), "from=10 to=20"); n != 1 {
				t.Errorf("that was told %d times", n)
			}
		})
	}
}

// TestRetentionOfWhatIsThrough takes what the lane would only have read again to learn of its writers. What it knew of them stays.
func TestRetentionOfWhatIsThrough(t *testing.T) {
	for _, skip := range []bool{false, true} {
		j := simple()
		j.skipLost = skip
		b := newBench(t, j)
		sink, err := b.table("in", connector.RoleSink).OpenSink(t.Context(), connector.Env{})
		must(t, err)
		w, err := sink.Open(t.Context(), "test", &connector.Sequence{Writer: 7, Next: []int64{100}})
		must(t, err)
		for _, m := range numbered("0", 0, 60) {
			must(t, w.Write(t.Context(), 0, m))
		}
		next := int64(50)
		if skip {
			next = 35
		}
		b.saved["p/0"] = checkpoint.Checkpoint{
			Version: checkpoint.Version, Pipeline: "p", Topic: "in", Next: next, Sinks: map[string]checkpoint.Sink{},
			SeenAt: new(int64(30)), Seen: []checkpoint.SeenWriter{{Writer: 7, Next: 155}}, // so that the first are stale
		}
		b.mem.Trim("in", 0, 40)
		c := b.config()
		c.Source.Connector = b.table("in", connector.RoleSource)
		must(t, b.run(t.Context(), c, nil))
		if got := b.values("out", 0); len(got) != 5 || got[0] != `{"n":55,"s":"0"}` || c.Stats.Lost.Load() != max(0, 40-next) {
			t.Errorf("%q came out, %d are lost", got, c.Stats.Lost.Load())
		}
	}
}

// TestSkippingNeverMistakesARecordForAnother has a run that broke off between write and checkpoint, and retention that takes what it
// wrote from: what comes next would get the ordinals of that.
func TestSkippingNeverMistakesARecordForAnother(t *testing.T) {
	j := elastic(1, connector.ExactlyOnce)
	j.skipLost, j.most, j.limits.Rows, j.interval = true, 1, 1, 1
	b := newBench(t, j)
	c := b.config()
	c.Store = failingStore{(*store)(b), 2}
	if err := b.run(t.Context(), c, nil); err == nil {
		t.Fatal("the run did not break off")
	}
	if at, out := b.at("p/0"), len(b.values("out", 0)); at >= int64(out) {
		t.Fatalf("the checkpoint is at %d, the sink has %d", at, out)
	}
	b.mem.Trim("in", 0, b.at("p/0")+1)
	before := len(b.values("out", 0))
	wantRefused(t, b.run(t.Context(), b.config(), nil), "weir state rewind", "retention")
	if got := len(b.values("out", 0)); got != before {
		t.Errorf("%d records were written", got-before)
	}
}

// failingStore fails to save what lies behind an offset.
type failingStore struct {
	checkpoint.Store
	last int64
}

func (s failingStore) Open(pipeline, topic string, partition uint32) (checkpoint.Lane, error) {
	l, err := s.Store.Open(pipeline, topic, partition)
	return failingLane{l, s.last}, err
}

type failingLane struct {
	checkpoint.Lane
	last int64
}

func (l failingLane) Save(c checkpoint.Checkpoint) error {
	if c.Next > l.last {
		return errInjected
	}
	return l.Lane.Save(c)
}

// TestRetentionWhileRunning overtakes a lane that waits for its sink.
func TestRetentionWhileRunning(t *testing.T) {
	for _, d := range deliveries {
		for _, skip := range []bool{false, true} {
			for _, until := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s skip %v until end %v", d, skip, until), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						j := simple(numbered("0", 0, 1000), nil)
						j.delivery, j.skipLost, j.limits.Rows, j.interval = d, skip, 10, time.Second
						b := newBench(t, j)
						c := b.config()
						c.UntilEnd, c.QueueBytes = until, 1
						blocked := make(chan struct{})
						sink := c.Sinks[0].Connector
						c.Sinks[0].Connector = &bent{Config: sink, write: waitFor(blocked)}
						ended, drain := make(chan error, 1), make(chan struct{})
						go func() { ended <- b.run(t.Context(), c, drain) }()
						time.Sleep(10 * time.Second)
						b.mem.Trim("in", 0, 900)
						close(blocked)
						if !skip {
							wantRefused(t, <-ended, "removed by retention", "has 900 to 1000", "source.lost")
							return
						}
						time.Sleep(10 * time.Second)
						if !until {
							b.produce("in", 0, numbered("0", 1000, 1010)...)
							b.produce("in", 1, numbered("1", 0, 10)...)
							time.Sleep(10 * time.Second)
							close(drain)
						}
						must(t, <-ended)
						lost := int(c.Stats.Lost.Load())
						var want []string
						for _, m := range append(numbered("0", 0, 900-lost), numbered("0", 900, 1000)...) {
							want = append(want, string(m.Value))
						}
						all := map[string][]string{"out/0 of 0": want}
						if !until {
							for _, m := range numbered("0", 1000, 1010) {
								all["out/0 of 0"] = append(all["out/0 of 0"], string(m.Value))
							}
							for _, m := range numbered("1", 0, 10) {
								all["out/0 of 1"] = append(all["out/0 of 1"], string(m.Value))
							}
						}
						b.expectOnce(all)
						if lost == 0 || strings.Count(b.log.String(), "records are lost") != 1 ||
							!strings.Contains(b.log.String(), fmt.Sprintf("from=%d to=900", 900-lost)) {
							t.Errorf("%d are lost; the log: %s", lost, b.log.String())
						}
						must(t, b.run(t.Context(), b.config(), nil))
					})
				})
			}
		}
	}
}

// TestALaneOpenedAgainFails in each of its operations, from the records on that it had taken.
func TestALaneOpenedAgainFails(t *testing.T) {
	met := map[string]bool{}
	for at := 1; at <= 130; at++ {
		synctest.Test(t, func(t *testing.T) {
			j := simple(numbered("0", 0, 150), nil)
			j.skipLost, j.limits.Rows, j.interval = true, 10, time.Second
			b := newBench(t, j)
			c := b.config()
			c.UntilEnd, c.QueueBytes = false, 1
			blocked := make(chan struct{})
			c.Sinks[0].Connector = &bent{Config: c.Sinks[0].Connector, write: waitFor(blocked)}
			ended, drain := make(chan error, 1), make(chan struct{})
			go func() { ended <- b.run(t.Context(), c, drain) }()
			time.Sleep(10 * time.Second)
			b.mem.Trim("in", 0, 140)
			b.mu.Lock()
			b.faults = faults{at: b.faults.count + at, do: func(what string) error {
				met[what] = true
				return errInjected
			}}
			b.mu.Unlock()
			close(blocked)
			time.Sleep(10 * time.Second)
			close(drain)
			if err := <-ended; err != nil && !errors.Is(err, errInjected) {
				t.Errorf("operation %d: the run ended with %v", at, err)
			}
			must(t, b.run(t.Context(), b.config(), nil))
			if got := b.values("out", 0); !slices.Contains(got, `{"n":140,"s":"0"}`) || b.at("p/0") != 150 {
				t.Errorf("operation %d: %d records came out, the checkpoint is at %d", at, len(got), b.at("p/0"))
			}
		})
	}
	for _, what := range []string{"open writer", "open reader", "save", "read", "write", "flush", "commit"} {
		if !met[what] {
			t.Errorf("%s did not fail", what)
		}
	}
}

// TestSkippingWithoutAStore keeps the lane's place while it is opened again.
func TestSkippingWithoutAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simple(nil)
		j.latest, j.skipLost, j.limits.Rows = true, true, 10
		b := newBench(t, j)
		c := b.config()
		c.UntilEnd, c.QueueBytes, c.Store, c.Source.Connector = false, 1, checkpoint.Memory{}, b.table("in", connector.RoleSource)
		blocked := make(chan struct{})
		c.Sinks[0].Connector = &bent{Config: c.Sinks[0].Connector, write: waitFor(blocked)}
		ended, drain := make(chan error, 1), make(chan struct{})
		go func() { ended <- b.run(t.Context(), c, drain) }()
		time.Sleep(time.Second)
		b.produce("in", 0, numbered("0", 0, 1000)...)
		time.Sleep(time.Second)
		b.mem.Trim("in", 0, 900)
		close(blocked)
		time.Sleep(5 * time.Second)
		close(drain)
		must(t, <-ended)
		if got, lost := len(b.values("out", 0)), int(c.Stats.Lost.Load()); got+lost != 1000 || lost == 0 {
			t.Errorf("%d came out and %d are lost", got, lost)
		}
	})
}

// TestSourceMadeAgain has a topic of the same name that has less than what was read, while running and before a start.
func TestSourceMadeAgain(t *testing.T) {
	for _, d := range deliveries {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := elastic(2, d)
				j.skipLost = true // which is for what retention takes
				b := newBench(t, j)
				c := b.config()
				c.UntilEnd = false
				c.Source.Connector = &fresh{c.Source.Connector}
				ended := make(chan error, 1)
				go func() { ended <- b.run(t.Context(), c, nil) }()
				time.Sleep(10 * time.Second)
				b.mem.Delete("in")
				b.mem.Create("in", 2)
				b.produce("in", 0, numbered("x", 0, 5)...)
				wantRefused(t, <-ended, "deleted and made again", "--state")
				wantRefused(t, b.run(t.Context(), b.config(), nil), "was the topic deleted and made again?", "--state")
				b.expectLanes(2, 10)
			})
		})
	}
}

// TestSinkMadeAgain has a sink of the same name that has less than what was written: before a start, and while running.
func TestSinkMadeAgain(t *testing.T) {
	for _, partitions := range []int{1, 2} {
		b := newBench(t, elastic(1, connector.ExactlyOnce))
		b.job.sinks[0].partitions = 2
		b.mem.Grow("out", 2)
		must(t, b.run(t.Context(), b.config(), nil))
		b.mem.Delete("out")
		b.mem.Create("out", partitions)
		b.produce("in", 0, numbered("0", 10, 20)...)
		wantRefused(t, b.run(t.Context(), b.config(), nil), "was the topic deleted and made again?", "weir state rewind")
		if got := b.values("out", 0); len(got) != 0 {
			t.Errorf("%q was written", got)
		}
	}
}

// TestSinkMadeAgainWhileRunning has one that ends before what was written, or has fewer partitions.
func TestSinkMadeAgainWhileRunning(t *testing.T) {
	for name, tc := range map[string]struct {
		delivery connector.Delivery
		now      remade
	}{
		"a shorter one":        {connector.ExactlyOnce, remade{end: true}},
		"a smaller one":        {connector.ExactlyOnce, remade{partitions: true}},
		"a smaller plain sink": {connector.AtLeastOnce, remade{partitions: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := elastic(1, tc.delivery)
				j.sinks[0].partitions = 2
				b := newBench(t, j)
				c := b.config()
				c.UntilEnd = false
				now := tc.now
				now.Config, now.on = c.Sinks[0].Connector, new(atomic.Bool)
				c.Sinks[0].Connector = &now
				ended := make(chan error, 1)
				go func() { ended <- b.run(t.Context(), c, nil) }()
				time.Sleep(10 * time.Second)
				now.on.Store(true)
				b.produce("in", 0, numbered("0", 10, 11)...)
				wantRefused(t, <-ended, "was the topic deleted and made again?", "weir state rewind")
				if b.at("p/0") != 10 {
					t.Errorf("the checkpoint is at %d", b.at("p/0"))
				}
			})
		})
	}
}

// remade is a sink that becomes another one when on is set: with nothing in it, or with one partition.
type remade struct {
	connector.Config
	on              *atomic.Bool
	end, partitions bool
}

func (c *remade) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	s, err := c.Config.OpenSink(ctx, env)
	return &remadeSink{s, c}, err
}

type remadeSink struct {
	connector.Sink
	c *remade
}

func (s *remadeSink) End(ctx context.Context, p uint32) (int64, error) {
	if s.c.end && s.c.on.Load() {
		return 0, nil
	}
	return s.Sink.End(ctx, p)
}

func (s *remadeSink) SequenceEnd(ctx context.Context, p uint32, writer, ordinal, from int64) (next, end int64, err error) {
	if s.c.end && s.c.on.Load() {
		return ordinal, from, fault.InputError(&connector.OutOfRangeError{Topic: "out", Partition: p, Offset: from})
	}
	return s.Sink.SequenceEnd(ctx, p, writer, ordinal, from)
}

func (s *remadeSink) Partitions() int {
	if s.c.partitions && s.c.on.Load() {
		return 1
	}
	return s.Sink.Partitions()
}

func (b *bench) countSaves() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.saves)
}

// TestIdleLanesKeepUpWithTheirSinks has a sink that others go on writing to, and whose retention takes what lies behind.
func TestIdleLanesKeepUpWithTheirSinks(t *testing.T) {
	for _, d := range deliveries {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := elastic(1, d)
				b := newBench(t, j)
				sink := b.table("out", connector.RoleSink)
				c := b.config()
				c.UntilEnd, c.IdleInterval = false, 20*time.Second
				ended, drain := make(chan error, 1), make(chan struct{})
				ctx := t.Context()
				go func() { ended <- b.run(ctx, c, drain) }()
				time.Sleep(5 * time.Second)
				saves := b.countSaves()
				opened, err := sink.OpenSink(ctx, connector.Env{})
				must(t, err)
				w, err := opened.Open(ctx, "other", &connector.Sequence{Writer: 1})
				must(t, err)
				for _, m := range numbered("other", 0, 50) {
					must(t, w.Write(ctx, 0, m))
				}
				time.Sleep(time.Minute)
				if idle := b.countSaves() - saves; d == connector.ExactlyOnce && (idle < 2 || idle > 4) || d != connector.ExactlyOnce && idle != 0 {
					t.Errorf("%d checkpoints in a minute", idle)
				}
				b.mem.Trim("out", 0, 60)
				close(drain)
				must(t, <-ended)
				if place := b.saved["p/0"].Sinks["table out"]; d == connector.ExactlyOnce && place.Positions[0] != 60 {
					t.Errorf("the place is %+v", place)
				}
				b.produce("in", 0, numbered("0", 10, 20)...)
				must(t, b.run(t.Context(), b.config(), nil))
				if got := len(b.values("out", 0)); got != 10 {
					t.Errorf("%d records came out", got)
				}
			})
		})
	}
}
