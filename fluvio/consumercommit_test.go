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
)

// storedOffset is what the cluster has for a consumer, -1 if nothing.
func storedOffset(t testing.TB, c *fluvio.Client, id string, partition uint32) int64 {
	t.Helper()
	all, err := c.ConsumerOffsets(soon(t), fluvio.ConsumerOffsetFilter{ID: id, Topic: "t", Partition: &partition})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		return -1
	}
	return all[0].Offset
}

func TestAConsumerResumesBehindWhatItCommitted(t *testing.T) {
	c := cluster(t, 2)
	p := newProducer(t, c)
	produce(t, p, 0, 100)
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	id := fluvio.WithConsumerID("group")
	first := newConsumer(t, c, 0, fluvio.Beginning(), id)
	if err := first.Commit(soon(t)); err != nil || storedOffset(t, c, "group", 0) != -1 {
		t.Errorf("nothing was returned: %v, stored %d", err, storedOffset(t, c, "group", 0))
	}
	n := 0
	for r, err := range first.Records(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; r.Offset == 41 {
			break
		}
	}
	if err := first.Commit(soon(t)); err != nil {
		t.Fatal(err)
	}
	if got := storedOffset(t, c, "group", 0); got != 41 || first.Position() != 42 {
		t.Errorf("stored %d, position %d: more was received, but not returned", got, first.Position())
	}
	wantValues(t, first, 42, 100) // what the loop left is not lost
	first.Close()

	for start, want := range map[fluvio.Offset]int{
		fluvio.Beginning(): 42, fluvio.End(): 42, fluvio.FromBeginning(10): 52, fluvio.FromEnd(10): 32,
		fluvio.FromBeginning(1000): 100, fluvio.FromEnd(1000): 0, fluvio.At(7): 7,
	} {
		consumer := newConsumer(t, c, 0, start, id)
		if got := consumer.Position(); got != int64(want) {
			t.Errorf("%v starts at %d, want %d", start, got, want)
		}
		consumer.Close()
	}
	if at := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("other")).Position(); at != 0 {
		t.Errorf("another consumer starts at %d", at)
	}
	if at := newConsumer(t, c, 1, fluvio.Beginning(), id).Position(); at != 0 {
		t.Errorf("another partition starts at %d", at)
	}
}

func TestACommitMayLagBehindTheReader(t *testing.T) {
	c := cluster(t, 1)
	p := newProducer(t, c)
	produce(t, p, 0, 100)
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	consumer := newConsumer(t, c, 0, fluvio.At(0), fluvio.WithConsumerID("group"))
	defer consumer.Close()
	done := make(chan error, 1)
	go func() { // the reader waits for more meanwhile
		for _, next := range []int64{0, 7, 7, 40} {
			if err := consumer.CommitTo(soon(t), next); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	wantValues(t, consumer, 0, 100)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := storedOffset(t, c, "group", 0); got != 39 {
		t.Errorf("stored %d", got)
	}
	if err := newConsumer(t, c, 0, fluvio.At(0)).CommitTo(soon(t), 1); !errors.Is(err, fluvio.ErrNoConsumerID) {
		t.Errorf("%v", err)
	}
}

func TestConsumerOffsetsAreListedAndDeleted(t *testing.T) {
	c := cluster(t, 2)
	p := newProducer(t, c)
	for partition := range uint32(2) {
		mustProduce(t, p, partition, "v")
	}
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-2 * time.Second)
	for _, id := range []string{"b", "a"} {
		for partition := range uint32(2) {
			consumer := newConsumer(t, c, partition, fluvio.Beginning(), fluvio.WithConsumerID(id))
			if _, err := consumer.Poll(soon(t)); err != nil {
				t.Fatal(err)
			}
			if err := consumer.Commit(soon(t)); err != nil {
				t.Fatal(err)
			}
			consumer.Close()
		}
	}
	one := uint32(1)
	list := func(f fluvio.ConsumerOffsetFilter) (names string) {
		t.Helper()
		all, err := c.ConsumerOffsets(soon(t), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			names += o.ID + string('0'+rune(o.Partition)) + " "
			if o.Topic != "t" || o.Offset != 0 || o.Modified.Before(before) || o.Modified.After(time.Now()) {
				t.Errorf("%+v", o)
			}
		}
		return names
	}
	for want, f := range map[string]fluvio.ConsumerOffsetFilter{
		"a0 b0 a1 b1 ": {}, "a0 a1 ": {ID: "a"}, "a1 b1 ": {Partition: &one}, "b1 ": {ID: "b", Topic: "t", Partition: &one}, "": {Topic: "other"},
	} {
		if got := list(f); got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
	for range 2 { // the second time there is nothing to delete
		if err := c.DeleteConsumerOffset(soon(t), "a", "t", 1); err != nil {
			t.Error(err)
		}
	}
	if got := list(fluvio.ConsumerOffsetFilter{}); got != "a0 b0 b1 " {
		t.Errorf("%q", got)
	}
	if err := c.DeleteConsumerOffset(soon(t), "", "t", 1); !errors.Is(err, fluvio.ErrNoConsumerID) {
		t.Errorf("%v", err)
	}
	if err := newConsumer(t, c, 0, fluvio.Beginning()).Commit(soon(t)); !errors.Is(err, fluvio.ErrNoConsumerID) {
		t.Errorf("%v", err)
	}
}

func TestAutoCommitStoresWhatTheReaderCameBackFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, 10)
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("id"), fluvio.WithAutoCommit(time.Second), fluvio.WithUntil(10))
		wantValues(t, consumer, 0, 10)
		time.Sleep(time.Minute)
		if spu.stored != -1 {
			t.Errorf("%d is stored before the reader came back", spu.stored)
		}
		if _, err := consumer.Poll(t.Context()); err != io.EOF { // now all that came before is processed
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if spu.stored != 9 {
			t.Errorf("%d is stored", spu.stored)
		}
		if err := consumer.Close(); err != nil || len(spu.commits) != 1 {
			t.Errorf("%v, commits %v", err, spu.commits)
		}
	})
}

