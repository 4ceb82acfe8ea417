package behaviour

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func starts(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(2))
	produce(t, c, topic, 1, numbered(0, 100, 0), fluvio.WithBatchSize(300)) // starts are in mid-batch
	for _, tc := range []struct {
		start fluvio.Offset
		first int
	}{
		{fluvio.Beginning(), 0},
		{fluvio.FromBeginning(1), 1},
		{fluvio.FromBeginning(37), 37},
		{fluvio.FromBeginning(100), 100},
		{fluvio.FromBeginning(5000), 100},
		{fluvio.End(), 100},
		{fluvio.FromEnd(1), 99},
		{fluvio.FromEnd(100), 0},
		{fluvio.FromEnd(5000), 0},
		{fluvio.At(0), 0},
		{fluvio.At(64), 64},
		{fluvio.At(100), 100},
	} {
		wantNumbered(t, read(t, c, topic, 1, tc.start), int64(tc.first), tc.first, 100, 0)
		r := consumer(t, c, topic, 1, tc.start)
		if r.Position() != int64(tc.first) {
			t.Errorf("%v is %d, want %d", tc.start, r.Position(), tc.first)
		}
	}
	empty, err := c.Offsets(limited(t), topic, 0)
	if err != nil || empty != (fluvio.Offsets{}) {
		t.Errorf("offsets of an empty partition: %+v, %v", empty, err)
	}
	full, err := c.Offsets(limited(t), topic, 1)
	if err != nil || full != (fluvio.Offsets{Next: 100}) {
		t.Errorf("offsets: %+v, %v", full, err)
	}
}

// fromTheEnd starts at the end as it was when the consumer was made.
func fromTheEnd(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, 10, 0))
	r, empty := consumer(t, c, topic, 0, fluvio.End()), consumer(t, c, topic, 0, fluvio.FromEnd(3))
	produce(t, c, topic, 0, numbered(10, 20, 0))
	wantNumbered(t, poll(t, r, 10), 10, 10, 20, 0)
	wantNumbered(t, poll(t, empty, 13), 7, 7, 20, 0)
}

func untilEnd(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	if _, err := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithUntil(0)).Poll(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("of an empty partition: %v, want io.EOF", err)
	}
	produce(t, c, topic, 0, numbered(0, 50, 0))
	r := consumer(t, c, topic, 0, fluvio.At(10), fluvio.WithUntil(31)) // in mid-batch
	n := 0
	for record, err := range r.Records(ctx) {
		if err != nil || record.Offset != int64(10+n) {
			t.Fatalf("record %d has offset %d, %v", n, record.Offset, err)
		}
		n++
	}
	if n != 21 || r.Position() != 31 {
		t.Errorf("%d records, position %d", n, r.Position())
	}
}

// outOfRange asks for what is not there yet; what is there no more is in oldRecords.
func outOfRange(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, 20, 0))
	_, err := consumer(t, c, topic, 0, fluvio.At(21)).Poll(ctx)
	wantOutOfRange(t, err, fluvio.OffsetOutOfRangeError{Topic: topic, Offset: 21, Next: 20})
	if _, err := c.Consumer(ctx, topic, 0, fluvio.At(-1)); !errors.Is(err, fluvio.ErrOffsetOutOfRange) {
		t.Errorf("a negative offset: %v", err)
	}
}

func wantOutOfRange(t *testing.T, err error, want fluvio.OffsetOutOfRangeError) {
	t.Helper()
	var got *fluvio.OffsetOutOfRangeError
	if !errors.As(err, &got) || !errors.Is(err, fluvio.ErrOffsetOutOfRange) || *got != want {
		t.Errorf("%v, want %v", err, &want)
	}
}

// oldRecords has a small partition filled until its oldest records go. The consumer that wants them is told where it can start.
func oldRecords(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, admin.TopicConfig{SegmentSize: 16 << 10, MaxPartitionSize: 32 << 10})
	produce(t, c, topic, 0, numbered(0, 400, 1000), fluvio.WithBatchSize(4000), fluvio.WithMaxRequestSize(8<<10))
	var there fluvio.Offsets
	eventually(t, func() (err error) {
		// Records of 1,000 bytes go until what is left fits in 32 KiB. Nothing goes after that.
		if there, err = c.Offsets(ctx, topic, 0); err == nil && there.Next-there.Earliest > 32 {
			err = errors.New("the oldest records are still there")
		}
		return err
	})
	if there.Next != 400 {
		t.Errorf("%+v", there)
	}
	_, err := consumer(t, c, topic, 0, fluvio.At(0)).Poll(ctx)
	wantOutOfRange(t, err, fluvio.OffsetOutOfRangeError{Topic: topic, Offset: 0, Earliest: there.Earliest, Next: 400})
	first := int(there.Earliest)
	wantNumbered(t, read(t, c, topic, 0, fluvio.Beginning()), there.Earliest, first, 400, 1000)
	wantNumbered(t, read(t, c, topic, 0, fluvio.FromBeginning(5)), there.Earliest+5, first+5, 400, 1000)
	wantNumbered(t, read(t, c, topic, 0, fluvio.FromEnd(1000)), there.Earliest, first, 400, 1000)
}

