package pipeline

import (
	"context"
	"slices"
	"sync"
)

// budget bounds the bytes that a pipeline's lanes hold between reading and writing. Lanes acquire before they put a batch
// on a queue and release when it is written; a lane that finds no room waits, and with it its source. Who came first is
// served first: many small batches never keep a large one waiting for good.
type budget struct {
	limit int64

	mu      sync.Mutex
	used    int64
	waiting []*claim
}

// claim is a wait for n bytes. granted is closed when they have been taken.
type claim struct {
	n       int64
	granted chan struct{}
}

func newBudget(limit int64) *budget { return &budget{limit: limit} }

// acquire takes n bytes, waiting while others hold so much that n would pass the limit. One batch larger than the limit
// goes through alone, since it could never fit.
func (b *budget) acquire(ctx context.Context, n int64) error {
	c := &claim{n, make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, c)
	b.grant()
	b.mu.Unlock()
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
		b.withdraw(c)
		return context.Cause(ctx)
	}
}

// withdraw takes a claim back, granted meanwhile or not. The next in line may fit where it did not.
func (b *budget) withdraw(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, c); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	} else {
		b.used -= c.n
	}
	b.grant()
}

func (b *budget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.grant()
}

// grant serves the first in line as long as they fit. Its caller holds mu.
func (b *budget) grant() {
	for len(b.waiting) > 0 {
		c := b.waiting[0]
		if b.used > 0 && b.used+c.n > b.limit {
			return
		}
		b.used += c.n
		close(c.granted)
		b.waiting = slices.Delete(b.waiting, 0, 1)
	}
}
