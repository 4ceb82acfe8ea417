package broker

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

const errNoSpace = syscall.ENOSPC

// nopConn is a connection that nobody uses.
type nopConn struct{ net.Conn }

func (nopConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }
func (nopConn) Close() error         { return nil }

// probe makes sure that both servers still serve.
func probe(t testing.TB, b *Broker) {
	t.Helper()
	if r := call[*protocol.ListResponse](dial(t, b.SC()), &protocol.ListRequest{Kind: protocol.KindSpu}); len(r.Objects) != 1 {
		t.Errorf("the SC says %+v", r)
	}
	r := call[*protocol.FetchOffsetsResponse](dial(t, b.SPU()), &protocol.FetchOffsetsRequest{Topics: []protocol.FetchOffsetsTopic{
		{Name: consumerOffsetTopic, Partitions: []protocol.FetchOffsetsPartition{{}}}}})
	if r.Topics[0].Partitions[0].ErrorCode.Tag != 0 {
		t.Errorf("the SPU says %+v", r)
	}
}

func TestMalformedFramesCloseTheirConnectionOnly(t *testing.T) {
	b := start(t, Config{MaxFrameBytes: 1 << 20})
	create(t, b, "t", topicSpec(1))
	bystander := dial(t, b.SPU()).from("t", 0, 0)
	request := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25, ClientID: "test"}, produceRequest("t", 0, batchOf(t, record.None, "x")))
	cases := map[string][]byte{
		"length 0":           {0, 0, 0, 0},
		"length -1":          {0xff, 0xff, 0xff, 0xff},
		"length 2^31-1":      {0x7f, 0xff, 0xff, 0xff},
		"over the limit":     {0, 0x10, 0, 1},
		"text":               []byte("GET / HTTP/1.1\r\n\r\n"),
		"one byte":           frame(0),
		"header cut":         frame(request[4:12]...),
		"unknown key":        frame(append([]byte{0x27, 0x10}, request[6:]...)...),
		"mirroring":          frame(append([]byte{0x07, 0xd0}, request[6:]...)...),
		"fetch":              frame(append([]byte{0, 1}, request[6:]...)...), // the body is that of a produce
		"stream fetch at v1": frame(append([]byte{0x03, 0xeb, 0, 1}, request[8:]...)...),
		"huge count":         frame(append(bytes.Clone(request[4:30]), 0x7f, 0xff, 0xff, 0xff)...),
	}
	for cut := 13; cut < len(request)-5; cut += 7 {
		cases["cut at "+string(rune('0'+cut%10))+string(rune('a'+cut/10))] = frame(request[4:cut]...)
	}
	for name, bytes := range cases {
		t.Run(name, func(t *testing.T) {
			for _, addr := range []string{b.SC(), b.SPU()} {
				c := dial(t, addr)
				c.write(bytes)
				c.closed()
			}
		})
	}
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, "after all that"))
	if got := bystander.values(1); got[0] != "after all that" {
		t.Errorf("got %q", got)
	}
	probe(t, b)
}

func TestPeerThatStopsInAFrameIsGivenUp(t *testing.T) {
	b := start(t, Config{StallTimeout: 50 * time.Millisecond})
	c := dial(t, b.SPU())
	c.write([]byte{0, 0, 1, 0, 1, 2, 3})
	c.closed()
	idle := dial(t, b.SPU()) // between frames there is no limit
	time.Sleep(200 * time.Millisecond)
	call[*protocol.ApiVersionsResponse](idle, &protocol.ApiVersionsRequest{})
}

// Once the handshake is done, and between frames, a peer may be silent for as long as it likes.
func TestSilenceBetweenFramesIsFine(t *testing.T) {
	cert, pool := certificate(t)
	const stall = 500 * time.Millisecond
	b := start(t, Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, StallTimeout: stall})
	idle := dial(t, b.SC()).secure(pool, "fluvio.test")
	for range 2 {
		call[*protocol.ApiVersionsResponse](idle, &protocol.ApiVersionsRequest{ClientVersion: "1.0.0"})
		time.Sleep(stall + stall/4)
	}
	call[*protocol.ApiVersionsResponse](idle, &protocol.ApiVersionsRequest{ClientVersion: "1.0.0"})
}