func TestClosingCommitsWhatWasReturned(t *testing.T) {
	c := cluster(t, 1)
	p := newProducer(t, c)
	produce(t, p, 0, 10)
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	slow := newConsumer(t, c, 0, fluvio.FromEnd(3), fluvio.WithConsumerID("slow"), fluvio.WithAutoCommit(time.Hour))
	wantValues(t, slow, 7, 10)
	if got := storedOffset(t, c, "slow", 0); got != -1 {
		t.Errorf("stored %d before the time", got)
	}
	if err := slow.Close(); err != nil {
		t.Error(err)
	}
	if got := storedOffset(t, c, "slow", 0); got != 9 {
		t.Errorf("stored %d when it was closed", got)
	}
}

// offsetsSPU is an spuLog that keeps a consumer's offset, for versions from 24 on as they are.
type offsetsSPU struct {
	*spuLog
	mu      sync.Mutex
	stored  int64 // -1: nothing
	commits []int64
	// meddle may answer a commit itself; it returns whether it did.
	meddle func(c *fakeConn, h protocol.RequestHeader, req *protocol.UpdateConsumerOffsetRequest) bool
}

func (s *offsetsSPU) serve(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch req := req.(type) {
	case *protocol.FetchConsumerOffsetsRequest:
		resp := new(protocol.FetchConsumerOffsetsResponse)
		if s.stored >= 0 {
			resp.Consumers = []protocol.ConsumerOffset{{ConsumerID: "id", ReplicaID: protocol.ReplicaKey{Topic: "t"}, Offset: s.stored}}
		}
		c.answer(h, resp)
		return true
	case *protocol.UpdateConsumerOffsetRequest:
		if s.meddle != nil && s.meddle(c, h, req) {
			return true
		}
		s.stored = req.Offset
		s.commits = append(s.commits, req.Offset)
		c.answer(h, &protocol.UpdateConsumerOffsetResponse{Offset: req.Offset})
		return true
	}
	return s.spuLog.serve(c, h, req)
}

func newOffsetsSPU(t *testing.T, sizes ...int) (*fake, *offsetsSPU) {
	f := newFake(t, 1)
	f.setTopic("consumer-offset", 1)
	f.set(protocol.KindPartition, protocol.Metadata{Name: "consumer-offset-0", Spec: &protocol.PartitionSpec{Leader: 1}})
	s := &offsetsSPU{spuLog: newSPULog(t, sizes...), stored: -1}
	f.spu = s.serve
	return f, s
}

