package fluvio

import (
	"context"
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
		return len(w.queue[0].bytes)+w.open.Size() <= w.producer.settings.maxRequest
	}
	return false
}

// send sends a set, and tells whether the writer goes on.
func (w *writer) send(ctx context.Context, set *batchSet) bool {
	s := &w.producer.settings
	switch {
	case s.semantic == AtMostOnce:
		return w.sendOnce(ctx, set)
	case set.err != nil:
		w.giveUp(set, set.err, false)
		return false
	case s.sequence != nil:
		return w.sendSequenced(ctx, set)
	}
	return w.sendUntilAnswered(ctx, set)
}

// sendUntilAnswered sends a set until it is acknowledged, and tells whether it was.
func (w *writer) sendUntilAnswered(ctx context.Context, set *batchSet) bool {
	attempts := w.producer.client.attempts(w.task)
	ambiguous := false
	for {
		offset, sent, err := w.try(attempts.bound(ctx), set)
		if err == nil {
			w.confirm(set.batches, offset)
			w.recycle(set)
			return true
		}
		ambiguous = ambiguous || sent && mayBeWritten(err)
		if err := attempts.again(ctx, err); err != nil {
			w.giveUp(set, err, ambiguous)
			return false
		}
	}
}

// sendOnce sends a set once, whatever comes of it. It returns false when ctx has ended.
func (w *writer) sendOnce(ctx context.Context, set *batchSet) bool {
	attempts := w.producer.client.attempts(w.task)
	for {
		offset, sent, err := int64(0), false, set.err
		if err == nil {
			offset, sent, err = w.try(attempts.bound(ctx), set)
		}
		if err == nil {
			w.confirm(set.batches, offset)
			w.recycle(set)
			return true
		}
		written := sent && mayBeWritten(err)
		if !sent && set.err == nil {
			if err = attempts.again(ctx, err); err == nil {
				continue
			}
		}
		if ended(ctx) != nil {
			w.giveUp(set, err, written)
			return false
		}
		w.lose(set, err, written)
		return true
	}
}

// try sends a set once and returns the offset of its first record. With an error, sent tells whether it got as far as sending.
func (w *writer) try(ctx context.Context, set *batchSet) (offset int64, sent bool, err error) {
	conn, err := w.producer.client.connection(ctx, w.replica, w.slot)
	if err != nil {
		return 0, false, err
	}
	return w.tryOn(ctx, conn, set)
}

// tryOn is try over a connection.
func (w *writer) tryOn(ctx context.Context, conn *mux.Conn, set *batchSet) (offset int64, sent bool, err error) {
	p := w.producer
	req := newProduceRequest(p, w.replica, set.records())
	var resp protocol.ProduceResponse
	if err := p.client.call(ctx, conn, req, &resp, p.settings.commitTimeout); err != nil {
		if sent = mux.Sent(err); sent && p.settings.sequence != nil {
			// Nothing of it is to arrive after somebody has looked. Why is not wrapped: others, who share the connection, may try again.
			conn.Abort(fmt.Errorf("given up after an unknown outcome: %v", err))
		}
		return 0, sent, err
	}
	if len(resp.Responses) != 1 || len(resp.Responses[0].Partitions) != 1 || resp.Responses[0].Partitions[0].PartitionIndex != w.replica.partition {
		return 0, true, fmt.Errorf("%w: produce to %v: not one answer", protocol.ErrMalformed, w.replica)
	}
	answer := &resp.Responses[0].Partitions[0]
	return answer.BaseOffset, true, answer.ErrorCode.Err()
}

// mayBeWritten tells whether some of what was sent may have been written. A full disk is found while batches are written: those before
// it may be there, and nothing rules out the one that it was found at.
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
		protocol.ErrorCodeMirrorProduceFromHome, protocol.ErrorCodeMirrorProduceFromRemoteNotAllowed,
		protocol.ErrorCodeSmartModuleError, protocol.ErrorCodeSmartModuleNotFound, protocol.ErrorCodeSmartModuleInvalid,
		protocol.ErrorCodeSmartModuleInvalidExports, protocol.ErrorCodeSmartModuleRuntimeError,
		protocol.ErrorCodeSmartModuleChainInitError, protocol.ErrorCodeSmartModuleInitError,
		protocol.ErrorCodeSmartModuleLookBackError, protocol.ErrorCodeSmartModuleMemoryLimitExceeded:
		return false // found before anything is written (fluvio-spu/src/services/public/produce_handler.rs)
	}
	return true
}
