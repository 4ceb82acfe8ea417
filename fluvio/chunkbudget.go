package fluvio

import (
	"container/list"
	"context"
	"sync"
)

// chunkBudget bounds the bytes that all partitions of a TopicConsumer hold together: chunks that were asked for, that arrive, that are
// queued and that are being read.
//
// A chunk is paid for before it is asked for, because an SPU that was asked may send at any moment. A stream at the end of its partition
// has asked and waits, perhaps for hours, so what such streams hold is kept small: each has a share, and the shares are less than half
// of the budget, or up to seven eighths where partitions are that many. All the rest is in chunks that came, and is free again when they
// have been read. Therefore whoever waits here is served some time, in the order of asking, while the consumer is being read:
//
//   - a claim of up to three eighths of the budget fits when what came before it has been read (less, with that many partitions);
//   - a larger one, for a batch that is that large, is granted when nothing is held but by streams that wait. It comes on top.
type chunkBudget struct {
	most int

	mu      sync.Mutex
	used    int
	idle    int       // of used: held by streams that may wait for long
	extra   int       // of idle: beyond the shares
	waiting list.List // of *claim
	highest int       // that used has been
}

// claim is someone waiting for bytes.
type claim struct {
	bytes   int
	idle    bool
	granted chan struct{}
}

// fits is called with the mutex held.
func (b *chunkBudget) fits(bytes int) bool { return b.used+bytes <= b.most || b.used <= b.idle }

// grant is called with the mutex held.
func (b *chunkBudget) grant(bytes int, idle bool) {
	b.used += bytes
	b.highest = max(b.highest, b.used)
	if idle {
		b.idle += bytes
	}
}

// take waits for that many bytes.
func (b *chunkBudget) take(ctx context.Context, bytes int, idle bool) error {
	b.mu.Lock()
	if b.waiting.Len() == 0 && b.fits(bytes) {
		b.grant(bytes, idle)
		b.mu.Unlock()
		return nil
	}
	c := &claim{bytes, idle, make(chan struct{})}
	place := b.waiting.PushBack(c)
	b.mu.Unlock()
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.granted: // at the same moment
		return nil
	default:
		b.waiting.Remove(place)
		b.serve() // it may have stood in the way of others
		return context.Cause(ctx)
	}
}

// try takes bytes if that needs no waiting.
func (b *chunkBudget) try(bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting.Len() > 0 || b.used+bytes > b.most {
		return false
	}
	b.grant(bytes, false)
	return true
}

// force takes bytes that are there already, and would be in any case.
func (b *chunkBudget) force(bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grant(bytes, false)
}

// raise makes the budget at least that large.
func (b *chunkBudget) raise(most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.most = max(b.most, most)
	b.serve()
}

// reserve takes bytes for as long as the budget is used.
func (b *chunkBudget) reserve(bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grant(bytes, true)
}

// linger tells whether a stream may go on holding that much beyond its share while it waits. If so it is to be given back by settle.
func (b *chunkBudget) linger(extra int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.extra+extra > b.most/8 {
		return false
	}
	b.extra += extra
	return true
}

// settle gives back bytes, of which so many were held by streams that may wait, and of those so many were beyond their shares.
func (b *chunkBudget) settle(bytes, idle, extra int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= bytes
	b.idle -= idle
	b.extra -= extra
	b.serve()
}

// give gives back what a chunk held.
func (b *chunkBudget) give(bytes int) { b.settle(bytes, 0, 0) }

// serve grants claims, in order. The mutex is held.
func (b *chunkBudget) serve() {
	for first := b.waiting.Front(); first != nil; first = b.waiting.Front() {
		c := first.Value.(*claim)
		if !b.fits(c.bytes) {
			return
		}
		b.grant(c.bytes, c.idle)
		b.waiting.Remove(first)
		close(c.granted)
	}
}
