package fluvio_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func TestWhereAConsumerStartsIsNotStored(t *testing.T) {
	c := cluster(t, 1)
	p := newProducer(t, c)
	produce(t, p, 0, 10)
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	for _, start := range []fluvio.Offset{fluvio.At(5), fluvio.End(), fluvio.FromEnd(2)} {
		consumer := newConsumer(t, c, 0, start, fluvio.WithConsumerID("id"), fluvio.WithAutoCommit(time.Hour))
		if err := consumer.Commit(soon(t)); err != nil {
			t.Error(err)
		}
		if err := consumer.Close(); err != nil {
			t.Error(err)
		}
		if got := storedOffset(t, c, "id", 0); got != -1 {
			t.Errorf("started at %v and returned nothing: stored %d", start, got)
		}
	}
}

// TestACommitDoesNotWaitForTheReader has the connection lost while as much is received ahead as may be: the next stream is opened when
// some of it has been read, and the reader commits before it reads on.
func TestACommitDoesNotWaitForTheReader(t *testing.T) {
	sizes := []int{30, 30, 30, 30, 30, 30, 30, 30, 30, 30}
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, sizes...)
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("id"), fluvio.WithMaxBytes(1024))
		wantValues(t, consumer, 0, 60)
		synctest.Wait()
		f.closeAll(func(c *fakeConn) bool { return c.address == "spu:1" })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := consumer.Commit(ctx); err != nil || spu.stored != 59 {
			t.Errorf("%v, stored %d", err, spu.stored)
		}
		wantValues(t, consumer, 60, 300)
	})
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, sizes...)
		c, _ := f.connect()
		consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithConsumerID("id"), fluvio.WithMaxBytes(1024))
		if _, records, err := consumer.Poll(t.Context()); err != nil || len(records) != 60 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		synctest.Wait()
		f.closeAll(func(c *fakeConn) bool { return c.address == "spu:1" })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := consumer.Commit(ctx); err != nil || spu.stored != 59 {
			t.Errorf("%v, stored %d", err, spu.stored)
		}
	})
}

// TestClosingFromAnotherGoroutineIsNoRace is for the race detector.
func TestClosingFromAnotherGoroutineIsNoRace(t *testing.T) {
	c := cluster(t, 2)
	fill(t, c, 2, 20_000)
	auto := []fluvio.ConsumerOption{fluvio.WithConsumerID("id"), fluvio.WithAutoCommit(time.Hour)}
	one := newConsumer(t, c, 0, fluvio.Beginning(), auto...)
	all := newTopicConsumer(t, c, fluvio.Beginning(), auto...)
	var running sync.WaitGroup
	started := make(chan struct{}, 2)
	running.Go(func() {
		for n := 0; ; n++ {
			if _, err := one.Poll(soon(t)); err != nil {
				if !errors.Is(err, fluvio.ErrClosed) {
					t.Error(err)
				}
				return
			}
			if n == 0 {
				started <- struct{}{}
			}
		}
	})
	running.Go(func() {
		for n := 0; ; n++ {
			if _, _, err := all.Poll(soon(t)); err != nil {
				if !errors.Is(err, fluvio.ErrClosed) {
					t.Error(err)
				}
				return
			}
			if n == 0 {
				started <- struct{}{}
			}
		}
	})
	<-started
	<-started
	if err := errors.Join(one.Close(), all.Close()); err != nil {
		t.Error(err)
	}
	running.Wait()
}

func TestATopicWithoutPartitionsIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 0)
		c, _ := f.connect()
		if _, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning()); !errors.Is(err, fluvio.ErrPartitionNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// TestAnEndedContextEndsReading: somebody who stops a program does not want to wait until all of a backlog has been read.
func TestAnEndedContextEndsReading(t *testing.T) {
	c := cluster(t, 1)
	fill(t, c, 1, 10_000)
	one := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithUntilEnd())
	all := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd())
	ctx, cancel := context.WithCancel(soon(t))
	if _, err := one.Poll(ctx); err != nil {
		t.Fatal(err)
	}
	if _, _, err := all.Poll(ctx); err != nil {
		t.Fatal(err)
	}
	if !one.Buffered() || !all.Buffered() {
		t.Fatal("nothing is there without waiting")
	}
	cancel()
	position := one.Position()
	if _, err := one.Poll(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Poll: %v", err)
	}
	if _, err := one.PollBatch(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("PollBatch: %v", err)
	}
	for r, err := range one.Records(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Records: offset %d, %v", r.Offset, err)
		}
	}
	if _, _, err := all.Poll(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Poll: %v", err)
	}
	if _, _, err := all.PollBatch(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("PollBatch: %v", err)
	}
	if one.Position() != position {
		t.Errorf("position %d, before it was %d", one.Position(), position)
	}
	wantValues(t, one, int(position), 10_000)
	if _, err := one.Poll(soon(t)); err != io.EOF {
		t.Errorf("%v", err)
	}
}

