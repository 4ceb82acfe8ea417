package fluvio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// produced is what an SPU was asked to write, request by request.
type produced struct {
	mu       sync.Mutex
	requests [][]string
	next     int64
}

// add takes a request's records and returns the offset of the first one.
func (p *produced) add(values []string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, values)
	offset := p.next
	p.next += int64(len(values))
	return offset
}

func (p *produced) all() (values []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Concat(p.requests...)
}

func (p *produced) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

func values(from, to int) (vs []string) {
	for n := from; n < to; n++ {
		vs = append(vs, string(value(n)))
	}
	return vs
}

// accept writes everything.
func (p *produced) accept(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
	produce := req.(*protocol.ProduceRequest)
	vs, _ := recordsOf(c.t, produce)
	c.acknowledge(h, produce, p.add(vs))
	return true
}

func TestAProduceErrorNamesWhatIsNotConfirmed(t *testing.T) {
	text := protocol.OtherError("weir.sequence expected=7")
	for name, tc := range map[string]struct {
		answer    func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool
		is        error
		ambiguous bool
	}{
		"refused": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, protocol.ErrorCodeMessageTooLarge.Code())
			return true
		}, protocol.ErrorCodeMessageTooLarge, false},
		"refused for its SmartModule": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, protocol.ErrorCode{Tag: protocol.ErrorCodeSmartModuleNotFound, Value: &protocol.ErrorText{Text: "m"}})
			return true
		}, protocol.ErrorCodeSmartModuleNotFound, false},
		"a full disk": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, protocol.ErrorCode{Tag: protocol.ErrorCodePartitionFull, Value: &protocol.ReplicaKey{Topic: "t"}})
			return true
		}, fluvio.ErrUnavailable, true},
		"storage that fails": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, protocol.ErrorCodeStorageError.Code())
			return true
		}, protocol.ErrorCodeStorageError, true},
		"a text": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, text)
			return true
		}, protocol.ErrorCodeOther, true},
		"not answered until the budget is spent": {func(*fakeConn, protocol.RequestHeader, *protocol.ProduceRequest) bool {
			return false
		}, fluvio.ErrUnavailable, true},
		"connection lost before it was sent": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, protocol.ErrorCodeNotLeaderForPartition.Code())
			c.mu.Lock()
			defer c.mu.Unlock()
			c.deaf = true
			return false
		}, fluvio.ErrUnavailable, false},
		"never the leader": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, protocol.ErrorCodeNotLeaderForPartition.Code())
			return true
		}, fluvio.ErrUnavailable, false},
		"answered twice": {func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.answer(h, &protocol.ProduceResponse{Responses: []protocol.ProduceTopicResponse{{
				Name: "t", Partitions: []protocol.ProducePartitionResponse{{PartitionIndex: 1}, {PartitionIndex: 1}},
			}}})
			return true
		}, protocol.ErrMalformed, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 2)
				var next atomic.Int64
				next.Store(10)
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					produce := req.(*protocol.ProduceRequest)
					vs, _ := recordsOf(t, produce)
					if slices.Contains(vs, "bad") {
						return tc.answer(c, h, produce)
					}
					c.acknowledge(h, produce, next.Add(int64(len(vs)))-int64(len(vs)))
					return true
				}
				var mu sync.Mutex
				var deliveries []fluvio.Delivery
				c, _ := f.connect()
				p := newProducer(t, c, fluvio.WithOnDelivery(func(d fluvio.Delivery) {
					mu.Lock()
					defer mu.Unlock()
					deliveries = append(deliveries, d)
				}))
				ctx := t.Context()
				mustProduce(t, p, 1, "good", "good")
				if err := p.Flush(ctx); err != nil {
					t.Fatal(err)
				}
				mustProduce(t, p, 0, "other partition")
				if err := p.Flush(ctx); err != nil {
					t.Fatal(err)
				}
				mustProduce(t, p, 1, "bad")
				err := p.Flush(ctx)
				var failure *fluvio.ProduceError
				if !errors.As(err, &failure) || !errors.Is(err, tc.is) || errors.Is(err, fluvio.ErrAmbiguous) != tc.ambiguous {
					t.Fatalf("%v", err)
				}
				if failure.Topic != "t" || failure.Partition != 1 || failure.First != 2 || failure.Record != 3 || failure.Records != 1 {
					t.Errorf("%+v", failure)
				}
				for _, again := range []error{p.ProduceTo(ctx, 0, fluvio.Record{}), p.ProduceTo(ctx, 1, fluvio.Record{}), p.Close(ctx)} {
					if !errors.Is(again, failure) {
						t.Errorf("afterwards: %v", again)
					}
				}
				last := deliveries[len(deliveries)-1]
				if last.First != 2 || last.Records != 1 || last.Offset != -1 || !reflect.DeepEqual(last.Err, failure) {
					t.Errorf("last delivery: %+v", last)
				}
				if records, next := p.Acknowledged(1); records != 2 || next != 12 {
					t.Errorf("%d acknowledged, next %d", records, next)
				}
			})
		})
	}
}