// A client that asks and never reads is given up; meanwhile others are served, and a change of the topics does not wait for it.
func TestReaderThatStallsIsGivenUp(t *testing.T) {
	b := start(t, Config{StallTimeout: 100 * time.Millisecond})
	create(t, b, "t", topicSpec(1))
	p := dial(t, b.SPU())
	p.mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 60<<10)))
	stalled := dial(t, b.SPU())
	if err := stalled.nc.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	for range 200 { // more than what the system takes in its buffers
		stalled.stream(&protocol.StreamFetchRequest{Topic: "t", MaxBytes: 1 << 30})
	}
	served := func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for c := range b.conns {
			if c.nc.RemoteAddr().String() == stalled.nc.LocalAddr().String() {
				return true
			}
		}
		return false
	}
	create(t, b, "u", topicSpec(1))
	p.mustProduce("t", 0, batchOf(t, record.None, "x"))
	eventually(t, "the stalled connection is gone", func() bool { return !served() })
	eventually(t, "the memory is given back", func() bool { s := b.Stats(); return s.RequestBytes == 0 && s.ChunkBytes == 0 })
}

// Frames that are announced and do not come take none of the memory that others need.
func TestAnnouncedFramesHoldNoMemory(t *testing.T) {
	b := start(t, Config{MaxInFlightBytes: 64 << 20})
	for range 4 {
		dial(t, b.SPU()).write([]byte{0x04, 0, 0, 0, 0, 0, 0, 25})
	}
	probe(t, b)
}

// However slowly a frame comes, what counts is what has come, not what was announced.
func TestPeerThatStopsInALargeFrameIsGivenUp(t *testing.T) {
	b := start(t, Config{StallTimeout: 50 * time.Millisecond})
	c := dial(t, b.SPU())
	c.write(append([]byte{0x04, 0, 0, 0, 0, 0, 0, 25}, make([]byte, 2*readBuffer)...))
	c.closed()
}

// A client that opens many streams and reads none holds one chunk in memory, not one for each stream.
func TestStalledStreamsHoldOneChunk(t *testing.T) {
	b := start(t, Config{MaxFrameBytes: 1 << 20, MaxBatchBytes: 1 << 20, MaxFetchBytes: 4 << 20, MaxInFlightBytes: 8 << 20})
	create(t, b, "t", topicSpec(1))
	p := dial(t, b.SPU())
	for range 5 {
		p.mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 1_000_000)))
	}
	stalled := dial(t, b.SPU())
	if err := stalled.nc.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		stalled.stream(&protocol.StreamFetchRequest{Topic: "t", MaxBytes: 1 << 30})
	}
	p.mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 1_000_000)))
	if got := dial(t, b.SPU()).from("t", 0, 0).values(6); len(got) != 6 {
		t.Errorf("got %d", len(got))
	}
}

// Only records take large frames: lists of small things take many times the memory of their frame.
func TestLargeRequestsWithoutRecordsAreRefused(t *testing.T) {
	b := start(t, Config{})
	for name, req := range map[string]protocol.Request{
		"offsets": &protocol.FetchOffsetsRequest{Topics: []protocol.FetchOffsetsTopic{
			{Name: "t", Partitions: make([]protocol.FetchOffsetsPartition, largestRequest/4)}}},
		"empty entries": &protocol.ProduceRequest{Topics: []protocol.ProduceTopic{
			{Name: "t", Partitions: make([]protocol.ProducePartition, maxEntries)}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, b.SPU())
			// The server may close before it has read everything.
			_, _ = c.nc.Write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25, ClientID: "test"}, req))
			c.closed()
		})
	}
	probe(t, b)
}

