package schemaregistry

import (
	"context"
	"sync"
	"time"
)

// How often ids may turn out unknown: records say them, and each is a request.
const (
	unknownBurst = 500                   // at once
	unknownEvery = 10 * time.Millisecond // and beyond that
)

// pace makes those wait who ask for ids while many turn out unknown. It is a bucket of unknownBurst that gets one back every
// unknownEvery.
type pace struct {
	mu   sync.Mutex
	full time.Time // when the bucket is full again
}

// wait waits until the bucket has something.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	left := time.Until(p.full.Add(-(unknownBurst - 1) * unknownEvery))
	p.mu.Unlock()
	if left <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unknown takes one out.
func (p *pace) unknown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(unknownEvery)
}
