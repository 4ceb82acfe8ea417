package fluvio_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// benchValue is as large as a flight record.
var benchValue = bytes.Repeat([]byte("0123456789"), 30)

// BenchmarkProduce counts records as acknowledged by the embedded broker, in the same process.
func BenchmarkProduce(b *testing.B) {
	for _, size := range []int{16 << 10, 64 << 10, 256 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("batch=%dKiB", size>>10), func(b *testing.B) { benchProduce(b, fluvio.WithBatchSize(size)) })
	}
	b.Run("sequence", func(b *testing.B) { benchProduce(b, fluvio.WithSequence(fluvio.NewWriterID())) })
}

func benchProduce(b *testing.B, opts ...fluvio.ProducerOption) {
	c := cluster(b, 1)
	p := newProducer(b, c, opts...)
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
}

// BenchmarkSend is what a Future for each record costs.
func BenchmarkSend(b *testing.B) {
	c := cluster(b, 1)
	p := newProducer(b, c)
	ctx := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	var last *fluvio.Future
	for range b.N {
		var err error
		if last, err = p.SendTo(ctx, 0, fluvio.Record{Value: benchValue}); err != nil {
			b.Fatal(err)
		}
	}
	if at, err := last.Wait(ctx); err != nil || at.Offset != int64(b.N-1) {
		b.Fatal(at, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	if err := p.Close(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkForward is batches from one topic to another one, not decoded.
func BenchmarkForward(b *testing.B) {
	c := cluster(b, 2)
	p := newProducer(b, c)
	ctx := context.Background()
	batch := fluvio.Batch(batchOf(b, 0, slices.Repeat([]string{string(benchValue)}, 50)...))
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := p.ProduceBatch(ctx, 0, batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		b.Fatal(err)
	}
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

// BenchmarkPacedLatency is the time from Produce to Poll at 1,000 records a second.
func BenchmarkPacedLatency(b *testing.B) {
	c := cluster(b, 1)
	p := newProducer(b, c)
	consumer := newConsumer(b, c, 0, fluvio.End())
	ctx := context.Background()
	sent := make([]time.Time, b.N)
	took := make([]time.Duration, 0, b.N)
	read := make(chan error)
	go func() {
		for len(took) < b.N {
			records, err := consumer.Poll(ctx)
			if err != nil {
				read <- err
				return
			}
			for _, r := range records {
				took = append(took, time.Since(sent[r.Offset]))
			}
		}
		read <- nil
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := range b.N {
		<-tick.C
		sent[n] = time.Now()
		if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: benchValue}); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-read; err != nil {
		b.Fatal(err)
	}
	if err := p.Close(ctx); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
}
