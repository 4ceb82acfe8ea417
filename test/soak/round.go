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
	"github.com/weir-stream/weir/fluvio/admin"
)

// topic of a round. Its partitions are numbers in the round, from first on.
type topic struct {
	name              string
	index             int
	first, partitions int
	compression       fluvio.Compression
}

// round is a time of writing, reading and killing on topics of its own. It ends with everything flushed, read to the end twice, and deleted,
// so that neither memory nor disk grows with the number of rounds.
type round struct {
	seed   uint64
	broker *brokerProcess
	tally  *tally

	topics    []topic
	producers []*producing
	consumers []*consuming
	ends      []atomic.Int64 // by partition of the round: where it ends; -1 while it is written
	fail      context.CancelCauseFunc
}

const (
	shortestRound, longestRound = 4 * time.Second, 15 * time.Second
	// windUp is how long a round may take after its last kill. Longer means that something is stuck.
	windUp = 2 * time.Minute
)

// rounds runs rounds until the time is over; the last one is cut short.
func (c config) rounds(ctx context.Context, t *tally) (err error) {
	broker, err := startBroker(c.weir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.end()) }()
	random := rand.New(rand.NewPCG(c.seed, 0))
	for left := c.duration; left > 0; left = c.duration - time.Since(t.began) {
		n := t.rounds.Load()
		r := newRound(random, broker, t, n)
		length := min(left, shortestRound+upTo(random, longestRound-shortestRound))
		if err := r.run(ctx, length, random); err != nil {
			return fmt.Errorf("round %d: %w", n, err)
		}
		t.rounds.Add(1)
		fmt.Fprintf(c.talk, "soak: round %d is over: %d kills, %d records acknowledged\n", n, t.brokerKills.Load(), t.acknowledged.Load())
	}
	return nil
}

func newRound(random *rand.Rand, broker *brokerProcess, t *tally, n int64) *round {
	r := &round{seed: random.Uint64(), broker: broker, tally: t}
	parts := 0
	for i, size := range []int{3, 2} {
		codec := []fluvio.Compression{fluvio.NoCompression, fluvio.LZ4, fluvio.Zstd}[random.IntN(3)]
		r.topics = append(r.topics, topic{fmt.Sprintf("soak-%d-%d", n, i), i, parts, size, codec})
		parts += size
	}
	r.ends = make([]atomic.Int64, parts)
	for i := range r.ends {
		r.ends[i].Store(-1)
	}
	for id := range 4 {
		p := &producing{
			round: r, id: id, writer: fluvio.NewWriterID(), mortal: id == 1 || id == 2,
			cutter: newCutter(random, t, longestProducerCut), parts: make([]progress, parts),
		}
		if id == 3 {
			p.writer = -1
		}
		r.producers = append(r.producers, p)
	}
	for id, parts := range [][]int{{0, 1, 2}, {3, 4}, {0, 3}} {
		r.consumers = append(r.consumers, &consuming{
			round: r, id: id, parts: parts, maxBytes: []int{1 << 20, 64 << 10, 2 << 10}[id], cutter: newCutter(random, t, longestConsumerCut), topic: id == 1,
		})
	}
	return r
}

// topicOf is the topic of a partition of the round.
func (r *round) topicOf(part int) topic {
	for _, t := range r.topics {
		if part < t.first+t.partitions {
			return t
		}
	}
	return topic{name: "nowhere"}
}

// atEnd tells whether a partition is written and ends there.
func (r *round) atEnd(part int, offset int64) bool { return r.ends[part].Load() == offset }

// run is the round, from the creation of its topics to their deletion.
func (r *round) run(ctx context.Context, length time.Duration, random *rand.Rand) error {
	ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	if err := r.create(ctx); err != nil {
		return err
	}
	var consumers, producers, killer sync.WaitGroup
	kills, lives := random.Uint64(), random.Uint64() // random belongs to this goroutine
	r.start(&killer, func() error { return r.harass(ctx, length, kills) })
	killed := make(chan struct{})
	go func() { killer.Wait(); close(killed) }()
	for _, p := range r.producers {
		chances := rand.New(rand.NewPCG(random.Uint64(), 0))
		r.start(&producers, func() error { return p.run(ctx, killed, chances) })
	}
	for _, c := range r.consumers {
		r.start(&consumers, func() error { return c.run(ctx) })
	}
	r.start(&consumers, func() error { return r.mortals(ctx, lives) })

	killer.Wait()
	stuck := time.AfterFunc(windUp, func() { r.fail(violation("%v after the last kill producers and consumers are not done", windUp)) })
	defer stuck.Stop()
	producers.Wait()
	if err := r.end(ctx); err != nil {
		r.fail(err)
	}
	consumers.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return r.readAgain(ctx)
}

// start runs f. Its error ends the round.
func (r *round) start(group *sync.WaitGroup, f func() error) {
	group.Go(func() {
		if err := f(); err != nil {
			r.fail(err)
		}
	})
}

// harass kills the broker for as long as the round writes: now and then right after it came up, now and then for a while.
func (r *round) harass(ctx context.Context, length time.Duration, seed uint64) error {
	writing, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	random := rand.New(rand.NewPCG(seed, 0))
	return r.broker.harass(writing, r.tally, func() (up, down time.Duration) {
		return upTo(random, 1200*time.Millisecond), upTo(random, 250*time.Millisecond)
	})
}

// create makes the topics.
func (r *round) create(ctx context.Context) error {
	return r.admin(ctx, func(a *admin.Admin, t topic) error {
		return a.CreateTopic(ctx, t.name, admin.TopicConfig{Partitions: uint32(t.partitions), SegmentSize: 1 << 20})
	})
}

func (r *round) admin(ctx context.Context, do func(*admin.Admin, topic) error) error {
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(r.broker.sc))
	if err != nil {
		return err
	}
	defer client.Close()
	for _, t := range r.topics {
		if err := do(admin.New(client), t); err != nil {
			return err
		}
	}
	return nil
}

// end says where the partitions end, now that nobody writes.
func (r *round) end(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(r.broker.sc))
	if err != nil {
		return err
	}
	defer client.Close()
	for _, t := range r.topics {
		for p := range t.partitions {
			offsets, err := client.Offsets(ctx, t.name, uint32(p))
			if err != nil {
				return err
			}
			r.ends[t.first+p].Store(offsets.Next)
		}
	}
	return nil
}

// readAgain kills the broker once more, reads everything from what is on the disk, and deletes it.
func (r *round) readAgain(ctx context.Context) error {
	if err := errors.Join(r.broker.kill(), r.broker.start()); err != nil {
		return err
	}
	r.tally.brokerKills.Add(1)
	parts := make([]int, len(r.ends))
	for i := range parts {
		parts[i] = i
	}
	again := &consuming{
		round: r, id: len(r.consumers) + 1, parts: parts, maxBytes: 1 << 20, counts: true,
		cutter: newCutter(rand.New(rand.NewPCG(r.seed, 0)), r.tally, longestConsumerCut),
	}
	if err := again.run(ctx); err != nil {
		return err
	}
	return r.admin(ctx, func(a *admin.Admin, t topic) error { return a.DeleteTopic(ctx, t.name) })
}
