package fluvioconn

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// OpenSink connects and looks the topic up; a dead letter topic that is not there is made with one partition.
func (c *config) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	if c.role != connector.RoleSink {
		return nil, fmt.Errorf("topic %s: the table is a source", c.topic)
	}
	client, err := c.connect(ctx, env)
	if err != nil {
		return nil, err
	}
	n, err := client.Partitions(ctx, c.topic)
	if c.create && errors.Is(err, fluvio.ErrTopicNotFound) {
		err = admin.New(client).CreateTopic(ctx, c.topic, admin.TopicConfig{Partitions: 1})
		if err == nil || errors.Is(err, admin.ErrTopicExists) {
			n, err = client.Partitions(ctx, c.topic)
		}
	}
	if err != nil {
		return nil, closing(client, err)
	}
	return &sink{client: client, config: c, partitions: n}, nil
}

type sink struct {
	*config
	client     *fluvio.Client
	partitions int
}

func (s *sink) Partitions() int { return s.partitions }

func (s *sink) Open(ctx context.Context, lane string) (connector.Writer, error) {
	options := []fluvio.ProducerOption{
		fluvio.WithLane(lane), fluvio.WithLinger(s.linger), fluvio.WithBatchSize(s.batchSize), fluvio.WithMaxRequestSize(maxRequest),
	}
	if s.compression != nil {
		options = append(options, fluvio.WithCompression(*s.compression))
	}
	producer, err := s.client.Producer(ctx, s.topic, options...)
	if err != nil {
		return nil, classed(err)
	}
	return &writer{producer: producer}, nil
}

func (s *sink) Close() error { return classed(s.client.Close()) }

type writer struct{ producer *fluvio.Producer }

func (w *writer) Write(ctx context.Context, partition uint32, m connector.Message) error {
	r := fluvio.Record{Timestamp: m.Time, Key: m.Key, Value: m.Value}
	if partition == connector.ByKey {
		partition = fluvio.PartitionForKey(m.Key, w.producer.Partitions())
	}
	err := w.producer.ProduceTo(ctx, partition, r)
	var tooLarge *fluvio.RecordTooLargeError
	if errors.As(err, &tooLarge) {
		return fault.Inputf("%w: %d bytes with its batch, limit %d", connector.ErrTooLarge, tooLarge.Size, tooLarge.Limit)
	}
	return classed(err)
}

func (w *writer) Flush(ctx context.Context) error { return classed(w.producer.Flush(ctx)) }

// Close drops what is not confirmed. A lane flushes before it relies on anything, and Flush has told what failed.
func (w *writer) Close() error {
	ended, end := context.WithCancel(context.Background())
	end()
	_ = w.producer.Close(ended)
	return nil
}
