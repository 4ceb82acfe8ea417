package fluvioconn

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// OpenSource connects and looks the topic up.
func (c *config) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	if c.role != connector.RoleSource {
		return nil, fmt.Errorf("topic %s: the table is a sink", c.topic)
	}
	client, err := c.connect(ctx, env)
	if err != nil {
		return nil, err
	}
	s := &source{client: client, config: c, count: partitions{client: client, topic: c.topic}}
	err = s.count.find(ctx)
	if err == nil && c.consumer != "" {
		_, err = client.ConsumerOffsets(ctx, fluvio.ConsumerOffsetFilter{ID: c.consumer, Topic: c.topic})
	}
	if errors.Is(err, fluvio.ErrNoConsumerOffsets) {
		err = fault.Inputf("%w; leave the option 'source.consumer' out", err)
	}
	if err != nil {
		return nil, closing(client, err)
	}
	return s, nil
}

// closing closes a client that is of no use any more and returns why.
func closing(client *fluvio.Client, why error) error {
	_ = client.Close() // the reason is the error to tell
	if fault.Of(why) == fault.Input {
		return why
	}
	return classed(why)
}

type source struct {
	*config
	client *fluvio.Client
	count  partitions
}

func (s *source) Topic() string { return s.topic }

func (s *source) Same() error { return s.count.Same() }

func (s *source) Partitions() []uint32 {
	all := make([]uint32, s.count.now())
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

func (s *source) Start(ctx context.Context, partition uint32) (int64, error) {
	offsets, err := s.client.Offsets(ctx, s.topic, partition)
	if s.offset == "latest" {
		return offsets.Next, classed(err)
	}
	return offsets.Earliest, classed(err)
}

func (s *source) Earliest(ctx context.Context, partition uint32) (int64, error) {
	offsets, err := s.client.Offsets(ctx, s.topic, partition)
	return offsets.Earliest, classed(err)
}

func (s *source) End(ctx context.Context, partition uint32) (int64, error) {
	offsets, err := s.client.Offsets(ctx, s.topic, partition)
	return offsets.Next, classed(err)
}

func (s *source) Open(ctx context.Context, partition uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	options := []fluvio.ConsumerOption{fluvio.WithIsolation(s.isolation)}
	if until >= 0 {
		options = append(options, fluvio.WithUntil(until))
	}
	if s.consumer != "" {
		options = append(options, fluvio.WithConsumerID(s.consumer))
	}
	if s.dropStale {
		options = append(options, fluvio.WithDropStale(fluvio.Seen{Partition: partition, Writers: fromSeen(seen)}))
	}
	consumer, err := s.client.Consumer(ctx, s.topic, partition, fluvio.At(offset), options...)
	if err != nil {
		return nil, classed(err)
	}
	return &reader{consumer: consumer, commits: s.consumer != ""}, nil
}

func (s *source) Close() error { return classed(s.client.Close()) }

type reader struct {
	consumer *fluvio.Consumer
	commits  bool // a stored offset follows
	messages []connector.Message
}

func (r *reader) Read(ctx context.Context) ([]connector.Message, error) {
	records, err := r.consumer.Poll(ctx)
	if err == io.EOF {
		return nil, err
	}
	if err != nil {
		return nil, classed(err)
	}
	r.messages = r.messages[:0]
	for i := range records {
		rec := &records[i]
		r.messages = append(r.messages, connector.Message{Offset: rec.Offset, Time: rec.Timestamp, Key: rec.Key, Value: rec.Value})
	}
	return r.messages, nil
}

func (r *reader) Buffered() bool { return r.consumer.Buffered() }

func (r *reader) Seen(next int64) []connector.SeenWriter { return toSeen(r.consumer.SeenBefore(next)) }

func (r *reader) Stale() int64 { return r.consumer.StaleRecords() }

// Commit moves the stored offset, where there is one.
func (r *reader) Commit(ctx context.Context, next int64) error {
	if !r.commits {
		return nil
	}
	return classed(r.consumer.CommitTo(ctx, next))
}

func (r *reader) Close() error { return classed(r.consumer.Close()) }

// fromSeen makes the client's of what a checkpoint holds, toSeen the other way round.
func fromSeen(writers []connector.SeenWriter) []fluvio.SeenWriter {
	all := make([]fluvio.SeenWriter, 0, len(writers))
	for _, w := range writers {
		made := fluvio.SeenWriter{Writer: w.Writer, Next: w.Next}
		for _, s := range w.Beyond {
			made.Beyond = append(made.Beyond, fluvio.Span(s))
		}
		all = append(all, made)
	}
	return all
}

func toSeen(writers []fluvio.SeenWriter) []connector.SeenWriter {
	if len(writers) == 0 {
		return nil
	}
	all := make([]connector.SeenWriter, 0, len(writers))
	for _, w := range writers {
		made := connector.SeenWriter{Writer: w.Writer, Next: w.Next}
		for _, s := range w.Beyond {
			made.Beyond = append(made.Beyond, connector.Span(s))
		}
		all = append(all, made)
	}
	return all
}
