package fluvio

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/weir-stream/weir/fluvio/record"
)

// Batch is the bytes of a whole batch as they are in the log; see package record for what it offers.
type Batch = record.Batch

// Consumer reads one partition. Make one with Client.Consumer. It belongs to one goroutine; only Close may be called by another.
//
// It reads every record from its start on, in order, once: it reconnects within the retry budget, follows the partition to another
// leader, and resumes where it was. Records are received ahead of Poll, up to WithMaxQueued bytes; a slow reader makes the SPU wait.
type Consumer struct {
	client   *Client
	replica  replica
	settings consumerSettings
	queue    chunkQueue
	allowed  *allowance
	commits  *commits // nil without WithConsumerID
	life     context.Context
	stop     context.CancelCauseFunc
	running  sync.WaitGroup
	closing  sync.Once
	closed   error // of Close

	reading
	seen    *seenMemory // nil unless stale records are dropped
	stale   int64       // records that were dropped
	pending []Record    // of the last Poll, that Records has not handed out
}

// Consumer starts reading a partition. The start is resolved before it returns: End is the end as it was then. The error wraps
// ErrTopicNotFound, ErrPartitionNotFound, ErrOffsetOutOfRange (see At), ErrNoConsumerOffsets, ErrUnavailable or ErrClosed, or says which
// option is wrong.
func (c *Client) Consumer(ctx context.Context, topic string, partition uint32, start Offset, opts ...ConsumerOption) (*Consumer, error) {
	s, err := newConsumerSettings(opts, c.maxFrame)
	if err == nil {
		err = s.single()
	}
	if err != nil {
		return nil, fmt.Errorf("consumer: %w", err)
	}
	r := replica{topic, partition}
	at, err := c.resolve(ctx, r, start, &s)
	if err != nil {
		return nil, err
	}
	consumer := newConsumer(c, r, s, at)
	if err := consumer.start(); err != nil {
		return nil, err
	}
	if s.autoCommit > 0 {
		err = consumer.spawn(func() { commitEvery(consumer.life, c, s.autoCommit, consumer.commits.commit) })
	}
	if err != nil {
		consumer.Close()
		return nil, err
	}
	return consumer, nil
}

// newConsumer makes a consumer that does nothing yet.
func newConsumer(client *Client, r replica, s consumerSettings, at int64) *Consumer {
	c := &Consumer{client: client, replica: r, settings: s, queue: chunkQueue{most: s.queued()}}
	c.reading = reading{position: at, inflate: &record.Decompressor{MaxPayload: s.maxBatch}}
	c.life, c.stop = context.WithCancelCause(client.life)
	c.allowed = new(allowance)
	if s.reuse {
		c.reuse(newSpares(s.maxBytes), new(arena))
	}
	if s.consumerID != "" {
		c.commits = newCommits(client, r, s.consumerID)
	}
	if s.dropStale {
		c.seen = newSeenMemory(s.seen[r.partition])
	}
	return c
}

// reuse has chunks read into memory of chunks that have been read, and batches decompressed into that of batches before.
func (c *Consumer) reuse(s *spares, a *arena) { c.allowed.spares, c.queue.spares, c.arena = s, s, a }

// start begins to fetch.
func (c *Consumer) start() error {
	f := &fetcher{
		client: c.client, replica: c.replica, settings: c.settings, queue: &c.queue, allowed: c.allowed,
		next: c.position, maxBytes: c.settings.maxBytes,
	}
	if c.commits != nil {
		f.link = c.commits.link
	}
	return c.spawn(func() { f.run(c.life) })
}

// spawn runs f in a goroutine that Close waits for.
func (c *Consumer) spawn(f func()) error {
	c.running.Add(1)
	err := c.client.spawn(func() {
		defer c.running.Done()
		f()
	})
	if err != nil {
		c.running.Done()
		c.stop(err)
	}
	return err
}

// Position is the offset of the next record that Poll returns.
func (c *Consumer) Position() int64 {
	return c.resume(c.pending)
}

