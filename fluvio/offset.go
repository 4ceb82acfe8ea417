package fluvio

import (
	"context"
	"fmt"
	"math"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// Offset says where a consumer starts. Make one with At, Beginning, End, FromBeginning or FromEnd.
type Offset struct {
	from fromWhere
	n    int64
}

type fromWhere uint8

const (
	absolute fromWhere = iota
	fromBeginning
	fromEnd
)

// At starts with the record of that offset. If it is not there (yet) the consumer fails with ErrOffsetOutOfRange; the offset after
// the last record is fine and waits. With WithUntilEnd that is noticed when the consumer is made; with ReadUncommitted it is an end then,
// for there may be records that are not committed.
func At(offset int64) Offset { return Offset{absolute, offset} }

// Beginning starts with the first record that there is.
func Beginning() Offset { return Offset{fromBeginning, 0} }

// End starts with the first record that is written after the consumer was made.
func End() Offset { return Offset{fromEnd, 0} }

// FromBeginning skips the first n records, or all if there are not more.
func FromBeginning(n int64) Offset { return Offset{fromBeginning, n} }

// FromEnd starts n records before the end, or at the beginning if there are not more.
func FromEnd(n int64) Offset { return Offset{fromEnd, n} }

// String is the offset in words.
func (o Offset) String() string {
	switch o.from {
	case fromBeginning:
		return fmt.Sprintf("beginning+%d", o.n)
	case fromEnd:
		return fmt.Sprintf("end-%d", o.n)
	}
	return fmt.Sprint(o.n)
}

// Offsets is the range of offsets that a partition has.
type Offsets struct {
	Earliest int64 // of the first record there is
	Next     int64 // after the last committed record: what the next one gets. Equal to Earliest if there are no records.
}

// Offsets asks the leader of a partition for its range of offsets. The error wraps ErrTopicNotFound, ErrPartitionNotFound or
// ErrUnavailable.
func (c *Client) Offsets(ctx context.Context, topic string, partition uint32) (offsets Offsets, err error) {
	r := replica{topic, partition}
	err = c.retry(ctx, "offsets of "+r.String(), func(ctx context.Context) error {
		offsets, err = c.fetchOffsets(ctx, r)
		return err
	})
	return offsets, err
}

func (c *Client) fetchOffsets(ctx context.Context, r replica) (Offsets, error) {
	return c.fetchOffsetsFor(ctx, r, nil)
}

// fetchOffsetsFor asks with a consumer id, which has a meaning at version 23 alone.
func (c *Client) fetchOffsetsFor(ctx context.Context, r replica, consumer *string) (Offsets, error) {
	conn, err := c.connection(ctx, r, offsetsSlot)
	if err != nil {
		return Offsets{}, err
	}
	return c.fetchOffsetsOn(ctx, conn, r, consumer)
}

// connection is a pooled one to the leader of a partition.
func (c *Client) connection(ctx context.Context, r replica, slot int) (*mux.Conn, error) {
	leader, err := c.leader(ctx, r)
	if err != nil {
		return nil, err
	}
	return c.pool.get(ctx, leader, slot)
}

// fetchOffsetsOn asks the SPU at the other end of a connection.
func (c *Client) fetchOffsetsOn(ctx context.Context, conn *mux.Conn, r replica, consumer *string) (Offsets, error) {
	var resp protocol.FetchOffsetsResponse
	err := c.call(ctx, conn, &protocol.FetchOffsetsRequest{ConsumerID: consumer, Topics: []protocol.FetchOffsetsTopic{{
		Name: r.topic, Partitions: []protocol.FetchOffsetsPartition{{PartitionIndex: r.partition}},
	}}}, &resp, 0)
	if err != nil {
		return Offsets{}, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 || resp.Topics[0].Partitions[0].PartitionIndex != r.partition {
		return Offsets{}, fmt.Errorf("%w: offsets of %v: not one answer", protocol.ErrMalformed, r)
	}
	answer := &resp.Topics[0].Partitions[0]
	if err := answer.ErrorCode.Err(); err != nil {
		return Offsets{}, fmt.Errorf("offsets of %v: %w", r, err)
	}
	return Offsets{Earliest: answer.StartOffset, Next: answer.LastStableOffset}, nil
}

// leader waits for the leader of a partition, as lookup does.
func (c *Client) leader(ctx context.Context, r replica) (s spu, err error) {
	err = c.lookup(ctx, func(ctx context.Context) error {
		s, err = c.meta.leader(ctx, r)
		return err
	})
	return s, err
}

// resolve makes an offset absolute (fluvio/src/offset.rs). An absolute one is taken as it is; others count from behind the offset that
// is stored for the consumer, where there is one. It sets the end to read to, if that is the end of now.
func (c *Client) resolve(ctx context.Context, r replica, o Offset, s *consumerSettings) (int64, error) {
	stored := noOffset
	if s.consumerID != "" && o.from != absolute {
		var err error
		if stored, err = c.storedOffset(ctx, r, s.consumerID); err != nil {
			return 0, err
		}
	}
	return c.resolveFrom(ctx, r, o, stored, s)
}

// noOffset is a stored offset that there is not.
const noOffset = int64(-1)

// resolveFrom is resolve with what is stored.
func (c *Client) resolveFrom(ctx context.Context, r replica, o Offset, stored int64, s *consumerSettings) (int64, error) {
	if o.n < 0 {
		return 0, fmt.Errorf("%w: %v of %v is negative", ErrOffsetOutOfRange, o, r)
	}
	if o.from == absolute && !s.untilEnd {
		_, err := c.leader(ctx, r)
		return o.n, err
	}
	at, err := c.Offsets(ctx, r.topic, r.partition)
	if err != nil {
		return 0, err
	}
	if s.untilEnd {
		if o.from == absolute && o.n > at.Next && s.isolation == ReadCommitted { // what is not committed is in no offsets that an SPU tells
			return 0, &OffsetOutOfRangeError{Topic: r.topic, Partition: r.partition, Offset: o.n, Earliest: at.Earliest, Next: at.Next}
		}
		s.until = min(s.until, max(at.Next, 0))
	}
	return o.within(at, stored), nil
}

// within is the offset in a partition's range. Sums that would overflow are cut there.
func (o Offset) within(at Offsets, stored int64) int64 {
	end := max(at.Next, at.Earliest)
	base := at.Earliest
	if o.from == fromEnd {
		base = end
	}
	if stored >= 0 {
		base = min(max(stored, 0), math.MaxInt64-1) + 1
	}
	switch o.from {
	case absolute:
		return o.n
	case fromBeginning:
		base = min(base, end)
		return max(base+min(o.n, end-base), at.Earliest)
	}
	base = min(base, end)
	return max(base-min(o.n, max(base-at.Earliest, 0)), at.Earliest)
}
