package fluvio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func newTopicConsumer(t testing.TB, c *fluvio.Client, start fluvio.Offset, opts ...fluvio.ConsumerOption) *fluvio.TopicConsumer {
	t.Helper()
	consumer, err := c.TopicConsumer(soon(t), "t", start, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { consumer.Close() })
	return consumer
}

// readAll reads to the end and expects of each partition the values from 0 on, in order. It returns how many there were.
func readAll(t testing.TB, consumer *fluvio.TopicConsumer) map[uint32]int {
	t.Helper()
	ctx := soon(t)
	next := map[uint32]int{}
	for {
		partition, records, err := consumer.Poll(ctx)
		if err == io.EOF {
			return next
		}
		if err != nil {
			t.Fatalf("after %v: %v", next, err)
		}
		for _, r := range records {
			wantNext(t, next, partition, r)
		}
	}
}

func wantNext(t testing.TB, next map[uint32]int, partition uint32, r fluvio.Record) {
	t.Helper()
	n := next[partition]
	if r.Offset != int64(n) || string(r.Value) != string(value(n)) {
		t.Fatalf("partition %d: offset %d, %q where %d was to come", partition, r.Offset, r.Value, n)
	}
	next[partition]++
}

// fill writes values from 0 on, n+partition of them to each partition.
func fill(t testing.TB, c *fluvio.Client, partitions uint32, n int, opts ...fluvio.ProducerOption) {
	t.Helper()
	p := newProducer(t, c, opts...)
	ctx := soon(t)
	for partition := range partitions {
		for i := range n + int(partition) {
			if err := p.ProduceTo(ctx, partition, fluvio.Record{Value: value(i), Timestamp: 1_700_000_000_000}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestATopicIsReadPartitionByPartitionInOrder(t *testing.T) {
	for _, codec := range []fluvio.Compression{fluvio.NoCompression, fluvio.Zstd} {
		t.Run(codec.String(), func(t *testing.T) {
			c := cluster(t, 5)
			fill(t, c, 5, 3000, fluvio.WithCompression(codec))
			consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithMaxBytes(8<<10))
			next := readAll(t, consumer)
			positions := consumer.Positions()
			for p := range uint32(5) {
				if want := 3000 + int(p); next[p] != want || positions[p] != int64(want) {
					t.Errorf("partition %d: %d records, position %d", p, next[p], positions[p])
				}
			}
			if !consumer.Buffered() {
				t.Error("the end is not at hand")
			}
			if _, _, err := consumer.Poll(soon(t)); err != io.EOF {
				t.Errorf("again: %v", err)
			}
		})
	}
}

func TestSomePartitionsCanBeChosen(t *testing.T) {
	c := cluster(t, 4)
	fill(t, c, 4, 10)
	next := readAll(t, newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithPartitions(3, 1, 3)))
	if len(next) != 2 || next[1] != 11 || next[3] != 13 {
		t.Errorf("%v", next)
	}
	next = map[uint32]int{1: 6, 3: 8}
	for r, err := range newTopicConsumer(t, c, fluvio.FromEnd(5), fluvio.WithUntilEnd(), fluvio.WithPartitions(1, 3)).Records(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		wantNext(t, next, r.Partition, r.Record)
	}
	if next[1] != 11 || next[3] != 13 {
		t.Errorf("%v", next)
	}
	if _, err := c.TopicConsumer(soon(t), "t", fluvio.Beginning(), fluvio.WithPartitions(1, 4)); !errors.Is(err, fluvio.ErrPartitionNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := c.TopicConsumer(soon(t), "other", fluvio.Beginning()); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("%v", err)
	}
}

func TestPartitionsOfATopicTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const partitions = 4
		f := newFake(t, partitions)
		f.spu = largeLog(t, true, slices.Repeat([]int{2000}, 50)...).serve
		c, _ := f.connect()
		consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithMaxBytes(4<<10))
		var order []uint32
		for {
			synctest.Wait() // all partitions have something
			p, _, err := consumer.Poll(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			order = append(order, p)
		}
		for i := partitions; i < len(order)-partitions; i++ {
			if order[i] != order[i-partitions] {
				t.Fatalf("no turns: %v", order)
			}
		}
	})
}

