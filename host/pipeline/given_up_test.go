package pipeline

import (
	"context"
	"testing"

	"github.com/weir-stream/weir/host/connector"
)

// TestWhatIsGivenUpIsNotCountedAsWritten has a sink that gives up the third record of each flush.
func TestWhatIsGivenUpIsNotCountedAsWritten(t *testing.T) {
	j := simple(numbered("a", 0, 12))
	j.limits.Rows, j.most, j.interval = 4, 4, 1
	b := newBench(t, j)
	c := b.config()
	c.Sinks[0].Connector = &givingUp{c.Sinks[0].Connector}
	must(t, b.run(t.Context(), c, nil))
	there := int64(len(b.values("out", 0)))
	if s := c.Stats; there >= 12 || s.RecordsOut.Load() != there || s.RowsOut.Load() != there || s.GivenUp.Load() != 12-there {
		t.Errorf("%d of 12 are there, %d records and %d rows are counted, %d given up", there, s.RecordsOut.Load(), s.RowsOut.Load(), s.GivenUp.Load())
	}
}

type givingUp struct{ connector.Config }

func (c *givingUp) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	s, err := c.Config.OpenSink(ctx, env)
	return &givingUpSink{s}, err
}

type givingUpSink struct{ connector.Sink }

func (s *givingUpSink) Open(ctx context.Context, lane string, q *connector.Sequence) (connector.Writer, error) {
	w, err := s.Sink.Open(ctx, lane, q)
	return &givingUpWriter{Writer: w}, err
}

type givingUpWriter struct {
	connector.Writer
	records, lost int64
}

func (w *givingUpWriter) Write(ctx context.Context, p uint32, m connector.Message) error {
	if w.records++; w.records%4 == 3 {
		w.lost++
		return nil
	}
	return w.Writer.Write(ctx, p, m)
}

func (w *givingUpWriter) Lost() int64 { return w.lost }
