package operator

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/pool"
)

// Lanes opens the chains of a pipeline's lanes. Instances of a stage are shared by all of them: a call takes one for as long
// as it runs, so that a hundred lanes need no more instances than calls run at a time. It is safe for concurrent use.
type Lanes struct {
	stages []Stage
	mem    memory.Allocator

	mu    sync.Mutex
	open  int         // chains
	pools []instances // one a stage, while there are any
}

// instances are what the chains share of a stage.
type instances struct {
	pool   *pool.Pool[Guest]
	memory int64 // bytes that an instance has when it has been opened, each the same
}

// MostInstances is how many instances of a stage are of use on this machine, the pool's default.
func MostInstances() int { return pool.DefaultPerProcessor * runtime.GOMAXPROCS(0) }

// oneTenant is whom instances belong to: a pool's are all the same pipeline's.
const oneTenant = ""

// NewLanes takes the stages of a pipeline. It opens nothing.
func NewLanes(stages []Stage, mem memory.Allocator) *Lanes { return &Lanes{stages: stages, mem: mem} }

// Open makes a chain for one lane. With the first one it opens an instance of each stage, so that a module that can't be opened
// is found before there are rows; the others are opened as calls need them. All are closed with the last chain.
func (l *Lanes) Open(ctx context.Context) (*Chain, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == 0 {
		if err := l.begin(ctx); err != nil {
			return nil, err
		}
	}
	l.open++
	c := &Chain{mem: l.mem, lanes: l}
	for i, s := range l.stages {
		c.stages = append(c.stages, &stage{Stage: s, instances: l.pools[i], breaker: newBreaker(s.Breaker)})
	}
	return c, nil
}

// begin makes the pools, with an instance in each.
func (l *Lanes) begin(ctx context.Context) error {
	for _, s := range l.stages {
		config := pool.Config[Guest]{
			Open: func(ctx context.Context, _ string) (Guest, error) { return s.Open(ctx) },
			Most: s.Instances,
		}
		if s.Growth != nil {
			config.Growth = s.Growth()
		}
		p := pool.New(config)
		at := len(l.pools)
		l.pools = append(l.pools, instances{pool: p})
		lease, err := p.Get(ctx, oneTenant)
		if err == nil {
			_, l.pools[at].memory = lease.Instance.Used()
			err = lease.Release(ctx, false)
		}
		if err != nil {
			_ = l.end(ctx) // the first error is the one to tell
			return fmt.Errorf("function %s: %w", s.Function, err)
		}
	}
	return nil
}

// end closes the instances, none of which is in use.
func (l *Lanes) end(ctx context.Context) (err error) {
	for _, p := range l.pools {
		err = errors.Join(err, p.pool.Close(ctx))
	}
	l.pools = nil
	return err
}

// Close ends the chain's use.
func (c *Chain) Close(ctx context.Context) error {
	l := c.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open--; l.open > 0 {
		return nil
	}
	return l.end(ctx)
}

// Open opens a chain that shares its instances with no other.
func Open(ctx context.Context, stages []Stage, mem memory.Allocator) (*Chain, error) {
	return NewLanes(stages, mem).Open(ctx)
}
