package fluvio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// ledger is what a producer was told.
type ledger struct {
	mu      sync.Mutex
	offsets []int64 // by index of the record
}

func (l *ledger) deliver(d fluvio.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.First != int64(len(l.offsets)) {
		d.Err = errors.Join(d.Err, fmt.Errorf("delivery of %d after %d records", d.First, len(l.offsets)))
	}
	for n := range d.Records {
		l.offsets = append(l.offsets, d.Offset+int64(n))
	}
}

// TestWhateverGoesWrongEveryRecordOfASequenceIsWrittenOnce goes through many random troubles.
func TestWhateverGoesWrongEveryRecordOfASequenceIsWrittenOnce(t *testing.T) {
	var hurt atomic.Int64
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			spu := newFlaky(t, f, seed, 1)
			switch seed % 4 {
			case 0:
				spu.partial = true
			case 1:
				spu.idempotent = true
			case 3:
				spu.fence(f)
			}
			c, stop := f.connect(fluvio.WithRetryHook(func(error) { hurt.Add(1) }), fluvio.WithRetryBudget(time.Hour))
			writer := fluvio.NewWriterID()
			total := 0
			for range 3 { // one producer after the other
				next, _, err := c.SequenceEnd(t.Context(), "t", 0, writer, 0, 0)
				if err != nil || next != int64(total) {
					t.Fatalf("seed %d: sequence ends at %d, want %d: %v", seed, next, total, err)
				}
				var told ledger
				p := newProducer(t, c, fluvio.WithSequence(writer, next), fluvio.WithBatchSize(200), fluvio.WithMaxRequestSize(1024),
					fluvio.WithOnDelivery(told.deliver))
				n := 1 + spu.draw(60)
				for i := range n {
					produce(t, p, total+i, total+i+1)
					if spu.draw(5) == 0 {
						time.Sleep(time.Millisecond)
					}
				}
				if err := p.Close(t.Context()); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if p.NextOrdinal(0) != int64(total+n) {
					t.Fatalf("seed %d: next ordinal %d", seed, p.NextOrdinal(0))
				}
				log := spu.values()
				for i, offset := range told.offsets {
					if log[offset] != string(value(total+i)) {
						t.Fatalf("seed %d: record %d is said to be at offset %d, where there is %q", seed, total+i, offset, log[offset])
					}
				}
				total += n
				if !spu.fenced {
					spu.late.Wait()
				}
			}
			spu.late.Wait()
			if got := spu.own(); !slices.Equal(got, values(0, total)) {
				t.Fatalf("seed %d, %d records: %q", seed, total, got)
			}
			stop()
		})
	}
	if n := hurt.Load(); n < 300 {
		t.Errorf("only %d troubles", n)
	}
}

// TestWithoutASequenceEveryRecordIsWrittenAtLeastOnceInOrder has the same troubles.
func TestWithoutASequenceEveryRecordIsWrittenAtLeastOnceInOrder(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			spu := newFlaky(t, f, seed, 2)
			spu.partial = true
			c, stop := f.connect(fluvio.WithRetryBudget(time.Hour))
			p := newProducer(t, c, fluvio.WithBatchSize(200), fluvio.WithMaxRequestSize(1024))
			const n = 100
			for i := range n {
				produce(t, p, i, i+1)
				time.Sleep(time.Duration(spu.draw(2)) * time.Millisecond)
			}
			if err := p.Close(t.Context()); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			seen := 0
			for _, v := range spu.own() {
				var i int
				fmt.Sscanf(v, "value %d", &i)
				if i > seen {
					t.Fatalf("seed %d: value %d where %d was to come", seed, i, seen)
				}
				seen = max(seen, i+1)
			}
			if seen != n {
				t.Fatalf("seed %d: %d values", seed, seen)
			}
			stop()
		})
	}
}

// numbered is a batch of a sequence.
func numbered(t testing.TB, s record.Sequence, values ...string) record.Batch {
	b := record.Batch(batchOf(t, 0, values...))
	b.SetSequence(s)
	return b
}

