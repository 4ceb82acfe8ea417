package fluvio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
)

func TestWhatIsProducedIsConsumedInOrder(t *testing.T) {
	c := cluster(t, 1)
	p := newProducer(t, c)
	const n = 20_000
	produce(t, p, 0, n)
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	if records, next := p.Acknowledged(0); records != n || next != n {
		t.Errorf("%d records acknowledged, next offset %d", records, next)
	}
	for _, maxBytes := range []int{1 << 10, 1 << 20} {
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithMaxBytes(maxBytes), fluvio.WithUntil(n))
		wantValues(t, consumer, 0, n)
		if _, err := consumer.Poll(soon(t)); err != io.EOF {
			t.Errorf("%v", err)
		}
	}
}

func TestKeysTimestampsAndEmptyRecordsSurvive(t *testing.T) {
	for _, compression := range []fluvio.Compression{fluvio.NoCompression, fluvio.Gzip, fluvio.Snappy, fluvio.LZ4, fluvio.Zstd} {
		t.Run(compression.String(), func(t *testing.T) {
			c := cluster(t, 1)
			p := newProducer(t, c, fluvio.WithCompression(compression))
			before := time.Now().UnixMilli()
			want := []fluvio.Record{
				{Key: []byte("k"), Value: []byte("v"), Timestamp: 1_700_000_000_000},
				{Key: []byte{}, Value: []byte{}, Timestamp: 1},
				{Value: bytes.Repeat([]byte("abc"), 50_000), Timestamp: 4_000_000_000_000}, // too far from the others for one batch
				{Key: []byte("now")},
			}
			for i := range want {
				if err := p.ProduceTo(soon(t), 0, want[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Close(soon(t)); err != nil {
				t.Fatal(err)
			}
			i := 0
			for r, err := range newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithUntil(4)).Records(soon(t)) {
				if err != nil {
					t.Fatal(err)
				}
				w := want[i]
				if r.Offset != int64(i) || !bytes.Equal(r.Key, w.Key) || (r.Key == nil) != (w.Key == nil) || !bytes.Equal(r.Value, w.Value) {
					t.Errorf("record %d: offset %d, key %q, %d bytes", i, r.Offset, r.Key, len(r.Value))
				}
				if w.Timestamp != 0 && r.Timestamp != w.Timestamp || w.Timestamp == 0 && (r.Timestamp < before || r.Timestamp > time.Now().UnixMilli()) {
					t.Errorf("record %d: timestamp %d", i, r.Timestamp)
				}
				i++
			}
			if i != 4 {
				t.Errorf("%d records", i)
			}
		})
	}
}

func TestConsumersStartWhereTheyAreTold(t *testing.T) {
	c := cluster(t, 1)
	p := newProducer(t, c)
	produce(t, p, 0, 100)
	if err := p.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	for start, want := range map[fluvio.Offset]int{
		fluvio.Beginning(): 0, fluvio.At(0): 0, fluvio.At(57): 57, fluvio.At(100): 100, fluvio.End(): 100,
		fluvio.FromBeginning(7): 7, fluvio.FromBeginning(1000): 100, fluvio.FromEnd(1): 99, fluvio.FromEnd(1000): 0,
	} {
		consumer := newConsumer(t, c, 0, start)
		if got := consumer.Position(); got != int64(want) {
			t.Errorf("%v starts at %d, want %d", start, got, want)
		}
		wantValues(t, consumer, want, 100)
		consumer.Close()
	}
	consumer := newConsumer(t, c, 0, fluvio.At(101))
	var out *fluvio.OffsetOutOfRangeError
	if _, err := consumer.Poll(soon(t)); !errors.As(err, &out) || out.Offset != 101 || out.Earliest != 0 || out.Next != 100 {
		t.Errorf("behind the end: %v", err)
	}
	if at, err := c.Offsets(soon(t), "t", 0); err != nil || at != (fluvio.Offsets{Earliest: 0, Next: 100}) {
		t.Errorf("%+v, %v", at, err)
	}
	tail := newConsumer(t, c, 0, fluvio.End())
	produce(t, p, 100, 110)
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	wantValues(t, tail, 100, 110)
}

func TestUnknownTopicsAndPartitionsAreKnownAtOnce(t *testing.T) {
	c := cluster(t, 2)
	ctx := soon(t)
	_, noProducer := c.Producer(ctx, "other")
	_, noConsumer := c.Consumer(ctx, "other", 0, fluvio.At(0))
	_, noOffsets := c.Offsets(ctx, "other", 0)
	_, noCount := c.Partitions(ctx, "other")
	for _, err := range []error{noProducer, noConsumer, noOffsets, noCount} {
		if !errors.Is(err, fluvio.ErrTopicNotFound) || !strings.Contains(err.Error(), "'other'") {
			t.Errorf("%v", err)
		}
	}
	_, noConsumer = c.Consumer(ctx, "t", 2, fluvio.Beginning())
	_, noOffsets = c.Offsets(ctx, "t", 2)
	for _, err := range []error{noConsumer, noOffsets} {
		if !errors.Is(err, fluvio.ErrPartitionNotFound) || !strings.Contains(err.Error(), "has 2") {
			t.Errorf("%v", err)
		}
	}
}

func TestATopicsCompressionDecides(t *testing.T) {
	c := cluster(t, 1)
	if err := admin.New(c).CreateTopic(soon(t), "packed", admin.TopicConfig{Compression: admin.Zstd}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Producer(soon(t), "packed", fluvio.WithCompression(fluvio.Gzip)); !errors.Is(err, fluvio.ErrCompression) || !strings.Contains(err.Error(), "zstd") {
		t.Errorf("%v", err)
	}
	p, err := c.Producer(soon(t), "packed")
	if err != nil {
		t.Fatal(err)
	}
	mustProduce(t, p, 0, "v")
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	consumer, err := c.Consumer(soon(t), "packed", 0, fluvio.Beginning())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := consumer.PollBatch(soon(t)); err != nil || b.Codec() != fluvio.Zstd {
		t.Errorf("%v, %v", b.Codec(), err)
	}
}

// TestEveryRecordOfEveryPartitionArrives has several goroutines produce with keys.
func TestEveryRecordOfEveryPartitionArrives(t *testing.T) {
	c := cluster(t, 5)
	p := newProducer(t, c, fluvio.WithMaxBuffered(2<<20))
	const producers, each = 4, 3000
	var running sync.WaitGroup
	for n := range producers {
		running.Go(func() {
			for i := range each {
				key := fmt.Appendf(nil, "%d/%d", n, i%50)
				if err := p.Produce(soon(t), fluvio.Record{Key: key, Value: fmt.Append(nil, i)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	total := 0
	for partition := range uint32(5) {
		at, err := c.Offsets(soon(t), "t", partition)
		if err != nil {
			t.Fatal(err)
		}
		if records, next := p.Acknowledged(partition); records != at.Next || next != at.Next {
			t.Errorf("partition %d: %d acknowledged, next %d, has %d", partition, records, next, at.Next)
		}
		last := map[string]int{}
		for r, err := range newConsumer(t, c, partition, fluvio.Beginning(), fluvio.WithUntil(at.Next)).Records(soon(t)) {
			if err != nil {
				t.Fatal(err)
			}
			var i int
			fmt.Sscan(string(r.Value), &i)
			if want := fluvio.PartitionForKey(r.Key, 5); want != partition {
				t.Fatalf("key %s is in partition %d, not %d", r.Key, partition, want)
			}
			if prev, ok := last[string(r.Key)]; ok && i != prev+50 {
				t.Fatalf("key %s: %d after %d", r.Key, i, prev)
			}
			last[string(r.Key)] = i
			total++
		}
	}
	if total != producers*each {
		t.Errorf("%d records", total)
	}
}

// TestABrokerMayComeAndGo restarts the broker on its ports while records are produced and consumed.
func TestABrokerMayComeAndGo(t *testing.T) {
	cfg := broker.Config{Dir: t.TempDir()}
	b := startBroker(t, cfg)
	cfg.SCAddr, cfg.SPUAddr = b.SC(), b.SPU()
	c := connect(t, b.SC())
	createTopic(t, c, "t", 1)
	p := newProducer(t, c)
	consumer := newConsumer(t, c, 0, fluvio.Beginning())
	const n = 50_000
	reached := make([]chan struct{}, 5)
	for i := range reached {
		reached[i] = make(chan struct{})
	}
	var running sync.WaitGroup
	running.Go(func() {
		ctx := soon(t)
		for i := range n {
			if i%(n/len(reached)) == 0 {
				close(reached[i/(n/len(reached))])
			}
			if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: value(i)}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	running.Go(func() {
		for _, at := range reached {
			<-at
			impatient, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(2))*time.Millisecond)
			b.Close(impatient)
			cancel()
			b = startBroker(t, cfg)
		}
	})
	// At least once: a value may come again, but none is missing and none overtakes another one.
	seen := 0
	ctx := soon(t)
	for seen < n {
		records, err := consumer.Poll(ctx)
		if err != nil {
			t.Fatalf("after %d values: %v", seen, err)
		}
		for i, r := range records {
			if i > 0 && r.Offset != records[i-1].Offset+1 {
				t.Fatalf("offset %d after %d", r.Offset, records[i-1].Offset)
			}
			var v int
			fmt.Sscanf(string(r.Value), "value %d", &v)
			if v > seen {
				t.Fatalf("value %d where %d was to come", v, seen)
			}
			seen = max(seen, v+1)
		}
	}
	running.Wait()
	if err := p.Close(soon(t)); err != nil {
		t.Error(err)
	}
	if acked, _ := p.Acknowledged(0); acked != n {
		t.Errorf("%d records acknowledged", acked)
	}
}

func TestABudgetOfNothingFailsAtOnce(t *testing.T) {
	b := startBroker(t, broker.Config{})
	endpoint := b.SC()
	c := connect(t, endpoint, fluvio.WithRetryBudget(0))
	createTopic(t, c, "t", 1)
	p := newProducer(t, c)
	consumer := newConsumer(t, c, 0, fluvio.Beginning())
	b.Close(context.Background())
	mustProduce(t, p, 0, "v")
	if err := p.Flush(soon(t)); !errors.Is(err, fluvio.ErrUnavailable) {
		t.Errorf("produce: %v", err)
	}
	if _, err := consumer.Poll(soon(t)); !errors.Is(err, fluvio.ErrUnavailable) {
		t.Errorf("consume: %v", err)
	}
	if _, err := admin.New(c).Topics(soon(t)); !errors.Is(err, fluvio.ErrUnavailable) {
		t.Errorf("list: %v", err)
	}
	if _, err := fluvio.Connect(soon(t), fluvio.WithEndpoint(endpoint), fluvio.WithRetryBudget(0)); !errors.Is(err, fluvio.ErrUnavailable) || !strings.Contains(err.Error(), endpoint) {
		t.Errorf("connect: %v", err)
	}
}

func TestClosingIsIdempotent(t *testing.T) {
	c := cluster(t, 1)
	consumer := newConsumer(t, c, 0, fluvio.Beginning())
	if err := errors.Join(consumer.Close(), consumer.Close(), c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := c.Offsets(soon(t), "t", 0); !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := admin.New(c).DeleteTopic(soon(t), "t"); !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestADeletedTopicEndsItsReadersAndWriters(t *testing.T) {
	c := cluster(t, 1)
	p := newProducer(t, c)
	produce(t, p, 0, 10)
	if err := p.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	consumer := newConsumer(t, c, 0, fluvio.Beginning())
	wantValues(t, consumer, 0, 10)
	if err := admin.New(c).DeleteTopic(soon(t), "t"); err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Poll(soon(t)); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("consumer: %v", err)
	}
	mustProduce(t, p, 0, "v")
	if err := p.Close(soon(t)); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("producer: %v", err)
	}
}

func TestRoundRobinVisitsEveryPartition(t *testing.T) {
	c := cluster(t, 3)
	p := newProducer(t, c, fluvio.WithPartitioner(fluvio.RoundRobin()))
	for range 9 {
		if err := p.Produce(soon(t), fluvio.Record{Key: []byte("same"), Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	var counts []int64
	for n := range uint32(3) {
		acked, _ := p.Acknowledged(n)
		counts = append(counts, acked)
	}
	if !slices.Equal(counts, []int64{3, 3, 3}) {
		t.Errorf("%v", counts)
	}
	if records, next := p.Acknowledged(3); records != 0 || next != -1 {
		t.Errorf("no such partition: %d, %d", records, next)
	}
}
