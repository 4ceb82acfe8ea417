package fluvio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// streamAnswers is how many chunks an SPU may send unasked: one, and an error.
const streamAnswers = 4

// fetcher is the goroutine of a Consumer: it keeps a stream going and hands chunks to the queue.
//
//	room? ─▶ ask ─▶ chunk ─▶ whole batches ─▶ queue ─▶ room for another one? ─▶ credit ─▶ chunk …
type fetcher struct {
	client   *Client
	replica  replica
	settings consumerSettings
	queue    *chunkQueue
	allowed  *allowance
	link     *link // for commits; nil without a consumer id
	next     int64 // offset of the next record to receive
	maxBytes int   // what to ask for; grows where a batch is larger
	unneeded int   // bytes of batches that came since the last one that is larger than settings.maxBytes
	more     bool  // there are records behind next, as far as the last answer says
}

// run fetches until ctx ends, everything wanted has come, or there is a final error, which becomes the queue's.
func (f *fetcher) run(ctx context.Context) {
	attempts := f.client.attempts("consume " + f.replica.String())
	attempts.succeeded() // waiting for room is no trouble: the budget counts from a failure
	for {
		err := f.session(ctx, attempts)
		switch {
		case err == nil:
			return
		case errors.Is(err, errGrow):
			err = f.grow(err)
		case errors.Is(err, errShrink):
			f.maxBytes, f.unneeded, err = f.settings.maxBytes, 0, nil
		case err == errLogEnd:
			f.queue.fail(io.EOF)
			return
		}
		if err == nil {
			continue
		}
		if err = attempts.again(ctx, f.explain(ctx, err)); err != nil {
			f.queue.fail(err)
			f.link.fail(err)
			return
		}
	}
}

// session fetches on one connection. It ends with an error, or without one when everything wanted has come.
func (f *fetcher) session(ctx context.Context, attempts *attempts) error {
	if f.next >= f.settings.until && f.link == nil {
		return nil
	}
	if err := f.queue.room(ctx, f.maxBytes); err != nil {
		return err
	}
	leader, err := f.client.leader(ctx, f.replica)
	if err != nil {
		return err
	}
	conn, err := f.client.dialBuffered(attempts.bound(ctx), leader, f.settings.readBuffer)
	if err != nil {
		return err
	}
	defer f.allowed.end()
	defer conn.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer f.client.meta.follow(f.replica, leader, cancel)()

	if err := f.pay(ctx); err != nil {
		return err
	}
	stream, err := conn.StreamInto(ctx, f.request(), streamAnswers, f.client.maxFrame, f.allowed.memory)
	if err != nil {
		return err
	}
	f.link.open(conn)
	defer f.link.close()
	opened := time.Now()
	for {
		var resp protocol.StreamFetchResponse
		if err := f.receive(ctx, conn, stream, &resp); err != nil {
			if time.Since(opened) > longestPause {
				attempts.succeeded() // a stream without news is no failure
			}
			return err
		}
		if err := f.take(&resp); err != nil {
			return err
		}
		attempts.succeeded()
		id := resp.StreamID
		resp = protocol.StreamFetchResponse{} // else it keeps the chunk alive for as long as this waits
		f.link.identify(conn, id)
		if f.next >= f.settings.until {
			return f.rest(ctx, conn)
		}
		if f.tooLarge() {
			return errShrink
		}
		if err := f.queue.room(ctx, f.maxBytes); err != nil {
			return err
		}
		if err := f.pay(ctx); err != nil {
			return err
		}
		if err := f.credit(ctx, conn, id); err != nil {
			return err
		}
	}
}

func (f *fetcher) request() *protocol.StreamFetchRequest {
	isolation := protocol.IsolationReadCommitted
	if f.settings.isolation == ReadUncommitted {
		isolation = protocol.IsolationReadUncommitted
	}
	req := &protocol.StreamFetchRequest{
		Topic:        f.replica.topic,
		Partition:    f.replica.partition,
		FetchOffset:  f.next,
		MaxBytes:     int32(f.maxBytes),
		Isolation:    isolation,
		SmartModules: f.settings.invocations,
	}
	if f.settings.consumerID != "" {
		req.ConsumerID = &f.settings.consumerID
	}
	return req
}

