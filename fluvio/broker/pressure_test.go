package broker

import (
	"bytes"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// smallBuffer makes a client take little that it does not read.
func (c *client) smallBuffer() {
	c.t.Helper()
	if err := c.nc.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		c.t.Fatal(err)
	}
}

func closedFor(b *Broker, reason string) (n uint64) {
	for _, s := range []ServerStats{b.Stats().SC, b.Stats().SPU} {
		for _, c := range s.Closed {
			if c.Reason == reason {
				n += c.Count
			}
		}
	}
	return n
}

// Clients that ask for large chunks and do not read them hold memory for as long as nobody else wants it, and not the whole of Config.StallTimeout
// when somebody does.
func TestStalledReadersGiveWayToOthers(t *testing.T) {
	const size = 900_000
	b := start(t, Config{MaxFrameBytes: 1 << 20, MaxBatchBytes: 1 << 20, MaxFetchBytes: 1 << 20, MaxInFlightBytes: 3 << 20, StallTimeout: time.Second / 2 * leashes})
	create(t, b, "t", topicSpec(1))
	p := dial(t, b.SPU())
	for range 12 {
		p.mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", size)))
	}
	for range 8 { // each takes what the system buffers, and then holds a chunk
		c := dial(t, b.SPU())
		c.smallBuffer()
		for range 8 {
			c.stream(&protocol.StreamFetchRequest{Topic: "t", MaxBytes: math.MaxInt32})
		}
	}
	if got := dial(t, b.SPU()).from("t", 0, 0).values(12); len(got) != 12 {
		t.Errorf("got %d", len(got))
	}
	eventually(t, "a stalled reader is closed", func() bool { return closedFor(b, "held_up_others") > 0 })
	probe(t, b)
}

// The same for those who announce a large frame and send a part of it.
func TestStalledWritersGiveWayToOthers(t *testing.T) {
	b := start(t, Config{MaxFrameBytes: 1 << 20, MaxBatchBytes: 1 << 20, MaxFetchBytes: 1 << 20, MaxInFlightBytes: 2 << 20, StallTimeout: time.Second / 2 * leashes})
	create(t, b, "t", topicSpec(1))
	for range 4 {
		dial(t, b.SPU()).write(append([]byte{0, 0x0f, 0, 0, 0, 0, 0, 25}, make([]byte, 2*readBuffer)...))
	}
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 900_000)))
	eventually(t, "a stalled writer is closed", func() bool { return closedFor(b, "held_up_others") > 0 })
}

// Chunks and requests do not take each other's memory: whatever consumers do, records are stored.
func TestStalledReadersDoNotHoldUpProducers(t *testing.T) {
	b := start(t, Config{MaxFrameBytes: 1 << 20, MaxBatchBytes: 1 << 20, MaxFetchBytes: 1 << 20, MaxInFlightBytes: 1 << 20})
	create(t, b, "t", topicSpec(1))
	p := dial(t, b.SPU())
	release, err := newConn(b, protocol.SPU, nopConn{}).reserve(b.chunks, b.cfg.MaxInFlightBytes)
	if err != nil {
		t.Fatal(err)
	}
	p.mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 900_000)))
	release()
}

func TestTardyTransfers(t *testing.T) {
	const leash, whole = 2 * time.Second, 30 * time.Second
	var x transfer
	if x.tardy(time.Hour, leash, whole) {
		t.Error("nothing is moved, and it is tardy")
	}
	x.begin(10 * time.Second)
	for at, want := range map[time.Duration]bool{11 * time.Second: false, 12 * time.Second: false, 13 * time.Second: true} {
		if x.tardy(at, leash, whole) != want {
			t.Errorf("after %v: %v", at, !want)
		}
	}
	x.progress(39 * time.Second)
	if x.tardy(40*time.Second, leash, whole) {
		t.Error("tardy in the middle")
	}
	x.progress(41 * time.Second)
	if !x.tardy(41*time.Second, leash, whole) {
		t.Error("31 s are not too long")
	}
	x.end()
	if x.tardy(time.Hour, leash, whole) {
		t.Error("tardy when it is done")
	}
}

