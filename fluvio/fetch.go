package fluvio

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// errGrow says that a stream has to be asked for again with a larger size.
var errGrow = errors.New("no whole batch in what was sent")

// streamAnswers is how many chunks an SPU may send unasked: one, and an error.
const streamAnswers = 4

// fetcher is the goroutine of a Consumer: it keeps a stream going and hands chunks to the queue.
//
//	ask ─▶ chunk ─▶ whole batches ─▶ queue ─▶ room for another one? ─▶ credit ─▶ chunk …
type fetcher struct {
	client   *Client
	replica  replica
	settings consumerSettings
	queue    *chunkQueue
	next     int64 // offset of the next record to receive
	maxBytes int   // what to ask for; grows where a batch is larger
}

// run fetches until ctx ends or there is a final error, which becomes the queue's.
func (f *fetcher) run(ctx context.Context) {
	attempts := f.client.attempts("consume " + f.replica.String())
	for {
		err := f.session(ctx, attempts.succeeded)
		if errors.Is(err, errGrow) {
			continue
		}
		if err = attempts.again(ctx, f.explain(ctx, err)); err != nil {
			f.queue.fail(err)
			return
		}
	}
}

// session fetches on one connection. It always ends with an error.
func (f *fetcher) session(ctx context.Context, succeeded func()) error {
	if err := f.queue.room(ctx, f.maxBytes); err != nil {
		return err
	}
	leader, err := f.client.leader(ctx, f.replica)
	if err != nil {
		return err
	}
	conn, err := f.client.dialSPU(ctx, leader)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer f.client.meta.follow(f.replica, leader, cancel)()

	stream, err := conn.Stream(ctx, f.request(), streamAnswers, f.client.maxFrame)
	if err != nil {
		return err
	}
	opened := time.Now()
	for {
		var resp protocol.StreamFetchResponse
		if err := stream.Recv(ctx, &resp); err != nil {
			if time.Since(opened) > longestPause {
				succeeded() // a stream without news is no failure
			}
			return err
		}
		if err := f.take(&resp); err != nil {
			return err
		}
		succeeded()
		if err := f.queue.room(ctx, f.maxBytes); err != nil {
			return err
		}
		if err := f.credit(ctx, conn, resp.StreamID); err != nil {
			return err
		}
	}
}

func (f *fetcher) request() *protocol.StreamFetchRequest {
	isolation := protocol.IsolationReadCommitted
	if f.settings.isolation == ReadUncommitted {
		isolation = protocol.IsolationReadUncommitted
	}
	return &protocol.StreamFetchRequest{
		Topic:       f.replica.topic,
		Partition:   f.replica.partition,
		FetchOffset: f.next,
		MaxBytes:    int32(f.maxBytes),
		Isolation:   isolation,
	}
}

// take queues the whole batches of an answer. Records come before the error that they came with.
func (f *fetcher) take(resp *protocol.StreamFetchResponse) error {
	answer := &resp.Partition
	if answer.PartitionIndex != f.replica.partition {
		return fmt.Errorf("%w: stream of %v answered for partition %d", protocol.ErrMalformed, f.replica, answer.PartitionIndex)
	}
	whole, after, need, err := wholeBatches(answer.Records, f.next)
	if err != nil {
		return fmt.Errorf("%v: %w", f.replica, err)
	}
	if len(whole) > 0 {
		f.queue.put(whole)
		f.next = after
	}
	if err := answer.ErrorCode.Err(); err != nil {
		return err
	}
	if len(whole) == 0 {
		return f.grow(need)
	}
	return nil
}

// grow chooses a larger size to ask for: what the batch needs, at least twice as much as before.
func (f *fetcher) grow(need int) error {
	most := min(f.settings.maxBatch, f.client.maxFrame-answerHead)
	if need > most || f.maxBytes >= most {
		return fmt.Errorf("%w: at offset %d of %v: %d bytes, limit %d (WithMaxBatch, WithMaxFrame)", ErrBatchTooLarge, f.next, f.replica, need, most)
	}
	f.maxBytes = min(max(2*f.maxBytes, need), most)
	return errGrow
}

// credit asks for the next chunk: the offset says from where, and that everything before it has arrived. The chunk may take its time,
// but that it was asked for is confirmed at once: without that the peer is gone.
func (f *fetcher) credit(ctx context.Context, conn *mux.Conn, stream uint32) error {
	overdue := time.AfterFunc(f.client.requestTimeout, func() { conn.Fail(errNoAnswer) })
	req := &protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: f.next, SessionID: stream}}}
	return conn.Post(ctx, req, func(body []byte, version int16) {
		overdue.Stop()
		var resp protocol.UpdateOffsetsResponse
		err := protocol.DecodeResponse(body, version, &resp)
		for i := range resp.Status {
			err = errors.Join(err, resp.Status[i].ErrorCode.Err())
		}
		if err != nil { // not wrapped: whatever it is, another stream is the answer
			conn.Fail(fmt.Errorf("asking for more of stream %d: %v", stream, err))
		}
	})
}

// explain finds out what offsets there are where the SPU did not have the one asked for. Its own words for it are one code for an
// offset that is too low, and another, or just text, for one that is too high (fluvio-storage/src/replica.rs).
func (f *fetcher) explain(ctx context.Context, err error) error {
	var code protocol.ErrorCode
	if !errors.As(err, &code) {
		return err
	}
	switch code.Tag {
	case protocol.ErrorCodeTopicDeleted, protocol.ErrorCodeTopicNotFound:
		return fmt.Errorf("%w: '%s': %w", ErrTopicNotFound, f.replica.topic, err)
	case protocol.ErrorCodeOffsetEvicted, protocol.ErrorCodeOffsetOutOfRange, protocol.ErrorCodeOther:
	default:
		return err
	}
	at, lookErr := f.client.Offsets(ctx, f.replica.topic, f.replica.partition)
	if lookErr == nil && (f.next < at.Earliest || f.next > at.Next) {
		return &OffsetOutOfRangeError{
			Topic: f.replica.topic, Partition: f.replica.partition,
			Offset: f.next, Earliest: at.Earliest, Next: at.Next,
		}
	}
	return fmt.Errorf("stream of %v from offset %d: %w", f.replica, f.next, err)
}
