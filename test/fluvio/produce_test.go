package behaviour

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// codecs are the compressions of producers, with the topics' name for each.
var codecs = []struct {
	codec fluvio.Compression
	topic admin.Compression
}{
	{fluvio.NoCompression, admin.NoCompression},
	{fluvio.Gzip, admin.Gzip},
	{fluvio.Snappy, admin.Snappy},
	{fluvio.LZ4, admin.LZ4},
	{fluvio.Zstd, admin.Zstd},
}

func compressions(t *testing.T, s *server) {
	c := s.connect(t)
	for _, x := range codecs {
		topic := s.topic(t, c, partitions(1))
		produce(t, c, topic, 0, numbered(0, 500, 100), fluvio.WithCompression(x.codec), fluvio.WithBatchSize(4096))
		wantNumbered(t, read(t, c, topic, 0, fluvio.Beginning()), 0, 0, 500, 100)
		for _, b := range batches(t, c, topic, 0) {
			if b.Codec() != x.codec {
				t.Errorf("a batch of %v, want %v", b.Codec(), x.codec)
			}
		}
	}
}

// topicCompression holds producers to what the topic takes: one of its compression, or one that did not choose.
func topicCompression(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	for _, takes := range codecs {
		topic := s.topic(t, c, admin.TopicConfig{Compression: takes.topic})
		for _, uses := range codecs {
			_, err := c.Producer(ctx, topic, fluvio.WithCompression(uses.codec))
			if allowed := uses == takes; allowed && err != nil || !allowed && !errors.Is(err, fluvio.ErrCompression) {
				t.Errorf("%v to a topic of %v: %v", uses.codec, takes.topic, err)
			}
		}
		produce(t, c, topic, 0, numbered(0, 10, 50)) // the topic chooses
		for _, b := range batches(t, c, topic, 0) {
			if b.Codec() != takes.codec {
				t.Errorf("a batch of %v in a topic of %v", b.Codec(), takes.topic)
			}
		}
		wantNumbered(t, read(t, c, topic, 0, fluvio.Beginning()), 0, 0, 10, 50)
	}
}

func keysAndValues(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	sent := []fluvio.Record{
		{Value: []byte("no key")},
		{Key: []byte{}, Value: []byte("an empty key")},
		{Key: []byte("key"), Value: []byte{}},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte{0, 0xff, '\n', 0x80}, Value: []byte{0xfe, 0, 0xff}},
		{Key: noise(100_000), Value: []byte("a long key")},
		{Key: []byte("k"), Value: noise(700_000)},
	}
	produce(t, c, topic, 0, sent)
	got := read(t, c, topic, 0, fluvio.Beginning())
	if len(got) != len(sent) {
		t.Fatalf("%d records, want %d", len(got), len(sent))
	}
	for i, r := range got {
		if (r.Key == nil) != (sent[i].Key == nil) || !bytes.Equal(r.Key, sent[i].Key) || !bytes.Equal(r.Value, sent[i].Value) {
			t.Errorf("record %d: key %.20q, value %.20q; want %.20q, %.20q", i, r.Key, r.Value, sent[i].Key, sent[i].Value)
		}
	}
}

func timestamps(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	before := time.Now().UnixMilli()
	given := []int64{1, 1_700_000_000_123, before, 0, -1, 1_600_000_000_000, 4_102_444_800_000}
	var sent []fluvio.Record
	for _, ts := range given {
		sent = append(sent, fluvio.Record{Timestamp: ts, Value: []byte("x")})
	}
	produce(t, c, topic, 0, sent)
	after := time.Now().UnixMilli()
	for i, r := range read(t, c, topic, 0, fluvio.Beginning()) {
		if given[i] > 0 && r.Timestamp != given[i] || given[i] <= 0 && (r.Timestamp < before || r.Timestamp > after) {
			t.Errorf("given %d, got %d", given[i], r.Timestamp)
		}
	}
}

