package pipeline

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// started is a run in a bubble of synctest.
type started struct {
	*bench
	stats *Stats
	drain chan struct{}
	ended chan error
}

// start runs a job that does not end by itself; its bench watches until wait.
func start(t *testing.T, b *bench, ctx context.Context) *started {
	c := b.config()
	c.UntilEnd = false
	s := &started{b, c.Stats, make(chan struct{}), make(chan error, 1)}
	go func() { s.ended <- b.run(ctx, c, s.drain) }()
	synctest.Wait()
	return s
}

func (s *started) wait() error { return <-s.ended }

func (b *bench) at(lane string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.saved[lane].Next
}

func (b *bench) writes(lane string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unsure[lane]
}

func TestQuietStreamPaysNoWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simple(nil)
		j.interval, j.limits.Age = 10*time.Second, 5*time.Second
		b := newBench(t, j)
		s := start(t, b, t.Context())
		for n := range 3 {
			time.Sleep(3 * time.Second)
			b.produce("in", 0, numbered("a", n, n+1)...)
			synctest.Wait()
			// Written at once: to be flushed with the next checkpoint, whose time is 10 s.
			if b.writes("p/0") != n+1 || b.at("p/0") != 0 || s.stats.RecordsOut.Load() != 0 {
				t.Errorf("%d are not confirmed and %d are, the checkpoint is at %d", b.writes("p/0"), s.stats.RecordsOut.Load(), b.at("p/0"))
			}
		}
		time.Sleep(time.Second) // 10 s since the start
		synctest.Wait()
		if b.at("p/0") != 3 || b.mem.Committed("in", 0) != 3 || len(b.values("out", 0)) != 3 {
			t.Errorf("after the interval the checkpoint is at %d, committed %d", b.at("p/0"), b.mem.Committed("in", 0))
		}
		saves := len(b.saves)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(b.saves) != saves {
			t.Errorf("%d checkpoints were saved while nothing came", len(b.saves)-saves)
		}
		b.produce("in", 0, numbered("a", 3, 4)...) // the last checkpoint is long ago: this one's comes with it
		synctest.Wait()
		if b.at("p/0") != 4 {
			t.Errorf("the checkpoint is at %d, want 4", b.at("p/0"))
		}
		close(s.drain)
		must(t, s.wait())
	})
}

func TestDrainLetsThroughWhatWasRead(t *testing.T) {
	for name, begin := range map[string]func(*bench) (resume func()){
		"while it waits for records": func(b *bench) func() { return func() {} },
		"while a sink confirms nothing": func(b *bench) func() {
			return b.mem.Stall("out")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := simple(numbered("a", 0, 10), numbered("b", 0, 10))
				j.interval, j.limits.Rows, j.most = time.Hour, 3, 1
				b := newBench(t, j)
				resume := begin(b)
				s := start(t, b, t.Context())
				close(s.drain)
				synctest.Wait()
				resume()
				must(t, s.wait())
				if b.at("p/0")+b.at("p/1") != int64(len(b.values("out", 0))) || b.at("p/0") == 0 {
					t.Errorf("the checkpoints are at %d and %d, %d records came out", b.at("p/0"), b.at("p/1"), len(b.values("out", 0)))
				}
			})
		})
	}
}

// TestDrainWhileEverythingWaits has a budget so small that lanes wait for it, behind a write that waits.
func TestDrainWhileEverythingWaits(t *testing.T) {
	for _, end := range []string{"drain", "cancel"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := simple(numbered("a", 0, 50), numbered("b", 0, 50), numbered("c", 0, 50))
				j.interval, j.limits.Rows = time.Hour, 1
				b := newBench(t, j)
				c := b.config()
				c.UntilEnd, c.QueueBytes = false, 200
				blocked := make(chan struct{})
				c.Sinks[0].Connector = &bent{Config: c.Sinks[0].Connector, write: waitFor(blocked)}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := &started{b, c.Stats, make(chan struct{}), make(chan error, 1)}
				go func() { s.ended <- b.run(ctx, c, s.drain) }()
				synctest.Wait()
				if end == "cancel" {
					cancel()
					if err := s.wait(); !errors.Is(err, context.Canceled) {
						t.Errorf("the run ended with %v", err)
					}
					return
				}
				close(s.drain)
				synctest.Wait()
				close(blocked)
				must(t, s.wait())
				if sum := b.at("p/0") + b.at("p/1") + b.at("p/2"); sum != int64(len(b.values("out", 0))) || sum == 0 {
					t.Errorf("the checkpoints sum up to %d, %d records came out", sum, len(b.values("out", 0)))
				}
			})
		})
	}
}

