package pool

import "context"

// Lease is an instance in use. Instance is the caller's alone until Release. A lease is for one goroutine.
type Lease[T Instance] struct {
	Instance T

	pool  *Pool[T]
	entry *entry[T]
	over  bool
}

// Renew makes the instance as it was when it had been opened: it is restored, or, where that can't be, closed, and another
// one is opened. On an error, which is that of closing or opening, the lease is over.
func (l *Lease[T]) Renew(ctx context.Context) error {
	p := l.pool
	if p.restore(ctx, l.entry) {
		return nil
	}
	tenant := l.entry.tenant
	err := p.retire(ctx, l.entry)
	if err == nil {
		l.entry, err = p.open(ctx, tenant)
	}
	if err != nil {
		l.over = true
		p.free()
		return err
	}
	l.Instance = l.entry.instance
	return nil
}

// Release gives the instance back; failed says that its last call did not end well. The error is about closing an instance
// that is of no more use; the lease is over all the same. A second Release does nothing.
func (l *Lease[T]) Release(ctx context.Context, failed bool) error {
	if l.over {
		return nil
	}
	l.over = true
	p := l.pool
	if p.fit(ctx, l.entry, failed) && p.keep(l.entry) {
		return nil
	}
	err := p.retire(ctx, l.entry)
	p.free()
	return err
}

// fit restores the instance where that is due, and says whether it may be used again.
func (p *Pool[T]) fit(ctx context.Context, e *entry[T], failed bool) bool {
	calls, memory := e.instance.Used()
	if !failed && calls < p.config.Calls && memory-e.memory <= p.config.Growth {
		return true
	}
	return p.restore(ctx, e)
}

// keep passes an instance on, unless the pool is closed.
func (p *Pool[T]) keep(e *entry[T]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.give(e)
	return true
}