// TestAPartitionAtItsEndHoldsNothing has more records than were there when the consumer was made in the chunks that it gets.
func TestAPartitionAtItsEndHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const partitions = 4
		f := newFake(t, partitions)
		spu := largeLog(t, true, 1000, 1000, 1000, 1000)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if req, ok := req.(*protocol.FetchOffsetsRequest); ok {
				c.offsets(h, req, 0, record.Batch(spu.batches[0]).NextOffset())
				return true
			}
			return spu.serve(c, h, req)
		}
		c, _ := f.connect()
		consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd())
		n := 0
		for {
			_, records, err := consumer.Poll(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n += len(records)
		}
		synctest.Wait()
		if held, _ := consumer.Memory(); n != 2*partitions || held > partitions*fluvio.ConnectionCost {
			t.Errorf("%d records, %d bytes held in the end", n, held)
		}
	})
}

// TestReusedMemoryIsBoundedForAllPartitions has batches that are much larger decompressed.
func TestReusedMemoryIsBoundedForAllPartitions(t *testing.T) {
	const partitions = 20
	c := cluster(t, partitions)
	p := newProducer(t, c, fluvio.WithCompression(fluvio.Zstd), fluvio.WithBatchSize(1<<20), fluvio.WithMaxRequestSize(2<<20))
	value := make([]byte, 900<<10)
	for partition := range uint32(partitions) {
		for range 3 {
			if err := p.ProduceTo(soon(t), partition, fluvio.Record{Value: value}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithReusedMemory())
	for n := 0; ; n++ {
		_, _, err := consumer.Poll(soon(t))
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if held := consumer.Arena(); held > 4<<20 {
		t.Errorf("%d bytes are kept for what is decompressed", held)
	}
}

// TestAConsumerOfSmartModulesResumesWithoutLoss has a SmartModule that makes ten records of each: their numbers say nothing of where in
// the log the consumer is.
func TestAConsumerOfSmartModulesResumesWithoutLoss(t *testing.T) {
	const inputs, each = 6, 10 // two records a batch
	outputs := func(from int64) (set []byte, next int64) {
		if from >= inputs {
			return nil, inputs
		}
		base := from / 2 * 2
		set = batchOf(t, base, values(int(base)*each, int(base+2)*each)...)
		spanning(set, 2)
		return set, base + 2
	}
	for _, whole := range []bool{false, true} {
		for stop := 1; stop <= inputs*each; stop++ {
			synctest.Test(t, func(t *testing.T) {
				f, spu := newOffsetsSPU(t, inputs)
				streams := map[*fakeConn]protocol.RequestHeader{}
				send := func(c *fakeConn, from int64) {
					if set, next := outputs(from); len(set) > 0 {
						c.answer(streams[c], &protocol.StreamFetchResponse{Topic: "t", StreamID: 1, Partition: protocol.FetchPartitionResponse{
							NextFilterOffset: next, HighWatermark: inputs, Records: set,
						}})
					}
				}
				var mu sync.Mutex
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					mu.Lock()
					defer mu.Unlock()
					switch req := req.(type) {
					case *protocol.StreamFetchRequest:
						streams[c] = h
						send(c, req.FetchOffset)
						return true
					case *protocol.UpdateOffsetsRequest:
						c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{{SessionID: 1}}})
						send(c, req.Offsets[0].Offset)
						return true
					}
					return spu.serve(c, h, req)
				}
				c, stopAll := f.connect()
				opts := []fluvio.ConsumerOption{
					fluvio.WithConsumerID("id"), fluvio.WithSmartModules(fluvio.SmartModule{Name: "split"}), fluvio.WithUntilEnd(),
				}
				seen := map[string]bool{}
				first := newConsumer(t, c, 0, fluvio.Beginning(), opts...)
				if whole {
					for len(seen) < stop {
						records, err := first.Poll(t.Context())
						if err != nil {
							t.Fatal(err)
						}
						for _, r := range records {
							seen[string(r.Value)] = true
						}
					}
				} else {
					for r, err := range first.Records(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						if seen[string(r.Value)] = true; len(seen) == stop {
							break
						}
					}
				}
				position := first.Position()
				if err := first.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				first.Close()
				for _, start := range []fluvio.Offset{fluvio.Beginning(), fluvio.At(position)} {
					all := map[string]bool{}
					for v := range seen {
						all[v] = true
					}
					for r, err := range newConsumer(t, c, 0, start, opts...).Records(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						all[string(r.Value)] = true
					}
					if len(all) != inputs*each {
						t.Errorf("stopped after %d, resumed at %v, stored %d: %d of %d records", stop, start, spu.stored, len(all), inputs*each)
					}
				}
				stopAll()
			})
		}
	}
}

func TestCommittingAtNoIntervalIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newOffsetsSPU(t, 1)
		c, _ := f.connect()
		if _, err := c.Consumer(t.Context(), "t", 0, fluvio.At(0), fluvio.WithConsumerID("id"), fluvio.WithAutoCommit(0)); err == nil {
			t.Error("accepted: it would never commit")
		}
	})
}
