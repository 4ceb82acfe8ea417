package fluvio

import (
	"context"
	"sync"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
)

// slot holds at most one connection, which is made when it is needed and made anew when it is dead.
type slot struct {
	busy    chan struct{} // holds a token while someone looks at or makes the connection
	conn    *mux.Conn
	address string

	failure error // of the last try to make it
	failed  time.Time
}

func newSlot() *slot { return &slot{busy: make(chan struct{}, 1)} }

// get returns the connection, to that address. Who waited while another one tried in vain shares the failure: many that tried one
// after the other would wait for long.
func (s *slot) get(ctx context.Context, address string, dial func(context.Context) (*mux.Conn, error)) (*mux.Conn, error) {
	asked := time.Now()
	select {
	case s.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.busy }()
	if s.conn != nil && s.conn.Err() == nil && s.address == address {
		return s.conn, nil
	}
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
	if s.failure != nil && s.failed.After(asked) {
		return nil, s.failure
	}
	conn, err := dial(ctx)
	if s.failure = nil; err != nil {
		if ctx.Err() == nil { // else it is this caller's own
			s.failure, s.failed = err, time.Now()
		}
		return nil, err
	}
	s.conn, s.address = conn, address
	return conn, nil
}

// close is for when nobody gets any more.
func (s *slot) close() {
	s.busy <- struct{}{}
	defer func() { <-s.busy }()
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// offsetsSlot is the connection to an SPU for everything that is not produce; producers have those from 0 on.
const offsetsSlot = -1

// pool is the connections to SPUs that are shared. Consumers don't: their streams end with their connections only.
type pool struct {
	client *Client

	mu    sync.Mutex
	slots map[slotKey]*slot
}

type slotKey struct {
	spu   int32
	index int
}

func newPool(c *Client) *pool { return &pool{client: c, slots: make(map[slotKey]*slot)} }

// get returns a connection to an SPU: for one index always the same one, as long as it lives.
func (p *pool) get(ctx context.Context, s spu, index int) (*mux.Conn, error) {
	return p.slot(slotKey{s.id, index}).get(ctx, s.address, func(ctx context.Context) (*mux.Conn, error) {
		return p.client.dialSPU(ctx, s)
	})
}

func (p *pool) slot(key slotKey) *slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.slots[key]
	if !ok {
		s = newSlot()
		p.slots[key] = s
	}
	return s
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.slots {
		s.close()
	}
}