func TestATopicConsumerCommitsAllItsPartitions(t *testing.T) {
	c := cluster(t, 3)
	fill(t, c, 3, 10)
	open := func(opts ...fluvio.ConsumerOption) *fluvio.TopicConsumer {
		return newTopicConsumer(t, c, fluvio.Beginning(), append(opts, fluvio.WithUntilEnd(), fluvio.WithConsumerID("g"))...)
	}
	consumer := open()
	readAll(t, consumer)
	if err := consumer.Commit(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := consumer.Close(); err != nil {
		t.Fatal(err)
	}
	for p := range uint32(3) {
		if got := storedOffset(t, c, "g", p); got != int64(9+p) {
			t.Errorf("partition %d: %d stored", p, got)
		}
	}
	mustFill := newProducer(t, c)
	mustProduce(t, mustFill, 1, "more")
	if err := mustFill.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	again := open(fluvio.WithAutoCommit(time.Hour))
	partition, records, err := again.Poll(soon(t))
	if err != nil || partition != 1 || len(records) != 1 || string(records[0].Value) != "more" {
		t.Errorf("partition %d, %d records, %v", partition, len(records), err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if got := storedOffset(t, c, "g", 1); got != 11 {
		t.Errorf("%d stored when it was closed", got)
	}
	if err := newTopicConsumer(t, c, fluvio.Beginning()).Commit(soon(t)); !errors.Is(err, fluvio.ErrNoConsumerID) {
		t.Errorf("%v", err)
	}
}

func TestLeavingALoopOverATopicLosesNothing(t *testing.T) {
	c := cluster(t, 2)
	fill(t, c, 2, 100)
	consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd(), fluvio.WithConsumerID("g"))
	next := map[uint32]int{}
	for range 7 {
		for r, err := range consumer.Records(soon(t)) {
			if err != nil {
				t.Fatal(err)
			}
			wantNext(t, next, r.Partition, r.Record)
			if next[r.Partition]%10 == 3 {
				break
			}
		}
		for p, n := range consumer.Positions() {
			if n != int64(next[p]) {
				t.Errorf("partition %d: position %d after %d records", p, n, next[p])
			}
		}
	}
	if err := consumer.Commit(soon(t)); err != nil {
		t.Fatal(err)
	}
	for p, n := range next {
		if got := storedOffset(t, c, "g", p); got != int64(n-1) {
			t.Errorf("partition %d: stored %d after %d records", p, got, n)
		}
	}
	for r, err := range consumer.Records(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		wantNext(t, next, r.Partition, r.Record)
	}
	if next[0] != 100 || next[1] != 101 {
		t.Errorf("%v", next)
	}
}

func TestADeletedTopicEndsItsTopicConsumer(t *testing.T) {
	c := cluster(t, 3)
	consumer := newTopicConsumer(t, c, fluvio.Beginning())
	if err := admin.New(c).DeleteTopic(soon(t), "t"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := consumer.Poll(soon(t)); !errors.Is(err, fluvio.ErrTopicNotFound) {
			t.Errorf("%v", err)
		}
	}
}

func TestBatchesOfATopicComeWhole(t *testing.T) {
	c := cluster(t, 2)
	fill(t, c, 2, 2000, fluvio.WithBatchSize(4<<10))
	consumer := newTopicConsumer(t, c, fluvio.Beginning(), fluvio.WithUntilEnd())
	next := map[uint32]int64{}
	for {
		p, b, err := consumer.PollBatch(soon(t))
		if err == io.EOF {
			break
		}
		if err != nil || b.BaseOffset() != next[p] || b.Verify() != nil {
			t.Fatalf("partition %d: offset %d where %d was to come, %v", p, b.BaseOffset(), next[p], err)
		}
		next[p] = b.NextOffset()
	}
	if next[0] != 2000 || next[1] != 2001 {
		t.Errorf("%v", next)
	}
}

func TestBadTopicConsumerOptionsAreNamed(t *testing.T) {
	c := cluster(t, 2)
	for says, option := range map[string]fluvio.ConsumerOption{
		"WithUntilEnd":                   fluvio.WithUntil(3),
		"bytes of memory: want at least": fluvio.WithMaxMemory(1),
		"no id":                          fluvio.WithAutoCommit(time.Second),
		"commits every":                  fluvio.WithAutoCommit(1),
	} {
		if _, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning(), option); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for says, option := range map[string]fluvio.ConsumerOption{
		"WithPartitions": fluvio.WithPartitions(1), "WithMaxQueued": fluvio.WithMaxMemory(1 << 20),
	} {
		if _, err := c.Consumer(t.Context(), "t", 0, fluvio.Beginning(), option); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestPartitionsThatAreAddedAreReadFromTheirBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		spu := largeLog(t, true, 100, 100)
		f.spu = spu.serve
		c, _ := f.connect()
		consumer, err := c.TopicConsumer(t.Context(), "t", fluvio.End())
		if err != nil {
			t.Fatal(err)
		}
		defer consumer.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if p, records, err := consumer.Poll(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%d records of %d, %v", len(records), p, err)
		}
		f.setTopic("t", 3)
		f.setLeader(2, 1)
		time.AfterFunc(time.Second, func() { f.setLeader(1, 1) })
		got := map[uint32]int{}
		for got[1] < 4 || got[2] < 4 {
			p, records, err := consumer.Poll(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got[p] += len(records)
		}
		if positions := consumer.Positions(); len(got) != 2 || positions[0] != 4 || positions[1] != 4 || positions[2] != 4 {
			t.Errorf("%v, positions %v", got, positions)
		}
	})
}

func TestAMovedPartitionIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 2)
		f.setSPU(2, "spu", 2)
		log := largeLog(t, true, 100, 100)
		f.spu = log.serve
		c, _ := f.connect()
		consumer, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning())
		if err != nil {
			t.Fatal(err)
		}
		defer consumer.Close()
		read := func(want int64) {
			t.Helper()
			for {
				if p := consumer.Positions(); p[0] == want && p[1] == want {
					return
				}
				if _, _, err := consumer.Poll(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		read(4)
		synctest.Wait()
		log.mu.Lock()
		log.batches = append(log.batches, largeLog(t, true, 100, 100, 100).batches[2])
		log.mu.Unlock()
		f.setLeader(0, 2)
		f.setLeader(1, 2)
		read(6)
	})
}

