package fluvio

import (
	"context"
	"io"
	"sync"
)

// turns says which partition is read next: those that have something wait in a line.
type turns struct {
	changed signal

	mu      sync.Mutex
	line    []*Consumer
	head    int                // of the line
	waiting map[*Consumer]bool // who is in it; has an entry for all that have not come to their end
	err     error              // no more turns
}

// join says that there is another partition.
func (t *turns) join(c *Consumer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = make(map[*Consumer]bool)
	}
	t.waiting[c] = false
}

// add puts a partition in the line, unless it is there.
func (t *turns) add(c *Consumer) {
	t.mu.Lock()
	waiting, joined := t.waiting[c]
	if joined && !waiting {
		if t.head > len(t.line)/2 {
			n := copy(t.line, t.line[t.head:])
			t.line, t.head = t.line[:n], 0
		}
		t.line = append(t.line, c)
		t.waiting[c] = true
	}
	t.mu.Unlock()
	t.changed.broadcast()
}

// finished says that a partition has come to its end.
func (t *turns) finished(c *Consumer) {
	t.mu.Lock()
	delete(t.waiting, c)
	t.mu.Unlock()
	t.changed.broadcast()
}

// fail says that there are no more turns; the first reason stays.
func (t *turns) fail(err error) {
	t.mu.Lock()
	if t.err == nil {
		t.err = err
	}
	t.mu.Unlock()
	t.changed.broadcast()
}

// some tells whether take would return without waiting.
func (t *turns) some() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err != nil || len(t.waiting) == 0 || t.head < len(t.line)
}

// take waits for a partition that has something. It is io.EOF when all have come to their end.
func (t *turns) take(ctx context.Context) (*Consumer, error) {
	for {
		c, err := t.tryTake()
		if c != nil || err != nil {
			return c, err
		}
		changed := t.changed.wait()
		if c, err = t.tryTake(); c != nil || err != nil {
			return c, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (t *turns) tryTake() (*Consumer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return nil, t.err
	case len(t.waiting) == 0:
		return nil, io.EOF
	case t.head == len(t.line):
		return nil, nil
	}
	c := t.line[t.head]
	t.line[t.head] = nil
	t.head++
	t.waiting[c] = false
	return c, nil
}