func TestChunksGrowWithThePeer(t *testing.T) {
	var p pace
	if p.limit() != firstChunk {
		t.Errorf("first %d", p.limit())
	}
	p.took(time.Millisecond, firstChunk)
	p.took(time.Millisecond, 2*firstChunk)
	if p.limit() != 4*firstChunk {
		t.Errorf("quick: %d", p.limit())
	}
	p.took(time.Millisecond, 10) // says nothing about large ones
	if p.limit() != 4*firstChunk {
		t.Errorf("small: %d", p.limit())
	}
	for range 40 {
		p.took(time.Minute, 10)
	}
	if p.limit() != firstChunk/4 {
		t.Errorf("slow: %d", p.limit())
	}
	for range 40 {
		p.took(0, p.limit())
	}
	if p.limit() != 1<<30 {
		t.Errorf("largest: %d", p.limit())
	}
}

// What would take many times its bytes once it is decoded is refused before it is.
func TestCountsAreCheckedBeforeDecoding(t *testing.T) {
	many := func(n int) []byte { return bytes.Repeat([]byte{0, 0}, n) }
	params := protocol.SmartModuleInvocation{Params: protocol.SmartModuleExtraParams{Params: map[string]string{}}}
	for i := range maxParams + 1 {
		params.Params.Params[string(rune(i+1))] = ""
	}
	good := produceRequest("t", 0, many(100))
	good.SmartModules = make(protocol.SmartModuleInvocations, maxInvocations)
	for name, tc := range map[string]struct {
		req  protocol.Request
		good bool
	}{
		"produce":     {good, true},
		"fetch":       {&protocol.StreamFetchRequest{Topic: "t", SmartModules: make([]protocol.SmartModuleInvocation, maxInvocations)}, true},
		"anything":    {&protocol.FetchOffsetsRequest{}, true},
		"entries":     {&protocol.ProduceRequest{Topics: []protocol.ProduceTopic{{Partitions: make([]protocol.ProducePartition, maxEntries)}}}, false},
		"topics":      {&protocol.ProduceRequest{Topics: make([]protocol.ProduceTopic, maxEntries+1)}, false},
		"invocations": {&protocol.ProduceRequest{SmartModules: make(protocol.SmartModuleInvocations, maxInvocations+1)}, false},
		"in a fetch":  {&protocol.StreamFetchRequest{SmartModules: make([]protocol.SmartModuleInvocation, maxInvocations+1)}, false},
		"parameters":  {&protocol.StreamFetchRequest{SmartModules: []protocol.SmartModuleInvocation{params}}, false},
	} {
		frame := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25, ClientID: "test"}, tc.req)[4:]
		if err := checkCounts(frame); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
		for cut := range min(len(frame), 200) { // what is cut is the decoder's to refuse
			_ = checkCounts(frame[:cut])
		}
	}
}

// 64 MiB of topics without names or partitions are refused without memory for even one of them.
func TestHostileProduceTakesNoMemory(t *testing.T) {
	frame := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25}, &protocol.ProduceRequest{})
	frame = append(frame[4:len(frame)-8], 0, 0x80, 0, 0) // topics: 8 million
	frame = append(frame, make([]byte, 6*(1<<23))...)
	if n := testing.AllocsPerRun(5, func() {
		if checkCounts(frame) == nil {
			t.Fatal("accepted")
		}
	}); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

func TestTooManyStreams(t *testing.T) {
	b := start(t, Config{MaxStreams: 3})
	c := dial(t, b.SC())
	for range 3 {
		c.told(c.watchOf(protocol.KindTopic))
	}
	c.watchOf(protocol.KindTopic)
	c.closed()
	if closedFor(b, "too_many_streams") != 1 {
		t.Errorf("%+v", b.Stats().SC.Closed)
	}
	probe(t, b)
}

func TestTooManyFilters(t *testing.T) {
	b := start(t, Config{})
	c := dial(t, b.SC())
	c.send(&protocol.ListRequest{Kind: protocol.KindTopic, NameFilters: make([]protocol.ListFilter, maxFilters+1)})
	c.closed()
	probe(t, b)
}
