package broker

import (
	"context"
	"sync"
	"time"
)

// budget hands out bytes of memory. Who asks first is served first, so a large request is not overtaken forever.
type budget struct {
	all int

	mu      sync.Mutex
	free    int
	waiters []*claim
}

type claim struct {
	bytes   int
	granted chan struct{}
}

func newBudget(bytes int) *budget { return &budget{all: bytes, free: bytes} }

// usage returns how many bytes are taken and how many wait for some.
func (b *budget) usage() (taken, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all - b.free, len(b.waiters)
}

// acquire waits until n bytes are free and takes them, or returns the context's error. It must be paired with release(n). While it waits,
// it calls nudge each interval.
func (b *budget) acquire(ctx context.Context, n int, interval time.Duration, nudge func()) error {
	b.mu.Lock()
	if len(b.waiters) == 0 && n <= b.free {
		b.free -= n
		b.mu.Unlock()
		return nil
	}
	c := &claim{bytes: n, granted: make(chan struct{})}
	b.waiters = append(b.waiters, c)
	b.mu.Unlock()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-c.granted:
			return nil
		case <-tick.C:
			nudge()
		case <-ctx.Done():
			b.withdraw(c)
			return ctx.Err()
		}
	}
}

func (b *budget) withdraw(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.granted: // it came at the same moment
		b.free += c.bytes
	default:
		for i, w := range b.waiters {
			if w == c {
				b.waiters = append(b.waiters[:i], b.waiters[i+1:]...)
				break
			}
		}
	}
	b.grant()
}

func (b *budget) release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += n
	b.grant()
}

// grant serves waiters, in order, as far as the free bytes go. The caller holds mu.
func (b *budget) grant() {
	for len(b.waiters) > 0 && b.waiters[0].bytes <= b.free {
		b.free -= b.waiters[0].bytes
		close(b.waiters[0].granted)
		b.waiters = b.waiters[1:]
	}
}
