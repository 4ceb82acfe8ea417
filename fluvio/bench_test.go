package fluvio_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// benchValue is as large as a flight record.
var benchValue = bytes.Repeat([]byte("0123456789"), 30)

// BenchmarkProduce counts records as acknowledged by the embedded broker, in the same process.
func BenchmarkProduce(b *testing.B) {
	for _, size := range []int{16 << 10, 64 << 10, 256 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("batch=%dKiB", size>>10), func(b *testing.B) {
			c := cluster(b, 1)
			p := newProducer(b, c, fluvio.WithBatchSize(size))
			ctx := context.Background()
			b.SetBytes(int64(len(benchValue)))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: benchValue}); err != nil {
					b.Fatal(err)
				}
			}
			if err := p.Close(ctx); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkConsume counts records whose value was looked at, from the embedded broker in the same process.
func BenchmarkConsume(b *testing.B) {
	for _, size := range []int{16 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("batch=%dKiB", size>>10), func(b *testing.B) {
			c := cluster(b, 1)
			const stored = 500_000
			p := newProducer(b, c, fluvio.WithBatchSize(size))
			ctx := context.Background()
			for range stored {
				if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: benchValue}); err != nil {
					b.Fatal(err)
				}
			}
			if err := p.Close(ctx); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(benchValue)))
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; {
				consumer := newConsumer(b, c, 0, fluvio.Beginning(), fluvio.WithUntil(int64(min(left, stored))))
				left -= drain(b, consumer)
				consumer.Close()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// drain reads to the end and returns how many records there were.
func drain(b *testing.B, c *fluvio.Consumer) (n int) {
	for records, err := c.Poll(context.Background()); err == nil; records, err = c.Poll(context.Background()) {
		for i := range records {
			if len(records[i].Value) != len(benchValue) || records[i].Value[9] != '9' {
				b.Fatal("wrong value")
			}
		}
		n += len(records)
	}
	return n
}

// BenchmarkLatency is one record there and back: produced, flushed and consumed.
func BenchmarkLatency(b *testing.B) {
	c := cluster(b, 1)
	p := newProducer(b, c)
	consumer := newConsumer(b, c, 0, fluvio.End())
	ctx := context.Background()
	b.ReportAllocs()
	for range b.N {
		if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: benchValue}); err != nil {
			b.Fatal(err)
		}
		if _, err := consumer.Poll(ctx); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		b.Fatal(err)
	}
}
