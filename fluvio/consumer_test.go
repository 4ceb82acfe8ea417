package fluvio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// spuLog is a log that is served as a real SPU does it: from the beginning of the batch that holds the offset, cut at max_bytes wherever
// that falls, the next chunk only after credit.
type spuLog struct {
	t       testing.TB
	batches [][]byte
	// interfere may spoil the n-th chunk (from 0) of all; it returns what to send, and false to close the connection afterwards.
	interfere func(n int, chunk []byte) ([]byte, bool)

	mu      sync.Mutex
	chunks  int
	credits []int64
	asked   []int32 // max_bytes of every stream
	streams map[*fakeConn]*spuStream
}

type spuStream struct {
	h         protocol.RequestHeader
	maxBytes  int
	partition uint32
}

// newSPULog has a batch of each of the sizes.
func newSPULog(t testing.TB, sizes ...int) *spuLog {
	l := &spuLog{t: t, streams: map[*fakeConn]*spuStream{}}
	n := 0
	for _, size := range sizes {
		l.batches = append(l.batches, batchOf(t, int64(n), values(n, n+size)...))
		n += size
	}
	return l
}

func (l *spuLog) end() int {
	return int(record.Batch(l.batches[len(l.batches)-1]).NextOffset())
}

func (l *spuLog) serve(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch req := req.(type) {
	case *protocol.FetchOffsetsRequest:
		c.offsets(h, req, 0, int64(l.end()))
	case *protocol.StreamFetchRequest:
		l.streams[c] = &spuStream{h, int(req.MaxBytes), req.Partition}
		l.asked = append(l.asked, req.MaxBytes)
		return l.send(c, req.FetchOffset)
	case *protocol.UpdateOffsetsRequest:
		c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{{SessionID: req.Offsets[0].SessionID}}})
		l.credits = append(l.credits, req.Offsets[0].Offset)
		return l.send(c, req.Offsets[0].Offset)
	}
	return true
}

func (l *spuLog) send(c *fakeConn, offset int64) bool {
	s := l.streams[c]
	var chunk []byte
	for _, b := range l.batches {
		if record.Batch(b).NextOffset() > offset {
			chunk = append(chunk, b...)
		}
	}
	if len(chunk) == 0 {
		return true
	}
	chunk = chunk[:min(len(chunk), s.maxBytes)]
	stay := true
	if l.interfere != nil {
		chunk, stay = l.interfere(l.chunks, chunk)
	}
	l.chunks++
	c.chunk(s.h, 1, chunk)
	return stay
}

func (l *spuLog) state() (chunks int, credits []int64, asked []int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.chunks, append([]int64(nil), l.credits...), append([]int32(nil), l.asked...)
}

func TestEveryRecordIsReadOnceHoweverChunksAreCut(t *testing.T) {
	sizes := []int{1, 40, 3, 200, 1, 1, 70, 2, 500, 5}
	for _, maxBytes := range []int{1024, 1500, 2048, 3000, 5000, 1 << 20} {
		for _, start := range []int{0, 1, 17, 41, 244, 300, 800, 822, 823} {
			t.Run(fmt.Sprintf("max_bytes=%d/start=%d", maxBytes, start), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t, 1)
					log := newSPULog(t, sizes...)
					f.spu = log.serve
					c, _ := f.connect()
					consumer := newConsumer(t, c, 0, fluvio.At(int64(start)),
						fluvio.WithMaxBytes(maxBytes), fluvio.WithUntil(int64(log.end())))
					wantValues(t, consumer, start, log.end())
					if _, err := consumer.Poll(t.Context()); err != io.EOF {
						t.Errorf("then %v", err)
					}
					if got := consumer.Position(); got != int64(log.end()) {
						t.Errorf("position %d", got)
					}
					_, _, asked := log.state()
					for i := 1; i < len(asked); i++ {
						if asked[i] <= asked[i-1] {
							t.Errorf("asked for %v bytes", asked)
						}
					}
				})
			})
		}
	}
}

// TestChunksAreSmallAgainBehindALargeBatch: what one batch needs is not asked for for ever, nor is a new stream opened for each batch
// where many need it.
func TestChunksAreSmallAgainBehindALargeBatch(t *testing.T) {
	const small, large = 40, 500 // records: 800 bytes, and 10,000
	for name, tc := range map[string]struct {
		sizes []int
		asked func(asked []int32) bool
	}{
		"one": {append([]int{small, small, large}, slices.Repeat([]int{small}, 50)...), func(asked []int32) bool {
			return len(asked) == 3 && asked[1] > 8<<10 && asked[2] == 1024
		}},
		"every other": {slices.Repeat([]int{small, large}, 20), func(asked []int32) bool {
			return len(asked) <= 3 && slices.IsSorted(asked)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				log := newSPULog(t, tc.sizes...)
				f.spu = log.serve
				c, _ := f.connect()
				wantValues(t, newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithMaxBytes(1024)), 0, log.end())
				if _, _, asked := log.state(); !tc.asked(asked) {
					t.Errorf("asked for %v bytes", asked)
				}
			})
		})
	}
}

