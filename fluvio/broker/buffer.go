package broker

import "sync"

// smallestBuffer is the size of the buffers in the first of bufferPools, in bytes. Those of each other are at most four times as large as the ones before.
const smallestBuffer = 64 << 10

// bufferPools keep buffers by size, so that who has reserved little memory is not given much: a request that is small, and slow, would hold it. Larger
// buffers than the last pool's, of 4 MiB, are not kept.
var bufferPools [4]sync.Pool

// bufferPool returns the pool for buffers of n bytes, nil if such are not kept.
func bufferPool(n int) *sync.Pool {
	size := smallestBuffer
	for i := range bufferPools {
		if n <= size {
			return &bufferPools[i]
		}
		size *= 4
	}
	return nil
}

// getBuffer returns a buffer for n bytes, which may yet have to grow.
func getBuffer(n int) *[]byte {
	if pool := bufferPool(n); pool != nil {
		if b, ok := pool.Get().(*[]byte); ok {
			return b
		}
	}
	return new([]byte)
}

func putBuffer(b *[]byte) {
	if pool := bufferPool(cap(*b)); pool != nil {
		pool.Put(b)
	}
}
