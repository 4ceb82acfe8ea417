package broker

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// BenchmarkProduce writes batches with up to 8 requests under way.
func BenchmarkProduce(b *testing.B) {
	for _, size := range []int{16 << 10, 256 << 10} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			broker := start(b, Config{MaxPartitionBytes: 2 << 30, SegmentBytes: 256 << 20, CleanInterval: 100 * time.Millisecond})
			create(b, broker, "t", topicSpec(1))
			c := dial(b, broker.SPU())
			req := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25, ClientID: "bench"},
				produceRequest("t", 0, batchOf(b, record.None, strings.Repeat("x", size))))
			in := bufio.NewReader(c.nc)
			var answer []byte
			receive := func() {
				var err error
				if answer, err = wire.ReadFrame(in, answer, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			underWay := 0
			for b.Loop() {
				c.write(req)
				if underWay++; underWay == 8 {
					receive()
					underWay--
				}
			}
			for ; underWay > 0; underWay-- {
				receive()
			}
		})
	}
}

// BenchmarkConsume reads a log of 16 KiB batches through a stream, in chunks of 1 MiB.
func BenchmarkConsume(b *testing.B) {
	broker := start(b, Config{})
	create(b, broker, "t", topicSpec(1))
	p := dial(b, broker.SPU())
	for range 2000 {
		p.mustProduce("t", 0, batchOf(b, record.None, strings.Repeat("x", 16<<10)))
	}
	s := dial(b, broker.SPU()).from("t", 0, 0)
	b.ReportAllocs()
	for b.Loop() {
		resp := s.chunk()
		b.SetBytes(int64(len(resp.Partition.Records)))
		first, _, err := record.Next(resp.Partition.Records)
		if err != nil {
			b.Fatal(err)
		}
		next := first.BaseOffset() + int64(len(resp.Partition.Records)/len(first))
		if next == 2000 {
			next = 0
		}
		s.ack(next)
	}
}

// BenchmarkLatency produces one small record and waits until it arrives at a consumer, both over TCP in this process.
func BenchmarkLatency(b *testing.B) {
	broker := start(b, Config{})
	create(b, broker, "t", topicSpec(1))
	p, s := dial(b, broker.SPU()), dial(b, broker.SPU()).from("t", 0, 0)
	set := batchOf(b, record.None, strings.Repeat("x", 100))
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		p.send(produceRequest("t", 0, set))
		resp := s.chunk()
		took = append(took, time.Since(begin))
		p.receive(p.next - 1)
		s.ack(resp.Partition.HighWatermark)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
