package fluvio

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"

	"github.com/weir-stream/weir/fluvio/record"
)

// TopicConsumer reads one, some or all partitions of a topic. Make one with Client.TopicConsumer. It belongs to one goroutine; only
// Close may be called by another.
//
// Each partition is read as by a Consumer: every record from the start on, in order, once. Between partitions there is no order;
// they take turns, a Poll each or a whole batch where that is more, so that none waits for long. Everything that is received ahead, of
// all partitions, stays within WithMaxMemory, 64 MiB by default. Each partition has a connection, so a file descriptor; with what it waits
// for it takes 13 KiB at least. That is within the default for 4096 partitions; the limit is raised as needed for more, also when they
// are added while it runs. What TLS takes for a connection comes on top.
type TopicConsumer struct {
	client   *Client
	topic    string
	settings consumerSettings
	budget   *chunkBudget
	turns    turns
	life     context.Context
	stop     context.CancelCauseFunc
	running  sync.WaitGroup
	closing  sync.Once
	closed   error // of Close

	current *Consumer // in the middle of a batch, else nil
	last    *Consumer // that returned something last
	records []Record  // memory for what Poll returns
	pending []Record  // of the last Poll, that Records has not handed out
	inflate *record.Decompressor
	spares  *spares // these two are nil unless memory is reused
	arena   *arena
	err     error // sticky

	mu     sync.Mutex  // a goroutine adds partitions
	all    []*Consumer // by partition
	shares int         // what the partitions may hold while they wait, in bytes
}

// TopicRecord is a record and the partition that it is from.
type TopicRecord struct {
	Partition uint32
	Record
}

// TopicConsumer starts reading the partitions of a topic, each from the start given, which is resolved before it returns. Partitions
// that are added to the topic while it runs are read from their beginning, unless WithPartitions or WithUntilEnd says which there are.
//
// The error wraps ErrTopicNotFound, ErrPartitionNotFound, also for a topic without any, ErrOffsetOutOfRange (see At), ErrNoConsumerOffsets,
// ErrUnavailable or ErrClosed, or says which option is wrong.
func (c *Client) TopicConsumer(ctx context.Context, topic string, start Offset, opts ...ConsumerOption) (*TopicConsumer, error) {
	s, err := newConsumerSettings(opts, c.maxFrame)
	if err == nil {
		err = s.shared()
	}
	if err != nil {
		return nil, fmt.Errorf("topic consumer: %w", err)
	}
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("%w: topic '%s' has none", ErrPartitionNotFound, topic)
	}
	partitions, err := s.chosen(topic, n)
	if err != nil {
		return nil, err
	}
	t := &TopicConsumer{client: c, topic: topic, settings: s, budget: &chunkBudget{most: s.maxMemory}}
	t.inflate = &record.Decompressor{MaxPayload: s.maxBatch}
	t.life, t.stop = context.WithCancelCause(c.life)
	if err = t.add(ctx, partitions, start); err == nil {
		err = t.background(uint32(n))
	}
	if err != nil {
		t.shut()
		return nil, err
	}
	return t, nil
}

// chosen is the partitions to read of the n that the topic has.
func (s *consumerSettings) chosen(topic string, n int) ([]uint32, error) {
	if len(s.partitions) == 0 {
		return upTo(0, uint32(n)), nil
	}
	some := slices.Compact(slices.Sorted(slices.Values(s.partitions)))
	if last := some[len(some)-1]; int64(last) >= int64(n) {
		return nil, fmt.Errorf("%w: %d of topic '%s', which has %d", ErrPartitionNotFound, last, topic, n)
	}
	return some, nil
}

func upTo(from, to uint32) []uint32 {
	all := make([]uint32, 0, to-from)
	for p := from; p < to; p++ {
		all = append(all, p)
	}
	return all
}