// TestDrainHasALimit drains a lane whose sink confirms nothing, and says nothing.
func TestDrainHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simple(numbered("a", 0, 10))
		j.interval = time.Hour
		b := newBench(t, j)
		defer b.mem.Stall("out")()
		s := start(t, b, t.Context())
		began := time.Now()
		close(s.drain)
		err := s.wait()
		if fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "--drain-timeout") || time.Since(began) != 20*time.Second {
			t.Errorf("after %s the run ended with %v", time.Since(began), err)
		}
		if b.at("p/0") != 0 {
			t.Errorf("the checkpoint is at %d", b.at("p/0"))
		}
	})
}

// TestDrainDoesNotWaitForAClusterOutOfReach has a sink that confirms nothing while its connector tries again.
func TestDrainDoesNotWaitForAClusterOutOfReach(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after bool // a failure before the drain, and behind it
		takes         time.Duration
	}{
		"known before":  {true, false, outageGrace},
		"at the drain":  {false, true, 0},
		"again and now": {true, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := simple(numbered("a", 0, 10))
				j.interval, j.limits.Rows = time.Hour, 3
				b := newBench(t, j)
				defer b.mem.Stall("out")()
				c := b.config()
				c.UntilEnd = false
				out := &retrying{Config: c.Sinks[0].Connector}
				c.Sinks[0].Connector = out
				s := &started{b, c.Stats, make(chan struct{}), make(chan error, 1)}
				go func() { s.ended <- b.run(t.Context(), c, s.drain) }()
				synctest.Wait()
				refused := errors.New("connection refused")
				if tc.before {
					out.env.OnRetry(refused)
				}
				close(s.drain)
				synctest.Wait()
				if tc.after {
					out.env.OnRetry(refused)
				}
				began := time.Now()
				err := s.wait()
				if took := time.Since(began); fault.Of(err) != fault.Environment || !errors.Is(err, refused) ||
					!strings.Contains(err.Error(), "the last checkpoint stands") || took != tc.takes {
					t.Errorf("ended after %v with %v", took, err)
				}
				if b.at("p/0") != 0 {
					t.Errorf("the checkpoint is at %d", b.at("p/0"))
				}
			})
		})
	}
}

// TestDrainGoesThroughAfterAnOutage has one that is over, as records that were read since tell, or ends within the grace.
func TestDrainGoesThroughAfterAnOutage(t *testing.T) {
	for name, more := range map[string]bool{"over": true, "perhaps over": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := simple(numbered("a", 0, 10))
				j.interval, j.limits.Rows = time.Hour, 3
				b := newBench(t, j)
				c := b.config()
				c.UntilEnd = false
				out := &retrying{Config: c.Sinks[0].Connector}
				c.Sinks[0].Connector = out
				s := &started{b, c.Stats, make(chan struct{}), make(chan error, 1)}
				go func() { s.ended <- b.run(t.Context(), c, s.drain) }()
				synctest.Wait()
				out.env.OnRetry(errors.New("connection refused"))
				resume, want, wait := func() {}, int64(10), time.Duration(0)
				if more {
					b.produce("in", 0, numbered("a", 10, 11)...)
					synctest.Wait()
					resume, want, wait = b.mem.Stall("out"), 11, 15*time.Second
				}
				close(s.drain)
				time.Sleep(wait)
				resume()
				must(t, s.wait())
				if b.at("p/0") != want || int64(len(b.values("out", 0))) != want {
					t.Errorf("the checkpoint is at %d, %d records came out", b.at("p/0"), len(b.values("out", 0)))
				}
			})
		})
	}
}

// retrying is a sink that remembers whom its connector is to tell of failures.
type retrying struct {
	connector.Config
	env connector.Env
}

func (c *retrying) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	c.env = env
	return c.Config.OpenSink(ctx, env)
}

// waitFor has writes wait until a channel is closed.
func waitFor(ready <-chan struct{}) func(context.Context, connector.Writer, uint32, connector.Message) error {
	return func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
		select {
		case <-ready:
			return w.Write(ctx, p, m)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestDrainEndsBetweenRecords has a source that gave many records at once, of which each takes long: what is decoded is let through, and the
// rest is read again another time.
func TestDrainEndsBetweenRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simple(numbered("a", 0, 1000))
		j.interval = time.Hour
		b := newBench(t, j)
		c := b.config()
		c.UntilEnd = false
		decoder := c.Source.Decoder
		c.Source.Decoder = func() (format.Decoder, error) {
			d, err := decoder()
			return counting{d, func(*batch.Builder) { time.Sleep(time.Second) }}, err
		}
		s := &started{b, c.Stats, make(chan struct{}), make(chan error, 1)}
		go func() { s.ended <- b.run(t.Context(), c, s.drain) }()
		time.Sleep(9500 * time.Millisecond)
		began := time.Now()
		close(s.drain)
		must(t, s.wait())
		if took := time.Since(began); took != 500*time.Millisecond || b.at("p/0") != 10 || len(b.values("out", 0)) != 10 {
			t.Errorf("after %v the checkpoint is at %d, %d records came out", took, b.at("p/0"), len(b.values("out", 0)))
		}
	})
}
