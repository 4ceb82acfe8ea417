package fluvio

import (
	"context"
	"fmt"

	"github.com/weir-stream/weir/fluvio/record"
)

// ProduceBatch appends a batch as it is, not decoded: what Consumer.PollBatch returned, say. Compression, timestamps and everything
// else stay; only its producer sequence does not: it is cleared, or if this producer is a sequenced one, replaced by the next of its own.
// The batch is copied, once, and b stays the caller's. It is a batch of its own behind everything that was produced to the partition before.
//
// All its records are appended, including those that a consumer would skip because it started, or was to end, within the batch.
//
// The checksum is verified first: ErrCorrupt. A batch larger than WithMaxRequestSize or the topic's segments is ErrBatchTooLarge, one that is not
// compressed as the topic wants ErrCompression; after these the producer works as before. Other errors are those of ProduceTo.
func (p *Producer) ProduceBatch(ctx context.Context, partition uint32, b Batch) error {
	w, err := p.writer(partition)
	if err != nil {
		return err
	}
	if err := p.checkBatch(b); err != nil {
		return fmt.Errorf("batch for %v: %w", w.replica, err)
	}
	cost := int64(len(b)) + recordCost
	if err := p.budget.take(ctx, cost, p.life.Done(), p.hurry); err != nil {
		return err
	}
	if err := w.appendBatch(b, cost); err != nil {
		p.budget.release(cost)
		return err
	}
	return nil
}

// checkBatch finds what an SPU would refuse, or store and no reader could read.
func (p *Producer) checkBatch(b Batch) error {
	whole, rest, err := record.Next(b)
	if err == nil {
		err = whole.Verify()
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case len(rest) > 0:
		return fmt.Errorf("%w: %d bytes behind it", ErrCorrupt, len(rest))
	case b.RecordCount() < 1:
		return fmt.Errorf("%w: it has no records", ErrCorrupt)
	case b.Codec() > Zstd:
		return fmt.Errorf("%w: %w %d", ErrCorrupt, record.ErrCodec, b.Codec())
	case len(b) > p.maxBatch:
		return fmt.Errorf("%w: %d bytes, limit %d (WithMaxRequestSize, and the topic's segment size)", ErrBatchTooLarge, len(b), p.maxBatch)
	}
	if _, ok := b.SchemaID(); ok {
		return fmt.Errorf("%w: it has a schema id, which SPUs can't store", ErrCorrupt)
	}
	if want, fixed := codecs[p.compression]; fixed && want != b.Codec() {
		return fmt.Errorf("%w: '%s' takes %v, not %v", ErrCompression, p.topic, want, b.Codec())
	}
	return nil
}

// appendBatch queues a batch behind the open one. Its cost has been taken from the budget.
func (w *writer) appendBatch(b Batch, cost int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := b.RecordCount()
	if err := w.ready(count); err != nil {
		return err
	}
	if w.open.Len() > 0 {
		w.seal()
	}
	number := w.producer.numbers.Add(count) - count
	own := w.tail(len(b)).add(b, batchInfo{first: w.accepted, number: number, count: int(count)}, cost)
	if s := w.producer.settings.sequence; s != nil {
		own.SetSequence(record.Sequence{Writer: s.writer, Ordinal: w.ordinal(w.accepted)})
	} else if _, ok := own.Sequence(); ok {
		own.ClearSequence()
	}
	w.accepted += count
	w.rouse()
	return nil
}
