package broker

import (
	"sync/atomic"
	"time"
)

const (
	// firstChunk is how large the chunks of a connection may be before its peer has shown how fast it is, in bytes.
	firstChunk = 1 << 20
	// quickChunk is how long a chunk may take to be sent for the next one to be larger.
	quickChunk = time.Second
)

// pace is how large a connection's chunks may be. A peer that takes them quickly gets twice as much the next time, up to what it asks for; one that
// is slow gets half: what it holds is memory that others wait for. A batch is sent whole in any case.
type pace struct{ bytes atomic.Int64 } // 0: firstChunk

func (p *pace) limit() int {
	if n := p.bytes.Load(); n > 0 {
		return int(n)
	}
	return firstChunk
}

// took notes how long a chunk took. One call at a time.
func (p *pace) took(d time.Duration, bytes int) {
	limit := p.limit()
	switch {
	case d > quickChunk:
		p.bytes.Store(int64(max(limit/2, firstChunk/4)))
	case bytes >= limit/2:
		p.bytes.Store(int64(min(limit*2, 1<<30)))
	}
}
