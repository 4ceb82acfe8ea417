package broker

import (
	"errors"
	"sync"
	"time"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// stream pushes the batches of one partition to a client, one chunk at a time: after each it waits for the client to say where to go on
// (fluvio-spu/src/services/public/stream_fetch.rs).
type stream struct {
	id       uint32
	c        *conn
	h        protocol.RequestHeader
	p        *partition
	consumer string // "" if the client named none
	maxBytes int

	mu    sync.Mutex
	acked int64         // the last offset acknowledged, -1 before the first
	news  chan struct{} // holds a token when acked has changed
}

// streamFetch answers StreamFetch (key 1003) by starting a stream. A stream that cannot start gets one answer that says why.
func (c *conn) streamFetch(h protocol.RequestHeader, req *protocol.StreamFetchRequest) error {
	p := c.b.cluster.partition(req.Topic, req.Partition)
	if p == nil {
		return c.reply(h, &protocol.StreamFetchResponse{Topic: req.Topic, Partition: protocol.FetchPartitionResponse{
			PartitionIndex: req.Partition, ErrorCode: protocol.ErrorCodeNotLeaderForPartition.Code()}})
	}
	s := &stream{c: c, h: h, p: p, acked: -1, news: make(chan struct{}, 1)}
	s.maxBytes = min(max(int(req.MaxBytes), 1), c.b.cfg.MaxFetchBytes)
	if req.ConsumerID != nil {
		s.consumer = *req.ConsumerID
	}
	c.streams.add(s)
	if len(req.SmartModules) > 0 {
		return c.reply(h, s.failure(c.b.cluster.refuseModules(req.SmartModules)))
	}
	offset := req.FetchOffset
	return c.start(func() error {
		defer c.streams.remove(s)
		return s.run(offset)
	})
}

// run sends chunks until the stream fails, the topic is deleted or the connection ends.
func (s *stream) run(offset int64) error {
	start, end := s.p.log.Bounds()
	if offset > end {
		return s.fail(beyond(offset, end))
	}
	if offset < start {
		return s.fail(evicted(offset, start))
	}
	var cur commitlog.Cursor
	for {
		sent, err := s.chunk(&cur, offset)
		if err != nil {
			return s.explain(err, offset)
		}
		var grown <-chan struct{}
		if !sent {
			grown = s.p.log.Grown(offset)
		}
		select {
		case <-grown:
		case <-s.news:
			offset = s.ack()
		case <-s.p.gone:
			return s.fail(protocol.ErrorCodeTopicDeleted.Code())
		case <-s.c.ctx.Done():
			return nil
		}
	}
}

// chunk sends what there is from offset on. It reports false if that is nothing.
func (s *stream) chunk(cur *commitlog.Cursor, offset int64) (sent bool, err error) {
	if _, end := s.p.log.Bounds(); offset >= end {
		return false, nil // nothing yet; a client may also have gone on to an offset that is still to come
	}
	err = s.read(cur, offset, min(s.maxBytes, s.c.pace.limit()))
	var large *commitlog.LargeBatchError
	if errors.As(err, &large) {
		// A batch is sent whole, however little was asked for: official clients lose what is cut off.
		err = s.read(cur, offset, large.Size)
	}
	return err == nil, err
}

// read reads and sends one chunk of at most maxBytes. The bytes are copied once, from the file into the buffer that is sent.
func (s *stream) read(cur *commitlog.Cursor, offset int64, maxBytes int) error {
	c := s.c
	c.chunking.Lock()
	defer c.chunking.Unlock()
	release, err := c.reserve(c.b.chunks, maxBytes)
	if err != nil {
		return err
	}
	defer release()
	buf := getBuffer(maxBytes)
	defer putBuffer(buf)
	records, _, err := s.p.log.Read((*buf)[:0], cur, offset, maxBytes)
	if err != nil {
		return err
	}
	*buf = records
	resp := s.response()
	resp.Partition.LogStartOffset, resp.Partition.HighWatermark = s.p.log.Bounds()
	began := time.Now()
	if err := c.send(s.h, resp, records); err != nil {
		return err
	}
	c.pace.took(time.Since(began), len(records))
	c.b.counters.out.add(records)
	return nil
}

// send sends a chunk and its records.
func (c *conn) send(h protocol.RequestHeader, resp *protocol.StreamFetchResponse, records []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.out = protocol.AppendStreamFetchHead(c.out[:0], h.CorrelationID, h.APIVersion, resp, len(records))
	return c.write(c.out, records...)
}

func (s *stream) response() *protocol.StreamFetchResponse {
	return &protocol.StreamFetchResponse{Topic: s.p.topic, StreamID: s.id, Partition: protocol.FetchPartitionResponse{PartitionIndex: s.p.id}}
}

// failure ends the stream; its result is the last message.
func (s *stream) failure(code protocol.ErrorCode) *protocol.StreamFetchResponse {
	s.c.streams.remove(s)
	resp := s.response()
	resp.Partition.ErrorCode = code
	return resp
}

// fail ends the stream and sends its last message.
func (s *stream) fail(code protocol.ErrorCode) error {
	_, err := s.c.push(s.h, s.failure(code))
	return err
}

// explain ends the stream because it could not be read or sent.
func (s *stream) explain(err error, offset int64) error {
	var (
		out     *commitlog.RangeError
		damaged *commitlog.CorruptError
	)
	switch {
	case s.c.ctx.Err() != nil:
		return nil
	case errors.As(err, &out):
		return s.fail(evicted(offset, out.Start))
	case errors.As(err, &damaged):
		s.c.log.Error("stored records are damaged", "partition", s.p.name(), "error", err)
		return s.fail(protocol.ErrorCodeStorageError.Code())
	case errors.Is(err, commitlog.ErrClosed):
		select {
		case <-s.p.gone:
			return s.fail(protocol.ErrorCodeTopicDeleted.Code())
		default:
			return nil // the broker is being closed
		}
	}
	return err
}

// evicted says that records were removed by retention, or never were.
func evicted(offset, start int64) protocol.ErrorCode {
	return protocol.ErrorCode{Tag: protocol.ErrorCodeOffsetEvicted, Value: &protocol.ErrorOffsetEvicted{Offset: offset, NextAvailable: start}}
}

// acknowledge notes the offset that the client wants next. Of several only the last counts, and the same one twice does nothing.
func (s *stream) acknowledge(offset int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offset < 0 || offset == s.acked {
		return
	}
	s.acked = offset
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *stream) ack() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked
}