func TestChunksAreCutAtEveryByte(t *testing.T) {
	sizes := []int{2, 3, 2}
	whole := 0
	for _, b := range newSPULog(t, sizes...).batches {
		whole += len(b)
	}
	for cut := range whole {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			log := newSPULog(t, sizes...)
			log.interfere = func(n int, chunk []byte) ([]byte, bool) {
				if n == 0 {
					return chunk[:cut], true
				}
				return chunk, true
			}
			f.spu = log.serve
			c, _ := f.connect()
			wantValues(t, newConsumer(t, c, 0, fluvio.Beginning()), 0, log.end())
		})
	}
}

func TestALostConnectionIsResumedWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newSPULog(t, 5, 5, 5, 5, 5, 5, 5, 5)
		log.interfere = func(n int, chunk []byte) ([]byte, bool) {
			cut := len(chunk)
			if n%2 == 0 {
				cut = len(log.batches[0]) + 20
			}
			return chunk[:min(cut, len(chunk))], n%3 != 1
		}
		f.spu = log.serve
		c, _ := f.connect()
		wantValues(t, newConsumer(t, c, 0, fluvio.Beginning()), 0, log.end())
	})
}

func TestASlowReaderWithholdsCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var sizes []int
		for range 20 {
			sizes = append(sizes, 50) // about a kilobyte
		}
		log := newSPULog(t, sizes...)
		f.spu = log.serve
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithMaxBytes(1024))
		poll := func() {
			t.Helper()
			if records, err := consumer.Poll(t.Context()); err != nil || len(records) != 50 {
				t.Fatalf("%d records, %v", len(records), err)
			}
		}
		want := func(chunks int, credits ...int64) {
			t.Helper()
			synctest.Wait()
			if gotChunks, gotCredits, _ := log.state(); gotChunks != chunks || !slices.Equal(gotCredits, credits) {
				t.Fatalf("at offset %d: %d chunks sent, credits %v", consumer.Position(), gotChunks, gotCredits)
			}
		}
		want(2, 50) // one chunk to read, and the next one
		poll()
		want(2, 50) // the first one counts until the reader comes back
		poll()
		want(3, 50, 100)
		poll()
		want(4, 50, 100, 150)
	})
}

func TestConsumersEndWithATypedError(t *testing.T) {
	damaged := batchOf(t, 0, "damaged")
	damaged[len(damaged)-2] ^= 1
	nonsense := batchOf(t, 0, "nonsense")
	nonsense[16] = 1 // magic
	evicted := protocol.ErrorCode{Tag: protocol.ErrorCodeOffsetEvicted, Value: &protocol.ErrorOffsetEvicted{Offset: 3, NextAvailable: 10}}
	chunk := func(records []byte) func(c *fakeConn, h protocol.RequestHeader) {
		return func(c *fakeConn, h protocol.RequestHeader) { c.chunk(h, 1, records) }
	}
	code := func(code protocol.ErrorCode) func(c *fakeConn, h protocol.RequestHeader) {
		return func(c *fakeConn, h protocol.RequestHeader) { c.streamError(h, code) }
	}
	for name, tc := range map[string]struct {
		start, first, next int64
		answer             func(c *fakeConn, h protocol.RequestHeader)
		is                 error
		says               string
	}{
		"wrong checksum":           {0, 0, 1, chunk(damaged), fluvio.ErrCorrupt, "checksum"},
		"not a batch":              {0, 0, 1, chunk(nonsense), fluvio.ErrCorrupt, "magic"},
		"gap":                      {3, 0, 9, chunk(batchOf(t, 4, "late")), fluvio.ErrCorrupt, "where 3 was to come"},
		"old records":              {3, 0, 9, chunk(batchOf(t, 2, "early")), fluvio.ErrCorrupt, "where 3 was to come"},
		"gap within":               {0, 0, 9, chunk(append(batchOf(t, 0, "a"), batchOf(t, 2, "c")...)), fluvio.ErrCorrupt, "where 1 was to come"},
		"evicted":                  {3, 10, 20, code(evicted), fluvio.ErrOffsetOutOfRange, "3 of t-0, which has 10 to 20"},
		"behind the end":           {30, 10, 20, code(protocol.OtherError("start offset: 30 is greater than leo: 20")), fluvio.ErrOffsetOutOfRange, "10 to 20"},
		"another text":             {15, 10, 20, code(protocol.OtherError("disk on fire")), protocol.ErrorCodeOther, "disk on fire"},
		"topic deleted":            {0, 0, 0, code(protocol.ErrorCodeTopicDeleted.Code()), fluvio.ErrTopicNotFound, "'t'"},
		"never the leader":         {0, 0, 0, code(protocol.ErrorCodeNotLeaderForPartition.Code()), fluvio.ErrUnavailable, "NotLeader"},
		"answer for another":       {0, 0, 0, func(c *fakeConn, h protocol.RequestHeader) { c.answer(h, otherPartition()) }, protocol.ErrMalformed, "partition 7"},
		"batch larger than ever":   {0, 0, 1, chunk(batchOf(t, 0, strings.Repeat("x", 5000))[:1024]), fluvio.ErrBatchTooLarge, "limit 4096"},
		"nothing, whatever we ask": {0, 0, 1, chunk(nil), fluvio.ErrBatchTooLarge, "limit 4096"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					switch req := req.(type) {
					case *protocol.FetchOffsetsRequest:
						c.offsets(h, req, tc.first, tc.next)
					case *protocol.StreamFetchRequest:
						tc.answer(c, h)
					}
					return true
				}
				c, _ := f.connect()
				consumer := newConsumer(t, c, 0, fluvio.At(tc.start), fluvio.WithMaxBytes(1024), fluvio.WithMaxBatch(4096))
				for range 2 { // it stays
					if _, err := consumer.Poll(t.Context()); !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
						t.Errorf("%v", err)
					}
				}
			})
		})
	}
}

