package broker

import (
	"context"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// delete answers Delete (key 1002).
func (c *cluster) delete(ctx context.Context, req *protocol.DeleteRequest) *protocol.Status {
	name := req.Object.Name
	switch req.Kind {
	case protocol.KindTopic:
		r := c.tryDelete(name, req.Force)
		c.awaitWatchers(ctx, protocol.KindPartition, protocol.KindTopic)
		return r.status(name)
	case protocol.KindSmartModule:
		return c.deleteModule(ctx, name)
	case protocol.KindTableFormat:
		return refuse(protocol.ErrorCodeTableFormatNotFound, "not found").status(name)
	case protocol.KindMirror:
		return refuse(protocol.ErrorCodeMirrorNotFound, "not found").status(name)
	}
	if !req.Kind.Known() {
		return (&refusal{code: protocol.OtherError("unknown admin object type")}).status("delete error")
	}
	return refuse(protocol.ErrorCodeInvalidDeleteRequest, "the embedded broker has one SPU of its own, a %s cannot be deleted", req.Kind).status(name)
}

// tryDelete checks and deletes a topic (fluvio-sc/src/services/public_api/topic/delete.rs).
func (c *cluster) tryDelete(name string, force bool) *refusal {
	c.admin.Lock()
	defer c.admin.Unlock()
	t := c.topic(name)
	if t == nil {
		return refuse(protocol.ErrorCodeTopicNotFound, "not found")
	}
	if t.record.System && !force {
		return &refusal{code: protocol.ErrorCode{Tag: protocol.ErrorCodeSystemSpecDeletionAttempt,
			Value: &protocol.ErrorSystemSpec{Kind: "topic", Name: name}}}
	}
	if err := c.deleteTopic(t); err != nil {
		c.cfg.Logger.Error("cannot delete a topic", "topic", name, "error", err)
		return refuse(protocol.ErrorCodeTopicError, "cannot delete the topic: %v", err)
	}
	return nil
}
