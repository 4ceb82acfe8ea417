package fluvio_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/broker"
)

// proxy stands before a server and cuts every connection after a random number of bytes, in either direction: in the middle of a
// request, between it and its answer, in the middle of that. What a client sent before may reach the server a little later all the same.
type proxy struct {
	net.Listener
	server string
	mean   int // bytes that a connection carries in a direction, on average; twice as much at most
	cuts   atomic.Int64
	active sync.WaitGroup
}

// startProxy runs a proxy until the test ends. Clients of it must be closed before.
func startProxy(t testing.TB, server string, mean int) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: listener, server: server, mean: mean}
	p.active.Go(func() {
		for {
			client, err := p.Accept()
			if err != nil {
				return
			}
			p.active.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		p.Close()
		p.active.Wait()
	})
	return p
}

// requests and answers are how many bytes of them a connection carries. Answers to produce requests are short.
func (p *proxy) requests() int64 { return 1 + int64(min(rand.ExpFloat64(), 2)*float64(p.mean)) }

func (p *proxy) answers() int64 {
	if rand.N(3) == 0 {
		return 1 + rand.Int64N(1000)
	}
	return p.requests()
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	p.active.Go(func() {
		if _, err := io.CopyN(client, server, p.answers()); err == nil {
			p.cuts.Add(1)
		}
		client.Close()
	})
	defer server.Close()
	buf := make([]byte, 64<<10)
	for left := p.requests(); left > 0; {
		n, err := client.Read(buf[:min(left, int64(len(buf)))])
		if err != nil {
			return
		}
		if rand.N(30) == 0 {
			left = 0
			client.Close()
			<-time.After(rand.N(300 * time.Millisecond)) // long enough for it to arrive after the client has looked
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
		left -= int64(n)
	}
	p.cuts.Add(1)
}

// through is a client option that goes to the SPU by way of a proxy.
func (p *proxy) through() fluvio.Option {
	var d net.Dialer
	return fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == p.server {
			address = p.Addr().String()
		}
		return d.DialContext(ctx, network, address)
	})
}

// TestCutConnectionsDuplicateNothingOfASequence has the embedded broker, which appends idempotently, behind the proxy.
func TestCutConnectionsDuplicateNothingOfASequence(t *testing.T) {
	const partitions, each = 3, 4000
	b := startBroker(t, broker.Config{})
	p := startProxy(t, b.SPU(), 30_000)
	direct := connect(t, b.SC())
	createTopic(t, direct, "t", partitions)
	c := connect(t, b.SC(), p.through(), fluvio.WithProduceConnections(2))
	writer := fluvio.NewWriterID()
	producer := newProducer(t, c, fluvio.WithSequence(writer), fluvio.WithBatchSize(1<<10), fluvio.WithMaxRequestSize(8<<10))
	var running sync.WaitGroup
	for partition := range uint32(partitions) {
		running.Go(func() {
			ctx := soon(t)
			for n := range each {
				if err := producer.ProduceTo(ctx, partition, fluvio.Record{Value: value(n)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	if err := producer.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	for partition := range uint32(partitions) {
		wantValues(t, newConsumer(t, direct, partition, fluvio.Beginning()), 0, each)
		if at, err := direct.Offsets(soon(t), "t", partition); err != nil || at.Next != each {
			t.Errorf("partition %d: %+v, %v", partition, at, err)
		}
		if next, end, err := direct.SequenceEnd(soon(t), "t", partition, writer, 0, 0); err != nil || next != each || end != each {
			t.Errorf("partition %d: sequence ends at %d, offset %d: %v", partition, next, end, err)
		}
	}
	if p.cuts.Load() == 0 {
		t.Error("no connection was cut")
	}
}

// TestCutConnectionsLoseNothing is the same without a sequence: records may be there twice.
func TestCutConnectionsLoseNothing(t *testing.T) {
	b := startBroker(t, broker.Config{})
	p := startProxy(t, b.SPU(), 30_000)
	direct := connect(t, b.SC())
	createTopic(t, direct, "t", 1)
	c := connect(t, b.SC(), p.through())
	const n = 10_000
	producer := newProducer(t, c, fluvio.WithBatchSize(1<<10), fluvio.WithMaxRequestSize(8<<10))
	produce(t, producer, 0, n)
	if err := producer.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	at, err := direct.Offsets(soon(t), "t", 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for r, err := range newConsumer(t, direct, 0, fluvio.Beginning(), fluvio.WithUntil(at.Next)).Records(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		var v int
		fmt.Sscanf(string(r.Value), "value %d", &v)
		if v > seen {
			t.Fatalf("value %d where %d was to come", v, seen)
		}
		seen = max(seen, v+1)
	}
	if seen != n {
		t.Errorf("%d values", seen)
	}
	if p.cuts.Load() == 0 {
		t.Error("no connection was cut")
	}
}

// TestABrokerMayComeAndGoUnderASequence restarts the broker on its ports, without waiting for requests, while records are produced.
func TestABrokerMayComeAndGoUnderASequence(t *testing.T) {
	cfg := broker.Config{Dir: t.TempDir()}
	b := startBroker(t, cfg)
	cfg.SCAddr, cfg.SPUAddr = b.SC(), b.SPU()
	c := connect(t, b.SC())
	createTopic(t, c, "t", 1)
	p := newProducer(t, c, fluvio.WithSequence(fluvio.NewWriterID()), fluvio.WithMaxBuffered(1<<20), fluvio.WithMaxRequestSize(64<<10))
	const n, restarts = 50_000, 5
	reached := make(chan struct{}, restarts)
	var running sync.WaitGroup
	running.Go(func() {
		for range restarts {
			<-reached
			impatient, cancel := context.WithTimeout(context.Background(), rand.N(2*time.Millisecond))
			b.Close(impatient)
			cancel()
			b = startBroker(t, cfg)
		}
	})
	ctx := soon(t)
	for i := range n {
		if i%(n/restarts) == n/restarts/2 {
			reached <- struct{}{}
		}
		if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: value(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	wantValues(t, newConsumer(t, c, 0, fluvio.Beginning()), 0, n)
	if at, err := c.Offsets(ctx, "t", 0); err != nil || at.Next != n {
		t.Errorf("%+v, %v", at, err)
	}
}
