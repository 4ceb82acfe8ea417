package fluvio

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/weir-stream/weir/fluvio/record"
)

// MaxOrdinal is the highest ordinal that a record of a producer sequence may have: some 140 trillion records for a writer and partition.
const MaxOrdinal = record.MaxOrdinal

// sequence is what WithSequence says.
type sequence struct {
	writer int64
	next   []int64 // by partition; 0 where absent
}

// base is the ordinal of the first record for a partition.
func (s *sequence) base(partition uint32) int64 {
	if s == nil || int64(partition) >= int64(len(s.next)) {
		return 0
	}
	return s.next[partition]
}

func (s *sequence) check() error {
	if s == nil {
		return nil
	}
	if s.writer < 0 {
		return fmt.Errorf("writer id %d of the producer sequence: want 0 or more (NewWriterID)", s.writer)
	}
	for partition, ordinal := range s.next {
		if ordinal < 0 || ordinal > MaxOrdinal {
			return fmt.Errorf("next ordinal %d for partition %d: want 0 to %d", ordinal, partition, int64(MaxOrdinal))
		}
	}
	return nil
}

// WithSequence makes the producer a sequenced one: every batch says in its header which writer it is from and what ordinal its first
// record has, counted for each partition. Then what became of a request without an answer is not guessed but read from the log, and
// what is there is not sent again: as long as this process lives every record is written exactly once, on any cluster (as far as a
// request on a connection that was given up does not arrive after the look).
//
// The embedded broker (package broker) refuses even that: there the producer claims the writer for its connection before it looks and sends, and
// again for every new connection; what older connections have under way is not appended any more. Another process that begins with the writer's id
// takes it over, whatever its predecessor is about: that one fails with ErrFenced at its next batch, and so does whatever else its Client does
// as this writer. Who has a writer is known to the broker until it ends.
//
// The writer id is NewWriterID's, kept by the caller together with the next ordinals if another process is to go on later: that one
// finds them with Client.SequenceEnd. next holds, by partition, the ordinal of the first record that this producer will be given; 0
// where it is absent. No two producers may use a writer id at a time, and equal ordinals must be the same records for ever.
//
// Between acknowledgements the log must not lose records of the producer by retention, deletion or failover: the producer fails then,
// with ErrSequence, ErrOffsetOutOfRange or ErrTopicNotFound. It can't be combined with AtMostOnce or WithSmartModules, nor be used for
// a topic that deduplicates: batches are made anew there.
func WithSequence(writer int64, next ...int64) ProducerOption {
	s := &sequence{writer: writer, next: append([]int64(nil), next...)}
	return producerOption(func(o *producerSettings) { o.sequence = s })
}

// NewWriterID draws a random id for WithSequence: 63 bits, so no two are ever equal.
func NewWriterID() int64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:]) & math.MaxInt64)
}

// NextOrdinal is the ordinal of the record after the last acknowledged one of a partition: where a later producer with the same writer
// id goes on. Without WithSequence it is the number of records acknowledged.
func (p *Producer) NextOrdinal(partition uint32) int64 {
	acknowledged, _ := p.Acknowledged(partition)
	return p.settings.sequence.base(partition) + acknowledged
}

// SequenceEnd reads a partition from an offset to its end and follows a writer's ordinals: next is the one after the contiguous run that
// begins with ordinal, which is what a producer with WithSequence has to go on with; equal to ordinal if there is no record of that writer
// and ordinal. What the writer wrote twice counts once. end is the offset after the last record that was looked at: where to look from
// the next time, if nothing is in flight.
//
// On the embedded broker it takes the writer over first, so that what it finds is final: nothing that was sent before can be appended afterwards. A
// producer of the writer in another process is fenced by that, see WithSequence, so this is not for having a look at a sequence in use. In
// the same Client it may go on. If another one has taken the writer over after this Client did, the error is ErrFenced.
//
// The offset must be one from which on everything of the writer from ordinal on was written, such as the log's end when ordinal was next.
// The error is ErrSequence if an ordinal is missing, an *OffsetOutOfRangeError if the log does not have the offset (any more), or what a
// consumer may return. On a topic with replicas it waits until what it saw is committed.
func (c *Client) SequenceEnd(ctx context.Context, topic string, partition uint32, writer, ordinal, from int64) (next, end int64, err error) {
	r := replica{topic, partition}
	if writer < 0 || ordinal < 0 || ordinal > MaxOrdinal || from < 0 {
		return ordinal, from, fmt.Errorf("sequence of %v: writer %d, ordinal %d, offset %d: none may be negative, ordinals go to %d",
			r, writer, ordinal, from, int64(MaxOrdinal))
	}
	run := run{writer: writer, next: ordinal}
	err = c.retry(ctx, "look for a sequence in "+r.String(), func(ctx context.Context) error {
		conn, err := c.connection(ctx, r, offsetsSlot)
		if err != nil {
			return err
		}
		if _, err = c.claim(ctx, conn, r, writer); err != nil {
			return err
		}
		at, err := c.fetchOffsetsOn(ctx, conn, r, nil)
		if err != nil {
			return err
		}
		end, err = c.scan(ctx, r, at, from, func(b Batch) error {
			_, err := run.step(b)
			return err
		})
		return err
	})
	if err != nil {
		return run.next, from, fmt.Errorf("sequence of %v: %w", r, err)
	}
	return run.next, end, nil
}

