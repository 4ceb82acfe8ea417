package fluvio

import (
	"context"
	"fmt"
	"io"
	"sync"
)

const (
	// connectionCost is what a partition takes for its connection, in bytes: what is read into, and two stacks.
	connectionCost = 48 << 10
	// smallestShare is the least that a partition asks for at a time, in bytes.
	smallestShare = 4 << 10
	// mostAtOnce is how many partitions are asked about, or commit, at the same time.
	mostAtOnce = 16
)

// add begins to read partitions.
func (t *TopicConsumer) add(ctx context.Context, partitions []uint32, start Offset) error {
	s := t.settings
	holders := len(partitions)
	if s.reuse && t.spares == nil {
		holders += mostSpares
	}
	share, err := t.share(holders)
	if err != nil {
		return err
	}
	s.maxBytes = share
	if s.reuse && t.spares == nil {
		t.spares = newSpares(share)
		t.budget.reserve(mostSpares * asked(share))
	}
	added, err := t.resolve(ctx, partitions, start, s)
	if err != nil {
		return err
	}
	for _, c := range added {
		c.inflate = t.inflate
		if s.reuse {
			c.reuse(t.spares)
		}
		t.turns.join(c)
		c.queue.budget, c.queue.ready = t.budget, func() { t.turns.add(c) }
		c.allowed.budget, c.allowed.share = t.budget, asked(share)
		t.budget.reserve(connectionCost)
	}
	t.mu.Lock()
	t.all = append(t.all, added...)
	t.mu.Unlock()
	for _, c := range added {
		if err := c.start(); err != nil {
			return err
		}
		if c.Buffered() { // an empty partition is at its end already
			t.turns.add(c)
		}
	}
	return nil
}

// share is what each of some new partitions may ask for while it waits, in bytes. All that wait together hold less than half the budget:
// each time some are added they get three quarters of what is left of it.
func (t *TopicConsumer) share(added int) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.settings.maxMemory/2 - t.shares
	share := min(left/4*3/added-connectionCost-asked(0), t.settings.maxBytes)
	least := min(smallestShare, t.settings.maxBytes)
	if share < least && t.shares == 0 {
		return 0, fmt.Errorf("%d bytes of memory for %d partitions: want at least %d (WithMaxMemory)",
			t.settings.maxMemory, added, 3*added*(asked(least)+connectionCost))
	}
	share = max(share, least)
	t.shares += added * (asked(share) + connectionCost)
	return share, nil
}

// resolve makes consumers that start where they are to start.
func (t *TopicConsumer) resolve(ctx context.Context, partitions []uint32, start Offset, s consumerSettings) ([]*Consumer, error) {
	stored, err := t.stored(ctx, start)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		running   sync.WaitGroup
		places    = make(chan struct{}, mostAtOnce)
		consumers = make([]*Consumer, len(partitions))
	)
	for i, p := range partitions {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			from, ok := stored[p]
			if !ok {
				from = noOffset
			}
			r, own := replica{t.topic, p}, s
			at, err := t.client.resolveFrom(ctx, r, start, from, &own)
			if err != nil {
				cancel(err)
				return
			}
			consumers[i] = newConsumer(t.client, r, own, at)
		})
	}
	running.Wait()
	return consumers, ended(ctx)
}

// stored is the offsets that are stored for the consumer, by partition.
func (t *TopicConsumer) stored(ctx context.Context, start Offset) (map[uint32]int64, error) {
	if t.settings.consumerID == "" || start.from == absolute {
		return nil, nil
	}
	all, err := t.client.ConsumerOffsets(ctx, ConsumerOffsetFilter{ID: t.settings.consumerID, Topic: t.topic})
	if err != nil {
		return nil, err
	}
	stored := make(map[uint32]int64, len(all))
	for i := range all {
		stored[all[i].Partition] = all[i].Offset
	}
	return stored, nil
}

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
