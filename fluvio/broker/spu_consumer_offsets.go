package broker

import "github.com/weir-stream/weir/fluvio/protocol"

// updateConsumerOffset answers UpdateConsumerOffset (key 1006). When it says so, the offset is on the disk.
func (c *conn) updateConsumerOffset(h protocol.RequestHeader, req *protocol.UpdateConsumerOffsetRequest) error {
	resp := &protocol.UpdateConsumerOffsetResponse{}
	s := c.streams.get(req.SessionID)
	switch {
	case s == nil:
		resp.ErrorCode = protocol.ErrorCodeFetchSessionNotFoud.Code()
	case s.consumer == "":
		resp.ErrorCode = protocol.OtherError("stream without consumer id")
	default:
		if err := s.p.consumers.set(s.consumer, req.Offset); err != nil {
			c.log.Warn("consumer offset not stored", "partition", s.p.name(), "consumer", s.consumer, "error", err)
			resp.ErrorCode = protocol.OtherError(err.Error())
			break
		}
		resp.Offset = req.Offset
	}
	return c.reply(h, resp)
}

// deleteConsumerOffset answers DeleteConsumerOffset (key 1007). That there is nothing to delete is a success.
func (c *conn) deleteConsumerOffset(h protocol.RequestHeader, req *protocol.DeleteConsumerOffsetRequest) error {
	resp := &protocol.DeleteConsumerOffsetResponse{}
	if p := c.b.cluster.partition(req.ReplicaID.Topic, req.ReplicaID.Partition); p != nil {
		if err := p.consumers.remove(req.ConsumerID); err != nil {
			c.log.Warn("consumer offset not deleted", "partition", p.name(), "consumer", req.ConsumerID, "error", err)
			resp.ErrorCode = protocol.OtherError(err.Error())
		}
	}
	return c.reply(h, resp)
}

// fetchConsumerOffsets answers FetchConsumerOffsets (key 1008) with the stored offsets that the filter lets through.
func (c *conn) fetchConsumerOffsets(h protocol.RequestHeader, req *protocol.FetchConsumerOffsetsRequest) error {
	resp := &protocol.FetchConsumerOffsetsResponse{}
	filter := req.Filter
	if filter == nil {
		filter = &protocol.ConsumerOffsetFilter{}
	}
	for _, p := range c.b.cluster.partitions() {
		key := protocol.ReplicaKey{Topic: p.topic, Partition: p.id}
		if filter.ReplicaID != nil && *filter.ReplicaID != key {
			continue
		}
		for _, id := range p.consumers.ids() {
			e, ok := p.consumers.get(id)
			if !ok || filter.ConsumerID != nil && *filter.ConsumerID != id {
				continue
			}
			resp.Consumers = append(resp.Consumers, protocol.ConsumerOffset{
				ConsumerID: id, ReplicaID: key, Offset: e.Offset, ModifiedTime: uint64(e.Modified)})
		}
	}
	return c.reply(h, resp)
}
