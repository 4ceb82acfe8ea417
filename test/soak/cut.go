package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"

	"github.com/weir-stream/weir/fluvio"
)

// errCut is what the side of a cut connection sees.
var errCut = errors.New("cut by the soak")

// cutter makes connections that break after a random number of bytes: an answer that does not arrive leaves its producer in the dark, far
// more often than kills do.
type cutter struct {
	tally *tally

	longest int64 // bytes that a connection carries at most

	mu     sync.Mutex
	random *rand.Rand
}

// The bytes that connections carry: of consumers always some chunks more, so that they get on.
const (
	shortestCut        = 8 << 10
	longestProducerCut = 1 << 20
	longestConsumerCut = 16 << 20
)

func (c *cutter) option() fluvio.Option {
	dialer := new(net.Dialer)
	return fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		f := &fragile{Conn: conn, cutter: c, late: c.random.IntN(2) == 0}
		f.left.Store(shortestCut + c.random.Int64N(c.longest-shortestCut))
		return f, nil
	})
}

// fragile breaks when left is used up: right after a write, which may have been the middle of a request, or at an answer, which is lost.
type fragile struct {
	net.Conn
	cutter *cutter
	left   atomic.Int64
	late   bool // it breaks at an answer only
}

func (f *fragile) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	if f.left.Add(int64(-n)) <= 0 {
		f.cut()
		return 0, errCut
	}
	return n, err
}

func (f *fragile) Write(b []byte) (int, error) {
	n, err := f.Conn.Write(b)
	if f.left.Add(int64(-n)) <= 0 && !f.late {
		f.cut()
	}
	return n, err
}

func (f *fragile) cut() {
	if f.Conn.Close() == nil { // the first time
		f.cutter.tally.cuts.Add(1)
	}
}

func newCutter(random *rand.Rand, t *tally, longest int64) *cutter {
	return &cutter{tally: t, longest: longest, random: rand.New(rand.NewPCG(random.Uint64(), 0))}
}
