package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// elastic is a job with so many lanes, each with its first 10 records.
func elastic(lanes int, d connector.Delivery) job {
	j := simple()
	for p := range lanes {
		j.input = append(j.input, numbered(fmt.Sprint(p), 0, 10))
	}
	j.delivery = d
	return j
}

// more makes the source's partitions up to n, each new one with its first 10 records.
func (b *bench) more(from, n int) {
	b.mem.Grow("in", n)
	for p := from; p < n; p++ {
		b.produce("in", uint32(p), numbered(fmt.Sprint(p), 0, 10)...)
	}
}

// expectLanes wants n records of each of so many lanes, once and in order.
func (b *bench) expectLanes(lanes, n int) {
	b.t.Helper()
	want := map[string][]string{}
	for p := range lanes {
		for _, m := range numbered(fmt.Sprint(p), 0, n) {
			want[fmt.Sprintf("out/0 of %d", p)] = append(want[fmt.Sprintf("out/0 of %d", p)], string(m.Value))
		}
	}
	b.expectOnce(want)
}

// deliveries are those that write each record once where nothing fails.
var deliveries = []connector.Delivery{connector.AtLeastOnce, connector.ExactlyOnce}

// TestPartitionsAddedWhileRunning has workers get partitions, the last of them its first one.
func TestPartitionsAddedWhileRunning(t *testing.T) {
	for _, d := range deliveries {
		for _, workers := range []uint32{1, 2, 3} {
			t.Run(fmt.Sprintf("%s by %d", d, workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, elastic(2, d))
					var drains []chan struct{}
					ended := make(chan error, workers)
					for i := range workers {
						c := b.config()
						c.UntilEnd, c.Worker, c.Workers = false, i, workers
						drain := make(chan struct{})
						drains = append(drains, drain)
						go func() { ended <- Run(t.Context(), c, drain) }()
					}
					time.Sleep(10 * time.Second)
					b.expectLanes(2, 10)
					b.more(2, 5)
					time.Sleep(3 * time.Second)
					b.expectLanes(5, 10)
					for p := range 5 {
						b.produce("in", uint32(p), numbered(fmt.Sprint(p), 10, 15)...)
					}
					time.Sleep(3 * time.Second)
					for _, drain := range drains {
						close(drain)
						must(t, <-ended)
					}
					b.expectLanes(5, 15)
					for p := range 5 {
						if at := b.at(fmt.Sprintf("p/%d", p)); at != 15 {
							t.Errorf("lane %d is at %d", p, at)
						}
					}
					must(t, b.run(t.Context(), b.config(), nil)) // nothing is open, and nothing is left
					b.expectLanes(5, 15)
				})
			})
		}
	}
}

// TestNewPartitionsBeginAtTheirBeginning has a source that begins at its end: what came first is left out, and nothing of what is added
// later, be it while nobody runs, be it that its worker knows of it only by other workers' checkpoints.
func TestNewPartitionsBeginAtTheirBeginning(t *testing.T) {
	j := elastic(2, connector.ExactlyOnce)
	j.latest = true
	b := newBench(t, j)
	must(t, b.run(t.Context(), b.config(), nil))
	b.more(2, 4)
	for i := range uint32(4) {
		c := b.config()
		c.Worker, c.Workers = 3-i, 4 // lane 3 is alone
		must(t, b.run(t.Context(), c, nil))
	}
	want := map[string][]string{}
	for p := 2; p < 4; p++ {
		for _, m := range numbered(fmt.Sprint(p), 0, 10) {
			want[fmt.Sprintf("out/0 of %d", p)] = append(want[fmt.Sprintf("out/0 of %d", p)], string(m.Value))
		}
	}
	b.expectOnce(want)
	for lane, c := range b.saved {
		if c.SourcePartitions != 2 {
			t.Errorf("%s remembers %d partitions, want those of the first start", lane, c.SourcePartitions)
		}
	}
}

