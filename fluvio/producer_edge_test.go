package fluvio_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// TestNobodyLingersWhileOthersWaitForRoom has a record take the room for it, another one wait, and only then the first one be buffered.
func TestNobodyLingersWhileOthersWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			c.acknowledge(h, req.(*protocol.ProduceRequest), 0)
			return true
		}
		c, _ := f.connect()
		p := newProducer(t, c, fluvio.WithLinger(time.Hour), fluvio.WithMaxRequestSize(1<<10), fluvio.WithMaxBuffered(1300))
		began := time.Now()
		var running sync.WaitGroup
		record := fluvio.Record{Value: make([]byte, 700)}
		err := p.ProduceSlowly(record, func() {
			running.Go(func() {
				if err := p.ProduceTo(t.Context(), 0, record); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		})
		if err != nil {
			t.Error(err)
		}
		running.Wait()
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited for %v", waited)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestWhatGrowsWhenItIsCompressedFits has batches as large as the topic's segments, of bytes that no compression makes less of.
func TestWhatGrowsWhenItIsCompressedFits(t *testing.T) {
	const segment = 1 << 20
	c := cluster(t, 1)
	if err := admin.New(c).CreateTopic(soon(t), "small", admin.TopicConfig{Partitions: 1, SegmentSize: segment}); err != nil {
		t.Fatal(err)
	}
	if err := c.AwaitTopic(soon(t), "small", true); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, segment)
	random := rand.NewChaCha8([32]byte{})
	random.Read(noise)
	for _, codec := range []fluvio.Compression{fluvio.NoCompression, fluvio.Gzip, fluvio.Snappy, fluvio.LZ4, fluvio.Zstd} {
		t.Run(codec.String(), func(t *testing.T) {
			p, err := c.Producer(soon(t), "small", fluvio.WithCompression(codec), fluvio.WithBatchSize(2*segment), fluvio.WithMaxRequestSize(2*segment))
			if err != nil {
				t.Fatal(err)
			}
			var tooLarge *fluvio.RecordTooLargeError
			err = p.Produce(soon(t), fluvio.Record{Value: noise})
			if !errors.As(err, &tooLarge) {
				t.Fatalf("%v", err)
			}
			if err := p.Produce(soon(t), fluvio.Record{Value: noise[:len(noise)-(tooLarge.Size-tooLarge.Limit)]}); err != nil {
				t.Error(err)
			}
			for _, value := range bytes.SplitN(noise, []byte{0}, 2000) { // many that fill a batch
				if err := p.Produce(soon(t), fluvio.Record{Value: value}); err != nil && !errors.Is(err, fluvio.ErrRecordTooLarge) {
					t.Error(err)
				}
			}
			if err := p.Close(soon(t)); err != nil {
				t.Error(err)
			}
		})
	}
}