func TestASequenceIsFollowedToItsEnd(t *testing.T) {
	const w, other = 7, 8
	b := func(writer, ordinal int64, values ...string) func(l *fakeLog) {
		return func(l *fakeLog) {
			l.append(numbered(l.t, record.Sequence{Writer: writer, Ordinal: ordinal}, values...), 1)
		}
	}
	plain := func(l *fakeLog) { l.append(batchOf(l.t, 0, "x", "y"), 1) }
	retention := func(start int64) func(l *fakeLog) { return func(l *fakeLog) { l.start = start } }
	for name, tc := range map[string]struct {
		log           []func(*fakeLog)
		ordinal, from int64
		next, end     int64
		is            error
	}{
		"nothing there":                  {nil, 5, 0, 5, 0, nil},
		"only others":                    {[]func(*fakeLog){plain, b(other, 5, "a")}, 5, 0, 5, 3, nil},
		"a run":                          {[]func(*fakeLog){b(w, 5, "a", "b"), plain, b(other, 9, "c"), b(w, 7, "d")}, 5, 0, 8, 6, nil},
		"from within":                    {[]func(*fakeLog){b(w, 0, "a", "b"), b(w, 2, "c")}, 2, 2, 3, 3, nil},
		"older ordinals do not count":    {[]func(*fakeLog){b(w, 0, "a", "b"), b(w, 2, "c")}, 2, 0, 3, 3, nil},
		"what came twice counts once":    {[]func(*fakeLog){b(w, 0, "a", "b"), b(w, 0, "a", "b"), b(w, 2, "c"), b(w, 0, "a", "b")}, 0, 0, 3, 7, nil},
		"cut anew by a second process":   {[]func(*fakeLog){b(w, 0, "a", "b", "c"), b(w, 0, "a", "b", "c", "d"), b(w, 4, "e")}, 0, 0, 5, 8, nil},
		"a gap":                          {[]func(*fakeLog){b(w, 0, "a", "b"), b(w, 3, "d")}, 0, 0, 2, 0, fluvio.ErrSequence},
		"its beginning is not there":     {[]func(*fakeLog){b(w, 3, "d")}, 0, 0, 0, 0, fluvio.ErrSequence},
		"lost to retention":              {[]func(*fakeLog){b(w, 0, "a", "b"), retention(1)}, 0, 0, 0, 0, fluvio.ErrOffsetOutOfRange},
		"the log is shorter than it was": {[]func(*fakeLog){plain}, 0, 3, 0, 3, fluvio.ErrOffsetOutOfRange},
		"negative":                       {nil, -1, 0, -1, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				log := newFakeLog(t)
				f.spu = log.serve
				for _, write := range tc.log {
					write(log)
				}
				c, stop := f.connect()
				next, end, err := c.SequenceEnd(t.Context(), "t", 0, w, tc.ordinal, tc.from)
				if tc.ordinal >= 0 && tc.is == nil && err != nil || tc.is != nil && !errors.Is(err, tc.is) || tc.ordinal < 0 && err == nil {
					t.Fatal(err)
				}
				if next != tc.next || err == nil && end != tc.end {
					t.Errorf("next ordinal %d, end %d", next, end)
				}
				stop()
			})
		})
	}
}