// TestFirstStartThatBrokeOff has a checkpoint of the first of two lanes only: the second was there as well, and is not new. One that does
// not say how many there were takes it for new: rather more than was asked for than less.
func TestFirstStartThatBrokeOff(t *testing.T) {
	for first, want := range map[int]int{2: 0, 1: 10, 0: 10} {
		j := elastic(2, connector.AtLeastOnce)
		j.latest = true
		b := newBench(t, j)
		b.saved["p/0"] = checkpoint.Checkpoint{
			Version: checkpoint.Version, Pipeline: "p", Topic: "in", Next: 10, SourcePartitions: first, Sinks: map[string]checkpoint.Sink{},
		}
		must(t, b.run(t.Context(), b.config(), nil))
		if got := len(b.values("out", 0)); got != want {
			t.Errorf("with %d partitions at first: %d records came out, want %d", first, got, want)
		}
	}
}

// TestPartitionsAddedInAFolder goes by a state folder, as other workers have left it.
func TestPartitionsAddedInAFolder(t *testing.T) {
	j := elastic(1, connector.ExactlyOnce)
	j.latest = true
	b := newBench(t, j)
	dir := checkpoint.Dir{Path: t.TempDir()}
	run := func(worker, workers uint32) {
		c := b.config()
		c.Store, c.Source.Connector, c.Worker, c.Workers = dir, b.table("in", connector.RoleSource), worker, workers
		must(t, b.run(t.Context(), c, nil))
	}
	run(0, 1)
	b.more(1, 2)
	run(1, 2)
	if got := len(b.values("out", 0)); got != 10 {
		t.Errorf("%d records came out, want those of the new partition", got)
	}
}

func TestUntilEndLeavesOutWhatIsAdded(t *testing.T) {
	b := newBench(t, elastic(1, connector.AtLeastOnce))
	b.faults = faults{at: 5, do: func(string) error { // after the lanes are opened
		go b.mem.Grow("in", 2)
		return nil
	}}
	must(t, b.run(t.Context(), b.config(), nil))
	b.expectLanes(1, 10)
}

// TestALaneThatCameLaterFails in each of its operations: the run ends with what failed, and the next one goes on.
func TestALaneThatCameLaterFails(t *testing.T) {
	for _, d := range deliveries {
		for at := 1; at <= 12; at++ {
			synctest.Test(t, func(t *testing.T) {
				j := elastic(2, d)
				j.interval = 100 * time.Millisecond
				b := newBench(t, j)
				s := start(t, b, t.Context())
				time.Sleep(5 * time.Second)
				b.mu.Lock()
				var what string
				b.faults = faults{at: at, do: func(w string) error { what = w; return errInjected }}
				b.mu.Unlock()
				b.more(2, 4)
				time.Sleep(5 * time.Second)
				select {
				case err := <-s.ended:
					if !errors.Is(err, errInjected) || strings.Count(err.Error(), errInjected.Error()) != 1 {
						t.Errorf("%s: %s, operation %d: the run ended with %v", d, what, at, err)
					}
				default:
					t.Errorf("operation %d: %q did not fail", at, what)
					close(s.drain)
					_ = s.wait()
				}
				must(t, b.run(t.Context(), b.config(), nil))
				if d == connector.ExactlyOnce {
					b.expectLanes(4, 10)
				} else if got := len(slices.Compact(slices.Sorted(slices.Values(b.values("out", 0))))); got != 40 {
					t.Errorf("%d records came out", got)
				}
			})
		}
	}
}