// background starts what runs beside the partitions.
func (t *TopicConsumer) background(partitions uint32) error {
	if t.settings.autoCommit > 0 {
		if err := t.spawn(func() { commitEvery(t.life, t.client, t.settings.autoCommit, t.commit) }); err != nil {
			return err
		}
	}
	if len(t.settings.partitions) > 0 || t.settings.untilEnd {
		return nil
	}
	return t.spawn(func() { t.follow(partitions) })
}

func (t *TopicConsumer) spawn(f func()) error {
	t.running.Add(1)
	err := t.client.spawn(func() {
		defer t.running.Done()
		f()
	})
	if err != nil {
		t.running.Done()
	}
	return err
}

// follow adds the partitions that the topic gets.
func (t *TopicConsumer) follow(known uint32) {
	for {
		count, changed := t.client.meta.watchCount(t.topic)
		if count > known {
			if err := believable(t.topic, count); err != nil {
				t.turns.fail(err)
				return
			}
			if err := t.add(t.life, upTo(known, count), Beginning()); err != nil {
				t.turns.fail(err)
				return
			}
			known = count
		}
		select {
		case <-changed:
		case <-t.life.Done():
			return
		}
	}
}

// Poll returns the next records of a partition, as Consumer.Poll does, of the one whose turn it is among those that have some.
//
// The error is io.EOF at WithUntilEnd, or ctx's: Poll may be called again after that. Otherwise it is final; what other partitions had
// is dropped then.
func (t *TopicConsumer) Poll(ctx context.Context) (partition uint32, records []Record, err error) {
	return t.poll(ctx, pollRecords)
}

func (t *TopicConsumer) poll(ctx context.Context, most int) (partition uint32, records []Record, err error) {
	if err := ended(ctx); err != nil {
		return 0, nil, err
	}
	if len(t.pending) > 0 {
		records, t.pending = t.pending, nil
		t.last.hand(t.last.position)
		return t.last.replica.partition, records, nil
	}
	err = t.next(ctx, func(c *Consumer) (bool, error) {
		c.records = t.records
		records, err = c.poll(ctx, most, false)
		t.records, c.records = c.records, nil
		return len(records) > 0, err
	})
	if err != nil {
		return 0, nil, err
	}
	return t.last.replica.partition, records, nil
}

// PollBatch returns the next whole batch of a partition, as Consumer.PollBatch does. Errors are those of Poll.
func (t *TopicConsumer) PollBatch(ctx context.Context) (partition uint32, b Batch, err error) {
	if err := ended(ctx); err != nil {
		return 0, nil, err
	}
	if len(t.pending) > 0 {
		b, n, err := batchOf(t.pending)
		if err != nil {
			return 0, nil, t.last.corrupt(err)
		}
		t.last.hand(t.last.behind(&t.pending[n-1]))
		if t.pending = t.pending[n:]; len(t.pending) == 0 {
			t.last.hand(t.last.position)
		}
		return t.last.replica.partition, b, nil
	}
	err = t.next(ctx, func(c *Consumer) (bool, error) {
		b, err = c.pollBatch(ctx, false)
		return b != nil, err
	})
	if err != nil {
		return 0, nil, err
	}
	return t.last.replica.partition, b, nil
}

// next gives partitions their turn until one of them returns something.
func (t *TopicConsumer) next(ctx context.Context, read func(*Consumer) (bool, error)) error {
	if t.last != nil {
		t.last.settle()
		t.last.release()
		clear(t.records)
	}
	for {
		if t.err != nil {
			return t.err
		}
		c, err := t.turn(ctx)
		if err != nil {
			if ctx.Err() == nil {
				t.err = err
			}
			return err
		}
		some, err := read(c)
		switch {
		case err == io.EOF:
			c.finish()
			t.turns.finished(c)
		case err != nil:
			t.err = err
		case c.opened:
			t.current = c
		case c.Buffered():
			t.turns.add(c)
		}
		if some {
			t.last = c
			return nil
		}
	}
}

