package fluvio

import (
	"context"
	"sync"
)

const (
	// connectionCost is what a partition takes for its connection, in bytes: what is read into, and two stacks.
	connectionCost = 48 << 10
	// fewBytes is the least that a partition with such a connection asks for at a time; where there is less the connection is a small one.
	fewBytes = 4 << 10
	// smallBuffer is what a small connection reads into, in bytes: enough for an answer without records. Records are read past it.
	smallBuffer = 512
	// smallConnectionCost is what a partition takes for a small one.
	smallConnectionCost = 11 << 10
	// smallestShare is the least that a partition asks for at a time, in bytes.
	smallestShare = 1 << 10
	// mostAtOnce is how many partitions are asked about, or commit, at the same time.
	mostAtOnce = 16
)

// add begins to read partitions.
func (t *TopicConsumer) add(ctx context.Context, partitions []uint32, start Offset) error {
	s := t.settings
	spare := 0
	if s.reuse && t.spares == nil {
		spare = mostSpares
	}
	share, connection := t.share(len(partitions), spare)
	s.maxBytes = share
	if connection < connectionCost {
		s.readBuffer = smallBuffer
	}
	if s.reuse && t.spares == nil {
		t.spares, t.arena = newSpares(share), new(arena)
		t.budget.reserve(mostSpares * asked(share))
	}
	added, err := t.resolve(ctx, partitions, start, s)
	if err != nil {
		return err
	}
	for _, c := range added {
		c.inflate = t.inflate
		if s.reuse {
			c.reuse(t.spares, t.arena)
		}
		t.turns.join(c)
		if c.position >= c.settings.until { // an empty partition is at its end already
			t.turns.add(c)
		}
		c.queue.budget, c.queue.ready = t.budget, func() { t.turns.add(c) }
		c.allowed.budget, c.allowed.share = t.budget, asked(share)
		t.budget.reserve(connection)
	}
	t.mu.Lock()
	t.all = append(t.all, added...)
	t.mu.Unlock()
	for _, c := range added {
		if err := c.start(); err != nil {
			return err
		}
	}
	return nil
}

// share is what each of some new partitions may ask for while it waits, in bytes, and what its connection costs; as much is set aside for
// each of the spares. All that wait together hold less than half the budget: each time some are added they get three quarters of what is
// left of it. Too many for that have the smallest share all the same: then the budget grows so that they hold seven eighths of it at most.
func (t *TopicConsumer) share(partitions, spare int) (share, connection int) {
	added := partitions + spare
	t.mu.Lock()
	defer t.mu.Unlock()
	each := (t.settings.maxMemory/2-t.shares)/4*3/added - asked(0)
	most := t.settings.maxBytes
	connection = connectionCost
	if each-connection < min(fewBytes, most) {
		connection = smallConnectionCost
	}
	share = max(min(each-connection, most), smallestShare)
	t.shares += added * (asked(share) + connection)
	t.budget.raise(t.shares + t.shares/7)
	return share, connection
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
	if err := ended(ctx); err != nil {
		for _, c := range consumers {
			if c != nil {
				c.shut()
			}
		}
		return nil, err
	}
	return consumers, nil
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
