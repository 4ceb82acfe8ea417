package fluvio

import (
	"context"
	"sync"
)

// chunkCost is what a queued chunk takes beside its bytes: many small ones are not free.
const chunkCost = 512

// chunkQueue holds what was received and not yet read. One goroutine puts, another one takes.
type chunkQueue struct {
	most    int
	budget  *chunkBudget // that chunks are paid from; nil if there is none
	spares  *spares      // for the memory of chunks that have been read; may be nil
	ready   func()       // called when there is something to take; may be nil
	changed signal

	mu     sync.Mutex
	chunks []chunk
	held   int    // bytes in chunks and in the one taken last
	taken  int    // bytes of the one taken last
	memory []byte // of the one taken last
	err    error  // no more chunks come
}

// room waits until there is room for that many bytes, or nothing is held at all.
func (q *chunkQueue) room(ctx context.Context, bytes int) error {
	for {
		changed := q.changed.wait()
		q.mu.Lock()
		free := q.held == 0 || q.held+bytes <= q.most
		q.mu.Unlock()
		if free {
			return ended(ctx)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// put queues a chunk, unless no more are wanted.
func (q *chunkQueue) put(c chunk) {
	q.mu.Lock()
	if q.err != nil {
		q.mu.Unlock()
		q.give(c.cost)
		return
	}
	q.chunks = append(q.chunks, c)
	q.held += c.cost
	q.mu.Unlock()
	q.tell()
}

// fail says that no more chunks come; the first reason stays.
func (q *chunkQueue) fail(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.mu.Unlock()
	q.tell()
}

// abandon drops what is queued; no more chunks come.
func (q *chunkQueue) abandon(err error) {
	q.mu.Lock()
	bytes := q.held - q.taken
	q.chunks, q.held, q.err = nil, q.taken, err
	q.mu.Unlock()
	q.give(bytes)
	q.tell()
}

// done says that the chunk taken last has been read.
func (q *chunkQueue) done() {
	q.mu.Lock()
	bytes, memory := q.taken, q.memory
	q.held, q.taken, q.memory = q.held-bytes, 0, nil
	q.mu.Unlock()
	q.spares.put(memory)
	if bytes > 0 {
		q.give(bytes)
		q.changed.broadcast()
	}
}

func (q *chunkQueue) tell() {
	q.changed.broadcast()
	if q.ready != nil {
		q.ready()
	}
}

func (q *chunkQueue) give(bytes int) {
	if q.budget != nil {
		q.budget.give(bytes)
	}
}

// take waits for a chunk, which stays held until done. After the last one it returns why no more come.
func (q *chunkQueue) take(ctx context.Context) (chunk, error) {
	for {
		c, ok, err := q.tryTake()
		if ok || err != nil {
			return c, err
		}
		changed := q.changed.wait()
		if c, ok, err = q.tryTake(); ok || err != nil {
			return c, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return chunk{}, context.Cause(ctx)
		}
	}
}

// tryTake takes a chunk if there is one.
func (q *chunkQueue) tryTake() (c chunk, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.chunks) == 0 {
		return chunk{}, false, q.err
	}
	c = q.chunks[0]
	q.chunks[0] = chunk{} // else it lives as long as the queue's memory
	if q.chunks = q.chunks[1:]; len(q.chunks) == 0 {
		q.chunks = nil
	}
	q.taken, q.memory = c.cost, c.memory
	return c, true, nil
}

// some tells whether take would return without waiting.
func (q *chunkQueue) some() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.chunks) > 0 || q.err != nil
}
