// Package pool keeps opened instances of one module, so that whoever needs one for a while does not open it first.
//
// A pool is bounded: at most Config.Most instances live at a time, in use and idle together; who wants one more waits for
// its turn, unless an idle one of another tenant can make room. An instance belongs to the tenant that it was opened for
// until it is closed, since what it was opened with is in its memory; closing gives its memory back to the system. Within a
// tenant it goes from hand to hand as it is, and is put back to what opening made of it
//
//   - when it comes back from a use that failed,
//   - when it has been called Config.Calls times since, or its memory has grown by more than Config.Growth.
//
// One that can't be put back is closed.
package pool

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// The defaults of Config. An instance in use keeps a processor busy, but for the moments in which it is made to wait, so a
// few for each processor serve any number of users.
const (
	DefaultPerProcessor = 4
	DefaultCalls        = 100_000
	DefaultGrowth       = 32 << 20
)

// ErrClosed is returned by Get once the pool has been closed.
var ErrClosed = errors.New("the pool of instances is closed")

// Instance is what is pooled.
type Instance interface {
	// Restore puts the instance back to where it was when it had been opened. After an error it is closed.
	Restore(ctx context.Context) error
	// Used is how often it has been called since it was opened or restored, and the bytes that its memory has now.
	Used() (calls uint64, memory int64)
	Close(ctx context.Context) error
}

// Config is what a pool is made of.
type Config[T Instance] struct {
	Open func(ctx context.Context, tenant string) (T, error)
	// Most bounds the living instances; default DefaultPerProcessor times GOMAXPROCS. They are opened as they are needed.
	Most int
	// Calls is after how many calls an instance is restored; default 100,000. It bounds what a guest that leaks can leak.
	Calls uint64
	// Growth is by how many bytes an instance's memory may have grown since it was opened before it is restored; default
	// 32 MiB. It bounds what idle instances hold.
	Growth int64
}

// Pool is a pool of instances. It is safe for concurrent use.
type Pool[T Instance] struct {
	config Config[T]

	mu      sync.Mutex
	closed  bool
	alive   int              // places taken: instances in use, idle, and being opened or closed
	idle    []*entry[T]      // the one that came back last is at the end
	waiters []chan *entry[T] // each gets one place, as take gives it, or is closed with the pool
	stats   Stats
}

// entry is an instance in its place.
type entry[T Instance] struct {
	instance T
	tenant   string
	memory   int64 // bytes, when it had been opened
}

// Stats count what a pool has done, and what it holds.
type Stats struct {
	Opened, Restored, Closed, Waited uint64
	Alive, Idle                      int
}

// New makes a pool. Close it.
func New[T Instance](c Config[T]) *Pool[T] {
	if c.Most <= 0 {
		c.Most = DefaultPerProcessor * runtime.GOMAXPROCS(0)
	}
	if c.Calls == 0 {
		c.Calls = DefaultCalls
	}
	if c.Growth <= 0 {
		c.Growth = DefaultGrowth
	}
	return &Pool[T]{config: c}
}

// Get takes an instance for a tenant: an idle one of its own, a new one, or, when Most are in use, one that comes back; who
// has waited longest is served first. The error is ErrClosed, that of ctx, or that of opening or closing an instance.
//
// Who holds a lease and waits for another one, of this pool or of a second one, may wait for ever.
func (p *Pool[T]) Get(ctx context.Context, tenant string) (*Lease[T], error) {
	e, err := p.take(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if e != nil && e.tenant != tenant {
		if err := p.retire(ctx, e); err != nil {
			p.free()
			return nil, err
		}
		e = nil
	}
	if e == nil {
		if e, err = p.open(ctx, tenant); err != nil {
			p.free()
			return nil, err
		}
	}
	return &Lease[T]{Instance: e.instance, pool: p, entry: e}, nil
}

// take takes a place: with an instance of the tenant, with one of another tenant that has to make room, or, where it is nil,
// with none.
func (p *Pool[T]) take(ctx context.Context, tenant string) (*entry[T], error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	for at, e := range slices.Backward(p.idle) {
		if e.tenant == tenant {
			p.idle = slices.Delete(p.idle, at, at+1)
			p.mu.Unlock()
			return e, nil
		}
	}
	switch {
	case p.alive < p.config.Most:
		p.alive++
		p.mu.Unlock()
		return nil, nil
	case len(p.idle) > 0:
		e := p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
		p.mu.Unlock()
		return e, nil
	}
	turn := make(chan *entry[T], 1)
	p.waiters = append(p.waiters, turn)
	p.stats.Waited++
	p.mu.Unlock()
	return p.wait(ctx, turn)
}

// wait returns when it is the waiter's turn, or ctx has ended before.
func (p *Pool[T]) wait(ctx context.Context, turn chan *entry[T]) (*entry[T], error) {
	select {
	case e, open := <-turn:
		return e, unlessClosed(open)
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.waiters, turn); at >= 0 {
		p.waiters = slices.Delete(p.waiters, at, at+1)
		return nil, ctx.Err()
	}
	e, open := <-turn // it was given a place at the same moment
	return e, unlessClosed(open)
}

func unlessClosed(open bool) error {
	if !open {
		return ErrClosed
	}
	return nil
}

// give passes a place on: to the first waiter, to the idle ones, or, where it is empty, to nobody. The lock is held.
func (p *Pool[T]) give(e *entry[T]) {
	switch {
	case len(p.waiters) > 0:
		turn := p.waiters[0]
		p.waiters = slices.Delete(p.waiters, 0, 1)
		turn <- e
	case e != nil:
		p.idle = append(p.idle, e)
	default:
		p.alive--
	}
}

// free gives an empty place back.
func (p *Pool[T]) free() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(nil)
}

// open opens an instance in a place that is taken.
func (p *Pool[T]) open(ctx context.Context, tenant string) (*entry[T], error) {
	instance, err := p.config.Open(ctx, tenant)
	if err != nil {
		return nil, err
	}
	p.count(&p.stats.Opened)
	_, memory := instance.Used()
	return &entry[T]{instance, tenant, memory}, nil
}

// retire closes an instance; its place stays taken.
func (p *Pool[T]) retire(ctx context.Context, e *entry[T]) error {
	p.count(&p.stats.Closed)
	return e.instance.Close(ctx)
}

func (p *Pool[T]) count(n *uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}

// restore restores an instance and says whether that went well.
func (p *Pool[T]) restore(ctx context.Context, e *entry[T]) bool {
	if e.instance.Restore(ctx) != nil {
		return false
	}
	p.count(&p.stats.Restored)
	return true
}

// Stats counts so far.
func (p *Pool[T]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Alive, s.Idle = p.alive, len(p.idle)
	return s
}

// Close closes the idle instances, and those in use as they are released. Who waits gets ErrClosed.
func (p *Pool[T]) Close(ctx context.Context) (err error) {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	for _, turn := range p.waiters {
		close(turn)
	}
	p.waiters = nil
	p.mu.Unlock()
	for _, e := range idle {
		err = errors.Join(err, p.retire(ctx, e))
		p.free()
	}
	return err
}
