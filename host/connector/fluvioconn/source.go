package fluvioconn

import (
	"context"
	"fmt"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/connector"
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
	n, err := client.Partitions(ctx, c.topic)
	if err != nil {
		return nil, closing(client, err)
	}
	return &source{client: client, config: c, partitions: n}, nil
}

// closing closes a client that is of no use any more and returns why.
func closing(client *fluvio.Client, why error) error {
	_ = client.Close() // the reason is the error to tell
	return classed(why)
}

type source struct {
	*config
	client     *fluvio.Client
	partitions int
}

func (s *source) Topic() string { return s.topic }

func (s *source) Partitions() []uint32 {
	all := make([]uint32, s.partitions)
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

func (s *source) End(ctx context.Context, partition uint32) (int64, error) {
	offsets, err := s.client.Offsets(ctx, s.topic, partition)
	return offsets.Next, classed(err)
}

func (s *source) Open(ctx context.Context, partition uint32, offset int64) (connector.Reader, error) {
	consumer, err := s.client.Consumer(ctx, s.topic, partition, fluvio.At(offset))
	if err != nil {
		return nil, classed(err)
	}
	return &reader{consumer: consumer}, nil
}

func (s *source) Close() error { return classed(s.client.Close()) }

type reader struct {
	consumer *fluvio.Consumer
	messages []connector.Message
}

func (r *reader) Read(ctx context.Context) ([]connector.Message, error) {
	records, err := r.consumer.Poll(ctx)
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

// Commit has nothing to tell a cluster: these consumers have no stored offset there.
func (r *reader) Commit(context.Context, int64) error { return nil }

func (r *reader) Close() error { return classed(r.consumer.Close()) }