func mustProduce(t testing.TB, p *fluvio.Producer, partition uint32, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := p.ProduceTo(context.Background(), partition, fluvio.Record{Value: []byte(v)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFullBufferMakesProduceWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 2)
		var log produced
		open := make(chan struct{})
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			<-open
			return log.accept(c, h, req)
		}
		c, stop := f.connect()
		const bound = 8 << 10
		p := newProducer(t, c, fluvio.WithMaxRequestSize(4<<10), fluvio.WithMaxBuffered(bound), fluvio.WithLinger(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		accepted := 0
		full := make(chan error)
		go func() {
			for {
				if err := p.ProduceTo(ctx, uint32(accepted%2), fluvio.Record{Value: make([]byte, 100)}); err != nil {
					full <- err
					return
				}
				accepted++
			}
		}()
		synctest.Wait() // nothing moves any more: the buffer is full
		if most := bound / 133; accepted != most {
			t.Errorf("%d records accepted, want %d", accepted, most)
		}
		cancel()
		if err := <-full; !errors.Is(err, context.Canceled) {
			t.Errorf("waiting ended with %v", err)
		}
		close(open) // though it lingers an hour, a full buffer is sent
		began := time.Now()
		for range 200 {
			if err := p.ProduceTo(t.Context(), 0, fluvio.Record{Value: make([]byte, 100)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(t.Context()); err != nil || time.Since(began) > time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := len(log.all()); got != accepted+200 {
			t.Errorf("%d records written", got)
		}
		stop()
	})
}

func TestRecordsThatCannotBeSentAreRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var log produced
		f.spu = log.accept
		c, _ := f.connect()
		p := newProducer(t, c, fluvio.WithMaxRequestSize(1024))
		produce(t, p, 0, 1)
		largest := 0
		for n := 900; n <= 1024; n++ {
			err := p.ProduceTo(t.Context(), 0, fluvio.Record{Key: []byte("k"), Value: make([]byte, n)})
			var tooLarge *fluvio.RecordTooLargeError
			switch {
			case err == nil:
				largest = n
			case !errors.Is(err, fluvio.ErrRecordTooLarge) || !errors.As(err, &tooLarge):
				t.Fatal(err)
			case tooLarge.Limit != 1024 || tooLarge.Size != 1024+n-largest:
				t.Fatalf("%+v, after %d fitted", tooLarge, largest)
			}
		}
		produce(t, p, 1, 2)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		// 57 header, 4 count, 2 length, 3 attributes and deltas, 3 key, 2 length, 1 headers
		if got := log.all(); largest != 1024-72 || got[0] != "value 0" || got[len(got)-1] != "value 1" {
			t.Errorf("largest value %d", largest)
		}
	})
}

func TestOneRequestTakesAllBatchesThatAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		open := make(chan struct{})
		var sizes, batches []int
		next := int64(5)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			<-open
			produce := req.(*protocol.ProduceRequest)
			vs, n := recordsOf(t, produce)
			sizes, batches = append(sizes, len(produce.Topics[0].Partitions[0].Records)), append(batches, n)
			c.acknowledge(h, produce, next)
			next += int64(len(vs))
			return true
		}
		c, _ := f.connect()
		var deliveries []fluvio.Delivery
		p := newProducer(t, c, fluvio.WithBatchSize(500), fluvio.WithMaxRequestSize(2000),
			fluvio.WithOnDelivery(func(d fluvio.Delivery) { deliveries = append(deliveries, d) }))
		produce(t, p, 0, 1)
		synctest.Wait() // the first record is under way, alone
		produce(t, p, 1, 200)
		close(open)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if batches[0] != 1 || len(batches) < 3 || batches[1] < 3 {
			t.Errorf("batches in each request: %v", batches)
		}
		for _, size := range sizes {
			if size > 2000 {
				t.Errorf("a request of %d bytes", size)
			}
		}
		first := int64(0)
		for _, d := range deliveries {
			if d.First != first || d.Offset != 5+first || d.Err != nil {
				t.Fatalf("%+v, want record %d", d, first)
			}
			first += int64(d.Records)
		}
		if first != 200 {
			t.Errorf("%d records delivered", first)
		}
	})
}

func TestLingeringWaitsForTimeSizeOrFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var log produced
		f.spu = log.accept
		c, _ := f.connect()
		p := newProducer(t, c, fluvio.WithLinger(time.Second), fluvio.WithBatchSize(1000))
		produce(t, p, 0, 1)
		time.Sleep(500 * time.Millisecond)
		produce(t, p, 1, 3)
		time.Sleep(499 * time.Millisecond)
		synctest.Wait()
		if log.count() != 0 {
			t.Fatal("sent before its time")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := log.all(); !slices.Equal(got, values(0, 3)) {
			t.Fatalf("after a second: %q", got)
		}
		produce(t, p, 3, 80) // more than a batch
		synctest.Wait()
		if got := len(log.all()); got <= 3 || got == 80 {
			t.Fatalf("a full batch is sent at once, the rest waits: %d sent", got)
		}
		began := time.Now()
		if err := p.Flush(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("flush: %v after %v", err, time.Since(began))
		}
		if got := log.all(); !slices.Equal(got, values(0, 80)) {
			t.Fatalf("%q", got)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAProducerEndsWithItsClientAndWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(*fakeConn, protocol.RequestHeader, protocol.Request) bool { return true } // never answers
		c, stop := f.connect()
		p, other, idle := newProducer(t, c), newProducer(t, c), newProducer(t, c)
		produce(t, p, 0, 10)
		produce(t, other, 0, 10)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush: %v", err)
		}
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, fluvio.ErrAmbiguous) {
			t.Errorf("close: %v", err)
		}
		if err := p.Close(ctx); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("close again: %v", err)
		}
		stop()
		if err := other.Flush(t.Context()); !errors.Is(err, fluvio.ErrClosed) || !errors.Is(err, fluvio.ErrAmbiguous) {
			t.Errorf("flush after the client was closed: %v", err)
		}
		if err := idle.ProduceTo(t.Context(), 0, fluvio.Record{}); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("produce after the client was closed: %v", err)
		}
		if err := idle.Close(t.Context()); err != nil {
			t.Errorf("close of an idle one: %v", err)
		}
		if _, err := c.Producer(t.Context(), "t"); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("a new producer: %v", err)
		}
	})
}

// TestAProducerThatEndsHurtsNoOther: both have requests under way on one connection, which the sequenced one leaves when it ends.
func TestAProducerThatEndsHurtsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newFakeLog(t)
		requests := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			produce, ok := req.(*protocol.ProduceRequest)
			if !ok {
				return log.serve(c, h, req)
			}
			if requests++; requests > 2 {
				c.acknowledge(h, produce, log.append(produce.Topics[0].Partitions[0].Records, 1))
			}
			return true
		}
		c, _ := f.connect()
		ends := newProducer(t, c, fluvio.WithLane("one"), fluvio.WithSequence(1))
		stays := newProducer(t, c, fluvio.WithLane("one"))
		mustProduce(t, ends, 0, "a")
		mustProduce(t, stays, 0, "b")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := ends.Close(ctx); !errors.Is(err, fluvio.ErrAmbiguous) {
			t.Errorf("%v", err)
		}
		if err := stays.Close(t.Context()); err != nil || requests != 3 {
			t.Errorf("%d requests: %v", requests, err)
		}
	})
}

func TestLanesKeepToOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 8)
		var mu sync.Mutex
		used := map[net.Conn]bool{}
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			mu.Lock()
			used[c.Conn] = true
			mu.Unlock()
			c.acknowledge(h, req.(*protocol.ProduceRequest), 0)
			return true
		}
		c, _ := f.connect(fluvio.WithProduceConnections(3))
		for lane, want := range map[string]int{"": 3, "a": 1} {
			clear(used)
			for range 2 {
				p := newProducer(t, c, fluvio.WithLane(lane))
				for n := range uint32(8) {
					mustProduce(t, p, n, "v")
				}
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if len(used) != want {
				t.Errorf("lane %q: %d connections, want %d", lane, len(used), want)
			}
		}
	})
}