func TestTooManyConnections(t *testing.T) {
	b := start(t, Config{MaxConnections: 2})
	one, two := dial(t, b.SC()), dial(t, b.SPU())
	call[*protocol.ApiVersionsResponse](two, &protocol.ApiVersionsRequest{})
	call[*protocol.ListResponse](one, &protocol.ListRequest{Kind: protocol.KindSpu})
	dial(t, b.SC()).closed()
	call[*protocol.ApiVersionsResponse](two, &protocol.ApiVersionsRequest{})
}

// Requests larger than what may be in memory together are served one after the other.
func TestManyLargeRequestsShareTheMemory(t *testing.T) {
	b := start(t, Config{MaxBatchBytes: 1 << 20, MaxFrameBytes: 1 << 20, MaxFetchBytes: 1 << 20, MaxInFlightBytes: 1 << 20})
	create(t, b, "t", topicSpec(4))
	var all sync.WaitGroup
	for i := range uint32(4) {
		all.Go(func() {
			c := dial(t, b.SPU())
			for range 5 {
				c.mustProduce("t", i, batchOf(t, record.None, strings.Repeat("x", 900_000)))
			}
			if got := dial(t, b.SPU()).from("t", i, 0).values(5); len(got) != 5 {
				t.Errorf("got %d", len(got))
			}
		})
	}
	all.Wait()
}

func TestBudgetIsFairAndComplete(t *testing.T) {
	b := newBudget(100)
	ctx := context.Background()
	if err := b.acquire(ctx, 60, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	large := make(chan error)
	go func() { large <- b.acquire(ctx, 70, time.Hour, nil) }()
	waiting := func(n int) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.waiters) == n
	}
	for !waiting(1) {
		time.Sleep(time.Millisecond)
	}
	// The small one would fit, and waits behind the large one.
	cancelled, cancel := context.WithCancel(ctx)
	small := make(chan error)
	go func() { small <- b.acquire(cancelled, 1, time.Hour, nil) }()
	for !waiting(2) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-small; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	b.release(60)
	if err := <-large; err != nil {
		t.Fatal(err)
	}
	b.release(70)
	if b.free != 100 || len(b.waiters) != 0 {
		t.Errorf("%d free, %d waiting", b.free, len(b.waiters))
	}
}

func TestPanicCostsOneConnection(t *testing.T) {
	b := start(t, Config{})
	c := newConn(b, protocol.SC, nopConn{})
	if err := c.start(func() error { panic("a mistake") }); err != nil {
		t.Fatal(err)
	}
	<-c.ctx.Done()
	c.running.Wait()
	err := func() (err error) {
		defer c.recoverPanic(&err)
		panic("another")
	}()
	if err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("got %v", err)
	}
	probe(t, b)
}

// Connections that come, ask anything and go in the middle, while topics come and go, never disturb those that behave.
func TestHammer(t *testing.T) {
	b := start(t, Config{SegmentBytes: 4096, MaxPartitionBytes: 1 << 20, CleanInterval: time.Millisecond, Flush: FlushInterval, FlushInterval: time.Millisecond})
	create(t, b, "steady", topicSpec(1))
	const records = 500
	var steady, rude sync.WaitGroup
	steady.Go(func() {
		c := dial(t, b.SPU())
		for range records {
			c.mustProduce("steady", 0, batchOf(t, record.None, "x"))
		}
	})
	steady.Go(func() {
		if got := dial(t, b.SPU()).from("steady", 0, 0).values(records); len(got) != records {
			t.Errorf("got %d records", len(got))
		}
	})
	done := make(chan struct{})
	for i := range uint64(3) {
		rude.Go(func() {
			r := rand.New(rand.NewPCG(i, 1))
			for {
				select {
				case <-done:
					return
				default:
				}
				misbehave(b, r)
			}
		})
	}
	steady.Wait()
	close(done)
	rude.Wait()
	probe(t, b)
}

