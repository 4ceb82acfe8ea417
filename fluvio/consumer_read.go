package fluvio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/weir-stream/weir/fluvio/record"
)

const (
	// pollRecords is the most records that Poll returns at once: enough to pay for the call, few enough for a processor's cache.
	pollRecords = 1024
	// pollBytes is how much Poll decompresses before it returns: a chunk of well-packed batches may hold a thousand times its size.
	pollBytes = 1 << 20
)

// reading is where in the chunks a Consumer is.
type reading struct {
	position int64        // of the next record to return
	began    int64        // what position was before the last Poll
	rest     []byte       // batches of the chunk that have not been looked at
	next     int64        // position behind the chunk
	batch    record.Batch // what is being read, nil between batches
	opened   bool         // walk is over the batch's records
	payload  []byte       // of the batch, decompressed
	walk     record.Records
	want     []Span // offsets of the batch's records to return
	wanted   int    // which of them is being read
	partly   bool   // some records of the batch are stale
	inflate  *record.Decompressor
	hint     int    // memory to take for the next decompressed payload
	inflated int    // bytes decompressed in this Poll
	arena    *arena // nil unless memory is reused
	records  []Record
	err      error // sticky
}

// advance makes sure that there is a batch to read. It waits for one, if it may and unless some records are there already, and returns
// false if there is none without waiting.
func (c *Consumer) advance(ctx context.Context, wait, some bool) (bool, error) {
	for c.batch == nil {
		if !some {
			c.seen.settle()
		} else if c.seen.full() {
			return false, nil
		}
		if c.position >= c.settings.until {
			return false, io.EOF
		}
		if c.err != nil {
			return false, c.err
		}
		if len(c.rest) > 0 {
			c.err = c.enter()
			continue
		}
		if some {
			return false, nil
		}
		if ok, err := c.receive(ctx, wait); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// receive takes the next chunk.
func (c *Consumer) receive(ctx context.Context, wait bool) (ok bool, err error) {
	var next chunk
	c.forget()
	c.queue.done()
	if wait {
		next, err = c.queue.take(ctx)
		ok = err == nil
	} else {
		next, ok, err = c.queue.tryTake()
	}
	if err != nil && (!wait || ctx.Err() == nil) {
		c.err = err
	}
	if !ok {
		return false, err
	}
	c.rest, c.next = next.batches, next.next
	if len(c.rest) == 0 {
		c.position = c.next
	}
	return true, nil
}

// forget drops what Poll returned last: it would keep its chunk alive. Within a chunk there is no need for that.
func (c *Consumer) forget() { clear(c.records[:cap(c.records)]) }

// release gives up the chunk if all of it has been returned. What Poll returned last is gone then.
func (c *Consumer) release() {
	if c.batch == nil && len(c.rest) == 0 {
		c.queue.done()
	}
}

// finish gives up what lies behind the end to read to. What Poll returned last is gone then.
func (c *Consumer) finish() {
	c.drop()
	c.rest = nil
	c.queue.done()
}

// enter verifies the next batch and finds what of it is to be returned. Nothing: then it is left again.
func (c *Consumer) enter() error {
	b, rest, err := record.Next(c.rest)
	if err == nil && len(b) > c.settings.maxBatch {
		err = fmt.Errorf("%w: batch of %d bytes, limit %d (WithMaxBatch)", record.ErrTooLarge, len(b), c.settings.maxBatch)
	}
	if err == nil {
		err = b.Verify()
	}
	if err != nil {
		return c.corrupt(err)
	}
	if len(rest) == 0 {
		rest = nil // else it keeps the chunk alive
	}
	c.rest, c.batch, c.opened = rest, b, false
	c.choose()
	if len(c.want) == 0 {
		c.passRest()
	}
	return nil
}

// choose finds which records of the batch are to be returned: those from the position on, without stale ones; all of what SmartModules left.
func (c *Consumer) choose() {
	c.want, c.wanted, c.partly = c.want[:0], 0, false
	s, ok := c.batch.Sequence()
	switch {
	case c.filtered(): // by its numbers nothing can be said to lie before the position, or behind the end
		c.want = append(c.want, Span{0, math.MaxInt64})
		return
	case c.seen == nil || !ok:
		c.want = append(c.want, Span{c.position, c.settings.until})
		return
	}
	first, end := c.position, min(c.batch.NextOffset(), c.settings.until)
	toOffset := c.batch.BaseOffset() - s.Ordinal
	c.want = c.seen.now.fresh(c.want, s.Writer, Span{first - toOffset, end - toOffset})
	stale := end - first
	for i := range c.want {
		stale -= c.want[i].To - c.want[i].From
		c.want[i].From, c.want[i].To = c.want[i].From+toOffset, c.want[i].To+toOffset
	}
	c.stale += stale
	c.partly = stale > 0
}

// filtered tells whether SmartModules made the batches: then their offsets are only numbers.
func (c *Consumer) filtered() bool { return len(c.settings.invocations) > 0 }

// open decompresses the batch, unless that has been done.
func (c *Consumer) open() (err error) {
	if c.opened {
		return nil
	}
	c.payload = c.batch.Payload()
	if c.batch.Codec() != NoCompression {
		if c.payload, err = c.decompress(); err != nil {
			return c.corrupt(err)
		}
		c.inflated += len(c.payload)
		if c.allowed.budget != nil {
			c.allowed.budget.force(len(c.payload))
		}
	}
	c.walk, c.opened = record.Walk(c.batch, c.payload), true
	return nil
}

// decompress returns the batch's payload, in memory of its own for every batch of a Poll at least: records alias it.
func (c *Consumer) decompress() ([]byte, error) {
	if c.settings.reuse {
		return c.arena.inflate(c.inflate, c.batch)
	}
	payload, err := c.inflate.Append(make([]byte, 0, c.hint), c.batch)
	// The next one is probably not much larger. Room for a large one would be wasted on small ones that follow.
	c.hint = min(len(payload)+len(payload)/8+512, pollBytes)
	return payload, err
}

// leave ends the batch.
func (c *Consumer) leave() {
	c.moveTo(c.batch.NextOffset())
	if c.filtered() && len(c.rest) == 0 {
		c.position = c.next // numbers may have gone beyond, or not that far
	}
	c.drop()
}

// drop forgets the batch.
func (c *Consumer) drop() {
	if c.opened && c.allowed.budget != nil && c.batch.Codec() != NoCompression {
		c.allowed.budget.give(len(c.payload))
	}
	c.batch, c.opened, c.payload, c.walk = nil, false, nil, record.Records{}
}

// moveTo moves the position within the batch, and remembers what is behind it.
func (c *Consumer) moveTo(offset int64) {
	if c.seen != nil && offset > c.position && !c.filtered() {
		if s, ok := c.batch.Sequence(); ok {
			toOffset := c.batch.BaseOffset() - s.Ordinal
			c.seen.add(c.position, s.Writer, Span{c.position - toOffset, offset - toOffset})
		}
	}
	c.position = offset
}

// read takes records of the batch until it ends, there are as many as wanted, or the end to read to is reached.
func (c *Consumer) read(most int) {
	for len(c.records) < most {
		next, want, ok := c.walk.NextOffset(), c.want[c.wanted], false
		switch {
		case next < want.From:
			ok = c.walk.Next()
		case next < want.To:
			ok = c.readSome(int(min(want.To-next, int64(most-len(c.records)))))
		case c.walk.Left() > 0:
			if ok = c.nextSpan(next); !ok {
				c.passRest()
				return
			}
		}
		if !ok {
			c.ran()
			return
		}
	}
	c.passed(c.walk.NextOffset())
	if c.position == c.batch.NextOffset() && !c.filtered() {
		c.leave()
	}
}

// passed moves the position behind a record of the batch. What SmartModules made has numbers that may be anywhere: it is passed when all of
// it is, so that nobody who goes on at the position, or at what was committed, misses a part.
func (c *Consumer) passed(next int64) {
	if !c.filtered() {
		c.moveTo(next)
	}
}

// behind is the offset to go on with after a record that Poll has returned, where that was not the last one.
func (c *Consumer) behind(r *Record) int64 {
	if c.filtered() {
		return c.began
	}
	return r.Offset + 1
}

// readSome takes so many records. It returns false if there are not that many.
func (c *Consumer) readSome(n int) bool {
	have := len(c.records)
	all := slices.Grow(c.records, min(n, c.walk.Left()))
	got := c.walk.Read(all[have:min(have+n, cap(all))])
	c.records = all[:have+got]
	return got == n
}

// ran is what happens when no further record of the batch can be read.
func (c *Consumer) ran() {
	if err := c.walk.Err(); err != nil {
		c.err = c.corrupt(err)
		c.passed(max(c.position, c.walk.NextOffset()))
		c.drop()
		return
	}
	c.leave()
}

// nextSpan goes on to the wanted records that are not before an offset. It returns false if there are none.
func (c *Consumer) nextSpan(offset int64) bool {
	for c.wanted < len(c.want) && c.want[c.wanted].To <= offset {
		c.wanted++
	}
	return c.wanted < len(c.want)
}

// passRest ends a batch of which no more is wanted: the rest is stale, or behind the end to read to.
func (c *Consumer) passRest() {
	if c.batch.NextOffset() <= c.settings.until {
		c.leave()
		return
	}
	c.moveTo(c.settings.until)
	c.drop()
}

// wholeBatch ends the batch and returns it, or one of those of its records that are not stale: where stale ones are between them, of the
// first ones.
func (c *Consumer) wholeBatch() (record.Batch, error) {
	b := c.batch
	if !c.partly {
		c.leave()
		return b, nil
	}
	if !c.nextSpan(c.position) {
		c.passRest()
		return nil, nil
	}
	if err := c.open(); err != nil {
		return nil, err
	}
	want := c.want[c.wanted]
	made, err := rebuilt(b, c.payload, max(c.position, want.From), want.To)
	if err != nil {
		return nil, c.corrupt(err)
	}
	c.moveTo(want.To)
	if !c.nextSpan(c.position) || c.position >= b.NextOffset() {
		c.passRest()
	}
	return made, nil
}

func (c *Consumer) corrupt(err error) error {
	if errors.Is(err, record.ErrTooLarge) {
		return fmt.Errorf("%w: at offset %d of %v: %w", ErrBatchTooLarge, c.position, c.replica, err)
	}
	return fmt.Errorf("%w: at offset %d of %v: %w", ErrCorrupt, c.position, c.replica, err)
}