func otherPartition() *protocol.StreamFetchResponse {
	return &protocol.StreamFetchResponse{Partition: protocol.FetchPartitionResponse{PartitionIndex: 7}}
}

func TestRecordsThatComeWithAnErrorAreReturnedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			c.answer(h, &protocol.StreamFetchResponse{StreamID: 1, Partition: protocol.FetchPartitionResponse{
				ErrorCode: protocol.ErrorCodeSmartModuleError.Code(), Records: batchOf(t, 0, values(0, 3)...),
			}})
			return true
		}
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.At(0))
		wantValues(t, consumer, 0, 3)
		if _, err := consumer.Poll(t.Context()); !errors.Is(err, protocol.ErrorCodeSmartModuleError) {
			t.Errorf("%v", err)
		}
	})
}

func TestARefusedCreditReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newSPULog(t, 30, 30, 30, 30)
		refused := false
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if _, ok := req.(*protocol.UpdateOffsetsRequest); ok && !refused {
				refused = true
				c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{
					{SessionID: 1, ErrorCode: protocol.ErrorCodeFetchSessionNotFoud.Code()},
				}})
				return true
			}
			return log.serve(c, h, req)
		}
		c, _ := f.connect(fluvio.WithRetryHook(func(err error) {
			if !strings.Contains(err.Error(), "FetchSessionNotFoud") {
				t.Errorf("retry after %v", err)
			}
		}))
		wantValues(t, newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithMaxBytes(1024)), 0, log.end())
	})
}

func TestCreditThatIsNotConfirmedEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newSPULog(t, 3)
		silent := true
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if _, ok := req.(*protocol.UpdateOffsetsRequest); ok && silent {
				silent = false
				log.mu.Lock()
				defer log.mu.Unlock()
				log.batches = append(log.batches, batchOf(t, 3, values(3, 5)...))
				return true
			}
			return log.serve(c, h, req)
		}
		c, _ := f.connect(fluvio.WithRequestTimeout(time.Second))
		consumer := newConsumer(t, c, 0, fluvio.At(0))
		began := time.Now()
		wantValues(t, consumer, 0, 5)
		if took := time.Since(began); took < time.Second || took > 2*time.Second {
			t.Errorf("noticed after %v", took)
		}
	})
}

func TestAnSPUThatTakesConnectionsAndSaysNothingSpendsTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		c, _ := f.connect(fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "spu:1" {
				silent, _ := net.Pipe()
				return silent, nil
			}
			return f.dial(ctx, network, address)
		}))
		consumer := newConsumer(t, c, 0, fluvio.At(0))
		began := time.Now()
		if _, err := consumer.Poll(t.Context()); !errors.Is(err, fluvio.ErrUnavailable) {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestConsumersFollowTheLeaderAndNoticeThatATopicIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.setSPU(2, "second", 1)
		log := newSPULog(t, 3, 3)
		var mu sync.Mutex
		var served []string
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			mu.Lock()
			served = append(served, c.address)
			mu.Unlock()
			return log.serve(c, h, req)
		}
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.At(0))
		wantValues(t, consumer, 0, 6)
		f.setLeader(0, 2) // the old leader says nothing
		time.Sleep(time.Minute)
		log.mu.Lock()
		log.batches = append(log.batches, batchOf(t, 6, values(6, 8)...))
		for conn := range log.streams {
			if conn.address == "second:1" {
				log.send(conn, 6)
			}
		}
		log.mu.Unlock()
		wantValues(t, consumer, 6, 8)
		f.remove(protocol.KindTopic, "t")
		if _, err := consumer.Poll(t.Context()); !errors.Is(err, fluvio.ErrTopicNotFound) {
			t.Errorf("%v", err)
		}
	})
}

func TestAPollEndsWithItsContextAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newSPULog(t, 3)
		f.spu = log.serve
		c, stop := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.At(3)) // the end
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := consumer.Poll(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if consumer.Buffered() {
			t.Error("buffered")
		}
		log.mu.Lock()
		log.batches = append(log.batches, batchOf(t, 3, values(3, 5)...))
		for conn := range log.streams {
			log.send(conn, 3)
		}
		log.mu.Unlock()
		wantValues(t, consumer, 3, 5)
		time.AfterFunc(time.Second, func() { consumer.Close() })
		if _, err := consumer.Poll(t.Context()); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("%v", err)
		}
		other := newConsumer(t, c, 0, fluvio.At(5))
		time.AfterFunc(time.Second, stop)
		if _, err := other.Poll(t.Context()); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("%v", err)
		}
		if _, err := c.Consumer(t.Context(), "t", 0, fluvio.At(5)); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("a new consumer: %v", err)
		}
	})
}

func TestBatchesAndRecordsCanBeReadInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newSPULog(t, 3, 2000, 4)
		f.spu = log.serve
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.At(1), fluvio.WithUntil(2005))
		b, err := consumer.PollBatch(t.Context())
		if err != nil || b.BaseOffset() != 0 || consumer.Position() != 3 {
			t.Fatalf("%v, %d, position %d", err, b.BaseOffset(), consumer.Position())
		}
		wantValues(t, consumer, 3, 1027) // Poll's most; within a batch
		if b, err = consumer.PollBatch(t.Context()); err != nil || b.BaseOffset() != 3 || consumer.Position() != 2003 {
			t.Fatalf("%v, %d, position %d", err, b.BaseOffset(), consumer.Position())
		}
		wantValues(t, consumer, 2003, 2005)
		if !consumer.Buffered() {
			t.Error("the end is not at hand")
		}
		if _, err = consumer.PollBatch(t.Context()); err != io.EOF {
			t.Errorf("%v", err)
		}
		n := int64(0)
		for r, err := range newConsumer(t, c, 0, fluvio.FromEnd(7), fluvio.WithUntil(2007)).Records(t.Context()) {
			if err != nil || r.Offset != 2000+n {
				t.Fatalf("%v, offset %d", err, r.Offset)
			}
			n++
		}
		if n != 7 {
			t.Errorf("%d records", n)
		}
	})
}

func TestBadConsumerOptionsAreNamed(t *testing.T) {
	c := cluster(t, 1)
	for says, option := range map[string]fluvio.ConsumerOption{
		"bytes at a time": fluvio.WithMaxBytes(1 << 30),
		"batches of":      fluvio.WithMaxBatch(0),
		"queued bytes":    fluvio.WithMaxQueued(-1),
	} {
		if _, err := c.Consumer(t.Context(), "t", 0, fluvio.Beginning(), option); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := c.Consumer(t.Context(), "t", 0, fluvio.At(-1)); !errors.Is(err, fluvio.ErrOffsetOutOfRange) {
		t.Errorf("negative offset: %v", err)
	}
}

// TestAStartBehindTheEndIsNotAnEnd: reading to the end of now begins nowhere else than reading on.
func TestAStartBehindTheEndIsNotAnEnd(t *testing.T) {
	c := cluster(t, 1)
	fill(t, c, 1, 10)
	if _, err := newConsumer(t, c, 0, fluvio.At(10), fluvio.WithUntilEnd()).Poll(soon(t)); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	var out *fluvio.OffsetOutOfRangeError
	want := fluvio.OffsetOutOfRangeError{Topic: "t", Offset: 100, Next: 10}
	if _, err := c.Consumer(soon(t), "t", 0, fluvio.At(100), fluvio.WithUntilEnd()); !errors.As(err, &out) || *out != want {
		t.Errorf("one partition: %v", err)
	}
	if _, err := c.TopicConsumer(soon(t), "t", fluvio.At(100), fluvio.WithUntilEnd()); !errors.As(err, &out) || *out != want {
		t.Errorf("all: %v", err)
	}
}

func ExampleConsumer() {
	ctx := context.Background()
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint("127.0.0.1:9003"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	offsets, err := client.Offsets(ctx, "flights", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	consumer, err := client.Consumer(ctx, "flights", 0, fluvio.Beginning(), fluvio.WithUntil(offsets.Next))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer consumer.Close()
	for record, err := range consumer.Records(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d: %s\n", record.Offset, record.Value)
	}
}
