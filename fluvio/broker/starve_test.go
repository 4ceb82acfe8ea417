package broker

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// Any number of peers that announce large frames and send a part of them hold up large requests only: small ones are served while the large
// ones have all memory and others of them wait.
func TestSmallRequestsDoNotWaitBehindLargeOnes(t *testing.T) {
	b := start(t, Config{StallTimeout: time.Hour})
	create(t, b, "t", topicSpec(1))
	head := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25}, produceRequest("t", 0, make([]byte, 60<<20)))[:2*readBuffer]
	for range 5 {
		dial(t, b.SPU()).write(head)
	}
	eventually(t, "large requests wait", func() bool { return b.Stats().Waiting == 4 })
	for _, size := range []int{10, 50_000, 1_000_000} {
		dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", size)))
	}
	probe(t, b)
}

func TestLanesShareOutAllMemory(t *testing.T) {
	for _, all := range []int{1 << 16, 1<<20 + 7, 128 << 20} {
		l, sum := newLanes(all), 0
		for _, lane := range l {
			sum += lane.all
		}
		if sum != all {
			t.Errorf("of %d bytes %d are shared out", all, sum)
		}
		for i, n := range []int{all / 2048, all / 64, all/64 + 1} {
			if l.of(n) != l[i].budget {
				t.Errorf("%d of %d bytes are not in lane %d", n, all, i)
			}
		}
		if l.of(2*all) != l[2].budget {
			t.Error("more than there is has no lane")
		}
	}
}

// Who sends a byte now and then does not hold memory that others wait for any longer than who sends none.
func TestDrippingWritersGiveWayToOthers(t *testing.T) {
	b := start(t, Config{MaxFrameBytes: 1 << 20, MaxBatchBytes: 1 << 20, MaxFetchBytes: 1 << 20, MaxInFlightBytes: 1 << 20, StallTimeout: time.Second / 4 * leashes})
	create(t, b, "t", topicSpec(1))
	done := make(chan struct{})
	c := dial(t, b.SPU())
	c.write(append([]byte{0, 0x0f, 0, 0, 0, 0, 0, 25}, make([]byte, 2*readBuffer)...))
	eventually(t, "it holds memory", func() bool { return b.Stats().RequestBytes > 0 })
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := c.nc.Write([]byte{0}); err != nil {
				return
			}
		}
	}()
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 900_000)))
	<-done
	if closedFor(b, "held_up_others") != 1 {
		t.Errorf("%+v", b.Stats().SPU.Closed)
	}
}

// The answer to a Produce with many entries may be a hundred times as large as they are, and peers need not read it.
func TestAnswersToManyEntriesTakeReservedMemory(t *testing.T) {
	b := start(t, Config{StallTimeout: time.Hour})
	create(t, b, "t", topicSpec(1))
	sets := make([][]byte, maxEntries/2)
	for i := range sets {
		sets[i] = []byte{1} // no batch
	}
	for range 20 {
		c := dial(t, b.SPU())
		c.smallBuffer()
		go func() {
			_, _ = c.nc.Write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25}, produceRequest("t", 0, sets...)))
		}()
	}
	eventually(t, "some answers wait for the memory of others", func() bool { return b.Stats().Waiting > 0 })
	if s := b.Stats(); s.ChunkBytes < len(sets)*answeredSize {
		t.Errorf("they hold %d bytes", s.ChunkBytes)
	}
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, "x"))
}

// A small request is not read into a large buffer, which it would keep from others for as long as it likes.
func TestBuffersAreOfTheSizeThatIsNeeded(t *testing.T) {
	for _, n := range []int{0, 1, smallestBuffer, smallestBuffer + 1, 1 << 20, 4 << 20, 5 << 20, 1 << 30} {
		for range 3 {
			large := make([]byte, n)
			putBuffer(&large)
		}
	}
	for _, n := range []int{0, 1, smallestBuffer, smallestBuffer + 1, 1 << 20, 4 << 20, 5 << 20, 1 << 30} {
		for range 3 {
			if got := cap(*getBuffer(n)); got > max(4*n, smallestBuffer) {
				t.Errorf("a buffer of %d bytes for %d", got, n)
			}
		}
	}
}

func TestTooManyStreamsOfAllConnections(t *testing.T) {
	b := start(t, Config{MaxServerStreams: 3})
	one, two := dial(t, b.SC()), dial(t, b.SC())
	for range 2 {
		one.told(one.watchOf(protocol.KindTopic))
	}
	two.told(two.watchOf(protocol.KindTopic))
	two.watchOf(protocol.KindTopic)
	two.closed()
	eventually(t, "its streams end", func() bool { return b.Stats().SC.Streams == 2 })
	three := dial(t, b.SC())
	three.told(three.watchOf(protocol.KindTopic))
	probe(t, b)
}

// What a producer sends again is not counted as stored.
func TestRepeatedBatchesAreCountedApart(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	c, set := dial(t, b.SPU()), numbered(t, record.None, 7, 0, "a", "b")
	for range 3 {
		c.mustProduce("t", 0, bytes.Clone(set))
	}
	s := b.Stats()
	if want := (RecordStats{Records: 2, Batches: 1, Bytes: uint64(len(set))}); s.In != want {
		t.Errorf("in %+v", s.In)
	}
	if want := (RecordStats{Records: 4, Batches: 2, Bytes: uint64(2 * len(set))}); s.Repeated != want {
		t.Errorf("repeated %+v", s.Repeated)
	}
}

// What is told of a SmartModule beside its code is kept in memory and sent in every list, so it is bounded as the code is.
func TestSmartModulesTellLittleOfThemselves(t *testing.T) {
	b := start(t, Config{})
	spec := packaged("m", "g", "1.0.0", "code")
	spec.Meta.Params = map[string]protocol.SmartModuleParam{}
	for i := range 20 {
		spec.Meta.Params[strings.Repeat("p", i+1)] = protocol.SmartModuleParam{Description: new(strings.Repeat("d", 1000))}
	}
	if s := createModule(t, b, "m", spec); s.ErrorCode.Tag != protocol.ErrorCodeSmartModuleError {
		t.Errorf("got %v", s.ErrorCode)
	}
	if s := b.Stats(); s.SmartModules != 0 {
		t.Errorf("%d are kept", s.SmartModules)
	}
	for i := range 8 {
		delete(spec.Meta.Params, strings.Repeat("p", i+1))
	}
	if s := createModule(t, b, "m", spec); s.ErrorCode.Tag != 0 {
		t.Errorf("got %v", s.ErrorCode)
	}
}
