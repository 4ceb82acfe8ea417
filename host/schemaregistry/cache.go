package schemaregistry

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// What a client remembers.
const (
	mostSchemas = 1024
	mostBytes   = 32 << 20 // of these, together
	mostMissing = 4096
)

// key names a schema that never changes: by its id, or by subject and version.
type key struct {
	id      int
	subject string
	version int
}

// cache holds what was asked before. Whoever asks first for a key goes and looks, others who want the same meanwhile wait
// for what comes of it.
type cache struct {
	mu      sync.Mutex
	known   lru[Schema]
	missing lru[absence] // ids only: a version that is missing today may be registered in a moment, by ourselves
	flights map[key]*flight
}

type absence struct {
	until time.Time
	err   error
}

// flight is one look; result and err are there once done is closed.
type flight struct {
	done      chan struct{}
	schema    Schema
	err       error
	abandoned bool // whoever looked gave up, which says nothing about the schema
}

func newCache() cache {
	return cache{
		known:   newLRU[Schema](mostSchemas, mostBytes),
		missing: newLRU[absence](mostMissing, mostMissing),
		flights: map[key]*flight{},
	}
}

// get is what is known of k, or what fetch gives, which is called by one caller at a time.
func (c *cache) get(ctx context.Context, k key, fetch func(context.Context) (Schema, error)) (Schema, error) {
	for {
		c.mu.Lock()
		if s, ok := c.known.get(k); ok {
			c.mu.Unlock()
			return s, nil
		}
		if a, ok := c.missing.get(k); ok && time.Now().Before(a.until) {
			c.mu.Unlock()
			return Schema{}, a.err
		}
		f := c.flights[k]
		if f == nil {
			f = &flight{done: make(chan struct{})}
			c.flights[k] = f
			c.mu.Unlock()
			f.schema, f.err = fetch(ctx)
			f.abandoned = f.err != nil && ctx.Err() != nil
			c.land(k, f)
			return f.schema, f.err
		}
		c.mu.Unlock()
		select {
		case <-f.done:
			if !f.abandoned {
				return f.schema, f.err
			}
		case <-ctx.Done():
			return Schema{}, ctx.Err()
		}
	}
}

// land keeps what a flight found and tells those who wait for it.
func (c *cache) land(k key, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, k)
	switch {
	case f.err == nil:
		c.known.put(k, f.schema, f.schema.size())
	case errors.Is(f.err, ErrNotFound) && k.subject == "":
		c.missing.put(k, absence{time.Now().Add(forget), f.err}, 1)
	}
	close(f.done)
}

// lru keeps the values used last: most of them at most, their sizes together at most space.
type lru[V any] struct {
	most, space int
	used        int // of space
	entries     map[key]*list.Element
	order       *list.List // of *entry, the one used last in front
}

type entry[V any] struct {
	key   key
	value V
	size  int
}

func newLRU[V any](most, space int) lru[V] {
	return lru[V]{most: most, space: space, entries: map[key]*list.Element{}, order: list.New()}
}

func (l *lru[V]) get(k key) (value V, ok bool) {
	e, ok := l.entries[k]
	if !ok {
		return value, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*entry[V]).value, true
}

// put keeps a value, unless it alone is larger than the space there is.
func (l *lru[V]) put(k key, v V, size int) {
	if e, ok := l.entries[k]; ok {
		l.drop(e)
	}
	if size > l.space {
		return
	}
	l.entries[k] = l.order.PushFront(&entry[V]{k, v, size})
	l.used += size
	for l.used > l.space || len(l.entries) > l.most {
		l.drop(l.order.Back())
	}
}

func (l *lru[V]) drop(e *list.Element) {
	gone := l.order.Remove(e).(*entry[V])
	delete(l.entries, gone.key)
	l.used -= gone.size
}
