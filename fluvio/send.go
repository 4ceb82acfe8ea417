package fluvio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// run is the writer's goroutine: one request at a time, so that order is kept.
func (w *writer) run(ctx context.Context) {
	for {
		set := w.pick(ctx)
		if set == nil {
			w.giveUp(nil, context.Cause(ctx), false)
			return
		}
		if !w.send(ctx, set) {
			return
		}
		w.producer.grow(w.producer.client.meta.count(w.replica.topic))
	}
}

// pick waits for something to send; nil when ctx has ended.
func (w *writer) pick(ctx context.Context) *batchSet {
	for {
		set, wait := w.poll()
		if set != nil {
			return set
		}
		var elapsed <-chan time.Time
		if wait > 0 {
			elapsed = time.After(wait)
		}
		select {
		case <-w.wake:
		case <-elapsed:
			w.awake()
		case <-ctx.Done():
			return nil
		}
	}
}

// awake takes back a state of waiting, and a token that came meanwhile.
func (w *writer) awake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == sending {
		<-w.wake
	}
	w.state = sending
}

// poll returns the set to send next, or how long to wait for one, 0 for until there is a record. Unless there is a set the state is
// one of waiting afterwards.
func (w *writer) poll() (*batchSet, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := time.Duration(0)
	if w.open.Len() > 0 {
		if linger := w.producer.settings.linger; linger > 0 && !w.hurried {
			left = linger - time.Since(w.opened)
		}
		if left <= 0 && w.joins() {
			w.seal()
		}
	}
	if len(w.queue) > 0 {
		set := w.queue[0]
		w.queue = append(w.queue[:0], w.queue[1:]...)
		return set, 0
	}
	w.state = idle
	if left > 0 {
		w.state = lingering
	}
	return nil, left
}

// joins tells whether the open batch can go with the next request. Otherwise it may as well grow.
func (w *writer) joins() bool {
	switch len(w.queue) {
	case 0:
		return true
	case 1:
		return len(w.queue[0].records)+w.open.Size() <= w.producer.settings.maxRequest
	}
	return false
}

// send sends a set until it is acknowledged, and tells whether it was.
func (w *writer) send(ctx context.Context, set *batchSet) bool {
	if set.err != nil {
		w.giveUp(set, set.err, false)
		return false
	}
	attempts := w.producer.client.attempts(w.task)
	ambiguous := false
	for {
		offset, sent, err := w.try(ctx, set)
		if err == nil {
			w.acknowledge(set, offset)
			return true
		}
		ambiguous = ambiguous || sent && mayBeWritten(err)
		if err := attempts.again(ctx, err); err != nil {
			w.giveUp(set, err, ambiguous)
			return false
		}
	}
}

// try sends a set once and returns the offset of its first record. With an error, sent tells whether it got as far as sending.
func (w *writer) try(ctx context.Context, set *batchSet) (offset int64, sent bool, err error) {
	p := w.producer
	leader, err := p.client.leader(ctx, w.replica)
	if err != nil {
		return 0, false, err
	}
	conn, err := p.client.pool.get(ctx, leader, w.slot)
	if err != nil {
		return 0, false, err
	}
	req := newProduceRequest(w.replica, &p.settings, set.records)
	var resp protocol.ProduceResponse
	if err := p.client.call(ctx, conn, req, &resp, p.settings.commitTimeout); err != nil {
		return 0, mux.Sent(err), err
	}
	if len(resp.Responses) != 1 || len(resp.Responses[0].Partitions) != 1 || resp.Responses[0].Partitions[0].PartitionIndex != w.replica.partition {
		return 0, true, fmt.Errorf("%w: produce to %v: not one answer", protocol.ErrMalformed, w.replica)
	}
	answer := &resp.Responses[0].Partitions[0]
	return answer.BaseOffset, true, answer.ErrorCode.Err()
}

