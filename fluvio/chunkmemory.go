package fluvio

import (
	"runtime"
	"sync"
	"time"
)

const (
	// blockSize holds a chunk of the default size, and what is around it.
	blockSize = defaultMaxBytes + 512
	// mostTracked is how many blocks of all consumers come back. Such a block is in memory for a collection longer than others.
	mostTracked = 16
	// blocksKept is how long blocks that came back wait for chunks.
	blocksKept = time.Second
)

// block is memory for a chunk whose records are valid for as long as anyone holds them. Only the garbage collector knows how long that
// is, and so it is asked: a block that nobody holds any more comes back by its finalizer, and another chunk is read into it.
//
// What it gains is what the collector does not have to do. It runs whenever the heap has doubled, and the heap of a program that does
// little else than consume is so small that it would run for every third chunk, and hold up both the goroutine that receives and the one
// that reads. Memory that comes back does not let the heap grow, needs not be cleared, and has its pages already.
type block [blockSize]byte

// blockPool holds the blocks that came back. A sync.Pool would not do: each collection empties it, and so brings about the next one.
type blockPool struct {
	mu      sync.Mutex
	free    []*block
	tracked int         // free ones, and those that are to come back
	idle    *time.Timer // lets go of the free ones
}

var blocks blockPool

// get returns a block of any content.
func (p *blockPool) get() *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b *block
	if last := len(p.free) - 1; last >= 0 {
		b, p.free[last] = p.free[last], nil
		p.free = p.free[:last]
	} else {
		b = new(block)
		if p.tracked == mostTracked {
			return b
		}
		p.tracked++
	}
	runtime.SetFinalizer(b, p.put) // a cleanup would come when the memory is gone
	return b
}

func (p *blockPool) put(b *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, b)
	if p.idle == nil {
		p.idle = time.AfterFunc(blocksKept, p.drop)
	} else {
		p.idle.Reset(blocksKept)
	}
}

// drop lets go of the free blocks.
func (p *blockPool) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tracked -= len(p.free)
	clear(p.free)
	p.free = p.free[:0]
}

// spares is memory of chunks that have been read, for those that come. A nil one has none and takes none.
type spares struct {
	size int // of each, in bytes

	mu   sync.Mutex
	free [][]byte
}

// newSpares keeps memory of chunks of up to so many bytes of batches.
func newSpares(maxBytes int) *spares { return &spares{size: asked(maxBytes) - chunkCost} }

// mostSpares is how many chunks are kept: more are seldom on their way at a time.
const mostSpares = 4

func (s *spares) get(size int) []byte {
	if s == nil || size > s.size {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return nil
	}
	memory := s.free[last]
	s.free = s.free[:last]
	return memory[:size]
}

// capacity is what to make for a chunk of a size.
func (s *spares) capacity(size int) int {
	if s == nil {
		return size
	}
	return max(size, s.size)
}

func (s *spares) put(memory []byte) {
	if s == nil || cap(memory) != s.size {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < mostSpares {
		s.free = append(s.free, memory)
	}
}