// resume is where to go on with some of the records that were received.
func (c *Consumer) resume(pending []Record) int64 {
	switch {
	case len(pending) == 0:
		return c.position
	case c.filtered():
		return c.began
	}
	return pending[0].Offset
}

// Poll returns the next records, at least one and at most 1024, as soon as there are some; fewer where they fill 1 MiB decompressed.
// The slice is valid until the next call of any method; keys and values are valid, and must not be changed, for as long as anyone holds
// them: they alias what was received, a chunk of up to WithMaxBytes or a decompressed batch, which stays in memory as a whole.
//
// The error is io.EOF at WithUntil or WithUntilEnd, or ctx's, also where there are records already: Poll may be called again after that.
// Otherwise it is final: an *OffsetOutOfRangeError, or one that wraps ErrTopicNotFound, ErrUnavailable, ErrCorrupt, ErrBatchTooLarge or
// ErrClosed, or holds a protocol.ErrorCode.
func (c *Consumer) Poll(ctx context.Context) ([]Record, error) {
	return c.pollSome(ctx, pollRecords)
}

func (c *Consumer) pollSome(ctx context.Context, most int) ([]Record, error) {
	c.settle()
	if err := ended(ctx); err != nil {
		return nil, err
	}
	return c.poll(ctx, most, true)
}

// settle counts as processed what was returned before.
func (c *Consumer) settle() {
	if c.commits != nil {
		c.commits.settle()
	}
}

// hand notes that records before an offset are being returned.
func (c *Consumer) hand(next int64) {
	if c.commits != nil {
		c.commits.handed.Store(next)
	}
}

// loopRecords is how many records a loop polls at a time. What was seen belongs to a position: it must not be ahead of the loop.
func (s *consumerSettings) loopRecords() int {
	if s.dropStale {
		return 1
	}
	return pollRecords
}

// poll returns up to so many records. It returns none, and no error, if it would have to wait and may not.
func (c *Consumer) poll(ctx context.Context, most int, wait bool) ([]Record, error) {
	if len(c.pending) > 0 {
		left := c.pending
		c.pending = nil
		c.hand(c.position)
		return left, nil
	}
	c.began = c.position
	c.records, c.inflated = c.records[:0], 0
	c.seen.settle()
	c.arena.begin()
	for {
		more, err := c.advance(ctx, wait, len(c.records) > 0)
		if err != nil && len(c.records) == 0 {
			c.forget()
			return nil, err
		}
		if !more || err != nil {
			break
		}
		if c.err = c.open(); c.err != nil {
			c.batch = nil
			continue
		}
		c.read(most)
		if len(c.records) == most || c.inflated >= pollBytes && len(c.records) > 0 {
			break
		}
	}
	if len(c.records) > 0 {
		c.hand(c.position)
	}
	return c.records, nil
}

// PollBatch returns the next whole batch, its checksum verified, its records not looked at. The batch may begin before Position:
// then the first records of it were skipped or returned before. It may end behind WithUntil. The batch is valid, and must not be
// changed, for as long as anyone holds it. Errors are those of Poll.
//
// What a loop over Records left comes first, as batches made of it. With WithDropStale a batch of which all records were returned before
// is left out, and one of which some were is made anew, from the others.
func (c *Consumer) PollBatch(ctx context.Context) (Batch, error) {
	c.settle()
	if err := ended(ctx); err != nil {
		return nil, err
	}
	return c.pollBatch(ctx, true)
}

// pollBatch returns no batch, and no error, if it would have to wait and may not.
func (c *Consumer) pollBatch(ctx context.Context, wait bool) (b Batch, err error) {
	if len(c.pending) > 0 {
		b, n, err := batchOf(c.pending)
		if err != nil {
			return nil, c.corrupt(err)
		}
		c.hand(c.behind(&c.pending[n-1]))
		if c.pending = c.pending[n:]; len(c.pending) == 0 {
			c.hand(c.position)
		}
		return b, nil
	}
	c.seen.settle()
	c.arena.begin()
	for b == nil {
		more, err := c.advance(ctx, wait, false)
		if err != nil || !more {
			return nil, err
		}
		if b, c.err = c.wholeBatch(); c.err != nil {
			c.batch = nil
		}
	}
	c.hand(c.position)
	return b, nil
}

