package fluvio

import (
	"context"
	"sync"
	"sync/atomic"
)

// signal wakes all who wait.
type signal struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

// wait returns a channel that the next broadcast closes. Look at what is waited for after calling it.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) broadcast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// budget bounds the bytes that are buffered. While there is room nobody waits and no lock is taken.
type budget struct {
	most    int64
	used    atomic.Int64
	waiting atomic.Int32 // who waits for room
	freed   signal
}

func (b *budget) try(n int64) bool {
	for {
		used := b.used.Load()
		if used+n > b.most {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// take waits for room for n bytes, or until ctx or done ends. It calls full before it waits.
func (b *budget) take(ctx context.Context, n int64, done <-chan struct{}, full func()) error {
	if b.try(n) {
		return nil
	}
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	for {
		freed := b.freed.wait()
		if b.try(n) {
			return nil
		}
		full()
		select {
		case <-freed:
		case <-done:
			return ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// release gives n bytes back.
func (b *budget) release(n int64) {
	b.used.Add(-n)
	b.freed.broadcast()
}
