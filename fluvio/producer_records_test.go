package fluvio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func TestFuturesAndCallbacksTellOfSingleRecords(t *testing.T) {
	c := cluster(t, 2)
	p := newProducer(t, c, fluvio.WithBatchSize(100), fluvio.WithPartitioner(fluvio.RoundRobin()))
	ctx := soon(t)
	var mu sync.Mutex
	called := map[string]fluvio.RecordMetadata{}
	var futures []*fluvio.Future
	const n = 50
	for i := range n {
		future, err := p.Send(ctx, fluvio.Record{Value: value(i)})
		if err != nil {
			t.Fatal(err)
		}
		futures = append(futures, future)
		name := string(value(n + i))
		err = p.ProduceFunc(ctx, fluvio.Record{Value: []byte(name)}, func(at fluvio.RecordMetadata, err error) {
			mu.Lock()
			defer mu.Unlock()
			if _, twice := called[name]; twice || err != nil {
				t.Errorf("%s: twice %v, %v", name, twice, err)
			}
			called[name] = at
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Produce(ctx, fluvio.Record{Value: []byte("nobody asks")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	log := map[fluvio.RecordMetadata]string{}
	for partition := range uint32(2) {
		_, next := p.Acknowledged(partition)
		for r, err := range newConsumer(t, c, partition, fluvio.Beginning(), fluvio.WithUntil(next)).Records(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			log[fluvio.RecordMetadata{Partition: partition, Offset: r.Offset}] = string(r.Value)
		}
	}
	for i, future := range futures {
		<-future.Done()
		at, err := future.Wait(ctx)
		if err != nil || log[at] != string(value(i)) {
			t.Errorf("record %d is said to be at %+v, where there is %q; %v", i, at, log[at], err)
		}
	}
	for i := n; i < 2*n; i++ {
		if at, ok := called[string(value(i))]; !ok || log[at] != string(value(i)) {
			t.Errorf("record %d is said (%v) to be at %+v, where there is %q", i, ok, at, log[at])
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := p.Send(ctx, fluvio.Record{}); !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := p.ProduceFunc(ctx, fluvio.Record{}, func(fluvio.RecordMetadata, error) { t.Error("called") }); !errors.Is(err, fluvio.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAFutureIsWaitedForNoLongerThanWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(*fakeConn, protocol.RequestHeader, protocol.Request) bool { return true } // never answers
		c, stop := f.connect()
		p := newProducer(t, c)
		future, err := p.Send(t.Context(), fluvio.Record{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if at, err := future.Wait(ctx); err == nil || err.Error() != "enough" || at.Offset != -1 {
			t.Errorf("%+v, %v", at, err)
		}
		stop()
		if at, err := future.Wait(ctx); !errors.Is(err, fluvio.ErrClosed) || !errors.Is(err, fluvio.ErrAmbiguous) || at.Offset != -1 {
			t.Errorf("%+v, %v", at, err)
		}
	})
}

// TestAFailureNamesExactlyTheRecordsThatItIsAbout: one request is under way and lost, others have never been sent.
func TestAFailureNamesExactlyTheRecordsThatItIsAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 2)
		open := make(chan struct{})
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			produce := req.(*protocol.ProduceRequest)
			vs, _ := recordsOf(t, produce)
			if slices.Contains(vs, "0 of 1") {
				<-open
				return false
			}
			c.acknowledge(h, produce, 100)
			return true
		}
		var mu sync.Mutex
		deliveries := map[int64]fluvio.Delivery{} // of partition 1, by the first record
		c, stop := f.connect(fluvio.WithRetryBudget(0))
		p := newProducer(t, c, fluvio.WithBatchSize(1), fluvio.WithMaxRequestSize(1024), fluvio.WithOnDelivery(func(d fluvio.Delivery) {
			mu.Lock()
			defer mu.Unlock()
			if d.Partition == 1 {
				deliveries[d.First] = d
			}
		}))
		futures := map[int]*fluvio.Future{}
		for i := range 8 { // the numbers of partition 1's records are odd
			partition := uint32(i % 2)
			future, err := p.SendTo(t.Context(), partition, fluvio.Record{Value: fmt.Appendf(nil, "%d of %d", i/2, partition)})
			if err != nil {
				t.Fatal(err)
			}
			futures[i] = future
			if i == 1 {
				synctest.Wait()
			}
		}
		close(open)
		err := p.Close(t.Context())
		var failure *fluvio.ProduceError
		if !errors.As(err, &failure) || failure.Partition != 1 || failure.First != 0 || failure.Record != 1 || failure.Records != 4 || failure.Unknown != 1 {
			t.Fatalf("%v", err)
		}
		for i, future := range futures {
			at, err := future.Wait(t.Context())
			if i%2 == 0 {
				if err != nil || at.Offset < 100 {
					t.Errorf("record %d: %+v, %v", i, at, err)
				}
				continue
			}
			var one *fluvio.ProduceError
			if !errors.As(err, &one) || one.First != int64(i/2) || one.Record != int64(i) || one.Records != 1 || one.Ambiguous != (i == 1) {
				t.Errorf("record %d: %v", i, err)
			}
			d := deliveries[int64(i/2)]
			if d.Records != 1 || d.Offset != -1 || !errors.As(d.Err, &one) || one.First != int64(i/2) || one.Record != int64(i) || one.Ambiguous != (i == 1) {
				t.Errorf("record %d: %+v", i, d)
			}
		}
		stop()
	})
}

func TestAtMostOnceSendsEveryRequestOnceAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var log produced
		dials := 0
		f.dialled = func(address string) error {
			if address == "spu:1" {
				if dials++; dials == 1 {
					return errors.New("refused") // nothing was sent: it is tried again
				}
			}
			return nil
		}
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			produce := req.(*protocol.ProduceRequest)
			vs, _ := recordsOf(t, produce)
			at := log.add(vs)
			switch vs[0] {
			case "closed":
				return false
			case "silent":
			case "refused":
				c.refuse(h, produce, protocol.ErrorCodeNotLeaderForPartition.Code())
			case "fails":
				c.refuse(h, produce, protocol.ErrorCodeStorageError.Code())
			default:
				c.acknowledge(h, produce, at)
			}
			return true
		}
		c, stop := f.connect()
		var deliveries []fluvio.Delivery
		p := newProducer(t, c, fluvio.WithDeliverySemantic(fluvio.AtMostOnce), fluvio.WithOnDelivery(func(d fluvio.Delivery) {
			deliveries = append(deliveries, d)
		}))
		all := []string{"good", "closed", "good", "silent", "refused", "fails", "good"}
		lost := map[string]bool{"closed": true, "silent": true, "refused": false, "fails": true} // may it be written?
		for i, v := range all {
			future, err := p.Send(t.Context(), fluvio.Record{Value: []byte(v)})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			at, err := future.Wait(t.Context())
			var one *fluvio.ProduceError
			ambiguous, isLost := lost[v]
			if !isLost && (err != nil || at.Offset != int64(i)) {
				t.Errorf("%s: %+v, %v", v, at, err)
			}
			if isLost && (!errors.As(err, &one) || one.First != int64(i) || one.Ambiguous != ambiguous) {
				t.Errorf("%s: %v", v, err)
			}
			if d := deliveries[len(deliveries)-1]; len(deliveries) != i+1 || d.First != int64(i) || (d.Err != nil) != isLost {
				t.Errorf("%s: %+v", v, d)
			}
		}
		if got := log.all(); !slices.Equal(got, all) {
			t.Errorf("requests: %q", got)
		}
		if acked, next := p.Acknowledged(0); acked != 3 || next != 7 || p.Lost() != 4 {
			t.Errorf("%d acknowledged, next %d, %d lost", acked, next, p.Lost())
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		stop()
	})
}

func TestAtMostOnceLosesWhatCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var log produced
		f.spu = log.accept
		f.deaf = true
		c, stop := f.connect(fluvio.WithRetryBudget(time.Minute))
		p := newProducer(t, c, fluvio.WithDeliverySemantic(fluvio.AtMostOnce))
		future, err := p.Send(t.Context(), fluvio.Record{Value: []byte("lost")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := future.Wait(t.Context()); !errors.Is(err, fluvio.ErrUnavailable) || errors.Is(err, fluvio.ErrAmbiguous) {
			t.Errorf("%v", err)
		}
		f.mu.Lock()
		f.deaf = false
		f.mu.Unlock()
		mustProduce(t, p, 0, "good")
		if err := p.Close(t.Context()); err != nil || p.Lost() != 1 || !slices.Equal(log.all(), []string{"good"}) {
			t.Errorf("%v, %d lost, %q", err, p.Lost(), log.all())
		}
		stop()
	})
}

func TestStickyRecordsMoveOnWithTheirBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 3)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			c.acknowledge(h, req.(*protocol.ProduceRequest), 0)
			return true
		}
		c, stop := f.connect()
		var mu sync.Mutex
		batches := map[uint32][]int{}
		p := newProducer(t, c, fluvio.WithPartitioner(fluvio.StickyRoundRobin()), fluvio.WithLinger(time.Hour), fluvio.WithBatchSize(900),
			fluvio.WithOnDelivery(func(d fluvio.Delivery) {
				mu.Lock()
				defer mu.Unlock()
				batches[d.Partition] = append(batches[d.Partition], d.Records)
			}))
		for range 54 { // eight in a batch; the ninth of each turn waits for the next one
			if err := p.Produce(t.Context(), fluvio.Record{Value: make([]byte, 90)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for partition := range uint32(3) {
			if got := batches[partition]; len(got) != 3 || got[0] != 8 || got[1] != 8 {
				t.Errorf("partition %d: batches of %v records", partition, got)
			}
		}
		key := []byte("key")
		want := fluvio.PartitionForKey(key, 3)
		before, _ := p.Acknowledged(want)
		for range 5 {
			if err := p.Produce(t.Context(), fluvio.Record{Key: key}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after, _ := p.Acknowledged(want); after != before+5 {
			t.Errorf("%d records of one key went elsewhere", before+5-after)
		}
		stop()
	})
}

func TestNoBatchIsLargerThanTheTopicsSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.set(protocol.KindTopic, protocol.Metadata{Name: "t", Spec: &protocol.TopicSpec{
			Replicas:        protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{Partitions: 1, ReplicationFactor: 1}},
			CompressionType: protocol.CompressionAlgorithmAny,
			Storage:         &protocol.TopicStorageConfig{SegmentSize: new(uint32(2048))},
		}})
		largest := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			produce := req.(*protocol.ProduceRequest)
			for set := produce.Topics[0].Partitions[0].Records; len(set) > 0; {
				b, rest := firstOf(t, set)
				largest, set = max(largest, len(b)), rest
			}
			c.acknowledge(h, produce, 0)
			return true
		}
		c, stop := f.connect()
		p := newProducer(t, c)
		var tooLarge *fluvio.RecordTooLargeError
		if err := p.ProduceTo(t.Context(), 0, fluvio.Record{Value: make([]byte, 2048)}); !errors.As(err, &tooLarge) || tooLarge.Limit != 2048 {
			t.Errorf("%v", err)
		}
		for range 100 {
			mustProduce(t, p, 0, strings.Repeat("x", 100))
		}
		if err := p.Close(t.Context()); err != nil || largest > 2048 || largest < 1500 {
			t.Errorf("%v, largest batch %d bytes", err, largest)
		}
		stop()
	})
}

func TestSmartModulesTravelInTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			produce := req.(*protocol.ProduceRequest)
			if vs, _ := recordsOf(t, produce); !slices.Equal(vs, []string{"a"}) && !slices.Equal(vs, []string{"b"}) {
				t.Errorf("%q", vs)
			}
			modules := produce.SmartModules
			if len(modules) != 2 || modules[0].Params.Params["k"] != "v" || modules[1].Wasm.Tag != protocol.SmartModuleWasmAdHoc {
				t.Errorf("%+v", modules)
			}
			c.acknowledge(h, produce, 0)
			return true
		}
		c, stop := f.connect()
		p := newProducer(t, c, fluvio.WithSmartModules(
			fluvio.SmartModule{Name: "m", Params: map[string]string{"k": "v"}}, fluvio.SmartModule{Wasm: bytes.Repeat([]byte("wasm"), 100)},
		))
		mustProduce(t, p, 0, "a")
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustProduce(t, p, 0, "b")
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Producer(t.Context(), "t", fluvio.WithSmartModules(fluvio.SmartModule{})); err == nil {
			t.Error("a SmartModule that is none")
		}
		stop()
	})
}
