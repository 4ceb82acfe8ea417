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
	changed signal

	mu     sync.Mutex
	chunks [][]byte // whole batches, back to back
	held   int      // bytes in chunks and in the one taken last
	taken  int      // bytes of the one taken last
	err    error    // no more chunks come
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

func (q *chunkQueue) put(chunk []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	q.chunks = append(q.chunks, chunk)
	q.held += len(chunk) + chunkCost
	q.changed.broadcast()
}

// fail says that no more chunks come; the first reason stays.
func (q *chunkQueue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.changed.broadcast()
}

// abandon drops what is queued; no more chunks come.
func (q *chunkQueue) abandon(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.chunks, q.err = nil, err
	q.changed.broadcast()
}

// done says that the chunk taken last has been read.
func (q *chunkQueue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.taken > 0 {
		q.held -= q.taken
		q.taken = 0
		q.changed.broadcast()
	}
}

// take waits for a chunk, which stays held until done. After the last one it returns why no more come.
func (q *chunkQueue) take(ctx context.Context) ([]byte, error) {
	for {
		changed := q.changed.wait()
		if chunk, err := q.tryTake(); chunk != nil || err != nil {
			return chunk, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (q *chunkQueue) tryTake() ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.chunks) == 0 {
		return nil, q.err
	}
	chunk := q.chunks[0]
	q.chunks[0] = nil // else it lives as long as the queue's memory
	if q.chunks = q.chunks[1:]; len(q.chunks) == 0 {
		q.chunks = nil
	}
	q.taken = len(chunk) + chunkCost
	return chunk, nil
}

// ready tells whether take would return without waiting.
func (q *chunkQueue) ready() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.chunks) > 0 || q.err != nil
}
