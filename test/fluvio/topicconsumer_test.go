package behaviour

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"sync/atomic"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// topicConsumer makes one that is closed with the test.
func topicConsumer(t *testing.T, c *fluvio.Client, topic string, start fluvio.Offset, opts ...fluvio.ConsumerOption) *fluvio.TopicConsumer {
	t.Helper()
	r, err := c.TopicConsumer(limited(t), topic, start, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // an error of a commit is tested where there are some
	return r
}

// take polls until a topic consumer has returned so many records, and checks that each partition's are consecutive numbers.
func take(t *testing.T, r *fluvio.TopicConsumer, n, size int) map[uint32]int {
	t.Helper()
	ctx := limited(t)
	got := map[uint32]int{}
	for total := 0; total < n; {
		partition, records, err := r.Poll(ctx)
		if err != nil {
			t.Fatalf("after %d of %d records: %v", total, n, err)
		}
		from := int(records[0].Offset)
		if seen, ok := got[partition]; ok && seen != from {
			t.Fatalf("partition %d goes on with %d after %d", partition, from, seen)
		}
		wantNumbered(t, records, int64(from), from, from+len(records), size)
		got[partition] = from + len(records)
		total += len(records)
	}
	return got
}

func allPartitions(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(5))
	for p := range uint32(5) {
		produce(t, c, topic, p, numbered(0, 100*int(p), 50), fluvio.WithBatchSize(2000))
	}
	r := topicConsumer(t, c, topic, fluvio.Beginning(), fluvio.WithUntilEnd())
	if got, want := take(t, r, 1000, 50), (map[uint32]int{1: 100, 2: 200, 3: 300, 4: 400}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, _, err := r.Poll(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want io.EOF", err)
	}
	if got, want := r.Positions(), (map[uint32]int64{0: 0, 1: 100, 2: 200, 3: 300, 4: 400}); !maps.Equal(got, want) {
		t.Errorf("positions %v, want %v", got, want)
	}
	tail := topicConsumer(t, c, topic, fluvio.FromEnd(10))
	take(t, tail, 40, 50)
	produce(t, c, topic, 0, numbered(0, 3, 50))
	take(t, tail, 3, 50)
}

func somePartitions(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(4))
	for p := range uint32(4) {
		produce(t, c, topic, p, numbered(0, 10+int(p), 0))
	}
	r := topicConsumer(t, c, topic, fluvio.Beginning(), fluvio.WithPartitions(3, 1), fluvio.WithUntilEnd())
	counts := map[uint32]int{}
	for record, err := range r.Records(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		counts[record.Partition]++
	}
	if want := (map[uint32]int{1: 11, 3: 13}); !maps.Equal(counts, want) {
		t.Errorf("%v, want %v", counts, want)
	}
	if _, err := c.TopicConsumer(ctx, topic, fluvio.Beginning(), fluvio.WithPartitions(1, 4)); !errors.Is(err, fluvio.ErrPartitionNotFound) {
		t.Errorf("a partition that is not there: %v", err)
	}
}

// morePartitions adds some under a producer and a consumer.
func morePartitions(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	p, r := producer(t, c, topic), topicConsumer(t, c, topic, fluvio.End())
	if err := admin.New(s.connect(t)).AddPartitions(ctx, topic, 2); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if n, err := c.Partitions(ctx, topic); err != nil || n != 3 {
			return errors.Join(err, errors.New("the client does not see the new partitions"))
		}
		return nil
	})
	for partition := range uint32(3) {
		for _, record := range numbered(0, 20, 0) {
			if err := p.ProduceTo(ctx, partition, record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(ctx); err != nil || p.Partitions() != 3 {
		t.Fatalf("%d partitions, %v", p.Partitions(), err)
	}
	if got, want := take(t, r, 60, 0), (map[uint32]int{0: 20, 1: 20, 2: 20}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	wantPartitions(t, admin.New(c), topic, 3)
	if err := admin.New(c).AddPartitions(ctx, s.name(), 1); !errors.Is(err, admin.ErrTopicNotFound) {
		t.Errorf("of a topic that is not there: %v", err)
	}
}

// boundedMemory has a consumer of many partitions take nothing, with far more waiting for it than it may hold.
func boundedMemory(t *testing.T, s *server) {
	const number, each, memory = 32, 1 << 20, 8 << 20
	c := s.connect(t)
	topic := s.topic(t, c, partitions(number))
	for p := range uint32(number) {
		produce(t, c, topic, p, numbered(0, each>>10, 1<<10))
	}
	var received atomic.Int64
	slow := s.connect(t, fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return counted{conn, &received}, err
	}))
	settled(t, &received)
	before := received.Load() // metadata
	r := topicConsumer(t, slow, topic, fluvio.Beginning(), fluvio.WithMaxMemory(memory))
	settled(t, &received)
	if n := received.Load() - before; n > memory {
		t.Errorf("%d bytes received by a consumer that may hold %d", n, memory)
	}
	take(t, r, number*each>>10, 1<<10)
}

// staleDropped writes some ordinals twice, in batches cut in other places, and reads them once: here or already on the server.
func staleDropped(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	writer := fluvio.NewWriterID()
	write := func(from, to int64, size int) {
		p := producer(t, s.connect(t), topic, fluvio.WithSequence(writer, from), fluvio.WithBatchSize(size))
		for _, r := range numbered(int(from), int(to), 50) {
			if err := p.Produce(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 100, 1000)
	write(0, 100, 1000)
	write(100, 200, 1000)
	produce(t, c, topic, 0, numbered(200, 210, 50)) // without a sequence: never stale
	r := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithDropStale(), fluvio.WithUntil(end(t, c, topic, 0)))
	next := 0
	for record, err := range r.Records(ctx) {
		if err != nil || !bytes.Equal(record.Value, number(next, 50)) {
			t.Fatalf("%.20q where %d is due, %v", record.Value, next, err)
		}
		next++
	}
	if next != 210 {
		t.Errorf("%d records, want 210", next)
	}
	t.Logf("%d stale records were on the server", r.StaleRecords())
}
