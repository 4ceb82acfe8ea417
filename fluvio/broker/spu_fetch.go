package broker

import (
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// fetch answers Fetch (key 1) at once with what there is. As upstream it goes by the request's max_bytes, not the partitions', and does not wait for
// min_bytes (fluvio-spu/src/services/public/fetch_handler.rs); unlike it, max_bytes bounds the whole answer, and batches are whole. A partition for
// which no room is left gets no records, but for the first that has some: it gets a batch, however large.
func (c *conn) fetch(h protocol.RequestHeader, req *protocol.FetchRequest) error {
	c.chunking.Lock()
	defer c.chunking.Unlock()
	room := min(max(int(req.MaxBytes), 1), c.b.cfg.MaxFetchBytes)
	tooLarge, err := c.fetchInto(h, req, room)
	if tooLarge > 0 && err == nil {
		_, err = c.fetchInto(h, req, tooLarge)
	}
	return err
}

// fetchInto answers with at most room bytes of records. If the first batch needs more it does not answer, but returns how much.
func (c *conn) fetchInto(h protocol.RequestHeader, req *protocol.FetchRequest, room int) (tooLarge int, err error) {
	release, err := c.reserve(c.b.chunks, 2*room) // the records, and the frame
	if err != nil {
		return 0, err
	}
	defer release()
	f := fetching{c: c, room: room}
	resp := &protocol.FetchResponse{Topics: make([]protocol.FetchTopicResponse, len(req.Topics))}
	for i, t := range req.Topics {
		answers := make([]protocol.FetchPartitionResponse, len(t.FetchPartitions))
		for j, p := range t.FetchPartitions {
			answers[j] = f.partition(t.Name, p)
		}
		resp.Topics[i] = protocol.FetchTopicResponse{Name: t.Name, Partitions: answers}
	}
	if f.tooLarge > 0 {
		return f.tooLarge, nil
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			c.b.counters.out.add(p.Records)
		}
	}
	return 0, c.reply(h, resp)
}

// fetching is one Fetch that is being answered.
type fetching struct {
	c    *conn
	room int  // for records, in bytes
	some bool // the answer has records

	tooLarge int // the size of the first batch, if there is no room for it
}

func (f *fetching) partition(topic string, req protocol.FetchPartition) protocol.FetchPartitionResponse {
	resp := protocol.FetchPartitionResponse{PartitionIndex: req.PartitionIndex}
	p := f.c.b.cluster.partition(topic, req.PartitionIndex)
	if p == nil {
		resp.ErrorCode = protocol.ErrorCodeNotLeaderForPartition.Code()
		return resp
	}
	start, end := p.log.Bounds()
	switch offset := req.FetchOffset; {
	case offset > end:
		resp.ErrorCode = beyond(offset, end)
		return resp
	case offset < start:
		resp.ErrorCode = evicted(offset, start)
		return resp
	}
	resp.LogStartOffset, resp.HighWatermark = start, end
	records, err := f.read(p, req.FetchOffset)
	if err != nil {
		f.c.log.Error("stored records cannot be read", "partition", p.name(), "error", err)
		resp.ErrorCode = protocol.ErrorCodeStorageError.Code()
		return resp
	}
	resp.Records = records
	return resp
}

// read reads batches from offset on, as far as there is room.
func (f *fetching) read(p *partition, offset int64) ([]byte, error) {
	if f.room <= 0 {
		return nil, nil
	}
	var cur commitlog.Cursor
	records, _, err := p.log.Read(nil, &cur, offset, f.room)
	var large *commitlog.LargeBatchError
	if errors.As(err, &large) {
		if !f.some {
			f.some, f.tooLarge = true, large.Size
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f.room -= len(records)
	f.some = f.some || len(records) > 0
	return records, nil
}

// beyond says that a log does not reach as far as asked, in upstream's words.
func beyond(offset, end int64) protocol.ErrorCode {
	return protocol.OtherError(fmt.Sprintf("start offset: %d is greater than leo: %d", offset, end))
}