// turn is the partition to read next: the one in the middle of a batch, for it holds it decompressed, or the one that waits for longest.
func (t *TopicConsumer) turn(ctx context.Context) (*Consumer, error) {
	if c := t.current; c != nil {
		t.current = nil
		return c, nil
	}
	return t.turns.take(ctx)
}

// Records iterates over the records of all partitions, waiting for more. It ends after an error, which comes with an empty record;
// io.EOF at WithUntilEnd just ends it. What is not taken when the loop is left comes with the next call of Records or Poll.
func (t *TopicConsumer) Records(ctx context.Context) iter.Seq2[TopicRecord, error] {
	return func(yield func(TopicRecord, error) bool) {
		for {
			partition, records, err := t.poll(ctx, t.settings.loopRecords())
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(TopicRecord{}, err)
				return
			}
			for i := range records {
				t.pending = records[i+1:]
				t.last.hand(t.last.behind(&records[i]))
				if !yield(TopicRecord{partition, records[i]}, nil) {
					return
				}
			}
			t.last.hand(t.last.position)
		}
	}
}

// Buffered tells whether Poll would probably return without waiting.
func (t *TopicConsumer) Buffered() bool {
	return len(t.pending) > 0 || t.err != nil || t.current != nil || t.turns.some()
}

// Positions is, for each partition, the offset of the next record that Poll returns.
func (t *TopicConsumer) Positions() map[uint32]int64 {
	positions := make(map[uint32]int64)
	for _, c := range t.consumers() {
		positions[c.replica.partition] = c.position
	}
	if len(t.pending) > 0 {
		positions[t.last.replica.partition] = t.last.resume(t.pending)
	}
	return positions
}

// Commit stores that everything that was returned so far is processed, of all partitions: see Consumer.Commit. It returns the first error
// and commits the other partitions all the same.
func (t *TopicConsumer) Commit(ctx context.Context) error {
	if t.settings.consumerID == "" {
		return fmt.Errorf("commit of topic '%s': %w", t.topic, ErrNoConsumerID)
	}
	if t.last != nil {
		t.last.settle()
	}
	return t.commit(ctx)
}

// commit stores what counts as processed. Partitions are independent, and mostly wait for answers.
func (t *TopicConsumer) commit(ctx context.Context) error {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		first   error
		places  = make(chan struct{}, mostAtOnce)
	)
	for _, c := range t.consumers() {
		if !c.commits.due() {
			continue
		}
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			if err := c.commits.commit(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
			}
		})
	}
	running.Wait()
	return first
}

// StaleRecords is how many records were dropped because they had been returned before (WithDropStale).
func (t *TopicConsumer) StaleRecords() (n int64) {
	for _, c := range t.consumers() {
		n += c.stale
	}
	return n
}

// Seen is, for each partition, which records of producer sequences came before its position. It is what WithDropStale takes.
func (t *TopicConsumer) Seen() []Seen {
	var all []Seen
	for _, c := range t.consumers() {
		all = append(all, c.Seen())
	}
	return all
}

// Close ends the consumer and its connections and drops what was received ahead. A Poll that waits returns ErrClosed.
//
// With WithAutoCommit it stores first that everything returned is processed; the error is that of storing, else nil: ErrClosed if the client
// was closed before.
func (t *TopicConsumer) Close() error {
	t.closing.Do(func() {
		if t.settings.autoCommit > 0 {
			for _, c := range t.consumers() { // last belongs to whoever reads
				c.settle()
			}
			t.closed = t.client.lastCommit(t.life, t.commit)
		}
		t.shut()
	})
	return t.closed
}

// shut stops everything, and waits for it.
func (t *TopicConsumer) shut() {
	t.turns.fail(ErrClosed)
	t.stop(ErrClosed)
	t.running.Wait()
	all := t.consumers()
	for _, c := range all {
		c.shut()
	}
	for _, c := range all {
		c.running.Wait()
	}
}

// consumers is those of the partitions that there are now.
func (t *TopicConsumer) consumers() []*Consumer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}
