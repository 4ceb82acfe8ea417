package fluvio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// offsetsReplica is the partition whose leader keeps the offsets of all consumers.
var offsetsReplica = replica{"consumer-offset", 0}

// filterVersion is the version from which FetchConsumerOffsets can be told what to look for.
const filterVersion = 24

// ConsumerOffset is how far a consumer has come in a partition.
type ConsumerOffset struct {
	ID        string // see WithConsumerID
	Topic     string
	Partition uint32
	Offset    int64     // of the last record that was processed
	Modified  time.Time // to the second
}

// ConsumerOffsetFilter chooses consumer offsets. What is empty matches everything.
type ConsumerOffsetFilter struct {
	ID        string
	Topic     string
	Partition *uint32 // nil: all
}

func (f *ConsumerOffsetFilter) matches(o *ConsumerOffset) bool {
	return (f.ID == "" || f.ID == o.ID) && (f.Topic == "" || f.Topic == o.Topic) && (f.Partition == nil || *f.Partition == o.Partition)
}

// wire is as much of the filter as can be told to a server.
func (f *ConsumerOffsetFilter) wire() *protocol.ConsumerOffsetFilter {
	filter := new(protocol.ConsumerOffsetFilter)
	if f.ID != "" {
		filter.ConsumerID = &f.ID
	}
	if f.Topic != "" && f.Partition != nil {
		filter.ReplicaID = &protocol.ReplicaKey{Topic: f.Topic, Partition: *f.Partition}
	}
	return filter
}

// ConsumerOffsets lists the offsets that consumers have stored, by topic, partition and id. The error wraps ErrNoConsumerOffsets,
// ErrUnavailable or ErrClosed, or holds a protocol.ErrorCode.
func (c *Client) ConsumerOffsets(ctx context.Context, filter ConsumerOffsetFilter) ([]ConsumerOffset, error) {
	req := &protocol.FetchConsumerOffsetsRequest{Filter: filter.wire()}
	var resp protocol.FetchConsumerOffsetsResponse
	err := c.onOffsets(ctx, "list consumer offsets", func(ctx context.Context, conn *mux.Conn) error {
		resp = protocol.FetchConsumerOffsetsResponse{}
		if err := c.call(ctx, conn, req, &resp, 0); err != nil {
			return err
		}
		return resp.ErrorCode.Err()
	})
	if err != nil {
		return nil, err
	}
	all := make([]ConsumerOffset, 0, len(resp.Consumers))
	for i := range resp.Consumers {
		o := &resp.Consumers[i]
		stored := ConsumerOffset{
			ID: o.ConsumerID, Topic: o.ReplicaID.Topic, Partition: o.ReplicaID.Partition,
			Offset: o.Offset, Modified: time.Unix(int64(o.ModifiedTime), 0),
		}
		if filter.matches(&stored) { // servers before 0.17.2 send all, and none knows all that a filter says
			all = append(all, stored)
		}
	}
	slices.SortFunc(all, func(a, b ConsumerOffset) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// DeleteConsumerOffset forgets what a consumer has stored for a partition. That there is nothing is a success. The error wraps
// ErrNoConsumerOffsets, ErrUnavailable or ErrClosed, or holds a protocol.ErrorCode.
func (c *Client) DeleteConsumerOffset(ctx context.Context, id, topic string, partition uint32) error {
	if id == "" {
		return fmt.Errorf("delete the offset of %v: %w", replica{topic, partition}, ErrNoConsumerID)
	}
	req := &protocol.DeleteConsumerOffsetRequest{
		ReplicaID: protocol.ReplicaKey{Topic: topic, Partition: partition}, ConsumerID: id,
	}
	return c.onOffsets(ctx, "delete the offset of "+id, func(ctx context.Context, conn *mux.Conn) error {
		var resp protocol.DeleteConsumerOffsetResponse
		if err := c.call(ctx, conn, req, &resp, 0); err != nil {
			return err
		}
		return resp.ErrorCode.Err()
	})
}

// onOffsets does something at the SPU that keeps the offsets of consumers.
func (c *Client) onOffsets(ctx context.Context, what string, do func(context.Context, *mux.Conn) error) error {
	err := c.retry(ctx, what, func(ctx context.Context) error {
		leader, err := c.leader(ctx, offsetsReplica)
		if errors.Is(err, ErrTopicNotFound) || errors.Is(err, ErrPartitionNotFound) {
			return fmt.Errorf("%w: %w", ErrNoConsumerOffsets, err)
		}
		if err != nil {
			return err
		}
		conn, err := c.pool.get(ctx, leader, offsetsSlot)
		if err != nil {
			return err
		}
		return do(ctx, conn)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// storedOffset is what a consumer has stored for a partition, or noOffset. Servers of version 23 are asked the way that was theirs: at
// that version alone FetchOffsets takes a consumer id, and answers with what is behind its offset as the partition's start.
func (c *Client) storedOffset(ctx context.Context, r replica, id string) (int64, error) {
	stored := noOffset
	old := false
	err := c.retry(ctx, "offsets of "+r.String(), func(ctx context.Context) (err error) {
		stored, old, err = c.storedOffsetOld(ctx, r, id)
		return err
	})
	if err != nil || old {
		return stored, err
	}
	all, err := c.ConsumerOffsets(ctx, ConsumerOffsetFilter{ID: id, Topic: r.topic, Partition: &r.partition})
	if err != nil {
		return noOffset, err
	}
	for i := range all {
		stored = all[i].Offset
	}
	return stored, nil
}

// storedOffsetOld asks the leader of the partition, if it is of the version that takes the question.
func (c *Client) storedOffsetOld(ctx context.Context, r replica, id string) (stored int64, old bool, err error) {
	leader, err := c.leader(ctx, r)
	if err != nil {
		return noOffset, false, err
	}
	conn, err := c.pool.get(ctx, leader, offsetsSlot)
	if err != nil {
		return noOffset, false, err
	}
	version, err := conn.Version(protocol.KeyFetchOffsets)
	if err != nil || version >= filterVersion {
		return noOffset, false, err
	}
	without, err := c.fetchOffsetsFor(ctx, r, nil)
	if err != nil {
		return noOffset, true, err
	}
	with, err := c.fetchOffsetsFor(ctx, r, &id)
	if err != nil || with.Earliest == without.Earliest {
		return noOffset, true, err
	}
	return with.Earliest - 1, true, nil
}
