package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// producing is one producer of a round: it writes the numbers 0, 1, 2, … to every partition.
type producing struct {
	round  *round
	id     int
	writer int64 // of its sequences; -1: it has none
	mortal bool  // it is killed now and then, and goes on as a new process would
	cutter *cutter

	client *fluvio.Client
	topics []*fluvio.Producer // by topic
	parts  []progress         // by partition of the round
}

// progress of a producer in a partition. Consumers look at it too.
type progress struct {
	sent atomic.Int64 // numbers below it may be in the log
	next int64        // the number to be written, of the producer alone

	mu           sync.Mutex
	base         int64 // number of the first record that this life of the producer was given
	acknowledged int64 // numbers below it are acknowledged
	from         int64 // offset behind the last acknowledged one
	places       uint64
}

// The behaviour of producers, from the seed.
const (
	burst         = 200                   // most records between two pauses
	producerPause = 12 * time.Millisecond // longest one
	lifetime      = 20_000                // most records in one life of a mortal producer
	sequenceTries = 50                    // how often in a row a new life may find that the old one's last request came after its look
)

// run produces until stop is closed, and flushes. It returns what may not happen.
func (p *producing) run(ctx context.Context, stop <-chan struct{}, random *rand.Rand) error {
	defer p.close()
	for tries := 0; ; {
		died, err := p.live(ctx, stop, random)
		switch {
		case err == nil && !died:
			return nil
		case err == nil:
			tries = 0
			p.round.tally.producerKills.Add(1)
		case errors.Is(err, fluvio.ErrSequence) && p.mortal && tries < sequenceTries:
			tries++ // what the last life had on its way arrived after this one had looked
		default:
			return fmt.Errorf("producer %d: %w", p.id, err)
		}
		p.close()
	}
}

// live is one life: it opens, produces, and either ends well, flushed, or dies without a word.
func (p *producing) live(ctx context.Context, stop <-chan struct{}, random *rand.Rand) (died bool, err error) {
	if err := p.open(ctx); err != nil {
		return false, err
	}
	last := 1 + random.IntN(lifetime)
	for n := 0; ; n++ {
		if n%(1+random.IntN(burst)) == 0 && !pause(ctx, upTo(random, producerPause)) {
			return false, context.Cause(ctx)
		}
		select {
		case <-stop:
			return false, p.finish(ctx)
		default:
		}
		if p.mortal && n == last {
			return true, nil
		}
		if err := p.produce(ctx, random.IntN(len(p.parts))); err != nil {
			return false, err
		}
	}
}

// open connects, and finds out for every partition with what number to go on.
func (p *producing) open(ctx context.Context) (err error) {
	if p.client, err = fluvio.Connect(ctx, fluvio.WithEndpoint(p.round.broker.sc), fluvio.WithClientID("soak"), p.cutter.option()); err != nil {
		return err
	}
	p.topics = nil
	for _, topic := range p.round.topics {
		options := []fluvio.ProducerOption{
			fluvio.WithBatchSize(4 << 10), fluvio.WithMaxRequestSize(64 << 10), fluvio.WithMaxBuffered(512 << 10),
			fluvio.WithCompression(topic.compression), fluvio.WithOnDelivery(func(d fluvio.Delivery) { p.delivered(topic, d) }),
		}
		if p.writer >= 0 {
			next := make([]int64, topic.partitions)
			for i := range next {
				if next[i], err = p.resume(ctx, topic, i); err != nil {
					return err
				}
			}
			options = append(options, fluvio.WithSequence(p.writer, next...))
		}
		producer, err := p.client.Producer(ctx, topic.name, options...)
		if err != nil {
			return err
		}
		p.topics = append(p.topics, producer)
	}
	return nil
}

// resume asks the log where the sequence of the last life ended. That is at what was acknowledged or beyond.
func (p *producing) resume(ctx context.Context, topic topic, partition int) (int64, error) {
	at := &p.parts[topic.first+partition]
	at.mu.Lock()
	defer at.mu.Unlock()
	next, end, err := p.client.SequenceEnd(ctx, topic.name, uint32(partition), p.writer, at.acknowledged, at.from)
	if err != nil {
		return 0, fmt.Errorf("producer %d, %s-%d: where to go on after %d: %w", p.id, topic.name, partition, at.acknowledged, err)
	}
	if sent := at.sent.Load(); next > sent {
		return 0, violation("%s-%d has number %d of producer %d, which wrote those below %d", topic.name, partition, next-1, p.id, sent)
	}
	p.round.tally.acknowledged.Add(next - at.acknowledged)
	at.base, at.acknowledged, at.from = next, next, end
	at.next = next // what the last life had on its way may still arrive: sent stays
	return next, nil
}

func (p *producing) produce(ctx context.Context, part int) error {
	at, topic := &p.parts[part], p.round.topicOf(part)
	value := item{p.id, part, at.next}.append(nil, p.round.seed)
	at.next++
	at.sent.Store(max(at.sent.Load(), at.next)) // before it is on its way: a consumer may be quick
	return p.topics[topic.index].ProduceTo(ctx, uint32(part-topic.first), fluvio.Record{Key: value[:2], Value: value})
}

// delivered notes an acknowledgement: deliveries of a partition come one after the other.
func (p *producing) delivered(topic topic, d fluvio.Delivery) {
	if d.Err != nil {
		return // the producer fails with it
	}
	at := &p.parts[topic.first+int(d.Partition)]
	at.mu.Lock()
	defer at.mu.Unlock()
	first := at.base + d.First
	if first != at.acknowledged {
		p.round.fail(violation("producer %d, %s-%d: number %d acknowledged where %d is due", p.id, topic.name, d.Partition, first, at.acknowledged))
	}
	for i := range int64(d.Records) {
		at.places += placed(first+i, d.Offset+i)
	}
	at.acknowledged = first + int64(d.Records)
	at.from = d.Offset + int64(d.Records)
	p.round.tally.acknowledged.Add(int64(d.Records))
}

// finish flushes: then everything sent is acknowledged.
func (p *producing) finish(ctx context.Context) error {
	for _, producer := range p.topics {
		if err := producer.Close(ctx); err != nil {
			return err
		}
	}
	for part := range p.parts {
		at := &p.parts[part]
		if at.acknowledged != at.next {
			return violation("producer %d, partition %d of the round: flushed, and %d of %d records are acknowledged", p.id, part, at.acknowledged, at.next)
		}
	}
	return nil
}

// close drops the client without flushing, as the end of a process does.
func (p *producing) close() {
	if p.client != nil {
		_ = p.client.Close() // always nil
		p.client = nil
	}
}
