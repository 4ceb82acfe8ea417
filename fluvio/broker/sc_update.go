package broker

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// keyUpdate is Update (fluvio-sc-schema/src/objects/update.rs). Clients send it for nothing but topics.
const keyUpdate = 1006

// updateRequest is an Update of a topic.
type updateRequest struct {
	kind  protocol.ObjectKind
	name  string
	tag   uint8  // 0 add partitions, 1 add a mirror
	count uint32 // of partitions to add
}

// decodeUpdate decodes an Update and reports whether the frame is one.
func decodeUpdate(frame []byte) (h protocol.RequestHeader, req updateRequest, ok bool, err error) {
	if len(frame) < 2 || binary.BigEndian.Uint16(frame) != keyUpdate {
		return h, req, false, nil
	}
	r := wire.NewReader(frame)
	h.ReadFrom(r, 0)
	req.kind = protocol.ObjectKind(r.String())
	body := r.Sub()
	if req.kind == protocol.KindTopic {
		req.name = body.String()
		if req.tag = body.U8(); req.tag == 0 {
			req.count = body.U32()
		}
	}
	if err := body.Err(); err != nil {
		return h, req, true, fmt.Errorf("update request: %w", err)
	}
	return h, req, true, r.Err()
}

// update answers Update (key 1006).
func (c *cluster) update(ctx context.Context, req updateRequest) *protocol.Status {
	if req.kind != protocol.KindTopic {
		return (&refusal{code: protocol.OtherError("unknown admin object type")}).status("update error")
	}
	r := c.tryUpdate(req)
	c.awaitWatchers(ctx)
	return r.status(req.name)
}

// tryUpdate adds partitions to a topic (fluvio-sc/src/services/public_api/topic/update).
func (c *cluster) tryUpdate(req updateRequest) *refusal {
	c.admin.Lock()
	defer c.admin.Unlock()
	t := c.topic(req.name)
	switch {
	case t == nil:
		return refuse(protocol.ErrorCodeTopicNotFound, "not found")
	case req.tag != 0 || t.record.Assigned:
		return refuse(protocol.ErrorCodeTopicInvalidReplicaType, "only topics whose partitions the SC places can be updated, by adding partitions")
	}
	if r := c.checkRoom(req.count); r != nil {
		return r
	}
	if err := c.addPartitions(t, t.record.Partitions+req.count); err != nil {
		c.cfg.Logger.Error("cannot add partitions", "topic", req.name, "error", err)
		return refuse(protocol.ErrorCodeTopicError, "cannot add partitions: %v", err)
	}
	return nil
}