func TestCommitmentIsAskedForAsWanted(t *testing.T) {
	for isolation, want := range map[fluvio.Isolation]protocol.ProduceIsolation{
		fluvio.ReadCommitted: protocol.ProduceReadCommitted, fluvio.ReadUncommitted: protocol.ProduceReadUncommitted,
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
				produce := req.(*protocol.ProduceRequest)
				if produce.Isolation != want || produce.TimeoutMs != 3000 || h.ClientID != "me" {
					t.Errorf("%+v %+v", h, produce)
				}
				c.acknowledge(h, produce, 0)
				return true
			}
			c, _ := f.connect(fluvio.WithClientID("me"))
			p := newProducer(t, c, fluvio.WithIsolation(isolation), fluvio.WithCommitTimeout(3*time.Second))
			produce(t, p, 0, 1)
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestProducersFollowTheLeaderAndNewPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.setSPU(2, "second", 1)
		var log produced
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if c.address == "spu:1" && log.count() > 0 {
				f.setLeader(0, 2)
				c.refuse(h, req.(*protocol.ProduceRequest), protocol.ErrorCodeNotLeaderForPartition.Code())
				return true
			}
			return log.accept(c, h, req)
		}
		c, _ := f.connect()
		p := newProducer(t, c)
		produce(t, p, 0, 1)
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		produce(t, p, 1, 10)
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := log.all(); !slices.Equal(got, values(0, 10)) {
			t.Errorf("%q", got)
		}
		if err := p.ProduceTo(t.Context(), 1, fluvio.Record{}); !errors.Is(err, fluvio.ErrPartitionNotFound) {
			t.Errorf("%v", err)
		}
		f.setTopic("t", 2)
		f.setLeader(1, 2)
		synctest.Wait()
		mustProduce(t, p, 1, "new")
		if err := p.Flush(t.Context()); err != nil || p.Partitions() != 2 {
			t.Errorf("%v, %d partitions", err, p.Partitions())
		}
		f.remove(protocol.KindTopic, "t")
		synctest.Wait()
		mustProduce(t, p, 1, "too late")
		if err := p.Flush(t.Context()); !errors.Is(err, fluvio.ErrTopicNotFound) || errors.Is(err, fluvio.ErrAmbiguous) {
			t.Errorf("%v", err)
		}
	})
}

func TestBadProducerOptionsAreNamed(t *testing.T) {
	c := cluster(t, 1)
	for says, option := range map[string]fluvio.ProducerOption{
		"batch size":      fluvio.WithBatchSize(0),
		"linger":          fluvio.WithLinger(-1),
		"request size":    fluvio.WithMaxRequestSize(1 << 30),
		"buffered bytes":  fluvio.WithMaxBuffered(1 << 20),
		"commit timeout":  fluvio.WithCommitTimeout(-1),
		"nil partitioner": fluvio.WithPartitioner(nil),
		"codec(9)":        fluvio.WithCompression(9),
	} {
		if _, err := c.Producer(t.Context(), "t", option); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// TestScatteredRequestsAreOrdinaryOnes compares the bytes on the wire with those of the codec.
func TestScatteredRequestsAreOrdinaryOnes(t *testing.T) {
	f := newFake(t, 1)
	frames := make(chan []byte, 1)
	f.dialled = nil
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != "spu:1" {
			return f.dial(ctx, network, address)
		}
		here, there := net.Pipe()
		f.running.Go(func() {
			defer there.Close()
			frame, err := wire.ReadFrame(there, nil, 1<<20)
			if err != nil {
				return
			}
			h, _, err := protocol.DecodeRequest(protocol.SPU, frame)
			if err != nil {
				t.Error(err)
			}
			there.Write(protocol.AppendResponse(nil, h.CorrelationID, h.APIVersion, versionsOf(protocol.SPU, false)))
			if frame, err = wire.ReadFrame(there, nil, 1<<20); err != nil {
				t.Error(err)
			}
			frames <- frame
			io.Copy(io.Discard, there)
		})
		return here, nil
	}
	c, stop := f.connect(fluvio.WithDialer(dial))
	p := newProducer(t, c)
	mustProduce(t, p, 0, "hello")
	frame := <-frames
	h, req, err := protocol.DecodeRequest(protocol.SPU, frame)
	if err != nil {
		t.Fatal(err)
	}
	if again := protocol.AppendRequest(nil, h, req); string(again[4:]) != string(frame) {
		t.Errorf("% x\nis not\n% x", frame, again[4:])
	}
	stop()
}

func ExampleProducer() {
	ctx := context.Background()
	client, err := fluvio.Connect(ctx) // the current profile of ~/.fluvio/config
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	producer, err := client.Producer(ctx, "flights", fluvio.WithCompression(fluvio.Zstd))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range []string{"one", "two"} {
		if err := producer.Produce(ctx, fluvio.Record{Value: []byte(line)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := producer.Close(ctx); err != nil { // everything is acknowledged, or the error says what is not
		fmt.Println(err)
	}
}
