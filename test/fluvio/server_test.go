package behaviour

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
)

// patience bounds one behaviour. A cluster takes up to half a minute for retention alone.
const patience = 2 * time.Minute

// server is what the behaviours run against: an embedded broker, or a cluster that may hold anything else.
type server struct {
	kind     kind
	endpoint string
	run      string // random, part of every name that is made
	names    atomic.Int64
	all      *testing.T // of which the behaviours are parts
}

type kind uint8

const (
	embedded kind = iota + 1 // fluvio/broker in this process
	cluster                  // what WEIR_FLUVIO_ENDPOINT names
)

func newServer(t *testing.T, k kind, endpoint string) *server {
	run := make([]byte, 4)
	_, _ = rand.Read(run) // never fails
	return &server{kind: k, endpoint: endpoint, run: hex.EncodeToString(run), all: t}
}

// embed starts a broker. Old segments go quickly, so that nobody waits for retention.
func embed(t *testing.T, dir, sc, spu string) *broker.Broker {
	t.Helper()
	b, err := broker.Open(broker.Config{Dir: dir, SCAddr: sc, SPUAddr: spu, CleanInterval: 50 * time.Millisecond, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stop stops a broker.
func stop(t *testing.T, b *broker.Broker) {
	t.Helper()
	if err := b.Close(context.Background()); err != nil {
		t.Errorf("close the broker: %v", err)
	}
}

// name is a name that nothing else on the server has.
func (s *server) name() string { return fmt.Sprintf("weir-%s-%d", s.run, s.names.Add(1)) }

// limited is the context of a behaviour.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// connect makes a client that is closed with the test.
func (s *server) connect(t *testing.T, opts ...fluvio.Option) *fluvio.Client {
	t.Helper()
	c, err := fluvio.Connect(limited(t), append([]fluvio.Option{fluvio.WithEndpoint(s.endpoint)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // always nil
	return c
}

// topic creates a topic that is deleted later.
func (s *server) topic(t *testing.T, c *fluvio.Client, config admin.TopicConfig) string {
	t.Helper()
	return s.create(t, func(name string) error { return admin.New(c).CreateTopic(limited(t), name, config) })
}

// create has a topic created under a new name, and deleted later. Where an SC has missed that a partition is up, and says so, there is
// another try under another name.
func (s *server) create(t *testing.T, do func(name string) error) string {
	t.Helper()
	for try := 0; ; try++ {
		name := s.name()
		err := do(name)
		s.deleteLater(t, name)
		if err == nil {
			return name
		}
		if s.kind == embedded || try == 3 || !errors.Is(err, admin.ErrNotProvisioned) {
			t.Fatal(err)
		}
		t.Logf("again: %v", err)
	}
}

// late is the context of what cleans up after a test, whose own has ended.
func late(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// connectLate makes a client for cleaning up, closed behind it: the test's own may be closed already, or cut.
func (s *server) connectLate(t *testing.T) *fluvio.Client {
	t.Helper()
	c, err := fluvio.Connect(late(t), fluvio.WithEndpoint(s.endpoint))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // always nil
	return c
}

// deleteLater deletes a topic, if it is still there: with the test, or of a cluster with all tests. An SC that is told of records in a topic
// that it has just deleted misses what it is told of others at the same time, such as that the next test's is up.
func (s *server) deleteLater(t *testing.T, topic string) {
	t.Helper()
	if s.kind == cluster {
		t = s.all
	}
	t.Cleanup(func() {
		c := s.connectLate(t)
		if err := admin.New(c).DeleteTopic(late(t), topic); err != nil && !errors.Is(err, admin.ErrTopicNotFound) {
			t.Error(err)
		}
	})
}

// partitions is a topic's configuration with that many.
func partitions(n uint32) admin.TopicConfig { return admin.TopicConfig{Partitions: n} }

// producer makes a producer that must work; produce and settle use it.
func producer(t *testing.T, c *fluvio.Client, topic string, opts ...fluvio.ProducerOption) *fluvio.Producer {
	t.Helper()
	p, err := c.Producer(limited(t), topic, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// produce writes records to a partition and returns when they are acknowledged.
func produce(t *testing.T, c *fluvio.Client, topic string, partition uint32, records []fluvio.Record, opts ...fluvio.ProducerOption) {
	t.Helper()
	ctx := limited(t)
	p := producer(t, c, topic, opts...)
	for _, r := range records {
		if err := p.ProduceTo(ctx, partition, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// consumer makes a consumer that is closed with the test.
func consumer(t *testing.T, c *fluvio.Client, topic string, partition uint32, start fluvio.Offset, opts ...fluvio.ConsumerOption) *fluvio.Consumer {
	t.Helper()
	r, err := c.Consumer(limited(t), topic, partition, start, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // always nil
	return r
}

// poll returns the next n records, copied.
func poll(t *testing.T, r *fluvio.Consumer, n int) (records []fluvio.Record) {
	t.Helper()
	ctx := limited(t)
	for len(records) < n {
		got, err := r.Poll(ctx)
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(records), n, err)
		}
		records = append(records, clone(got)...)
	}
	if len(records) > n {
		t.Fatalf("%d records, want %d", len(records), n)
	}
	return records
}

// read returns all records of a partition from a start to the end, copied.
func read(
	t *testing.T, c *fluvio.Client, topic string, partition uint32, start fluvio.Offset, opts ...fluvio.ConsumerOption,
) (records []fluvio.Record) {
	t.Helper()
	ctx := limited(t)
	r := consumer(t, c, topic, partition, start, append(opts, fluvio.WithUntil(end(t, c, topic, partition)))...)
	defer r.Close()
	for {
		got, err := r.Poll(ctx)
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatalf("%s-%d after %d records: %v", topic, partition, len(records), err)
		}
		records = append(records, clone(got)...)
	}
}

// batches returns all batches of a partition.
func batches(t *testing.T, c *fluvio.Client, topic string, partition uint32, opts ...fluvio.ConsumerOption) (all []fluvio.Batch) {
	t.Helper()
	ctx := limited(t)
	r := consumer(t, c, topic, partition, fluvio.Beginning(), append(opts, fluvio.WithUntil(end(t, c, topic, partition)))...)
	defer r.Close()
	for {
		b, err := r.PollBatch(ctx)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
}

func end(t *testing.T, c *fluvio.Client, topic string, partition uint32) int64 {
	t.Helper()
	offsets, err := c.Offsets(limited(t), topic, partition)
	if err != nil {
		t.Fatal(err)
	}
	return offsets.Next
}

// clone copies records, whose slice is only lent.
func clone(records []fluvio.Record) []fluvio.Record { return slices.Clone(records) }

// numbered are records whose values are the numbers from..to-1 in text, filled up to a size.
func numbered(from, to, size int) (records []fluvio.Record) {
	for i := from; i < to; i++ {
		records = append(records, fluvio.Record{Value: number(i, size)})
	}
	return records
}

// number is a number in text, filled up with dots.
func number(i, size int) []byte {
	v := fmt.Appendf(nil, "%08d ", i)
	return append(v, bytes.Repeat([]byte{'.'}, max(size-len(v), 0))...)
}

// wantNumbered checks that records are those of numbered, at consecutive offsets from the first one on.
func wantNumbered(t *testing.T, records []fluvio.Record, first int64, from, to, size int) {
	t.Helper()
	if len(records) != to-from {
		t.Fatalf("%d records, want %d", len(records), to-from)
	}
	for i, r := range records {
		if want := number(from+i, size); !bytes.Equal(r.Value, want) {
			t.Fatalf("record %d is %.20q, want %.20q", i, r.Value, want)
		}
		if r.Offset != first+int64(i) {
			t.Fatalf("record %d has offset %d, want %d", i, r.Offset, first+int64(i))
		}
	}
}

// noise is n bytes that do not compress, the same for the same n.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint64(n)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

// eventually calls until, now and every few milliseconds, and fails with what it said last if that never is nil.
func eventually(t *testing.T, until func() error) {
	t.Helper()
	ctx := limited(t)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := until()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-again.C:
		}
	}
}

// dial reaches a server like the client's own dialer.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}