// TestALogThatIsNotAsASequencedProducerLeftItIsAnError has the second record's outcome lost, and something else go wrong meanwhile.
func TestALogThatIsNotAsASequencedProducerLeftItIsAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		meanwhile func(l *fakeLog, writer int64)
		refuse    string // what the broker says, if it does
		is        error
		says      string
	}{
		"retention": {func(l *fakeLog, w int64) {
			l.append(batchOf(l.t, 0, "x", "y"), 1)
			l.start = l.next
		}, "", fluvio.ErrOffsetOutOfRange, "look for what was written"},
		"the topic was made anew, and is shorter": {func(l *fakeLog, _ int64) { l.batches, l.next = nil, 0 }, "", fluvio.ErrOffsetOutOfRange, ""},
		"the topic was made anew, and is longer": {func(l *fakeLog, _ int64) {
			l.batches, l.next = nil, 0
			l.append(batchOf(l.t, 0, "x", "y"), 1)
		}, "", fluvio.ErrSequence, "offset 0 is not there any more"},
		"another one uses its id": {func(l *fakeLog, w int64) {
			l.append(numbered(l.t, record.Sequence{Writer: w, Ordinal: 1}, "x", "y"), 1)
		}, "", fluvio.ErrSequence, "ordinals 1 to 2"},
		"another one is ahead": {func(l *fakeLog, w int64) {
			l.append(numbered(l.t, record.Sequence{Writer: w, Ordinal: 2}, "x"), 1)
		}, "", fluvio.ErrSequence, "ordinal 2 at offset 1, where 1 was to come"},
		"the broker has more than the log":   {func(*fakeLog, int64) {}, "weir.sequence expected=2", fluvio.ErrSequence, "has the ordinals before 2"},
		"the broker has less than it had":    {func(*fakeLog, int64) {}, "weir.sequence expected=0", fluvio.ErrSequence, "wants ordinal 0"},
		"the broker says something else":     {func(*fakeLog, int64) {}, "weir.sequence expected=?", protocol.ErrorCodeOther, "expected=?"},
		"the broker says that storage fails": {func(*fakeLog, int64) {}, "storage", protocol.ErrorCodeStorageError, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				log := newFakeLog(t)
				writer := fluvio.NewWriterID()
				requests := 0
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					produce, ok := req.(*protocol.ProduceRequest)
					if !ok {
						return log.serve(c, h, req)
					}
					if requests++; requests == 1 {
						c.acknowledge(h, produce, log.append(produce.Topics[0].Partitions[0].Records, 1))
						return true
					}
					tc.meanwhile(log, writer)
					switch tc.refuse {
					case "":
						return false
					case "storage":
						c.refuse(h, produce, protocol.ErrorCodeStorageError.Code())
					default:
						c.refuse(h, produce, protocol.OtherError(tc.refuse))
					}
					return true
				}
				c, stop := f.connect()
				p := newProducer(t, c, fluvio.WithSequence(writer))
				mustProduce(t, p, 0, "first")
				if err := p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				mustProduce(t, p, 0, "second")
				err := p.Close(t.Context())
				if !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("%v", err)
				}
				// An answer together with a look leaves nothing open.
				if known := strings.Contains(name, "says"); errors.Is(err, fluvio.ErrAmbiguous) == known {
					t.Errorf("ambiguous: %v, %v", !known, err)
				}
				stop()
			})
		})
	}
}

// TestASequencedProducerFindsWhatItsBrokerHas: the broker has a prefix of what is sent, and says so instead of an answer.
func TestASequencedProducerFindsWhatItsBrokerHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newFakeLog(t)
		open := make(chan struct{})
		requests := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			produce, ok := req.(*protocol.ProduceRequest)
			if !ok {
				return log.serve(c, h, req)
			}
			<-open
			set := produce.Topics[0].Partitions[0].Records
			if requests++; requests == 2 {
				log.append(set, 2)
				c.refuse(h, produce, protocol.OtherError("weir.sequence expected=3"))
				return true
			}
			c.acknowledge(h, produce, log.append(set, 100))
			return true
		}
		c, stop := f.connect()
		p := newProducer(t, c, fluvio.WithSequence(1), fluvio.WithBatchSize(1)) // every record is a batch
		produce(t, p, 0, 1)
		synctest.Wait() // the first one is under way, the others join the next request
		var futures []*fluvio.Future
		for n := 1; n < 5; n++ {
			future, err := p.SendTo(t.Context(), 0, fluvio.Record{Value: value(n)})
			if err != nil {
				t.Fatal(err)
			}
			futures = append(futures, future)
		}
		close(open)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := log.values(); !slices.Equal(got, values(0, 5)) || requests != 3 {
			t.Errorf("%d requests: %q", requests, got)
		}
		for i, future := range futures {
			if at, err := future.Wait(t.Context()); err != nil || at != (fluvio.RecordMetadata{Offset: int64(i + 1)}) {
				t.Errorf("record %d: %+v, %v", i+1, at, err)
			}
		}
		stop()
	})
}

// TestWhatIsNotCommittedIsFoundToo: a leader with followers has what a look at committed records does not show.
func TestWhatIsNotCommittedIsFoundToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.replicate()
		log := newFakeLog(t)
		var written time.Time
		requests := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			switch req := req.(type) {
			case *protocol.ProduceRequest:
				requests++
				log.append(req.Topics[0].Partitions[0].Records, 100)
				written = time.Now()
				return false
			case *protocol.FetchOffsetsRequest:
				if written.IsZero() || time.Since(written) < 5*time.Second {
					c.offsets(h, req, 0, 0)
					return true
				}
			}
			return log.serve(c, h, req)
		}
		c, stop := f.connect()
		p := newProducer(t, c, fluvio.WithSequence(1))
		produce(t, p, 0, 3)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := log.values(); !slices.Equal(got, values(0, len(got))) || requests != 1 && len(got) != 3 {
			t.Errorf("%d requests: %q", requests, got)
		}
		stop()
	})
}

