package fluvio_test

import (
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/broker"
)

// TestCutConnectionsHurtNoReader has a TopicConsumer behind the proxy that commits what it has read, and is made anew from what it committed
// again and again.
func TestCutConnectionsHurtNoReader(t *testing.T) {
	const partitions, each = 4, 2000
	for codec, reuse := range map[fluvio.Compression]bool{fluvio.NoCompression: false, fluvio.Zstd: true} {
		t.Run(fmt.Sprintf("%v/reuse=%v", codec, reuse), func(t *testing.T) {
			b := startBroker(t, broker.Config{})
			p := startProxy(t, b.SPU(), 20_000)
			direct := connect(t, b.SC())
			createTopic(t, direct, "t", partitions)
			fill(t, direct, partitions, each, fluvio.WithCompression(codec), fluvio.WithBatchSize(3000))
			var hurt atomic.Int64
			c := connect(t, b.SC(), p.through(), fluvio.WithRetryHook(func(error) { hurt.Add(1) }))
			opts := []fluvio.ConsumerOption{
				fluvio.WithConsumerID("id"), fluvio.WithUntilEnd(), fluvio.WithMaxMemory(3 << 19), fluvio.WithMaxBytes(4 << 10),
			}
			if reuse {
				opts = append(opts, fluvio.WithReusedMemory())
			}
			next := map[uint32]int{}
			for done, life := false, 0; !done; life++ {
				consumer := newTopicConsumer(t, c, fluvio.Beginning(), opts...)
				begun := map[uint32]bool{}
				for polls := 0; polls < 40+life*20; polls++ {
					partition, records, err := consumer.Poll(soon(t))
					if err == io.EOF {
						done = true
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range records {
						// A commit of a connection that was cut may arrive after a later one: then records come again, but none is missed.
						if again := int(r.Offset); !begun[partition] && again < next[partition] {
							next[partition] = again
						}
						begun[partition] = true
						wantNext(t, next, partition, r)
					}
					if polls%3 == 0 {
						if err := consumer.Commit(soon(t)); err != nil {
							t.Fatal(err)
						}
					}
				}
				if err := consumer.Commit(soon(t)); err != nil {
					t.Fatal(err)
				}
				consumer.Close()
			}
			for partition := range uint32(partitions) {
				if next[partition] != each+int(partition) {
					t.Errorf("partition %d: %d records", partition, next[partition])
				}
			}
			t.Logf("%d troubles, %d cuts", hurt.Load(), p.cuts.Load())
		})
	}
}