func TestACommitGoesToTheStreamThatThereIsThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, 5)
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("id"))
		wantValues(t, consumer, 0, 5)
		// The connection is lost at the end of the partition: the next stream has nothing to send, and so says nothing.
		f.closeAll(func(c *fakeConn) bool { return c.address == "spu:1" })
		if err := consumer.Commit(t.Context()); err != nil || spu.stored != 4 {
			t.Errorf("%v, stored %d", err, spu.stored)
		}
		if err := consumer.Commit(t.Context()); err != nil || len(spu.commits) != 1 {
			t.Errorf("%v, commits %v", err, spu.commits)
		}
	})
}

func TestAnUnknownStreamIdIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, 5)
		lost := false
		spu.meddle = func(c *fakeConn, h protocol.RequestHeader, req *protocol.UpdateConsumerOffsetRequest) bool {
			if lost {
				return false
			}
			c.answer(h, &protocol.UpdateConsumerOffsetResponse{ErrorCode: protocol.ErrorCodeFetchSessionNotFoud.Code()})
			return true
		}
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("id"))
		wantValues(t, consumer, 0, 5)
		f.closeAll(func(c *fakeConn) bool { return c.address == "spu:1" })
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := consumer.Commit(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		time.AfterFunc(time.Second, func() { // another record makes the stream tell its id
			spu.mu.Lock()
			defer spu.mu.Unlock()
			lost = true
			spu.spuLog.mu.Lock()
			defer spu.spuLog.mu.Unlock()
			spu.batches = append(spu.batches, batchOf(t, 5, values(5, 6)...))
			for conn := range spu.streams {
				spu.send(conn, 5)
			}
		})
		if err := consumer.Commit(t.Context()); err != nil || spu.stored != 4 {
			t.Errorf("%v, stored %d", err, spu.stored)
		}
	})
}

// TestAStreamThatIsNotKnownAnyMoreIsOpenedAnew: the SPU forgot a stream that it had told the id of.
func TestAStreamThatIsNotKnownAnyMoreIsOpenedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, 5)
		refused := false
		spu.meddle = func(c *fakeConn, h protocol.RequestHeader, req *protocol.UpdateConsumerOffsetRequest) bool {
			if refused {
				return false
			}
			refused = true
			c.answer(h, &protocol.UpdateConsumerOffsetResponse{ErrorCode: protocol.ErrorCodeFetchSessionNotFoud.Code()})
			return true
		}
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("id"))
		wantValues(t, consumer, 0, 5)
		if err := consumer.Commit(t.Context()); err != nil || spu.stored != 4 {
			t.Errorf("%v, stored %d", err, spu.stored)
		}
	})
}

// TestClosingTooLateSaysSo: without its client a consumer can't store what is due. Where nothing is that is no error.
func TestClosingTooLateSaysSo(t *testing.T) {
	for name, commit := range map[string]bool{"due": false, "nothing due": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, spu := newOffsetsSPU(t, 5)
				c, stop := f.connect()
				options := []fluvio.ConsumerOption{fluvio.WithConsumerID("id"), fluvio.WithAutoCommit(time.Hour)}
				one := newConsumer(t, c, 0, fluvio.Beginning(), options...)
				wantValues(t, one, 0, 5)
				all := newTopicConsumer(t, c, fluvio.Beginning(), options...)
				if _, _, err := all.Poll(t.Context()); err != nil {
					t.Fatal(err)
				}
				if commit {
					if err := errors.Join(one.Commit(t.Context()), all.Commit(t.Context())); err != nil {
						t.Fatal(err)
					}
				}
				stop()
				for who, err := range map[string]error{"one partition": one.Close(), "all": all.Close()} {
					if stored := spu.stored == 4; stored != commit || errors.Is(err, fluvio.ErrClosed) == commit || commit && err != nil {
						t.Errorf("%s: %v, stored %d", who, err, spu.stored)
					}
				}
			})
		})
	}
}

func TestARefusedCommitHasItsCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, spu := newOffsetsSPU(t, 5)
		spu.meddle = func(c *fakeConn, h protocol.RequestHeader, req *protocol.UpdateConsumerOffsetRequest) bool {
			c.answer(h, &protocol.UpdateConsumerOffsetResponse{ErrorCode: protocol.OtherError("stream without consumer id")})
			return true
		}
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithConsumerID("id"), fluvio.WithAutoCommit(time.Hour))
		wantValues(t, consumer, 0, 5)
		if err := consumer.Commit(t.Context()); !errors.Is(err, protocol.ErrorCodeOther) {
			t.Errorf("%v", err)
		}
		if err := consumer.Close(); !errors.Is(err, protocol.ErrorCodeOther) {
			t.Errorf("closing: %v", err)
		}
	})
}

func TestClustersWithoutConsumerOffsetsAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = newSPULog(t, 1).serve
		c, _ := f.connect()
		if _, err := c.ConsumerOffsets(t.Context(), fluvio.ConsumerOffsetFilter{}); !errors.Is(err, fluvio.ErrNoConsumerOffsets) {
			t.Errorf("%v", err)
		}
		if _, err := c.Consumer(t.Context(), "t", 0, fluvio.Beginning(), fluvio.WithConsumerID("id")); !errors.Is(err, fluvio.ErrNoConsumerOffsets) {
			t.Errorf("%v", err)
		}
	})
}

// TestStoredOffsetsAreUsedAsOfficialClientsDo compares requests with those of a recorded session of the official command line.
func TestStoredOffsetsAreUsedAsOfficialClientsDo(t *testing.T) {
	const session = "42-consumer-offset-resume"
	ask := recorded(t, session, protocol.KeyFetchConsumerOffsets)[0]
	stream := recorded(t, session, protocol.KeyStreamFetch)[0]
	store := recorded(t, session, protocol.KeyUpdateConsumerOffset)[1]
	synctest.Test(t, func(t *testing.T) {
		f := greetings(t)
		f.setTopic("consumer-offset", 1)
		f.set(protocol.KindPartition, protocol.Metadata{Name: "consumer-offset-0", Spec: &protocol.PartitionSpec{Leader: 1}})
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			switch req := req.(type) {
			case *protocol.FetchConsumerOffsetsRequest:
				wantFrame(t, ask, req)
				c.answer(h, &protocol.FetchConsumerOffsetsResponse{Consumers: []protocol.ConsumerOffset{
					{ConsumerID: "grp1", ReplicaID: protocol.ReplicaKey{Topic: "greetings"}, Offset: 92},
				}})
			case *protocol.FetchOffsetsRequest:
				c.offsets(h, req, 0, 99)
			case *protocol.StreamFetchRequest:
				wantFrame(t, stream, req)
				c.chunk(h, 1, batchOf(t, 93, values(93, 99)...))
			case *protocol.UpdateOffsetsRequest:
				c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{{SessionID: 1}}})
			case *protocol.UpdateConsumerOffsetRequest:
				wantFrame(t, store, req)
				c.answer(h, &protocol.UpdateConsumerOffsetResponse{Offset: req.Offset})
			}
			return true
		}
		c, _ := f.connect()
		consumer, err := c.Consumer(t.Context(), "greetings", 0, fluvio.Beginning(), asOfficial(fluvio.WithConsumerID("grp1"))...)
		if err != nil {
			t.Fatal(err)
		}
		defer consumer.Close()
		wantValues(t, consumer, 93, 99)
		if err := consumer.Commit(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestOldServersTellWhatIsStoredWithTheirOffsets has SPUs of version 23, which knew no filter.
func TestOldServersTellWhatIsStoredWithTheirOffsets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spuVersion = 23
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if h.APIVersion > 23 {
				t.Errorf("%T at version %d", req, h.APIVersion)
			}
			if req, ok := req.(*protocol.FetchOffsetsRequest); ok {
				first := int64(10)
				if req.ConsumerID != nil && *req.ConsumerID == "id" {
					first = 15
				}
				c.offsets(h, req, first, 20)
			}
			return true
		}
		c, _ := f.connect()
		for start, want := range map[fluvio.Offset]int64{fluvio.Beginning(): 15, fluvio.End(): 15, fluvio.FromEnd(50): 10, fluvio.FromBeginning(50): 20} {
			consumer := newConsumer(t, c, 0, start, fluvio.WithConsumerID("id"))
			if consumer.Position() != want {
				t.Errorf("%v starts at %d", start, consumer.Position())
			}
			consumer.Close()
		}
	})
}
