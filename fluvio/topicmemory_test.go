package fluvio_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// topicSPU serves the same log in every partition: as a real SPU, which cuts what it sends at max_bytes, or as one that sends a batch
// that is larger whole.
type topicSPU struct {
	t       testing.TB
	batches [][]byte
	whole   bool

	sending chan struct{} // if it is not nil: holds a token for everyone who has something to send in memory

	mu      sync.Mutex
	streams map[*fakeConn]spuStream
	opened  int
}

func (s *topicSPU) end() int64 { return record.Batch(s.batches[len(s.batches)-1]).NextOffset() }

func (s *topicSPU) serve(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
	switch req := req.(type) {
	case *protocol.FetchOffsetsRequest:
		c.offsets(h, req, 0, s.end())
	case *protocol.StreamFetchRequest:
		s.mu.Lock()
		s.opened++
		s.streams[c] = spuStream{h, int(req.MaxBytes), req.Partition}
		s.mu.Unlock()
		s.send(c, req.FetchOffset)
	case *protocol.UpdateOffsetsRequest:
		c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{{SessionID: req.Offsets[0].SessionID}}})
		s.send(c, req.Offsets[0].Offset)
	}
	return true
}

func (s *topicSPU) send(c *fakeConn, offset int64) {
	if s.sending != nil {
		s.sending <- struct{}{}
		defer func() { <-s.sending }()
	}
	s.mu.Lock()
	stream := s.streams[c]
	s.mu.Unlock()
	var set []byte
	for _, b := range s.batches {
		if record.Batch(b).NextOffset() <= offset {
			continue
		}
		if s.whole && len(set) > 0 && len(set)+len(b) > stream.maxBytes {
			break
		}
		if set = append(set, b...); len(set) >= stream.maxBytes {
			break
		}
	}
	if len(set) == 0 {
		return
	}
	if !s.whole {
		set = set[:min(len(set), stream.maxBytes)]
	}
	c.answer(stream.h, &protocol.StreamFetchResponse{Topic: "t", StreamID: 1, Partition: protocol.FetchPartitionResponse{
		PartitionIndex: stream.partition, HighWatermark: s.end(), Records: set,
	}})
}

// largeLog has batches of about so many bytes, two records in each.
func largeLog(t testing.TB, whole bool, sizes ...int) *topicSPU {
	s := &topicSPU{t: t, whole: whole, streams: map[*fakeConn]spuStream{}}
	for i, size := range sizes {
		s.batches = append(s.batches, batchOf(t, int64(2*i), strings.Repeat("x", size/2), strings.Repeat("y", size/2)))
	}
	return s
}

// TestManyPartitionsShareOneBudget has batches that are larger than the share of a partition, and some that are larger than what all
// may have.
func TestManyPartitionsShareOneBudget(t *testing.T) {
	const mib = 1 << 20
	for name, tc := range map[string]struct {
		partitions uint32
		memory     int
		above      int // what a single batch may add
		sizes      []int
	}{
		"a hundred partitions":      {100, 64 * mib, 0, []int{mib, mib, mib}},
		"small ones":                {100, 64 * mib, 0, []int{1000, 1000, 1000, 30_000, 30_000}},
		"in little memory":          {20, 8 * mib, 0, []int{mib, 100, mib, 100, 100, 2 * mib}},
		"batches beyond all bounds": {5, 1 * mib, 4 * mib, []int{100, 3 * mib, 100, 3 * mib}},
	} {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/whole=%v", name, whole), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t, tc.partitions)
					spu := largeLog(t, whole, tc.sizes...)
					f.spu = spu.serve
					c, _ := f.connect()
					consumer, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithMaxMemory(tc.memory))
					if err != nil {
						t.Fatal(err)
					}
					defer consumer.Close()
					synctest.Wait() // all that is received ahead is there
					next := map[uint32]int64{}
					for {
						p, records, err := consumer.Poll(t.Context())
						if err == io.EOF {
							break
						}
						if err != nil {
							t.Fatalf("after %v: %v", next, err)
						}
						for _, r := range records {
							if r.Offset != next[p] || len(r.Value) != tc.sizes[r.Offset/2]/2 {
								t.Fatalf("partition %d: offset %d where %d was to come, %d bytes", p, r.Offset, next[p], len(r.Value))
							}
							next[p]++
						}
					}
					for p := range tc.partitions {
						if next[p] != spu.end() {
							t.Errorf("partition %d: %d records", p, next[p])
						}
					}
					_, highest := consumer.Memory()
					if highest > tc.memory+tc.above {
						t.Errorf("%d bytes held at a time, %d allowed", highest, tc.memory+tc.above)
					}
					consumer.Close()
					if held, _ := consumer.Memory(); held > int(tc.partitions)*fluvio.ConnectionCost {
						t.Errorf("%d bytes held in the end", held)
					}
					t.Logf("%d bytes at most, %d streams", highest, spu.opened)
				})
			})
		}
	}
}