// pay makes sure that there is memory for the next chunk.
func (f *fetcher) pay(ctx context.Context) error {
	return f.allowed.ask(ctx, asked(f.maxBytes), f.more)
}

// rest waits: there is nothing more to fetch, but commits ride on the connection.
func (f *fetcher) rest(ctx context.Context, conn *mux.Conn) error {
	if f.link == nil {
		return nil
	}
	select {
	case <-conn.Done():
		return conn.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take queues the whole batches of an answer. Records come before the error that they came with.
func (f *fetcher) take(resp *protocol.StreamFetchResponse) error {
	answer := &resp.Partition
	var c chunk
	c.cost, c.memory = f.allowed.took()
	need, err := f.check(answer, &c)
	if err != nil || c.next == f.next || f.next >= f.settings.until {
		f.queue.give(c.cost)
	} else {
		f.queue.put(c)
	}
	if err != nil {
		return err
	}
	grown := c.next > f.next
	f.next = max(c.next, f.next)
	f.more = f.next < answer.HighWatermark && len(f.settings.invocations) == 0
	if err := answer.ErrorCode.Err(); err != nil {
		return err
	}
	if !grown {
		return &growError{need}
	}
	return nil
}

// check cuts the batches of an answer.
func (f *fetcher) check(answer *protocol.FetchPartitionResponse, c *chunk) (need int, err error) {
	if answer.PartitionIndex != f.replica.partition {
		return 0, fmt.Errorf("%w: stream of %v answered for partition %d", protocol.ErrMalformed, f.replica, answer.PartitionIndex)
	}
	if len(f.settings.invocations) > 0 {
		c.batches, c.next, need, err = filteredBatches(answer.Records, f.next, answer.NextFilterOffset)
	} else {
		c.batches, c.next, need, err = wholeBatches(answer.Records, f.next)
	}
	if err != nil {
		return 0, fmt.Errorf("%v: %w", f.replica, err)
	}
	f.measure(c.batches)
	return need, nil
}

// measure counts what would have come with the size that was wanted, too.
func (f *fetcher) measure(batches []byte) {
	if f.maxBytes <= f.settings.maxBytes {
		return
	}
	for {
		b, rest, err := record.Next(batches)
		if err != nil { // io.EOF: they are whole
			return
		}
		f.unneeded += len(b)
		if len(b) > f.settings.maxBytes {
			f.unneeded = 0
		}
		batches = rest
	}
}

// tooLarge tells whether a Consumer asks for more than it needs: no batch needed it among as many bytes as it asks for. A new stream costs
// a connection, so where such batches are frequent the size stays. A TopicConsumer's partition has it for as long as memory is not scarce.
func (f *fetcher) tooLarge() bool {
	return f.allowed.budget == nil && f.maxBytes > f.settings.maxBytes && f.unneeded >= f.maxBytes
}

// grow chooses a larger size to ask for: what the batch needs, and twice as much as before unless memory is shared.
func (f *fetcher) grow(err error) error {
	need := 0
	if e := (*growError)(nil); errors.As(err, &e) {
		need = e.size
	}
	most := min(f.settings.maxBatch, f.client.maxFrame-answerHead)
	if need > most || f.maxBytes >= most {
		return fmt.Errorf("%w: at offset %d of %v: %d bytes, limit %d (WithMaxBatch, WithMaxFrame)", ErrBatchTooLarge, f.next, f.replica, need, most)
	}
	larger := 2 * f.maxBytes
	if f.allowed.budget != nil && need > f.maxBytes { // memory is scarce
		larger = need
	}
	f.maxBytes, f.unneeded = min(max(larger, need), most), 0
	f.more = true
	return nil
}

// credit asks for the next chunk: the offset says from where, and that everything before it has arrived. The chunk may take its time,
// but that it was asked for is confirmed at once: without that the peer is gone.
func (f *fetcher) credit(ctx context.Context, conn *mux.Conn, stream uint32) error {
	overdue := time.AfterFunc(f.client.requestTimeout, func() { conn.Fail(errNoAnswer) })
	req := &protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: f.next, SessionID: stream}}}
	err := conn.Post(ctx, req, func(body []byte, version int16) {
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
	if err != nil {
		overdue.Stop()
	}
	return err
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
