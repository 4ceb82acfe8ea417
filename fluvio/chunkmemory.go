package fluvio

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// blockSize holds a chunk of the default size, and what is around it.
	blockSize = defaultMaxBytes + 512
	// mostTracked is how many blocks of all consumers come back. Such a block is in memory for a collection longer than others.
	mostTracked = 8
)

// block is memory for a chunk whose records are valid for as long as anyone holds them. Only the garbage collector knows how long that
// is, and so it is asked: a block that nobody holds any more comes back by its finalizer, and another chunk is read into it.
//
// What it gains is what the collector does not have to do. It runs whenever the heap has doubled, and the heap of a program that does
// little else than consume is so small that it would run for every third chunk, and hold up both the goroutine that receives and the one
// that reads. Memory that comes back does not let the heap grow, needs not be cleared, and has its pages already.
type block [blockSize]byte

var (
	blocks  sync.Pool // of *block that nobody holds; what is not used for a while goes the way of all garbage
	tracked atomic.Int32
)

// newBlock returns a block of any content.
func newBlock() *block {
	b, ok := blocks.Get().(*block)
	if !ok {
		b = new(block)
	}
	if tracked.Add(1) > mostTracked {
		tracked.Add(-1)
		return b
	}
	runtime.SetFinalizer(b, func(b *block) { // a cleanup would come when the memory is gone
		tracked.Add(-1)
		blocks.Put(b)
	})
	return b
}
