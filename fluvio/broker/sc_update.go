package broker

import (
	"context"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// update answers Update (key 1006). Clients send it for nothing but topics.
func (c *cluster) update(ctx context.Context, req *protocol.UpdateRequest) *protocol.Status {
	if req.Kind != protocol.KindTopic {
		return (&refusal{code: protocol.OtherError("unknown admin object type")}).status("update error")
	}
	r := c.tryUpdate(req)
	c.awaitWatchers(ctx, protocol.KindPartition, protocol.KindTopic)
	return r.status(req.Object.Name)
}

// tryUpdate adds partitions to a topic (fluvio-sc/src/services/public_api/topic/update).
func (c *cluster) tryUpdate(req *protocol.UpdateRequest) *refusal {
	c.admin.Lock()
	defer c.admin.Unlock()
	t := c.topic(req.Object.Name)
	var add *protocol.AddPartition
	if action, ok := req.Action.(*protocol.UpdateTopicAction); ok {
		add, _ = action.Value.(*protocol.AddPartition)
	}
	switch {
	case t == nil:
		return refuse(protocol.ErrorCodeTopicNotFound, "not found")
	case add == nil || t.record.Assigned:
		return refuse(protocol.ErrorCodeTopicInvalidReplicaType, "only topics whose partitions the SC places can be updated, by adding partitions")
	}
	if r := c.checkRoom(add.Count); r != nil {
		return r
	}
	if err := c.addPartitions(t, t.record.Partitions+add.Count); err != nil {
		c.cfg.Logger.Error("cannot add partitions", "topic", req.Object.Name, "error", err)
		return refuse(protocol.ErrorCodeTopicError, "cannot add partitions: %v", err)
	}
	return nil
}
