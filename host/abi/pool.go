package abi

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// pool is an instance's own allocator for what is copied out of the guest. Memory comes back when the last reference to a
// record is released, from whatever goroutine; it is kept for the instance's next copies and never given to another, so
// that no tenant's bytes can show up in another's.
type pool struct {
	mu    sync.Mutex
	free  [32][][]byte // by power of two
	bytes int          // in free
}

const (
	smallest    = 4096    // of what the pool hands out; large enough to be aligned to 64
	mostPooled  = 4 << 20 // bytes kept idle
	mostInClass = 16
)

var _ memory.Allocator = (*pool)(nil)

// class is the power of two that holds n bytes.
func class(n int) int { return bits.Len(uint(max(n, smallest) - 1)) }

// Allocate returns n bytes; what was in them before is left. It takes what occupied says.
func (p *pool) Allocate(n int) []byte {
	if n > mostPooled { // never kept, so that rounding would only cost memory
		return make([]byte, n)
	}
	k := class(n)
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := len(p.free[k]); have > 0 {
		b := p.free[k][have-1]
		p.free[k] = p.free[k][:have-1]
		p.bytes -= cap(b)
		return b[:n]
	}
	return make([]byte, n, 1<<k)
}

// Reallocate is there for the interface; nothing that is copied out ever grows.
func (p *pool) Reallocate(n int, b []byte) []byte {
	if n <= cap(b) {
		return b[:n]
	}
	grown := p.Allocate(n)
	copy(grown, b)
	p.Free(b)
	return grown
}

// Free takes memory back.
func (p *pool) Free(b []byte) {
	n := cap(b)
	if n < smallest || n&(n-1) != 0 {
		return
	}
	k := class(n)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes+n <= mostPooled && len(p.free[k]) < mostInClass {
		p.free[k] = append(p.free[k], b[:0])
		p.bytes += n
	}
}
