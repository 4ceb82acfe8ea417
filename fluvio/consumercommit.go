package fluvio

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// commits stores how far a consumer has come.
type commits struct {
	client  *Client
	replica replica
	id      string // of the consumer
	link    *link

	handed    atomic.Int64  // behind the last record that was returned, 0 if none was
	processed atomic.Int64  // offset of the last record that counts as processed, -1 if there is none
	busy      chan struct{} // holds a token while someone commits; stored belongs to them
	stored    int64         // what the cluster has confirmed, -1 if nothing
}

func newCommits(c *Client, r replica, id string) *commits {
	k := &commits{client: c, replica: r, id: id, link: new(link), busy: make(chan struct{}, 1), stored: -1}
	k.processed.Store(-1)
	return k
}

// settle counts as processed what was returned.
func (k *commits) settle() {
	if next := k.handed.Load(); next > 0 {
		k.processed.Store(next - 1)
	}
}

// commit stores what counts as processed, unless that is stored already.
func (k *commits) commit(ctx context.Context) error { return k.store(ctx, k.processed.Load) }

// store stores the offset of the last record that is processed, as it is when its turn comes, unless that is stored already.
func (k *commits) store(ctx context.Context, processed func() int64) error {
	select {
	case k.busy <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-k.busy }()
	offset := processed()
	if offset == k.stored {
		return nil
	}
	ctx, release := k.client.bind(ctx)
	defer release()
	attempts := k.client.attempts("store the offset of " + k.replica.String())
	for {
		err := k.try(attempts.bound(ctx), offset)
		if err == nil {
			k.stored = offset
			return nil
		}
		if err = attempts.again(ctx, err); err != nil {
			return fmt.Errorf("store offset %d of %v: %w", offset, k.replica, err)
		}
	}
}

// due tells whether there is something to store, as far as can be seen.
func (k *commits) due() bool {
	select {
	case k.busy <- struct{}{}:
	default:
		return true
	}
	defer func() { <-k.busy }()
	return k.processed.Load() != k.stored
}

// try stores an offset, on the consumer's stream if there is one. Else it does not wait for that: the consumer opens a stream when there is
// room for what it brings, so after its reader has read on, who may be waiting for this.
func (k *commits) try(ctx context.Context, offset int64) error {
	conn, id, known, err := k.link.now()
	if err != nil {
		return err
	}
	if conn == nil {
		return k.alone(ctx, offset)
	}
	err = k.send(ctx, conn, id, offset)
	if !known && errors.Is(err, protocol.ErrorCodeFetchSessionNotFoud) {
		// It was a guess. The first chunk tells.
		if id, err = k.link.told(ctx, conn); err != nil {
			return err
		}
		err = k.send(ctx, conn, id, offset)
	}
	if errors.Is(err, protocol.ErrorCodeFetchSessionNotFoud) {
		lost := fmt.Errorf("%w: %v", errNoAnswer, err)
		conn.Fail(lost) // the stream has ended there: another one is the answer
		return lost
	}
	return err
}

// alone stores an offset on a connection for it alone, with a stream at the end of the partition: there is nothing to send.
func (k *commits) alone(ctx context.Context, offset int64) error {
	at, err := k.client.fetchOffsets(ctx, k.replica)
	if err != nil {
		return err
	}
	leader, err := k.client.leader(ctx, k.replica)
	if err != nil {
		return err
	}
	conn, err := k.client.dialSPU(ctx, leader)
	if err != nil {
		return err
	}
	defer conn.Close()
	req := &protocol.StreamFetchRequest{
		Topic: k.replica.topic, Partition: k.replica.partition, FetchOffset: at.Next, MaxBytes: 1,
		Isolation: protocol.IsolationReadCommitted, ConsumerID: &k.id,
	}
	if _, err := conn.Stream(ctx, req, streamAnswers, k.client.maxFrame); err != nil {
		return err
	}
	err = k.send(ctx, conn, firstStream, offset)
	if errors.Is(err, protocol.ErrorCodeFetchSessionNotFoud) {
		return fmt.Errorf("%w: %v", errNoAnswer, err)
	}
	return err
}

func (k *commits) send(ctx context.Context, conn *mux.Conn, stream uint32, offset int64) error {
	var resp protocol.UpdateConsumerOffsetResponse
	if err := k.client.call(ctx, conn, &protocol.UpdateConsumerOffsetRequest{Offset: offset, SessionID: stream}, &resp, 0); err != nil {
		return err
	}
	return resp.ErrorCode.Err()
}

// lastCommitTime is how long Close tries to store an offset.
const lastCommitTime = 5 * time.Second

// lastCommit is for the end of a consumer that commits by itself. It does not wait for long for a cluster that is away, and not at all
// for a client that is closed.
func (c *Client) lastCommit(life context.Context, commit func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(life, min(c.requestTimeout, lastCommitTime), errNoAnswer)
	defer cancel()
	return commit(ctx)
}

// commitEvery commits again and again until ctx ends. What fails is tried again the next time.
func commitEvery(ctx context.Context, c *Client, every time.Duration, commit func(context.Context) error) {
	for sleep(ctx, every) == nil {
		if err := commit(ctx); err != nil && ctx.Err() == nil {
			c.logger.Warn("consumer offset not stored", "error", err)
		}
	}
}
