package broker

import (
	"fmt"
	"sync"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// serveSPU answers one request to the SPU.
func (c *conn) serveSPU(frame []byte) error {
	if err := checkCounts(frame); err != nil {
		return err
	}
	h, req, err := protocol.DecodeRequest(protocol.SPU, frame)
	if err != nil {
		return err
	}
	switch req := req.(type) {
	case *protocol.ApiVersionsRequest:
		return c.spuVersions(h, req)
	case *protocol.ProduceRequest:
		return c.produce(h, req)
	case *protocol.ClaimWriterRequest:
		return c.claimWriter(h, req)
	case *protocol.FetchRequest:
		return c.fetch(h, req)
	case *protocol.StreamFetchRequest:
		return c.streamFetch(h, req)
	case *protocol.UpdateOffsetsRequest:
		return c.updateOffsets(h, req)
	case *protocol.FetchOffsetsRequest:
		return c.fetchOffsets(h, req)
	case *protocol.UpdateConsumerOffsetRequest:
		return c.updateConsumerOffset(h, req)
	case *protocol.DeleteConsumerOffsetRequest:
		return c.deleteConsumerOffset(h, req)
	case *protocol.FetchConsumerOffsetsRequest:
		return c.fetchConsumerOffsets(h, req)
	}
	return because("unknown_request", fmt.Errorf("no answer to a %T on the SPU", req))
}

// streamTable is the streams of one connection by their ids, which count from 1 on each connection.
type streamTable struct {
	mu   sync.Mutex
	last uint32
	open map[uint32]*stream
}

// add gives a stream its id.
func (t *streamTable) add(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[uint32]*stream{}
	}
	t.last++
	s.id = t.last
	t.open[s.id] = s
}

func (t *streamTable) remove(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, s.id)
}

// get returns a stream, or nil.
func (t *streamTable) get(id uint32) *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[id]
}
