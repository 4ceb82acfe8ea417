package batch

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	poolMin = 10 // smallest class: 1 KiB
	poolMax = 26 // largest class: 64 MiB; what is larger is left to the garbage collector

	stagger    = 1 << 14 // buffers from this size on begin within a page
	page       = 1 << 12 // the distance at which addresses share a set of the first cache
	displaced  = 17 * 64 // from one buffer's beginning to the next one's, so that 64 of them are in 64 sets
	cacheAlign = 64
)

// Pool is an allocator that keeps freed buffers for the next batch, so that a lane in its stride allocates no column
// memory. It is safe for concurrent use: batches may be released on another goroutine than the one that made them.
//
// Buffers come with what their last user left in them, except for fresh ones; Builder and Take write every byte that they
// hand out.
//
// Large buffers begin at different places of a page: rows are appended to many columns in turn, and columns whose ends are pages
// apart would throw each other out of the cache.
type Pool struct {
	below memory.Allocator
	limit int

	mu   sync.Mutex
	kept int                             // bytes that what is in free takes from below
	free [poolMax - poolMin + 1][][]byte // by power of two, from 1<<poolMin on
	last int                             // where in its page the buffer made last begins
	made map[*byte][]byte                // what below gave for a buffer that begins within a page, by its first byte
}

var _ memory.Allocator = (*Pool)(nil)

// NewPool makes a pool that keeps free buffers of at most limit bytes, all that they take; the memory itself comes from below.
func NewPool(below memory.Allocator, limit int) *Pool {
	return &Pool{below: below, limit: limit, made: map[*byte][]byte{}}
}

// class is the size class of buffers with room for size bytes, -1 if none.
func class(size int) int {
	c := max(bits.Len(uint(max(size, 1)-1)), poolMin) - poolMin
	if c > poolMax-poolMin {
		return -1
	}
	return c
}

// Allocate returns a buffer of size bytes with 64-byte alignment (where below aligns so). Its capacity is its class's.
func (p *Pool) Allocate(size int) []byte {
	c := class(size)
	if c < 0 {
		return p.below.Allocate(size)
	}
	full := 1 << (c + poolMin)
	p.mu.Lock()
	if n := len(p.free[c]); n > 0 {
		b := p.free[c][n-1]
		p.free[c][n-1] = nil
		p.free[c] = p.free[c][:n-1]
		p.kept -= cost(full)
		p.mu.Unlock()
		return b[:size]
	}
	p.mu.Unlock()
	return p.fresh(full)[:size]
}

// cost is how many bytes a buffer of a class takes from below.
func cost(full int) int {
	if full < stagger {
		return full
	}
	return full + page - cacheAlign
}

// fresh is a buffer from below.
func (p *Pool) fresh(full int) []byte {
	whole := p.below.Allocate(cost(full))
	if full < stagger {
		return whole
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = (p.last + displaced) % page
	b := whole[p.last : p.last+full : p.last+full]
	p.made[&b[0]] = whole
	return b
}

// discard gives a buffer back to below. The pool is locked.
func (p *Pool) discard(b []byte) {
	if whole, ok := p.made[&b[0]]; ok {
		delete(p.made, &b[0])
		b = whole
	}
	p.below.Free(b)
}

// Reallocate returns a buffer of size bytes that begins with what b holds; b is given up.
func (p *Pool) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	grown := p.Allocate(size)
	copy(grown, b)
	p.Free(b)
	return grown
}

// Free takes b back. Past the limit it goes back to below.
func (p *Pool) Free(b []byte) {
	full := cap(b)
	b = b[:full]
	c := class(full)
	if full == 0 {
		return
	}
	p.mu.Lock()
	if c >= 0 && full == 1<<(c+poolMin) && p.kept+cost(full) <= p.limit {
		p.free[c] = append(p.free[c], b)
		p.kept += cost(full)
		p.mu.Unlock()
		return
	}
	p.discard(b)
	p.mu.Unlock()
}

// Close gives every kept buffer back to below. Buffers still in use may be freed later; the pool stays usable.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.free {
		for _, b := range p.free[c] {
			p.discard(b)
		}
		p.free[c] = nil
	}
	p.kept = 0
}
