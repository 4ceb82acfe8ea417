package fluvioconn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/backoff"
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
	s := &sink{client: client, config: c, count: partitions{client: client, topic: c.topic}, log: env.Logger}
	err = s.count.find(ctx)
	if c.create && errors.Is(err, fluvio.ErrTopicNotFound) {
		if err = create(ctx, client, c.topic, env.RetryBudget); err == nil {
			err = s.count.find(ctx)
		}
	}
	if err != nil {
		return nil, closing(client, err)
	}
	return s, nil
}

// create makes a topic that is not there. Where no answer came it may be there, and to make it once more says so.
func create(ctx context.Context, client *fluvio.Client, topic string, budget time.Duration) error {
	pause := backoff.New(backoff.Config{Budget: budget})
	for {
		err := admin.New(client).CreateTopic(ctx, topic, admin.TopicConfig{Partitions: 1})
		if errors.Is(err, admin.ErrTopicExists) {
			return nil
		}
		if !errors.Is(err, fluvio.ErrAmbiguous) || pause.Wait(ctx) != nil {
			return err
		}
	}
}

type sink struct {
	*config
	client *fluvio.Client
	count  partitions
	log    *slog.Logger // may be nil
}

func (s *sink) Partitions() int { return s.count.now() }

func (s *sink) PartitionOf(key []byte, partitions int) uint32 {
	return fluvio.PartitionForKey(key, partitions)
}

// ExactlyOnce asks the SC how the topic is configured.
func (s *sink) ExactlyOnce(ctx context.Context) error {
	topic, err := admin.New(s.client).Topic(ctx, s.topic)
	if err != nil {
		return classed(err)
	}
	return carries(&topic)
}

// carries tells whether the SPUs keep batches of a topic as they are sent, with the sequence in their headers. Where they
// deduplicate they make them anew.
func carries(topic *admin.Topic) error {
	if d := topic.Config.Deduplication; d != nil {
		return fault.Inputf("topic %s deduplicates, with SmartModule %s: that makes batches anew and loses whose they are; "+
			"write to a topic without deduplication, or with delivery = 'at_least_once'", topic.Name, d.Filter)
	}
	return nil
}

func (s *sink) Open(ctx context.Context, lane string, sequence *connector.Sequence) (connector.Writer, error) {
	options := []fluvio.ProducerOption{
		fluvio.WithLane(lane), fluvio.WithLinger(s.linger), fluvio.WithBatchSize(s.batchSize), fluvio.WithMaxRequestSize(maxRequest),
	}
	if s.compression != nil {
		options = append(options, fluvio.WithCompression(*s.compression))
	}
	if sequence != nil {
		options = append(options, fluvio.WithSequence(sequence.Writer, sequence.Next...))
	}
	switch {
	case s.delivery == connector.ExactlyOnce && sequence == nil:
		return nil, fmt.Errorf("topic %s: exactly_once without a producer sequence", s.topic)
	case s.delivery == connector.AtMostOnce: // a record that may be lost need not wait for replicas
		options = append(options, fluvio.WithDeliverySemantic(fluvio.AtMostOnce), fluvio.WithIsolation(fluvio.ReadUncommitted))
	}
	producer, err := s.client.Producer(ctx, s.topic, options...)
	if err != nil {
		return nil, classed(err)
	}
	return &writer{producer: producer, topic: s.topic, log: s.log}, nil
}

func (s *sink) End(ctx context.Context, partition uint32) (int64, error) {
	offsets, err := s.client.Offsets(ctx, s.topic, partition)
	return offsets.Next, classed(err)
}

func (s *sink) SequenceEnd(ctx context.Context, partition uint32, writer, ordinal, from int64) (next, end int64, err error) {
	next, end, err = s.client.SequenceEnd(ctx, s.topic, partition, writer, ordinal, from)
	return next, end, classed(err)
}

func (s *sink) Same() error { return s.count.Same() }

func (s *sink) Close() error { return classed(s.client.Close()) }

type writer struct {
	producer *fluvio.Producer
	topic    string
	log      *slog.Logger // may be nil
	told     int64        // how many records were told to be lost
}

func (w *writer) Write(ctx context.Context, partition uint32, m connector.Message) error {
	err := w.producer.ProduceTo(ctx, partition, fluvio.Record{Timestamp: m.Time, Key: m.Key, Value: m.Value})
	if err == nil {
		return nil
	}
	var tooLarge *fluvio.RecordTooLargeError
	if errors.As(err, &tooLarge) {
		return fault.Inputf("%w: %d bytes with its batch, limit %d", connector.ErrTooLarge, tooLarge.Size, tooLarge.Limit)
	}
	return classed(err)
}

func (w *writer) Flush(ctx context.Context) error {
	err := w.producer.Flush(ctx)
	if lost := w.Lost(); lost > w.told && w.log != nil {
		w.log.Warn("records were given up, as at_most_once says", "topic", w.topic, "records", lost-w.told)
		w.told = lost
	}
	return classed(err)
}

func (w *writer) Lost() int64 { return w.producer.Lost() }

// Close drops what is not confirmed. A lane flushes before it relies on anything, and Flush has told what failed.
func (w *writer) Close() error {
	ended, end := context.WithCancel(context.Background())
	end()
	_ = w.producer.Close(ended)
	return nil
}
