package broker

import (
	"errors"
	"sync/atomic"
	"time"
)

// leashes is how often a peer that holds up others may pause while a frame moves, in parts of Config.StallTimeout.
const leashes = 16

// errHeldUpOthers ends a connection for the sake of others.
var errHeldUpOthers = because("held_up_others", errors.New("the peer moved its frame too slowly while others waited for the memory"))

// transfer is the frame that a connection moves in one direction. Times are those of Broker.age, 0 while there is none.
type transfer struct{ began, moved atomic.Int64 }

func (t *transfer) begin(now time.Duration) {
	t.moved.Store(int64(now))
	t.began.Store(int64(now))
}

func (t *transfer) progress(now time.Duration) { t.moved.Store(int64(now)) }

func (t *transfer) end() { t.began.Store(0) }

// tardy tells whether a frame has not moved for a leash, or has taken longer than whole altogether.
func (t *transfer) tardy(now, leash, whole time.Duration) bool {
	began, moved := time.Duration(t.began.Load()), time.Duration(t.moved.Load())
	return began != 0 && (now-moved > leash || now-began > whole)
}

// age is the time since the broker was opened, never 0.
func (b *Broker) age() time.Duration { return time.Since(b.opened) + 1 }

func (b *Broker) leash() time.Duration { return max(b.cfg.StallTimeout/leashes, time.Millisecond) }

// reserve takes n bytes of a budget, at most all of it, and returns what gives them back. While it has to wait, connections that hold memory and do not
// move are closed: alone, a slow peer has all the time that Config.StallTimeout gives it; when others wait for what it holds, a sixteenth.
func (c *conn) reserve(from *budget, n int) (release func(), err error) {
	n = min(n, from.all)
	if err := from.acquire(c.ctx, n, c.b.leash(), c.b.relieve); err != nil {
		return nil, err
	}
	return func() { from.release(n) }, nil
}

// relieve closes the connections whose peers hold up others.
func (b *Broker) relieve() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, leash, whole := b.age(), b.leash(), b.cfg.StallTimeout
	if now-b.relieved < leash/2 {
		return // another one that waits has just looked
	}
	b.relieved = now
	for c := range b.conns {
		if c.receiving.tardy(now, leash, whole) || c.sending.tardy(now, leash, whole) {
			c.fail(errHeldUpOthers)
		}
	}
}