// TestEndWhileALaneIsOpened ends a run whose new lane waits for a sink that does not answer.
func TestEndWhileALaneIsOpened(t *testing.T) {
	for _, end := range []string{"drain", "cancel"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, elastic(1, connector.ExactlyOnce))
				c := b.config()
				c.UntilEnd = false
				c.Sinks[0].Connector = &silent{c.Sinks[0].Connector, "p/2"}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended, drain := make(chan error, 1), make(chan struct{})
				go func() { ended <- b.run(ctx, c, drain) }()
				time.Sleep(5 * time.Second)
				b.more(1, 3)
				time.Sleep(5 * time.Second)
				b.produce("in", 1, numbered("1", 10, 15)...) // which is not kept waiting
				synctest.Wait()
				if end == "cancel" {
					cancel()
					if err := <-ended; !errors.Is(err, context.Canceled) {
						t.Errorf("the run ended with %v", err)
					}
				} else {
					close(drain)
					must(t, <-ended)
					if b.at("p/0") != 10 || b.at("p/1") != 15 || b.at("p/2") != 0 {
						t.Errorf("the checkpoints are at %d, %d and %d", b.at("p/0"), b.at("p/1"), b.at("p/2"))
					}
				}
				must(t, b.run(t.Context(), b.config(), nil))
				if got := len(b.values("out", 0)); got != 35 {
					t.Errorf("%d records came out", got)
				}
			})
		})
	}
}

// silent is a sink that does not open one lane's writer.
type silent struct {
	connector.Config
	lane string
}

func (c *silent) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	s, err := c.Config.OpenSink(ctx, env)
	return &silentSink{s, c.lane}, err
}

type silentSink struct {
	connector.Sink
	lane string
}

func (s *silentSink) Open(ctx context.Context, lane string, q *connector.Sequence) (connector.Writer, error) {
	if lane == s.lane {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Sink.Open(ctx, lane, q)
}

// TestFewerPartitionsEndTheRun has a topic made again with fewer: while running, and before a start.
func TestFewerPartitionsEndTheRun(t *testing.T) {
	want := func(t *testing.T, err error) {
		t.Helper()
		if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "deleted and made again") || !strings.Contains(err.Error(), "--state") {
			t.Errorf("the run ended with %v", err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, elastic(2, connector.ExactlyOnce))
		c := b.config()
		c.UntilEnd = false
		c.Source.Connector = &fresh{c.Source.Connector}
		ended := make(chan error, 1)
		go func() { ended <- b.run(t.Context(), c, nil) }()
		time.Sleep(10 * time.Second)
		b.mem.Delete("in")
		b.mem.Create("in", 1)
		want(t, <-ended)
		b.produce("in", 0, numbered("x", 0, 20)...) // as many as there were, and more
		want(t, b.run(t.Context(), b.config(), nil))
		b.expectLanes(2, 10)
	})
}

// fresh is a table whose source looks the topic up whenever it is asked, as one does that connects anew.
type fresh struct{ connector.Config }

func (c *fresh) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	s, err := c.Config.OpenSource(ctx, env)
	return &freshSource{s, c.Config.(*watched).Config}, err
}

type freshSource struct {
	connector.Source
	config connector.Config
}

func (s *freshSource) Partitions() []uint32 {
	now, err := s.config.OpenSource(context.Background(), connector.Env{})
	if err != nil {
		return s.Source.Partitions()
	}
	return now.Partitions()
}

func (s *freshSource) Open(ctx context.Context, p uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	r, err := s.Source.Open(ctx, p, offset, until, seen)
	return &freshReader{r, s.config, p, offset}, err
}

type freshReader struct {
	connector.Reader
	config    connector.Config
	partition uint32
	next      int64
}

// Read connects anew every second.
func (r *freshReader) Read(ctx context.Context) ([]connector.Message, error) {
	for {
		short, cancel := context.WithTimeout(ctx, time.Second)
		messages, err := r.Reader.Read(short)
		cancel()
		if err == nil {
			r.next = messages[len(messages)-1].Offset + 1
		}
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return messages, err
		}
		s, err := r.config.OpenSource(ctx, connector.Env{})
		if err != nil {
			continue // not there for now
		}
		var gone *connector.OutOfRangeError
		if _, err := s.Open(ctx, r.partition, r.next, connector.NoEnd, nil); errors.As(err, &gone) {
			return nil, err
		}
	}
}