func batchSizes(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	p := producer(t, c, topic, fluvio.WithBatchSize(2000), fluvio.WithLinger(time.Hour))
	for _, r := range numbered(0, 100, 100) {
		if err := p.ProduceTo(ctx, 0, r); err != nil {
			t.Fatal(err)
		}
	}
	large := fluvio.Record{Value: number(100, 5000)} // larger than a batch: alone in one
	if err := errors.Join(p.ProduceTo(ctx, 0, large), p.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	all := batches(t, c, topic, 0)
	for i, b := range all[:len(all)-1] {
		if len(b) > 2000 {
			t.Errorf("batch %d has %d bytes", i, len(b))
		}
	}
	if last := all[len(all)-1]; last.RecordCount() != 1 {
		t.Errorf("the large record is in a batch of %d", last.RecordCount())
	}
	if len(all) > 10 { // 17 records of 107 bytes and a head fill one
		t.Errorf("%d batches: they are not filled", len(all))
	}
}

// lingering has records wait for others, and Flush wait for none.
func lingering(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	p := producer(t, c, topic, fluvio.WithLinger(time.Hour))
	for _, r := range numbered(0, 20, 0) {
		if err := p.ProduceTo(ctx, 0, r); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := p.Acknowledged(0); n != 0 {
		t.Errorf("%d records were sent before their hour", n)
	}
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if n, next := p.Acknowledged(0); n != 20 || next != 20 {
		t.Errorf("%d acknowledged, next %d", n, next)
	}
	if all := batches(t, c, topic, 0); len(all) != 1 {
		t.Errorf("%d batches, want one", len(all))
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	short := producer(t, c, topic, fluvio.WithLinger(10*time.Millisecond))
	defer short.Close(ctx)
	if err := short.ProduceTo(ctx, 0, fluvio.Record{Value: number(20, 0)}); err != nil {
		t.Fatal(err)
	}
	wantNumbered(t, poll(t, consumer(t, c, topic, 0, fluvio.At(20)), 1), 20, 20, 21, 0) // without a flush
}

// largeRecords goes up to what a producer may send, by its own setting and by the server's.
func largeRecords(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	for offset, limit := range []int{1 << 20, 16 << 20, 32 << 20} {
		p := producer(t, c, topic, fluvio.WithMaxRequestSize(limit), fluvio.WithMaxBuffered(64<<20))
		var refused *fluvio.RecordTooLargeError
		value := noise(limit)
		if err := p.Produce(ctx, fluvio.Record{Value: value}); !errors.As(err, &refused) || !errors.Is(err, fluvio.ErrRecordTooLarge) {
			t.Fatalf("limit %d: %v, want a RecordTooLargeError", limit, err)
		}
		// Its length takes a byte less when it is shorter: twice, in front of the record and of the value.
		most := len(value) - (refused.Size - refused.Limit) + 3
		for err := error(refused); errors.Is(err, fluvio.ErrRecordTooLarge); {
			most--
			err = p.Produce(ctx, fluvio.Record{Value: value[:most]})
		}
		if err := p.Close(ctx); err != nil {
			t.Fatalf("limit %d: a record of %d bytes: %v", limit, most, err)
		}
		if least := len(value) - (refused.Size - refused.Limit); most < least || most > least+2 {
			t.Errorf("limit %d: a record of %d bytes was taken, want %d", limit, most, least)
		}
		got := read(t, c, topic, 0, fluvio.At(int64(offset)))
		if len(got) != 1 || !bytes.Equal(got[0].Value, value[:most]) {
			t.Fatalf("limit %d: the record is not the same", limit)
		}
	}
}

// officialPartitions are where the official client puts keys, of ten partitions (fluvio/src/producer/partitioning.rs).
var officialPartitions = map[string]uint32{"": 9, "a": 7, "key": 6, "alpha": 2, "user-42": 9, "0123456789abcdef": 3}

func keyHash(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(10))
	p := producer(t, c, topic)
	for key := range officialPartitions {
		for range 3 {
			if err := p.Produce(ctx, fluvio.Record{Key: []byte(key), Value: []byte(key)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	found := 0
	for partition := range uint32(10) {
		for _, r := range read(t, c, topic, partition, fluvio.Beginning()) {
			found++
			if want := officialPartitions[string(r.Key)]; partition != want || r.Key == nil {
				t.Errorf("key %q is in partition %d, want %d", r.Key, partition, want)
			}
		}
	}
	if want := 3 * len(officialPartitions); found != want {
		t.Errorf("%d records, want %d", found, want)
	}
}

// roundRobin spreads keyless records evenly, and with that partitioner those with keys too.
func roundRobin(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	for _, tc := range []struct {
		key  []byte
		opts []fluvio.ProducerOption
	}{{nil, nil}, {[]byte("always the same"), []fluvio.ProducerOption{fluvio.WithPartitioner(fluvio.RoundRobin())}}} {
		topic := s.topic(t, c, partitions(5))
		p := producer(t, c, topic, tc.opts...)
		for range 50 {
			if err := p.Produce(ctx, fluvio.Record{Key: tc.key, Value: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(ctx); err != nil {
			t.Fatal(err)
		}
		for partition := range uint32(5) {
			if n := end(t, c, topic, partition); n != 10 {
				t.Errorf("key %q: partition %d has %d records, want 10", tc.key, partition, n)
			}
		}
	}
}

// byLength is a partitioner of the caller's own.
type byLength struct{}

func (byLength) Partition(r fluvio.Record, partitions int) uint32 {
	return uint32(len(r.Value) % partitions)
}

func explicitPartition(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(3))
	p := producer(t, c, topic, fluvio.WithPartitioner(byLength{}))
	for partition := range uint32(3) {
		if err := p.ProduceTo(ctx, partition, fluvio.Record{Key: []byte("k"), Value: []byte{byte(partition)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Produce(ctx, fluvio.Record{Value: []byte("1234567")}); err != nil { // to 7 % 3
		t.Fatal(err)
	}
	if err := p.ProduceTo(ctx, 3, fluvio.Record{Value: []byte("x")}); !errors.Is(err, fluvio.ErrPartitionNotFound) {
		t.Errorf("a partition that is not there: %v", err)
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for partition, want := range []int{1, 2, 1} {
		got := read(t, c, topic, uint32(partition), fluvio.Beginning())
		if len(got) != want || !bytes.Equal(got[0].Value, []byte{byte(partition)}) {
			t.Errorf("partition %d has %v", partition, got)
		}
	}
}

func manyPartitions(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	const number, each = 64, 40
	topic := s.topic(t, c, partitions(number))
	p := producer(t, c, topic, fluvio.WithBatchSize(1000))
	if p.Partitions() != number {
		t.Errorf("%d partitions, want %d", p.Partitions(), number)
	}
	for i := range each {
		for partition := range uint32(number) {
			if err := p.ProduceTo(ctx, partition, numbered(i, i+1, 50)[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for partition := range uint32(number) {
		wantNumbered(t, read(t, c, topic, partition, fluvio.Beginning()), 0, 0, each, 50)
	}
}

// manyProducers has several goroutines share a producer: each one's records keep their order.
func manyProducers(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	const goroutines, each = 8, 500
	topic := s.topic(t, c, partitions(2))
	p := producer(t, c, topic, fluvio.WithBatchSize(2048), fluvio.WithMaxBuffered(64<<10), fluvio.WithMaxRequestSize(16<<10))
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for i := range each {
				r := fluvio.Record{Key: fmt.Appendf(nil, "%d", g), Value: fmt.Appendf(nil, "%d", i)}
				if err := p.ProduceTo(ctx, uint32(g%2), r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for partition := range uint32(2) {
		for _, r := range read(t, c, topic, partition, fluvio.Beginning()) {
			if want := fmt.Sprint(next[string(r.Key)]); string(r.Value) != want {
				t.Fatalf("goroutine %s: %s where %s is due", r.Key, r.Value, want)
			}
			next[string(r.Key)]++
		}
	}
	for g := range goroutines {
		if n := next[fmt.Sprint(g)]; n != each {
			t.Errorf("goroutine %d: %d records, want %d", g, n, each)
		}
	}
}

// deliveries are told in order, with the offsets that the records have.
func deliveries(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, 7, 0))
	var told []fluvio.Delivery
	produce(t, c, topic, 0, numbered(7, 307, 100), fluvio.WithBatchSize(1500),
		fluvio.WithOnDelivery(func(d fluvio.Delivery) { told = append(told, d) }))
	next := int64(0)
	for _, d := range told {
		if d.Err != nil || d.Partition != 0 || d.First != next || d.Offset != next+7 || d.Records < 1 {
			t.Errorf("%+v where record %d is due", d, next)
		}
		next += int64(d.Records)
	}
	if next != 300 || len(told) < 2 {
		t.Errorf("%d records in %d deliveries", next, len(told))
	}
	got := read(t, c, topic, 0, fluvio.Beginning())
	wantNumbered(t, got[:7], 0, 0, 7, 0)
	wantNumbered(t, got[7:], 7, 7, 307, 100)
}

func committedWrites(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, 100, 0), fluvio.WithIsolation(fluvio.ReadCommitted), fluvio.WithCommitTimeout(5*time.Second))
	produce(t, c, topic, 0, numbered(100, 200, 0), fluvio.WithIsolation(fluvio.ReadUncommitted))
	for _, i := range []fluvio.Isolation{fluvio.ReadCommitted, fluvio.ReadUncommitted} {
		wantNumbered(t, poll(t, consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithIsolation(i)), 200), 0, 0, 200, 0)
	}
}

func unknownTopic(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	name := s.name()
	for what, err := range map[string]error{
		"Producer":   second(c.Producer(ctx, name)),
		"Consumer":   second(c.Consumer(ctx, name, 0, fluvio.Beginning())),
		"Offsets":    second(c.Offsets(ctx, name, 0)),
		"Partitions": second(c.Partitions(ctx, name)),
	} {
		if !errors.Is(err, fluvio.ErrTopicNotFound) || errors.Is(err, fluvio.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	topic := s.topic(t, c, partitions(2))
	for what, err := range map[string]error{
		"Consumer": second(c.Consumer(ctx, topic, 2, fluvio.Beginning())),
		"Offsets":  second(c.Offsets(ctx, topic, 2)),
	} {
		if !errors.Is(err, fluvio.ErrPartitionNotFound) {
			t.Errorf("%s of a partition that is not there: %v", what, err)
		}
	}
}

func deletedWhileProducing(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(2))
	p := producer(t, c, topic)
	if err := errors.Join(p.Produce(ctx, fluvio.Record{Value: []byte("x")}), p.Flush(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := admin.New(s.connect(t)).DeleteTopic(ctx, topic); err != nil {
		t.Fatal(err)
	}
	var failure error
	eventually(t, func() error {
		if failure = errors.Join(p.Produce(ctx, fluvio.Record{Value: []byte("x")}), p.Flush(ctx)); failure == nil {
			return errors.New("the producer goes on though its topic is deleted")
		}
		return nil
	})
	var named *fluvio.ProduceError
	if !errors.As(failure, &named) || named.Topic != topic || !errors.Is(failure, fluvio.ErrTopicNotFound) {
		t.Errorf("%v, want a ProduceError that is ErrTopicNotFound", failure)
	}
	if err := p.Close(ctx); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("Close: %v", err)
	}
}
