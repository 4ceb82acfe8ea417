package fluvio

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/weir-stream/weir/fluvio/record"
)

// pollValue is what is polled, 300 bytes.
var pollValue = bytes.Repeat([]byte("0123456789"), 30)

// pollCase is how records come and are read.
type pollCase struct {
	codec Compression
	batch int // records in one
	reuse bool
}

func (p pollCase) String() string {
	return fmt.Sprintf("%v/batch=%d/reuse=%v", p.codec, p.batch, p.reuse)
}

// consumer makes one, and a function that has it read a chunk of so many records.
func (p pollCase) consumer(tb testing.TB, records int) (read func(), c *Consumer) {
	batches := chunkOf(tb, p.codec, pollValue, p.batch, records)
	c = &Consumer{
		allowed: new(allowance), settings: consumerSettings{until: math.MaxInt64, maxBatch: 64 << 20, reuse: p.reuse},
		queue: chunkQueue{most: math.MaxInt}, reading: reading{inflate: new(record.Decompressor)},
	}
	if p.reuse {
		c.reuse(newSpares(defaultMaxBytes), new(arena))
	}
	return func() {
		c.position = 0
		c.queue.put(chunk{batches: batches, next: int64(records)})
		for n := 0; n < records; {
			polled, err := c.Poll(context.Background())
			if err != nil {
				tb.Fatal(err)
			}
			for i := range polled {
				if len(polled[i].Value) != len(pollValue) {
					tb.Fatal("wrong value")
				}
			}
			n += len(polled)
		}
	}, c
}

// BenchmarkPoll reads 300-byte records from chunks that are in memory already: checksums, splitting, everything but the network.
func BenchmarkPoll(b *testing.B) {
	const records = 24_000
	for _, p := range []pollCase{
		{NoCompression, 50, false}, {NoCompression, 3000, false}, {Zstd, 50, false}, {Zstd, 3000, false}, {Zstd, 50, true}, {Zstd, 3000, true},
	} {
		b.Run(p.String(), func(b *testing.B) {
			read, _ := p.consumer(b, records)
			b.SetBytes(int64(len(pollValue)))
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; left -= records {
				read()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// TestReusedMemoryIsNotTakenAnew has Polls that end within batches: what was decompressed for the ones before is in the way of none.
func TestReusedMemoryIsNotTakenAnew(t *testing.T) {
	const records = 24_000
	for _, batch := range []int{50, 800, 1500, 3000} {
		p := pollCase{Snappy, batch, true} // other decoders use pools, which the race detector empties now and then
		t.Run(p.String(), func(t *testing.T) {
			read, c := p.consumer(t, records)
			if n := testing.AllocsPerRun(3, read); n > 4 {
				t.Errorf("%v allocations for a chunk", n)
			}
			if kept := c.arena.size(); kept > 4*pollBytes {
				t.Errorf("%d bytes are kept", kept)
			}
		})
	}
}

// TestBatchesMadeAnewDoNotPileUp has the first half of every batch stale, so that the batches are decompressed and made anew.
func TestBatchesMadeAnewDoNotPileUp(t *testing.T) {
	const records, batch = 24_000, 1000
	_, c := pollCase{Zstd, batch, true}.consumer(t, 1)
	c.seen = newSeenMemory(nil)
	set := chunkOf(t, Zstd, pollValue, batch, records)
	for rest := set; len(rest) > 0; {
		b, tail, err := record.Next(rest)
		if err != nil {
			t.Fatal(err)
		}
		b.SetSequence(record.Sequence{Writer: 1, Ordinal: b.BaseOffset() / 2})
		rest = tail
	}
	c.queue.put(chunk{batches: set, next: records})
	for c.position < records {
		if _, err := c.PollBatch(context.Background()); err != nil {
			t.Fatal(err)
		}
		if held := len(c.arena.last) + len(c.arena.before); held > 2*batch*2*len(pollValue) {
			t.Fatalf("%d bytes are held at offset %d", held, c.position)
		}
	}
	if c.stale != records/2-batch/2 {
		t.Errorf("%d records were stale", c.stale)
	}
}

// chunkOf is so many records in batches of so many.
func chunkOf(b testing.TB, codec Compression, value []byte, batch, records int) (chunk []byte) {
	builder, err := record.NewBuilder(codec, 0)
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; n < records; n += batch {
		builder.Reset()
		for range batch {
			if err := builder.Append(1_700_000_000_000, nil, value); err != nil {
				b.Fatal(err)
			}
		}
		made, err := builder.Finish()
		if err != nil {
			b.Fatal(err)
		}
		made.SetBaseOffset(int64(n))
		chunk = append(chunk, made...)
	}
	return chunk
}
