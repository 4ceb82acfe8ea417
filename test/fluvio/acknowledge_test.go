package behaviour

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// futures tell where each record went.
func futures(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(2))
	produce(t, c, topic, 1, numbered(0, 3, 0))
	p := producer(t, c, topic, fluvio.WithBatchSize(500))
	var all []*fluvio.Future
	for _, r := range numbered(3, 103, 20) {
		f, err := p.SendTo(ctx, 1, r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	for i, f := range all {
		meta, err := f.Wait(ctx)
		if want := (fluvio.RecordMetadata{Partition: 1, Offset: int64(i + 3)}); err != nil || meta != want {
			t.Errorf("record %d: %+v, %v; want %+v", i, meta, err, want)
		}
	}
	f, err := p.Send(ctx, fluvio.Record{Key: []byte("a"), Value: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	<-f.Done()
	if meta, err := f.Wait(ctx); err != nil || meta != (fluvio.RecordMetadata{Partition: fluvio.PartitionForKey([]byte("a"), 2), Offset: 103}) {
		t.Errorf("%+v, %v", meta, err)
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// callbacks come in order, before Flush returns.
func callbacks(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	p := producer(t, c, topic, fluvio.WithBatchSize(500))
	var told []int64
	for i, r := range numbered(0, 100, 20) {
		err := p.ProduceFunc(ctx, r, func(meta fluvio.RecordMetadata, err error) {
			if err != nil || meta.Offset != int64(i) {
				t.Errorf("record %d: %+v, %v", i, meta, err)
			}
			told = append(told, meta.Offset)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if len(told) != 100 {
		t.Errorf("%d calls before Flush returned, want 100", len(told))
	}
	for i, offset := range told {
		if offset != int64(i) {
			t.Errorf("call %d was for offset %d", i, offset)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// atMostOnce counts what is lost, and writes nothing twice.
func atMostOnce(t *testing.T, s *server) {
	const records = 3000
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	var cuts scissors
	flaky := s.connect(t, cuts.dialer(100_000))
	p := producer(t, flaky, topic, fluvio.WithDeliverySemantic(fluvio.AtMostOnce), fluvio.WithBatchSize(8<<10),
		fluvio.WithMaxRequestSize(32<<10), fluvio.WithMaxBuffered(128<<10))
	for i, r := range numbered(0, records, 500) {
		if i == 100 {
			cuts.left.Store(6)
		}
		if err := p.Produce(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	last := ""
	got := read(t, c, topic, 0, fluvio.Beginning())
	for _, r := range got {
		if string(r.Value) <= last {
			t.Fatalf("%.20q after %.20q", r.Value, last)
		}
		last = string(r.Value)
	}
	lost := records - int64(len(got))
	if lost < 0 || lost > p.Lost() || cuts.left.Load() > 0 {
		t.Errorf("%d records are there, %d of %d were reported lost, %d cuts are left", len(got), p.Lost(), records, cuts.left.Load())
	}
}

// stickyBatches keeps records without a key together until their batch is full.
func stickyBatches(t *testing.T, s *server) {
	const records, size = 600, 50
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(3))
	p := producer(t, c, topic, fluvio.WithPartitioner(fluvio.StickyRoundRobin()), fluvio.WithBatchSize(1000), fluvio.WithLinger(time.Hour))
	for _, r := range numbered(0, records, size) {
		if err := p.Produce(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for partition := range uint32(3) {
		n := end(t, c, topic, partition)
		if n == 0 {
			t.Errorf("partition %d has no records", partition)
		}
		if all := batches(t, c, topic, partition); int64(len(all)) > n/10+1 { // some 16 records fill a batch
			t.Errorf("partition %d: %d batches for %d records", partition, len(all), n)
		}
		total += n
	}
	if total != records {
		t.Errorf("%d records, want %d", total, records)
	}
}

// forwarding copies batches from topic to topic without decoding them.
func forwarding(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	from, to := s.topic(t, c, partitions(1)), s.topic(t, c, partitions(1))
	produce(t, c, from, 0, numbered(0, 300, 100),
		fluvio.WithBatchSize(2500), fluvio.WithCompression(fluvio.LZ4), fluvio.WithSequence(fluvio.NewWriterID()))
	produce(t, c, to, 0, numbered(0, 1, 100))
	p := producer(t, c, to)
	for _, b := range batches(t, c, from, 0) {
		if err := p.ProduceBatch(ctx, 0, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	wantNumbered(t, read(t, c, to, 0, fluvio.At(1)), 1, 0, 300, 100)
	for _, b := range batches(t, c, to, 0) {
		if writer, ok := b.Sequence(); ok || b.BaseOffset() > 0 && b.Codec() != fluvio.LZ4 {
			t.Errorf("a forwarded batch has sequence %+v and compression %v", writer, b.Codec())
		}
	}
	first := batches(t, c, from, 0)[0]
	zstd := producer(t, c, s.topic(t, c, admin.TopicConfig{Compression: admin.Zstd}))
	if err := zstd.ProduceBatch(ctx, 0, first); !errors.Is(err, fluvio.ErrCompression) {
		t.Errorf("an lz4 batch for a zstd topic: %v", err)
	}
	bad := append(fluvio.Batch(nil), first...)
	bad[len(bad)-1]++
	if err := zstd.ProduceBatch(ctx, 0, bad); !errors.Is(err, fluvio.ErrCorrupt) {
		t.Errorf("a batch with a wrong checksum: %v", err)
	}
	if err := zstd.Close(ctx); err != nil {
		t.Error(err)
	}
}

// sequenceResumed has a second program go on where the first one ended.
func sequenceResumed(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(2))
	writer := fluvio.NewWriterID()
	produce(t, c, topic, 1, numbered(0, 20, 0)) // somebody else's
	produce(t, c, topic, 1, numbered(20, 120, 100), fluvio.WithSequence(writer), fluvio.WithBatchSize(1000))
	next, at, err := c.SequenceEnd(ctx, topic, 1, writer, 0, 0)
	if next != 100 || at != 120 || err != nil {
		t.Fatalf("next %d, end %d, %v", next, at, err)
	}
	if next, at, err := c.SequenceEnd(ctx, topic, 0, writer, 7, 0); next != 7 || at != 0 || err != nil {
		t.Errorf("of an empty partition: next %d, end %d, %v", next, at, err)
	}
	p := producer(t, s.connect(t), topic, fluvio.WithSequence(writer, 0, next), fluvio.WithBatchSize(1000))
	for _, r := range numbered(120, 220, 100) {
		if err := p.ProduceTo(ctx, 1, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil || p.NextOrdinal(1) != 200 || p.NextOrdinal(0) != 0 {
		t.Fatalf("%v, next ordinals %d and %d", err, p.NextOrdinal(0), p.NextOrdinal(1))
	}
	wantNumbered(t, read(t, c, topic, 1, fluvio.At(20), fluvio.WithMaxBytes(1024)), 20, 20, 220, 100)
	due := int64(0)
	for _, b := range batches(t, c, topic, 1) {
		sequence, ok := b.Sequence()
		if b.BaseOffset() < 20 != !ok || ok && (sequence.Writer != writer || sequence.Ordinal != due) {
			t.Errorf("the batch at %d has sequence %+v, ordinal %d is due", b.BaseOffset(), sequence, due)
		}
		if ok {
			due += b.RecordCount()
		}
	}
	if next, at, err := s.connect(t).SequenceEnd(ctx, topic, 1, writer, 100, 120); next != 200 || at != 220 || err != nil {
		t.Errorf("in the end: next %d, end %d, %v", next, at, err)
	}
}

// sequenceRecovered loses connections: what became of each request is found in the log, and nothing is there twice.
func sequenceRecovered(t *testing.T, s *server) {
	const records = 4000
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	var cuts scissors
	cuts.left.Store(12)
	flaky := s.connect(t, cuts.dialer(100_000))
	produce(t, flaky, topic, 0, numbered(0, records, 500), fluvio.WithSequence(fluvio.NewWriterID()),
		fluvio.WithBatchSize(8<<10), fluvio.WithMaxRequestSize(64<<10), fluvio.WithMaxBuffered(256<<10))
	if left := cuts.left.Load(); left > 0 {
		t.Errorf("%d cuts were not made", left)
	}
	wantNumbered(t, read(t, c, topic, 0, fluvio.Beginning()), 0, 0, records, 500)
}

// sequenceTwice writes the same ordinals again, as a program would that forgot how far it had come.
func sequenceTwice(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	writer := fluvio.NewWriterID()
	for i := range 3 {
		var told []int64
		produce(t, s.connect(t), topic, 0, numbered(0, 50, 0), fluvio.WithSequence(writer), fluvio.WithLinger(time.Hour),
			fluvio.WithOnDelivery(func(d fluvio.Delivery) { told = append(told, d.Offset) }))
		if fmt.Sprint(told) != "[0]" {
			t.Errorf("time %d: delivered at %v, want the first offset, 0", i, told)
		}
	}
	wantNumbered(t, read(t, c, topic, 0, fluvio.Beginning()), 0, 0, 50, 0)
}

// sequenceGap has a program begin behind what the log has of it.
func sequenceGap(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	writer := fluvio.NewWriterID()
	produce(t, c, topic, 0, numbered(0, 50, 0), fluvio.WithSequence(writer))
	p := producer(t, s.connect(t), topic, fluvio.WithSequence(writer, 60))
	if err := errors.Join(p.Produce(ctx, fluvio.Record{Value: []byte("x")}), p.Close(ctx)); !errors.Is(err, fluvio.ErrSequence) {
		t.Errorf("%v, want ErrSequence", err)
	}
	if n := end(t, c, topic, 0); n != 50 {
		t.Errorf("%d records, want 50", n)
	}
}
