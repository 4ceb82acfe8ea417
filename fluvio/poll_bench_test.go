package fluvio

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/weir-stream/weir/fluvio/record"
)

// BenchmarkPoll reads 300-byte records from chunks that are in memory already: checksums, splitting, everything but the network.
func BenchmarkPoll(b *testing.B) {
	value := bytes.Repeat([]byte("0123456789"), 30)
	for _, codec := range []Compression{NoCompression, Zstd} {
		for _, batch := range []int{50, 3000} {
			b.Run(fmt.Sprintf("%v/batch=%d", codec, batch), func(b *testing.B) {
				batches, records := chunkOf(b, codec, value, batch)
				c := &Consumer{allowed: new(allowance), settings: consumerSettings{until: math.MaxInt64}, queue: chunkQueue{most: math.MaxInt}, reading: reading{inflate: new(record.Decompressor)}}
				b.SetBytes(int64(len(value)))
				b.ReportAllocs()
				b.ResetTimer()
				for left := b.N; left > 0; left -= records {
					c.position = 0
					c.queue.put(chunk{batches: batches, next: int64(records)})
					for n := 0; n < records; {
						polled, err := c.Poll(context.Background())
						if err != nil {
							b.Fatal(err)
						}
						for i := range polled {
							if len(polled[i].Value) != len(value) {
								b.Fatal("wrong value")
							}
						}
						n += len(polled)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

// chunkOf is 3000 records in batches of so many.
func chunkOf(b *testing.B, codec Compression, value []byte, batch int) (chunk []byte, records int) {
	builder, err := record.NewBuilder(codec, 0)
	if err != nil {
		b.Fatal(err)
	}
	for records < 3000 {
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
		made.SetBaseOffset(int64(records))
		chunk = append(chunk, made...)
		records += batch
	}
	return chunk, records
}