// misbehave sends some requests without caring for answers, and goes.
func misbehave(b *Broker, r *rand.Rand) {
	addr, name := b.SC(), string(rune('a'+r.IntN(3)))
	reqs := []protocol.Request{
		&protocol.CreateRequest{Kind: protocol.KindTopic, Name: name, Spec: topicSpec(uint32(r.IntN(3)))},
		&protocol.DeleteRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: name}},
		&protocol.WatchRequest{Kind: protocol.KindPartition},
		&protocol.ListRequest{Kind: protocol.KindPartition},
	}
	if r.IntN(2) == 0 {
		addr = b.SPU()
		id := "id"
		reqs = []protocol.Request{
			produceRequest(name, uint32(r.IntN(2)), []byte("rubbish")),
			&protocol.StreamFetchRequest{Topic: name, Partition: uint32(r.IntN(2)), FetchOffset: int64(r.IntN(3) - 1), ConsumerID: &id},
			&protocol.StreamFetchRequest{Topic: "steady", FetchOffset: 0, MaxBytes: 100},
			&protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: int64(r.IntN(20)), SessionID: 1}}},
			&protocol.UpdateConsumerOffsetRequest{Offset: 3, SessionID: 1},
		}
	}
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer nc.Close()
	var out []byte
	for range 1 + r.IntN(6) {
		req := reqs[r.IntN(len(reqs))]
		out = protocol.AppendRequest(out, protocol.RequestHeader{APIVersion: req.MaxVersion(), ClientID: "rude"}, req)
	}
	_, _ = nc.Write(out[:len(out)-r.IntN(8)])
	_ = nc.SetReadDeadline(time.Now().Add(time.Duration(r.IntN(5)) * time.Millisecond))
	_, _ = nc.Read(make([]byte, 1000))
}

// FuzzConnection sends any bytes to both servers. Neither ends, and both still serve afterwards.
func FuzzConnection(f *testing.F) {
	for _, req := range []protocol.Request{
		&protocol.ApiVersionsRequest{ClientVersion: "1.0.0"},
		produceRequest("t", 0, []byte("rubbish")),
		produceRequest("t", 0, batchOf(f, record.None, "value")),
		&protocol.StreamFetchRequest{Topic: "t", MaxBytes: 100},
		&protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: 1, SessionID: 1}}},
		&protocol.UpdateConsumerOffsetRequest{Offset: 3, SessionID: 1},
		&protocol.FetchConsumerOffsetsRequest{},
		&protocol.CreateRequest{Kind: protocol.KindTopic, Name: "x", Spec: topicSpec(1), DryRun: true},
		&protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: "m", Spec: &protocol.SmartModuleSpec{}, DryRun: true},
		&protocol.UpdateRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: "t"}, Action: &protocol.UpdateTopicAction{Value: &protocol.AddPartition{Count: 1}}},
		&protocol.FetchRequest{MaxBytes: 100, Topics: []protocol.FetchTopic{{Name: "t", FetchPartitions: []protocol.FetchPartition{{}}}}},
		&protocol.ListRequest{Kind: protocol.KindTopic},
		&protocol.WatchRequest{Kind: protocol.KindTopic},
	} {
		for _, server := range []bool{false, true} {
			f.Add(server, protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: req.MaxVersion(), ClientID: "f"}, req))
		}
	}
	b := start(f, Config{Dir: f.TempDir(), MaxPartitions: 20, MaxFrameBytes: 1 << 16})
	create(f, b, "t", topicSpec(1))
	f.Fuzz(func(t *testing.T, spu bool, sent []byte) {
		addr := b.SC()
		if spu {
			addr = b.SPU()
		}
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_, _ = nc.Write(sent)
		_ = nc.(*net.TCPConn).CloseWrite()
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		answer := make([]byte, 1<<16)
		for {
			n, err := nc.Read(answer)
			if n == 0 && err != nil {
				if e, ok := err.(net.Error); ok && e.Timeout() {
					t.Fatal("the connection hangs")
				}
				break
			}
		}
		probe(t, b)
	})
}
