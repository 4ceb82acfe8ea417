package broker

import (
	"context"
	"math"
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

// lanes is memory shared out by the size of what takes it, so that small things never wait behind large ones: one who announces many large frames and
// sends them slowly holds up large frames at most.
type lanes []lane

type lane struct {
	largest int // bytes of what belongs here
	*budget
}

// newLanes shares out bytes: an eighth to things of at most 1/2048 of it, an eighth to those of at most 1/64, the rest to larger ones.
func newLanes(bytes int) lanes {
	part := bytes / 8
	return lanes{{bytes / 2048, newBudget(part)}, {bytes / 64, newBudget(part)}, {math.MaxInt, newBudget(bytes - 2*part)}}
}

// of returns the budget for n bytes.
func (l lanes) of(n int) *budget {
	i := 0
	for n > l[i].largest {
		i++
	}
	return l[i].budget
}

// usage returns how many bytes are taken and how many wait for some.
func (l lanes) usage() (taken, waiting int) {
	for _, lane := range l {
		t, w := lane.budget.usage()
		taken, waiting = taken+t, waiting+w
	}
	return taken, waiting
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