// mayBeWritten tells whether some of what was sent may have been written.
func mayBeWritten(err error) bool {
	var code protocol.ErrorCode
	if !errors.As(err, &code) {
		return true
	}
	switch code.Tag {
	case protocol.ErrorCodeNotLeaderForPartition, protocol.ErrorCodePartitionNotLeader, protocol.ErrorCodeMessageTooLarge,
		protocol.ErrorCodePermissionDenied, protocol.ErrorCodeCompressionError, protocol.ErrorCodeTopicNotFound,
		protocol.ErrorCodeTopicPendingInitialization, protocol.ErrorCodeTopicNotProvisioned, protocol.ErrorCodeTopicDeleted,
		protocol.ErrorCodePartitionPendingInitialization, protocol.ErrorCodeSpuOffline,
		protocol.ErrorCodeMirrorProduceFromHome, protocol.ErrorCodeMirrorProduceFromRemoteNotAllowed:
		return false // found before anything is written (fluvio-spu/src/services/public/produce_handler.rs)
	}
	return true
}

// acknowledge tells everyone that a set is written, and keeps its memory for another one.
func (w *writer) acknowledge(set *batchSet, offset int64) {
	p := w.producer
	for _, b := range set.batches {
		p.settings.onDelivery(Delivery{Partition: w.replica.partition, First: b.first, Records: b.count, Offset: offset})
		offset += int64(b.count)
	}
	cost := set.cost
	w.mu.Lock()
	w.acked += set.count
	w.next = offset
	w.mu.Unlock()
	set.reset()
	p.spare.Put(set)
	p.budget.release(cost)
	p.progress.broadcast()
}

// giveUp ends the writer: nothing that it holds will be written, set being what was tried last. With nothing in hand that is
// no failure. When the mutex is released the producer accepts nothing more, so that nothing is left behind.
func (w *writer) giveUp(set *batchSet, reason error, ambiguous bool) {
	p := w.producer
	lost, failure := w.takeAll(set, reason, ambiguous)
	for _, s := range lost {
		for _, b := range s.batches {
			p.settings.onDelivery(Delivery{Partition: w.replica.partition, First: b.first, Records: b.count, Offset: -1, Err: failure})
		}
		p.budget.release(s.cost)
	}
	w.mu.Lock()
	w.failed = true
	w.mu.Unlock()
	p.progress.broadcast()
}

// takeAll empties the writer and, if there was anything, makes the producer fail.
func (w *writer) takeAll(set *batchSet, reason error, ambiguous bool) (lost []*batchSet, failure *ProduceError) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if set != nil {
		lost = append(lost, set)
	}
	lost = append(lost, w.queue...)
	w.queue = nil
	if w.open.Len() > 0 {
		w.info.count = w.open.Len()
		lost = append(lost, &batchSet{batches: []batchInfo{w.info}, cost: w.openCost})
		w.open.Reset()
		w.openCost = 0
	}
	if len(lost) > 0 {
		failure = w.failure(lost[0].batches[0], reason, ambiguous)
		w.producer.failure.CompareAndSwap(nil, failure)
	}
	return lost, failure
}

// failure describes what becomes of a batch and all later ones.
func (w *writer) failure(b batchInfo, reason error, ambiguous bool) *ProduceError {
	return &ProduceError{
		Topic: w.replica.topic, Partition: w.replica.partition,
		First: b.first, Record: b.number, Ambiguous: ambiguous, Err: reason,
	}
}

// produceRequest is a ProduceRequest of one record set, which is not copied.
type produceRequest struct {
	protocol.ProduceRequest
	records []byte
}

var _ mux.Scattered = (*produceRequest)(nil)

func newProduceRequest(r replica, s *producerSettings, records []byte) *produceRequest {
	isolation := protocol.ProduceReadCommitted
	if s.isolation == ReadUncommitted {
		isolation = protocol.ProduceReadUncommitted
	}
	return &produceRequest{
		ProduceRequest: protocol.ProduceRequest{
			Isolation: isolation,
			TimeoutMs: int32(s.commitTimeout.Milliseconds()),
			Topics: []protocol.ProduceTopic{{
				Name: r.topic, Partitions: []protocol.ProducePartition{{PartitionIndex: r.partition}},
			}},
		},
		records: records,
	}
}

// Scatter encodes the request with an empty record set, which stands right before the end: an empty list of SmartModules. Then it
// puts the length of the real one in.
func (r *produceRequest) Scatter(head []byte, version int16) (begin []byte, blocks [][]byte, end []byte) {
	const listSize = 4
	all := r.AppendTo(head, version)
	begin, end = all[:len(all)-listSize], all[len(all)-listSize:]
	binary.BigEndian.PutUint32(begin[len(begin)-listSize:], uint32(len(r.records)))
	return begin, [][]byte{r.records}, end
}
