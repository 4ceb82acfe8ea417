package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/connector"
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
				c.Sinks[0].Connector = &blocking{c.Sinks[0].Connector, blocked}
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

// blocking is a sink whose writes wait until a channel is closed.
type blocking struct {
	connector.Config
	until chan struct{}
}

func (c *blocking) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	s, err := c.Config.OpenSink(ctx, env)
	return &blockingSink{s, c.until}, err
}

type blockingSink struct {
	connector.Sink
	until chan struct{}
}

func (s *blockingSink) Open(ctx context.Context, lane string) (connector.Writer, error) {
	w, err := s.Sink.Open(ctx, lane)
	return &blockingWriter{w, s.until}, err
}

type blockingWriter struct {
	connector.Writer
	until chan struct{}
}

func (w *blockingWriter) Write(ctx context.Context, p uint32, m connector.Message) error {
	select {
	case <-w.until:
		return w.Writer.Write(ctx, p, m)
	case <-ctx.Done():
		return ctx.Err()
	}
}
