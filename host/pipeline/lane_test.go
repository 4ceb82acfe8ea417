package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/fault"
)

// numbered are records with the numbers from, from+1 … to-1 for lane s.
func numbered(s string, from, to int) (records []connector.Message) {
	for n := from; n < to; n++ {
		records = append(records, connector.Message{Time: -1, Value: fmt.Appendf(nil, `{"n":%d,"s":"%s"}`, n, s)})
	}
	return records
}

func simple(lanes ...[]connector.Message) job {
	return job{input: lanes, onReject: OnReject{Letters: -1}, sinks: []target{{topic: "out", partitions: 1}}}
}

func TestBusyStreamGetsFullBatches(t *testing.T) {
	j := simple(numbered("a", 0, 1000))
	j.limits.Rows = 100
	j.most = 7
	b := newBench(t, j)
	c := b.config()
	batches := 0
	decoder := c.Source.Decoder
	c.Source.Decoder = func() (format.Decoder, error) {
		d, err := decoder()
		return counting{d, func(builder *batch.Builder) {
			if builder.Rows() == 0 {
				batches++
			}
		}}, err
	}
	c.Limits.Age = time.Hour
	must(t, b.run(t.Context(), c, nil))
	if batches != 10 {
		t.Errorf("1000 rows came in %d batches, want 10", batches)
	}
}

// counting looks at every decode.
type counting struct {
	format.Decoder
	look func(*batch.Builder)
}

func (d counting) Decode(frame []byte, b *batch.Builder) error {
	d.look(b)
	return d.Decoder.Decode(frame, b)
}

// TestOneLaneFailsWhileOthersWait ends every lane, wherever it waits.
func TestOneLaneFailsWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := []connector.Message{{Time: -1, Value: []byte("nonsense")}}
		j := simple(nil, numbered("b", 0, 50), nil)
		j.limits.Rows = 1
		b := newBench(t, j)
		c := b.config()
		c.UntilEnd, c.QueueBytes = false, 1
		ended := make(chan error, 1)
		go func() { ended <- b.run(t.Context(), c, nil) }()
		synctest.Wait()
		b.produce("in", 2, bad...)
		err := <-ended
		if err == nil || !strings.Contains(err.Error(), "partition 2 offset 0") || fault.Of(err) != fault.Input {
			t.Errorf("the run ended with %v, class %d", err, fault.Of(err))
		}
	})
}

func TestWorkersShareThePartitions(t *testing.T) {
	j := simple(numbered("0", 0, 5), numbered("1", 5, 10), numbered("2", 10, 15))
	b := newBench(t, j)
	for worker := range uint32(5) { // two of them have nothing to do
		c := b.config()
		c.Worker, c.Workers = worker, 5
		must(t, b.run(t.Context(), c, nil))
	}
	if got := len(b.values("out", 0)); got != 15 {
		t.Errorf("%d records came out, want 15", got)
	}
}

func TestIdleWorkerWaitsUntilDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple(nil))
		c := b.config()
		c.UntilEnd, c.Worker, c.Workers = false, 1, 2
		drain, ended := make(chan struct{}), make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { ended <- b.run(ctx, c, drain) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("an idle worker ended with %v", err)
		default:
		}
		close(drain)
		must(t, <-ended)
		go func() { ended <- b.run(ctx, c, nil) }()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled idle worker ended with %v", err)
		}
	})
}

func TestUntilEndStopsWhereTheEndWas(t *testing.T) {
	b := newBench(t, simple(numbered("a", 0, 5)))
	c := b.config()
	decoder := c.Source.Decoder
	c.Source.Decoder = func() (format.Decoder, error) {
		d, err := decoder()
		b.produce("in", 0, numbered("a", 5, 8)...) // the end was taken, reading has not begun
		return d, err
	}
	must(t, b.run(t.Context(), c, nil))
	if len(b.values("out", 0)) != 5 || b.at("p/0") != 5 {
		t.Errorf("%q came out, the checkpoint is at %d", b.values("out", 0), b.at("p/0"))
	}
	must(t, b.run(t.Context(), b.config(), nil))
	if len(b.values("out", 0)) != 8 || b.at("p/0") != 8 {
		t.Errorf("%q came out, the checkpoint is at %d", b.values("out", 0), b.at("p/0"))
	}
}

func TestCheckpointPastTheEndIsRefused(t *testing.T) {
	b := newBench(t, simple(numbered("a", 0, 5)))
	must(t, b.run(t.Context(), b.config(), nil))
	again := newBench(t, simple(numbered("a", 0, 2)))
	again.saved = b.saved
	err := again.run(t.Context(), again.config(), nil)
	if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "offset 5") || !strings.Contains(err.Error(), "--state") {
		t.Errorf("the run ended with %v", err)
	}
}

// TestPanicIsAnError panics in each loop.
func TestPanicIsAnError(t *testing.T) {
	for name, breakIt := range map[string]func(*Config){
		"decode": func(c *Config) { c.Source.Decoder = func() (format.Decoder, error) { return nil, nil } },
		"operate": func(c *Config) {
			chain := c.Chain
			c.Chain = func(ctx context.Context) (*operator.Chain, error) {
				opened, err := chain(ctx)
				if err == nil {
					err = opened.Close(ctx)
				}
				return nil, err
			}
		},
		"encode": func(c *Config) { c.Sinks[0].Encoder = func() (format.Encoder, error) { return nil, nil } },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, simple(numbered("a", 0, 5), numbered("b", 0, 5)))
			c := b.config()
			c.UntilEnd = false
			c.Memory = nil // what a panicking loop held is lost
			breakIt(&c)
			err := b.run(t.Context(), c, nil)
			if fault.Of(err) != fault.Bug || !strings.Contains(err.Error(), "nil pointer") || strings.Contains(err.Error(), "goroutine") {
				t.Errorf("the run ended with %v", err)
			}
			if log := b.log.String(); !strings.Contains(log, "a lane panicked") || !strings.Contains(log, "lane.go") {
				t.Errorf("the log has no stack: %s", log)
			}
		})
	}
}

