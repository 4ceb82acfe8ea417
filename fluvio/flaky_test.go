package fluvio_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// flaky is a fake SPU on which every third produce request or so goes wrong in one of the ways that requests go wrong in.
type flaky struct {
	*fakeLog
	drawing sync.Mutex
	random  *rand.Rand
	// idempotent: it appends as the embedded broker does, and requests of lost connections may be appended much later.
	idempotent bool
	// fenced: it knows claims as the embedded broker does. Those of lost connections may come much later, too.
	fenced bool
	// partial: a prefix of a request's batches may be written.
	partial bool
	expect  map[int64]int64     // ordinals, by writer
	owners  map[int64]*fakeConn // by writer
	whose   map[int64]int64     // incarnations, by writer
	before  map[[2]int64]bool   // writers, and incarnations that they were taken over from
	late    sync.WaitGroup
}

// newFlaky plays the SPU of f.
func newFlaky(t testing.TB, f *fake, seed, stream uint64) *flaky {
	spu := &flaky{
		fakeLog: newFakeLog(t), random: rand.New(rand.NewPCG(seed, stream)),
		expect: map[int64]int64{}, owners: map[int64]*fakeConn{}, whose: map[int64]int64{}, before: map[[2]int64]bool{},
	}
	f.spu = spu.serve
	return spu
}

// fence makes it one that knows claims.
func (f *flaky) fence(on *fake) { f.idempotent, f.fenced, on.claims = true, true, true }

// mayFail are the errors that an SPU may answer after it wrote something, and that may go away.
var mayFail = []protocol.ErrorCode{
	protocol.ErrorCodePartitionFull.Code(),
	{Tag: protocol.ErrorCodeRequestTimedOut, Value: &protocol.ErrorTimeout{TimeoutMs: 1}},
}

// draw is a random number below n. Connections draw concurrently.
func (f *flaky) draw(n int) int {
	f.drawing.Lock()
	defer f.drawing.Unlock()
	return f.random.IntN(n)
}

func (f *flaky) serve(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
	if claim, ok := req.(*protocol.ClaimWriterRequest); ok {
		return f.serveClaim(c, h, *claim)
	}
	produce, ok := req.(*protocol.ProduceRequest)
	if !ok {
		return f.fakeLog.serve(c, h, req)
	}
	set := produce.Topics[0].Partitions[0].Records
	const whole = 1 << 20
	some := whole
	if f.partial {
		some = f.draw(3)
	}
	if f.draw(4) == 0 {
		f.fakeLog.append(batchOf(f.t, 0, "foreign"), 1)
	}
	switch fault := f.draw(20); fault {
	case 0: // lost on the way
		return false
	case 1: // written, and the answer lost on the way
		f.write(c, set, whole)
		return false
	case 2: // died while it wrote
		f.write(c, set, some)
		return false
	case 3: // fails after a part of it
		f.write(c, set, some)
		c.refuse(h, produce, mayFail[f.draw(len(mayFail))])
	case 4: // says nothing
		if f.draw(2) == 0 {
			f.write(c, set, whole)
		}
	case 5:
		c.refuse(h, produce, protocol.ErrorCodeNotLeaderForPartition.Code())
	case 6:
		if f.idempotent { // written when nobody waits for it any more
			late := slices.Clone(set)
			f.later(func() { f.write(c, late, whole) })
		}
		return false
	default:
		base, refused := f.write(c, set, whole)
		if refused != nil {
			c.refuse(h, produce, *refused)
			return true
		}
		c.acknowledge(h, produce, base)
	}
	return true
}

// later has something happen when nobody waits for it any more.
func (f *flaky) later(do func()) {
	f.late.Go(func() {
		<-time.After(time.Duration(f.draw(2000)) * time.Millisecond)
		do()
	})
}

func (f *flaky) serveClaim(c *fakeConn, h protocol.RequestHeader, req protocol.ClaimWriterRequest) bool {
	switch f.draw(12) {
	case 0: // lost on the way
		return false
	case 1: // the answer is
		f.claim(c, req)
		return false
	case 2:
		f.later(func() { f.claim(c, req) })
		return false
	}
	c.answer(h, &protocol.ClaimWriterResponse{Granted: f.claim(c, req)})
	return true
}

func (f *flaky) claim(c *fakeConn, req protocol.ClaimWriterRequest) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if who, known := f.whose[req.Writer]; known && who != req.Incarnation {
		if !req.TakeOver || f.before[[2]int64{req.Writer, req.Incarnation}] {
			return false
		}
		f.before[[2]int64{req.Writer, who}] = true
	}
	f.owners[req.Writer], f.whose[req.Writer] = c, req.Incarnation
	return true
}

// write appends as a real SPU, or as the embedded broker does.
func (f *flaky) write(c *fakeConn, set []byte, most int) (base int64, refused *protocol.ErrorCode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, rest, err := record.Next(set)
	if err != nil {
		f.t.Error(err)
	}
	s, sequenced := b.Sequence()
	if !f.idempotent || !sequenced {
		return f.store(set, most), nil
	}
	if owner := f.owners[s.Writer]; f.fenced && owner != nil && owner != c {
		return 0, new(protocol.OtherError("weir.sequence claim needed"))
	}
	end := s.Ordinal + b.RecordCount()
	for len(rest) > 0 {
		b, rest, _ = record.Next(rest)
		end += b.RecordCount()
	}
	switch want := f.expect[s.Writer]; {
	case s.Ordinal == want:
		f.expect[s.Writer] = end
		return f.store(set, 1<<20), nil
	case end <= want:
		for _, stored := range f.batches {
			if at, ok := stored.Sequence(); ok && at == s {
				return stored.BaseOffset(), nil
			}
		}
		fallthrough
	default:
		return 0, new(protocol.OtherError(fmt.Sprintf("weir.sequence expected=%d", want)))
	}
}

// own are the values without those of others.
func (f *flaky) own() []string {
	return slices.DeleteFunc(f.values(), func(v string) bool { return v == "foreign" })
}