func TestClosingATopicConsumerEndsItsPoll(t *testing.T) {
	c := cluster(t, 3)
	consumer := newTopicConsumer(t, c, fluvio.Beginning())
	done := make(chan error)
	go func() {
		_, _, err := consumer.Poll(context.Background())
		done <- err
	}()
	consumer.Close()
	if err := <-done; !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("%v", err)
	}
	c.Close()
	if _, err := c.TopicConsumer(soon(t), "t", fluvio.Beginning()); !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestReusedMemoryHoldsWhatItShouldUntilTheNextCall(t *testing.T) {
	for _, codec := range []fluvio.Compression{fluvio.NoCompression, fluvio.LZ4} {
		for _, maxBytes := range []int{1 << 10, 50 << 10} {
			t.Run(fmt.Sprintf("%v/%d", codec, maxBytes), func(t *testing.T) {
				c := cluster(t, 3)
				fill(t, c, 3, 20_000, fluvio.WithCompression(codec), fluvio.WithBatchSize(8<<10))
				opts := []fluvio.ConsumerOption{fluvio.WithReusedMemory(), fluvio.WithMaxBytes(maxBytes), fluvio.WithUntilEnd()}
				wantValues(t, newConsumer(t, c, 1, fluvio.Beginning(), opts...), 0, 20_001)
				if next := readAll(t, newTopicConsumer(t, c, fluvio.Beginning(), opts...)); next[0] != 20_000 || next[2] != 20_002 {
					t.Errorf("%v", next)
				}
				batches := newTopicConsumer(t, c, fluvio.Beginning(), opts...)
				next := map[uint32]int{}
				for {
					p, b, err := batches.PollBatch(soon(t))
					if err == io.EOF {
						break
					}
					if err != nil || b.Verify() != nil {
						t.Fatal(err, b.Verify())
					}
					values, _ := valuesOf(t, b)
					for _, v := range values {
						if v != string(value(next[p])) {
							t.Fatalf("%q where %d was to come", v, next[p])
						}
						next[p]++
					}
				}
				if next[0] != 20_000 || next[1] != 20_001 || next[2] != 20_002 {
					t.Errorf("%v", next)
				}
			})
		}
	}
}

func ExampleTopicConsumer() {
	ctx := context.Background()
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint("127.0.0.1:9003"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	consumer, err := client.TopicConsumer(ctx, "flights", fluvio.Beginning(), fluvio.WithConsumerID("board"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer consumer.Close()
	for {
		partition, records, err := consumer.Poll(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, r := range records {
			fmt.Printf("%d/%d: %s\n", partition, r.Offset, r.Value)
		}
		if err := consumer.Commit(ctx); err != nil {
			fmt.Println(err)
			return
		}
	}
}
