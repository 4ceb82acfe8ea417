package broker

import "github.com/weir-stream/weir/fluvio/protocol"

// updateOffsets answers UpdateOffsets (key 1005): clients acknowledge chunks and so ask for the next.
func (c *conn) updateOffsets(h protocol.RequestHeader, req *protocol.UpdateOffsetsRequest) error {
	resp := &protocol.UpdateOffsetsResponse{Status: make([]protocol.OffsetUpdateStatus, len(req.Offsets))}
	for i, o := range req.Offsets {
		resp.Status[i].SessionID = o.SessionID
		if s := c.streams.get(o.SessionID); s != nil {
			s.acknowledge(o.Offset)
		} else {
			resp.Status[i].ErrorCode = protocol.ErrorCodeFetchSessionNotFoud.Code()
		}
	}
	return c.reply(h, resp)
}