// BenchmarkTopicConsumer reads a hundred partitions of batches of a mebibyte and reports the heap that it takes, in MiB, with up to
// ten of them for what the fake cluster is sending.
func BenchmarkTopicConsumer(b *testing.B) {
	const partitions = 100
	f := newFake(b, partitions)
	log := largeLog(b, true, 1<<20, 1<<20, 1<<20, 1<<20)
	log.sending = make(chan struct{}, 2)
	f.spu = log.serve
	c, _ := f.connect()
	var before, after runtime.MemStats
	highest := 0
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		consumer, err := c.TopicConsumer(b.Context(), "t", fluvio.Beginning(), fluvio.WithUntilEnd())
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; ; n++ {
			_, _, err := consumer.Poll(b.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if n%50 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&after)
				highest = max(highest, int(after.HeapInuse)-int(before.HeapInuse))
			}
		}
		consumer.Close()
	}
	b.ReportMetric(float64(highest)/(1<<20), "heap-MiB")
	if highest > 80<<20 { // the default and what surrounds it; a chunk that anything keeps alive shows here
		b.Errorf("%d bytes of heap in use", highest)
	}
}

// TestThousandsOfPartitionsFitIntoTheDefault also has a topic grow to that many.
func TestThousandsOfPartitionsFitIntoTheDefault(t *testing.T) {
	const many, records = 4096, 4
	for name, first := range map[string]uint32{"at once": many, "grown": 100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, first)
				f.spu = largeLog(t, false, 100, 6000).serve
				c, _ := f.connect()
				consumer, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning())
				if err != nil {
					t.Fatal(err)
				}
				defer consumer.Close()
				if first < many {
					for p := first; p < many; p++ {
						f.setLeader(p, 1)
					}
					synctest.Wait()
					f.setTopic("t", many)
				}
				for n := 0; n < many*records; {
					_, some, err := consumer.Poll(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					n += len(some)
				}
				_, highest := consumer.Memory()
				t.Logf("%d bytes at most", highest)
				if first == many && highest > 64<<20 || highest > 96<<20 {
					t.Errorf("%d bytes held at a time", highest)
				}
			})
		})
	}
}

// TestLittleMemoryIsRaised has more partitions than the limit has room for.
func TestLittleMemoryIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const partitions = 100
		f := newFake(t, partitions)
		f.spu = largeLog(t, false, 100, 6000).serve
		c, _ := f.connect()
		consumer, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithMaxMemory(256<<10))
		if err != nil {
			t.Fatal(err)
		}
		defer consumer.Close()
		n := 0
		for _, err := range consumer.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if _, highest := consumer.Memory(); n != 4*partitions || highest > 2<<20 {
			t.Errorf("%d records, %d bytes at a time", n, highest)
		}
	})
}

// TestUnbelievablePartitionsAreRefused has an SC that claims four billion of them, which would take memory each.
func TestUnbelievablePartitionsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.setTopic("t", 1<<32-1)
		c, _ := f.connect()
		_, consume := c.TopicConsumer(t.Context(), "t", fluvio.Beginning())
		_, produce := c.Producer(t.Context(), "t")
		for _, err := range []error{consume, produce} {
			if err == nil || !strings.Contains(err.Error(), "takes up to 65536") {
				t.Error(err)
			}
		}
	})
}