// Records iterates over the records, waiting for more. It ends after an error, which comes with an empty record; io.EOF at
// WithUntil just ends it. What is not taken when the loop is left comes with the next call of Records or Poll.
func (c *Consumer) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			records, err := c.pollSome(ctx, c.settings.loopRecords())
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			for i := range records {
				c.pending = records[i+1:]
				c.hand(c.behind(&records[i]))
				if !yield(records[i], nil) {
					return
				}
			}
			c.hand(c.position)
		}
	}
}

// Buffered tells whether Poll would return without waiting.
func (c *Consumer) Buffered() bool {
	return len(c.pending) > 0 || c.err != nil || c.position >= c.settings.until || c.batch != nil || len(c.rest) > 0 || c.queue.some()
}

// Commit stores that everything that was returned so far is processed: a consumer with the same id (WithConsumerID) resumes behind it.
// When it returns nil the cluster has the offset. If nothing was returned since the last time, it does nothing. A commit whose connection was
// lost may reach the cluster after a later one, so that records come again; none is missed.
//
// It is tried again within the retry budget, on a connection of its own while the consumer has none. The error wraps ErrNoConsumerID,
// ErrUnavailable, or what ended the consumer, or is ctx's, or holds a protocol.ErrorCode.
func (c *Consumer) Commit(ctx context.Context) error {
	if c.commits == nil {
		return fmt.Errorf("commit of %v: %w", c.replica, ErrNoConsumerID)
	}
	c.settle()
	return c.commits.commit(ctx)
}

// CommitTo stores that everything before offset next is processed, whatever was returned meanwhile. Another goroutine may call it while
// Poll waits. It goes with neither Commit nor WithAutoCommit. Errors are Commit's.
func (c *Consumer) CommitTo(ctx context.Context, next int64) error {
	if c.commits == nil {
		return fmt.Errorf("commit of %v: %w", c.replica, ErrNoConsumerID)
	}
	return c.commits.store(ctx, func() int64 { return max(next-1, -1) })
}

// StaleRecords is how many records were dropped because they had been returned before (WithDropStale).
func (c *Consumer) StaleRecords() int64 { return c.stale }

// Seen is which records of producer sequences came before Position. It is what WithDropStale takes; empty without it.
func (c *Consumer) Seen() Seen {
	s := Seen{Partition: c.replica.partition}
	if c.seen != nil {
		s.Writers = c.seen.now.state()
	}
	return s
}

// SeenBefore is Seen as it was when the record of that offset was the next one: for whoever stops in the middle of what a Poll returned and
// is to go on there. The offset is that of a record that the last Poll or PollBatch returned, or right behind them; for lower ones the
// answer is that for the first of them, for higher ones Seen's. It is a copy, and nil without WithDropStale.
func (c *Consumer) SeenBefore(offset int64) []SeenWriter {
	if c.seen == nil {
		return nil
	}
	return c.seen.stateBefore(offset)
}

// Close ends the consumer and its connection and drops what was received ahead. A Poll that waits returns ErrClosed, and so do later
// ones when they have returned the rest of the chunk that they were reading.
//
// With WithAutoCommit it stores first that everything returned is processed; the error is that of storing, else nil: ErrClosed if the client
// was closed before.
func (c *Consumer) Close() error {
	c.closing.Do(func() {
		if c.settings.autoCommit > 0 {
			if c.settle(); c.commits.due() {
				c.closed = c.client.lastCommit(c.life, c.commits.commit)
			}
		}
		c.shut()
		c.running.Wait()
	})
	return c.closed
}

// shut stops what runs, without waiting for it.
func (c *Consumer) shut() {
	c.queue.abandon(ErrClosed)
	c.stop(ErrClosed)
}
