package broker

import "github.com/weir-stream/weir/fluvio/protocol"

// fetchOffsets answers FetchOffsets (key 1002).
func (c *conn) fetchOffsets(h protocol.RequestHeader, req *protocol.FetchOffsetsRequest) error {
	resp := &protocol.FetchOffsetsResponse{Topics: make([]protocol.FetchOffsetsTopicResponse, len(req.Topics))}
	for i, t := range req.Topics {
		offsets := make([]protocol.FetchOffsetsPartitionResponse, len(t.Partitions))
		for j, p := range t.Partitions {
			offsets[j] = c.offsetsOf(t.Name, p.PartitionIndex, req.ConsumerID)
		}
		resp.Topics[i] = protocol.FetchOffsetsTopicResponse{Name: t.Name, Partitions: offsets}
	}
	return c.reply(h, resp)
}

// offsetsOf returns a partition's bounds. For a consumer, which only version 23 can name, the start is behind its stored offset.
func (c *conn) offsetsOf(topic string, id uint32, consumer *string) protocol.FetchOffsetsPartitionResponse {
	r := protocol.FetchOffsetsPartitionResponse{PartitionIndex: id}
	p := c.b.cluster.partition(topic, id)
	if p == nil {
		r.ErrorCode = protocol.ErrorCodePartitionNotLeader.Code()
		return r
	}
	r.StartOffset, r.LastStableOffset = p.log.Bounds()
	if consumer != nil {
		if e, ok := p.consumers.get(*consumer); ok {
			r.StartOffset = e.Offset + 1
		}
	}
	return r
}