func TestEncoderThatCannotExpressARow(t *testing.T) {
	j := simple(numbered("a", 0, 10))
	j.limits.Rows = 2
	b := newBench(t, j)
	c := b.config()
	encoder := c.Sinks[0].Encoder
	c.Sinks[0].Encoder = func() (format.Encoder, error) {
		e, err := encoder()
		return &refusing{Encoder: e}, err
	}
	err := b.run(t.Context(), c, nil)
	if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "table out: a row made of topic in partition 0 offset 5 frame 0: test.range") {
		t.Errorf("the run ended with %v", err)
	}
	if got := b.values("out", 0); len(got) != 4 || b.at("p/0") != 4 {
		t.Errorf("%q came out, the checkpoint is at %d", got, b.at("p/0"))
	}
}

// refusing refuses the sixth row.
type refusing struct {
	format.Encoder
	rows int
}

func (e *refusing) Append(dst []byte, row int) ([]byte, error) {
	if e.rows++; e.rows == 6 {
		return dst, &format.DataError{Code: "test.range", Path: "n", Message: "too much"}
	}
	return e.Encoder.Append(dst, row)
}

// TestRowLargerThanABatchStopsWithItsPlace has a sink that refuses the sixth record, in a batch behind one that went through.
func TestRowLargerThanABatchStopsWithItsPlace(t *testing.T) {
	j := simple(numbered("a", 0, 10))
	j.limits.Rows, j.interval = 4, time.Hour
	b := newBench(t, j)
	c := b.config()
	plain := c.Sinks[0].Connector
	records := 0
	c.Sinks[0].Connector = &bent{Config: plain, write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
		if records++; records == 6 {
			return fault.Inputf("%w: 9 bytes, limit 8", connector.ErrTooLarge)
		}
		return w.Write(ctx, p, m)
	}}
	err := b.run(t.Context(), c, nil)
	const want = "table out: a row made of topic in partition 0 offset 5 frame 0: record too large: 9 bytes, limit 8; leave such rows out"
	if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) {
		t.Errorf("the run ended with %v", err)
	}
	if got := len(b.values("out", 0)); got != 5 || c.Stats.RowsOut.Load() != 5 || c.Stats.RecordsOut.Load() != 5 || b.at("p/0") != 4 {
		t.Errorf("%d came out, %d are counted, the checkpoint is at %d", got, c.Stats.RowsOut.Load(), b.at("p/0"))
	}
	if count := b.saved["p/0"].Sinks["table out"].Count; count != 4 {
		t.Errorf("the next run begins to spread records at %d, want 4, where it begins to write", count)
	}
	c.Sinks[0].Connector = plain
	must(t, b.run(t.Context(), c, nil))
	if got := len(b.values("out", 0)); got != 11 {
		t.Errorf("%d are there in the end, want 10 and one twice", got)
	}
}

func TestReaderThatFailsLetsThroughWhatItGave(t *testing.T) {
	j := simple(numbered("a", 0, 6))
	j.most = 2
	b := newBench(t, j)
	reads := 0
	c := b.config()
	c.Source.Connector = &failing{c.Source.Connector, func() error {
		if reads++; reads == 3 {
			return fault.Environmentf("the line is dead")
		}
		return nil
	}}
	err := b.run(t.Context(), c, nil)
	if fault.Of(err) != fault.Environment || err.Error() != "topic in partition 0, offset 4: the line is dead" {
		t.Errorf("the run ended with %v", err)
	}
	if got := b.values("out", 0); len(got) != 4 || b.at("p/0") != 4 {
		t.Errorf("%q came out, the checkpoint is at %d", got, b.at("p/0"))
	}
}

// failing is a source whose reads may fail.
type failing struct {
	connector.Config
	read func() error
}

func (c *failing) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	s, err := c.Config.OpenSource(ctx, env)
	return &failingSource{s, c.read}, err
}

type failingSource struct {
	connector.Source
	read func() error
}

func (s *failingSource) Open(ctx context.Context, p uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	r, err := s.Source.Open(ctx, p, offset, until, seen)
	return &failingReader{r, s.read}, err
}

type failingReader struct {
	connector.Reader
	read func() error
}

func (r *failingReader) Read(ctx context.Context) ([]connector.Message, error) {
	if err := r.read(); err != nil {
		return nil, err
	}
	return r.Reader.Read(ctx)
}

// TestFullColumnClosesTheBatch has a decoder whose columns are full after two rows.
func TestFullColumnClosesTheBatch(t *testing.T) {
	b := newBench(t, simple(numbered("a", 0, 7)))
	c := b.config()
	decoder := c.Source.Decoder
	c.Source.Decoder = func() (format.Decoder, error) {
		d, err := decoder()
		return &small{d}, err
	}
	must(t, b.run(t.Context(), c, nil))
	if got := b.values("out", 0); len(got) != 7 {
		t.Errorf("%q came out", got)
	}
}

type small struct{ format.Decoder }

func (d *small) Decode(frame []byte, b *batch.Builder) error {
	if b.Rows() == 2 {
		return batch.ErrFull
	}
	return d.Decoder.Decode(frame, b)
}