// run follows one writer's ordinals through a log.
type run struct {
	writer int64
	next   int64 // the ordinal to come
}

// step takes the next batch of the log and returns how many of its records, the last ones, go on with the run.
func (r *run) step(b Batch) (int64, error) {
	s, ok := b.Sequence()
	if !ok || s.Writer != r.writer {
		return 0, nil
	}
	end := s.Ordinal + b.RecordCount()
	switch {
	case end <= r.next:
		return 0, nil // came before
	case s.Ordinal > r.next:
		return 0, fmt.Errorf("%w: writer %x has ordinal %d at offset %d, where %d was to come", ErrSequence, r.writer, s.Ordinal, b.BaseOffset(), r.next)
	}
	n := end - r.next
	r.next = end
	return n, nil
}

// scanBytes is how much of a log is read at a time to look for a sequence: there may be many partitions to look at, at once.
const scanBytes = 256 << 10

// scan calls see with the batches of a log from an offset on, whole and verified, up to its end, which it returns. at is what the
// partition had right before. With replicas that goes for what is not committed too, and it waits until that is.
func (c *Client) scan(ctx context.Context, r replica, at Offsets, from int64, see func(Batch) error) (end int64, err error) {
	t, err := c.topic(ctx, r.topic)
	if err != nil {
		return 0, err
	}
	if from > at.Next && t.replicated {
		if at, err = c.committed(ctx, r, from); err != nil {
			return 0, err
		}
	}
	if from < at.Earliest || from > at.Next {
		return 0, &OffsetOutOfRangeError{Topic: r.topic, Partition: r.partition, Offset: from, Earliest: at.Earliest, Next: at.Next}
	}
	if from == at.Next && !t.replicated {
		return from, nil
	}
	limit := WithUntil(at.Next)
	if t.replicated {
		limit = untilQuiet(at.Next)
	}
	size := WithMaxBytes(min(scanBytes, c.maxFrame-answerHead))
	log, err := c.Consumer(ctx, r.topic, r.partition, At(from), limit, size, WithIsolation(ReadUncommitted))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	for {
		b, err := log.PollBatch(ctx)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = see(b)
		}
		if err != nil {
			return 0, err
		}
	}
	if t.replicated {
		_, err = c.committed(ctx, r, log.Position())
	}
	return log.Position(), err
}

// committed waits until everything before an offset is committed, for no longer than the retry budget. It returns the last offsets that
// the leader told: they may be short of it if the leader has lost records.
func (c *Client) committed(ctx context.Context, r replica, offset int64) (at Offsets, err error) {
	attempts := c.attempts("commitment of " + r.String())
	for {
		if at, err = c.fetchOffsets(attempts.bound(ctx), r); err == nil && at.Next >= offset {
			return at, nil
		}
		if err == nil {
			err = fmt.Errorf("%w: offset %d of %v, committed are %d", errNotCommitted, offset, r, at.Next)
		}
		if err = attempts.again(ctx, err); err != nil {
			return at, err
		}
	}
}

// expectedOrdinal is the one that the embedded broker wants, if err is its refusal of a sequenced batch.
func expectedOrdinal(err error) (ordinal int64, ok bool) {
	text, _ := refusal(err)
	digits, ok := strings.CutPrefix(text, "weir.sequence expected=")
	if !ok {
		return 0, false
	}
	ordinal, err = strconv.ParseInt(digits, 10, 64)
	return ordinal, err == nil
}