// TestALogIsNotAtItsEndWhileItsLeaderCannotSay: what is not committed takes longer to come than a look takes a quiet log to end.
func TestALogIsNotAtItsEndWhileItsLeaderCannotSay(t *testing.T) {
	const long = 5 * time.Second
	type trouble struct {
		*fakeLog
		slow    bool // dialling is
		streams int
	}
	for name, serve := range map[string]func(s *trouble, c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool{
		"connecting takes long": func(s *trouble, c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			return s.serve(c, h, req)
		},
		"the connection is lost on the way": func(s *trouble, c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			return s.serve(c, h, req) && s.streams != 1
		},
		"the request takes long": func(s *trouble, c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			s.slow = false
			if _, ok := req.(*protocol.StreamFetchRequest); ok {
				time.Sleep(long)
			}
			return s.serve(c, h, req)
		},
		"asking for more takes long": func(s *trouble, c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			s.slow = false
			if _, ok := req.(*protocol.UpdateOffsetsRequest); ok {
				time.Sleep(long)
			}
			return s.serve(c, h, req)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				f.replicate()
				log := &trouble{fakeLog: newFakeLog(t)}
				f.dialled = func(string) error {
					if log.slow {
						time.Sleep(long)
					}
					return nil
				}
				requests := 0
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					switch req := req.(type) {
					case *protocol.ProduceRequest:
						requests++
						log.append(batchOf(t, 0, "foreign"), 1)
						log.append(req.Topics[0].Partitions[0].Records, 100)
						log.slow = true
						return false
					case *protocol.FetchOffsetsRequest:
						if requests == 0 || log.streams == 0 {
							c.offsets(h, req, 0, 0)
							return true
						}
					case *protocol.StreamFetchRequest:
						log.streams++
						req.MaxBytes = int32(len(log.batches[1])) // a batch at a time
					}
					return serve(log, c, h, req)
				}
				c, stop := f.connect()
				p := newProducer(t, c, fluvio.WithSequence(1), fluvio.WithLinger(time.Second))
				produce(t, p, 0, 3)
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := log.values(); !slices.Equal(got, append([]string{"foreign"}, values(0, 3)...)) || requests != 1 {
					t.Errorf("%d requests: %q", requests, got)
				}
				stop()
			})
		})
	}
}

func TestWhoLooksHasLeftTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newFakeLog(t)
		var asked *fakeConn
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if _, ok := req.(*protocol.ProduceRequest); ok {
				asked = c
				return true // and no answer
			}
			return log.serve(c, h, req)
		}
		c, stop := f.connect()
		p := newProducer(t, c, fluvio.WithSequence(1))
		produce(t, p, 0, 1)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Close(ctx); !errors.Is(err, fluvio.ErrAmbiguous) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		f.mu.Lock()
		if f.conns[asked] {
			t.Error("a request that was given up may still be read from its connection")
		}
		f.mu.Unlock()
		stop()
	})
}

func TestSequencesAreCheckedBeforehand(t *testing.T) {
	c := cluster(t, 1)
	for says, options := range map[string][]fluvio.ProducerOption{
		"writer id -1":     {fluvio.WithSequence(-1)},
		"next ordinal":     {fluvio.WithSequence(1, 0, fluvio.MaxOrdinal+1)},
		"AtMostOnce":       {fluvio.WithSequence(1), fluvio.WithDeliverySemantic(fluvio.AtMostOnce)},
		"WithSmartModules": {fluvio.WithSequence(1), fluvio.WithSmartModules(fluvio.SmartModule{Name: "m"})},
		"semantic":         {fluvio.WithDeliverySemantic(7)},
	} {
		if _, err := c.Producer(t.Context(), "t", options...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	p := newProducer(t, c, fluvio.WithSequence(1, fluvio.MaxOrdinal-1))
	mustProduce(t, p, 0, "a", "b")
	if err := p.ProduceTo(t.Context(), 0, fluvio.Record{}); !errors.Is(err, fluvio.ErrSequence) || !strings.Contains(err.Error(), "used up") {
		t.Errorf("beyond the last ordinal: %v", err)
	}
	if err := p.Close(soon(t)); err != nil || p.NextOrdinal(0) != fluvio.MaxOrdinal+1 {
		t.Errorf("%v, next %d", err, p.NextOrdinal(0))
	}
	seen := map[int64]bool{}
	for range 1000 {
		id := fluvio.NewWriterID()
		if id < 0 || seen[id] {
			t.Fatalf("writer id %d", id)
		}
		seen[id] = true
	}
}