func readIsolation(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	for _, i := range []fluvio.Isolation{fluvio.ReadCommitted, fluvio.ReadUncommitted} {
		tail := consumer(t, c, topic, 0, fluvio.End(), fluvio.WithIsolation(i))
		from := int(end(t, c, topic, 0))
		produce(t, c, topic, 0, numbered(from, from+60, 0))
		wantNumbered(t, poll(t, tail, 60), int64(from), from, from+60, 0)
		wantNumbered(t, read(t, c, topic, 0, fluvio.Beginning(), fluvio.WithIsolation(i)), 0, 0, from+60, 0)
	}
}

// cutChunks reads batches that are larger than what the consumer asks for at a time. An SPU cuts them anywhere.
func cutChunks(t *testing.T, s *server) {
	c := s.connect(t)
	for _, codec := range codecs {
		topic := s.topic(t, c, partitions(1))
		var sent []fluvio.Record
		for i := range 300 {
			sent = append(sent, fluvio.Record{Value: append(number(i, 0), noise(1000+i)...)})
		}
		produce(t, c, topic, 0, sent, fluvio.WithBatchSize(100_000), fluvio.WithLinger(time.Second), fluvio.WithCompression(codec.codec))
		produce(t, c, topic, 0, sent[:50], fluvio.WithBatchSize(3000), fluvio.WithCompression(codec.codec)) // small ones behind
		sent = append(sent, sent[:50]...)
		for _, bytes := range []int{1 << 10, 5000, 64 << 10, 150_000, 1 << 20} {
			wantSent(t, read(t, c, topic, 0, fluvio.Beginning(), fluvio.WithMaxBytes(bytes)), sent, 0)
			wantSent(t, read(t, c, topic, 0, fluvio.At(201), fluvio.WithMaxBytes(bytes)), sent[201:], 201)
		}
	}
}

// wantSent checks values and offsets.
func wantSent(t *testing.T, got, sent []fluvio.Record, first int64) {
	t.Helper()
	if len(got) != len(sent) {
		t.Fatalf("%d records, want %d", len(got), len(sent))
	}
	for i, r := range got {
		if r.Offset != first+int64(i) || !bytes.Equal(r.Value, sent[i].Value) {
			t.Fatalf("record %d has offset %d and value %.20q, want %d and %.20q", i, r.Offset, r.Value, first+int64(i), sent[i].Value)
		}
	}
}

// largestBatch has a consumer refuse a batch for its size, packed or unpacked.
func largestBatch(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, []fluvio.Record{{Value: noise(300_000)}}, fluvio.WithCompression(fluvio.Gzip))
	_, err := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithMaxBytes(10_000), fluvio.WithMaxBatch(200_000)).Poll(ctx)
	if !errors.Is(err, fluvio.ErrBatchTooLarge) {
		t.Errorf("%v, want ErrBatchTooLarge", err)
	}
	got := read(t, c, topic, 0, fluvio.Beginning(), fluvio.WithMaxBytes(10_000), fluvio.WithMaxBatch(400_000))
	wantSent(t, got, []fluvio.Record{{Value: noise(300_000)}}, 0)
}

// rawBatches are as they were written: checksum, compression, offsets.
func rawBatches(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, 200, 100), fluvio.WithBatchSize(2500), fluvio.WithCompression(fluvio.Zstd))
	next := int64(0)
	for _, b := range batches(t, c, topic, 0) {
		if err := b.Verify(); err != nil || b.BaseOffset() != next || b.Codec() != fluvio.Zstd {
			t.Errorf("batch at %d, want %d: %v, %v", b.BaseOffset(), next, b.Codec(), err)
		}
		next = b.NextOffset()
	}
	if next != 200 {
		t.Errorf("the batches end at %d", next)
	}
}

func deletedWhileConsuming(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, 5, 0))
	r := consumer(t, c, topic, 0, fluvio.Beginning())
	poll(t, r, 5)
	if err := admin.New(s.connect(t)).DeleteTopic(ctx, topic); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Poll(ctx); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("%v, want ErrTopicNotFound", err)
	}
}

// closedConsumer wakes whoever waits in Poll.
func closedConsumer(t *testing.T, s *server) {
	c := s.connect(t)
	r := consumer(t, c, s.topic(t, c, partitions(1)), 0, fluvio.Beginning())
	polled := make(chan error)
	go func() {
		_, err := r.Poll(context.Background())
		polled <- err
	}()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-polled; !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// tailing has a consumer wait for each record in turn.
func tailing(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic := s.topic(t, c, partitions(1))
	r, p := consumer(t, c, topic, 0, fluvio.Beginning()), producer(t, c, topic)
	for i := range 200 {
		if err := p.Produce(ctx, numbered(i, i+1, 0)[0]); err != nil {
			t.Fatal(err)
		}
		wantNumbered(t, poll(t, r, 1), int64(i), i, i+1, 0)
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}
