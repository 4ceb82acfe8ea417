package pipeline

import (
	"context"
	"strings"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// bent is a sink that does some things in another way; nil: as it did.
type bent struct {
	connector.Config
	open  func() error // before a writer is opened
	write func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error
	lost  func() int64
}

func (c *bent) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	s, err := c.Config.OpenSink(ctx, env)
	return &bentSink{s, c}, err
}

type bentSink struct {
	connector.Sink
	*bent
}

func (s *bentSink) Open(ctx context.Context, lane string, q *connector.Sequence) (connector.Writer, error) {
	if s.bent.open != nil {
		if err := s.bent.open(); err != nil {
			return nil, err
		}
	}
	w, err := s.Sink.Open(ctx, lane, q)
	return &bentWriter{w, s.bent}, err
}

type bentWriter struct {
	connector.Writer
	*bent
}

func (w *bentWriter) Write(ctx context.Context, p uint32, m connector.Message) error {
	if w.bent.write != nil {
		return w.bent.write(ctx, w.Writer, p, m)
	}
	return w.Writer.Write(ctx, p, m)
}

func (w *bentWriter) Lost() int64 {
	if w.bent.lost != nil {
		return w.bent.lost()
	}
	return w.Writer.Lost()
}

// tooLarge has a sink refuse records with some text in them.
func tooLarge(what string) func(context.Context, connector.Writer, uint32, connector.Message) error {
	return func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
		if strings.Contains(string(m.Value), what) {
			return fault.Inputf("%w: so", connector.ErrTooLarge)
		}
		return w.Write(ctx, p, m)
	}
}
