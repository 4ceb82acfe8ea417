package fluvio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/weir-stream/weir/fluvio/record"
)

// Batch is the bytes of a whole batch as they are in the log; see package record for what it offers.
type Batch = record.Batch

// pollRecords is the most records that Poll returns at once: enough to pay for the call, few enough for a processor's cache.
const pollRecords = 1024

// pollBytes is how much Poll decompresses before it returns: a chunk of well-packed batches may hold a thousand times its size.
const pollBytes = 1 << 20

// Consumer reads one partition. Make one with Client.Consumer. It belongs to one goroutine; only Close may be called by another.
//
// It reads every record from its start on, in order, once: it reconnects within the retry budget, follows the partition to another
// leader, and resumes where it was. Records are received ahead of Poll, up to WithMaxQueued bytes; a slow reader makes the SPU wait.
type Consumer struct {
	replica  replica
	settings consumerSettings
	queue    chunkQueue
	stop     context.CancelCauseFunc
	running  sync.WaitGroup

	position int64        // of the next record to return
	rest     []byte       // batches of the chunk that have not been looked at
	batch    record.Batch // what is being read, nil between batches
	opened   bool         // walk is over the batch's records
	walk     record.Records
	inflate  record.Decompressor
	hint     int // memory to take for the next decompressed payload
	inflated int // bytes decompressed in this Poll
	records  []Record
	err      error // sticky
}

// Consumer starts reading a partition. The start is resolved before it returns: End is the end as it was then. The error wraps
// ErrTopicNotFound, ErrPartitionNotFound, ErrUnavailable or ErrClosed, or says which option is wrong.
func (c *Client) Consumer(ctx context.Context, topic string, partition uint32, start Offset, opts ...ConsumerOption) (*Consumer, error) {
	s, err := newConsumerSettings(opts, c.maxFrame)
	if err != nil {
		return nil, fmt.Errorf("consumer: %w", err)
	}
	r := replica{topic, partition}
	at, err := c.resolve(ctx, r, start)
	if err != nil {
		return nil, err
	}
	consumer := &Consumer{
		replica:  r,
		settings: s,
		position: at,
		queue:    chunkQueue{most: s.maxQueued},
		inflate:  record.Decompressor{MaxPayload: s.maxBatch},
	}
	f := &fetcher{client: c, replica: r, settings: s, queue: &consumer.queue, next: at, maxBytes: s.maxBytes}
	var run context.Context
	run, consumer.stop = context.WithCancelCause(c.life)
	consumer.running.Add(1)
	err = c.spawn(func() {
		defer consumer.running.Done()
		f.run(run)
	})
	if err != nil {
		consumer.stop(err)
		return nil, err
	}
	return consumer, nil
}

// Position is the offset of the next record that Poll returns.
func (c *Consumer) Position() int64 { return c.position }

// Poll returns the next records, at least one and at most 1024, as soon as there are some; fewer where they fill 1 MiB decompressed. The slice is valid until the next call
// of any method; keys and values are valid, and must not be changed, for as long as anyone holds them: they alias what was
// received, a chunk of up to WithMaxBytes or a decompressed batch, which stays in memory as a whole.
//
// The error is io.EOF at WithUntil, or ctx's: Poll may be called again after that. Otherwise it is final: an *OffsetOutOfRangeError,
// or one that wraps ErrTopicNotFound, ErrUnavailable, ErrCorrupt, ErrBatchTooLarge or ErrClosed, or holds a protocol.ErrorCode.
func (c *Consumer) Poll(ctx context.Context) ([]Record, error) {
	clear(c.records)
	c.records, c.inflated = c.records[:0], 0
	for {
		more, err := c.advance(ctx, len(c.records) > 0)
		if err != nil && len(c.records) == 0 {
			return nil, err
		}
		if !more || err != nil {
			return c.records, nil
		}
		if c.err = c.open(); c.err != nil {
			c.batch = nil
			continue
		}
		c.read()
		if len(c.records) == pollRecords || c.inflated >= pollBytes && len(c.records) > 0 {
			return c.records, nil
		}
	}
}

// PollBatch returns the next whole batch, its checksum verified, its records not looked at. The batch may begin before Position:
// then the first records of it were skipped or returned before. It may end behind WithUntil. The batch is valid, and must not be
// changed, for as long as anyone holds it. Errors are those of Poll.
func (c *Consumer) PollBatch(ctx context.Context) (Batch, error) {
	if _, err := c.advance(ctx, false); err != nil {
		return nil, err
	}
	b := c.batch
	c.leave()
	return b, nil
}

// Records iterates over the records, waiting for more. It ends after an error, which comes with an empty record; io.EOF at
// WithUntil just ends it.
func (c *Consumer) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			records, err := c.Poll(ctx)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			for i := range records {
				if !yield(records[i], nil) {
					return
				}
			}
		}
	}
}

// Buffered tells whether Poll would return without waiting.
func (c *Consumer) Buffered() bool {
	return c.err != nil || c.position >= c.settings.until || c.batch != nil || len(c.rest) > 0 || c.queue.ready()
}

// Close ends the consumer and its connection and drops what was received ahead. A Poll that waits returns ErrClosed, and so do later
// ones when they have returned the rest of the chunk that they were reading. It always returns nil.
func (c *Consumer) Close() error {
	c.queue.abandon(ErrClosed)
	c.stop(ErrClosed)
	c.running.Wait()
	return nil
}

// advance makes sure that there is a batch to read. It waits for one unless some records are there already, and returns false if
// there is none without waiting.
func (c *Consumer) advance(ctx context.Context, some bool) (bool, error) {
	for c.batch == nil {
		if c.position >= c.settings.until {
			return false, io.EOF
		}
		if c.err != nil {
			return false, c.err
		}
		if len(c.rest) == 0 {
			if some {
				return false, nil
			}
			c.queue.done()
			chunk, err := c.queue.take(ctx)
			if err != nil && ctx.Err() == nil {
				c.err = err
			}
			if err != nil {
				return false, err
			}
			c.rest = chunk
		}
		if err := c.enter(); err != nil {
			c.err = err
		}
	}
	return true, nil
}

// enter verifies the next batch.
func (c *Consumer) enter() error {
	b, rest, err := record.Next(c.rest)
	if err == nil {
		err = b.Verify()
	}
	if err != nil {
		return c.corrupt(err)
	}
	c.rest, c.batch, c.opened = rest, b, false
	return nil
}

// open decompresses the batch, unless that has been done.
func (c *Consumer) open() (err error) {
	if c.opened {
		return nil
	}
	payload := c.batch.Payload()
	if c.batch.Codec() != NoCompression {
		// Memory of its own for every batch: records alias it.
		payload, err = c.inflate.Append(make([]byte, 0, c.hint), c.batch)
		if err != nil {
			return c.corrupt(err)
		}
		// The next one is probably not much larger. Room for a large one would be wasted on small ones that follow.
		c.hint = min(len(payload)+len(payload)/8+512, pollBytes)
		c.inflated += len(payload)
	}
	c.walk, c.opened = record.Walk(c.batch, payload), true
	return nil
}

// leave ends the batch.
func (c *Consumer) leave() {
	c.position = c.batch.NextOffset()
	c.batch, c.walk = nil, record.Records{}
}

// read takes records of the batch until it ends, there are enough, or the end to read to is reached.
func (c *Consumer) read() {
	for len(c.records) < pollRecords {
		if !c.walk.Next() {
			if err := c.walk.Err(); err != nil {
				c.err = c.corrupt(err)
				c.batch = nil
				return
			}
			c.leave()
			return
		}
		if c.walk.Offset < c.position {
			continue
		}
		if c.walk.Offset >= c.settings.until {
			c.position = c.settings.until
			c.batch = nil
			return
		}
		c.position = c.walk.Offset + 1
		c.records = append(c.records, c.walk.Record)
	}
	if c.position == c.batch.NextOffset() {
		c.leave()
	}
}

func (c *Consumer) corrupt(err error) error {
	if errors.Is(err, record.ErrTooLarge) {
		return fmt.Errorf("%w: at offset %d of %v: %w", ErrBatchTooLarge, c.position, c.replica, err)
	}
	return fmt.Errorf("%w: at offset %d of %v: %w", ErrCorrupt, c.position, c.replica, err)
}
