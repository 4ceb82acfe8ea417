package broker

import (
	"errors"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// claimNeeded is the text of Other for a set of a writer that its connection does not own, see fence; weir's producers look for it.
const claimNeeded = "weir.sequence claim needed"

var errClaimNeeded = errors.New(claimNeeded)

// claimWriter answers ClaimWriter (key 30565), weir's own. Requests of a connection are served in order, so what it sent before was
// judged by what it owned before.
func (c *conn) claimWriter(h protocol.RequestHeader, req *protocol.ClaimWriterRequest) error {
	p := c.b.cluster.partition(req.Topic, req.Partition)
	if p == nil {
		return c.reply(h, &protocol.ClaimWriterResponse{ErrorCode: protocol.ErrorCodeNotLeaderForPartition.Code()})
	}
	wanted := owner{writer: req.Writer, incarnation: req.Incarnation, conn: c.number}
	granted, err := p.fence.claim(wanted, req.TakeOver, c.b.numbers.Load)
	if err != nil {
		return c.reply(h, &protocol.ClaimWriterResponse{ErrorCode: c.appendError(p, err)})
	}
	c.log.Debug("writer claimed", "partition", p.name(), "writer", req.Writer, "granted", granted, "take_over", req.TakeOver)
	return c.reply(h, &protocol.ClaimWriterResponse{Granted: granted})
}

// append stores a set, unless its connection has to claim its writer before.
func (c *conn) append(p *partition, set []byte) (base int64, repeated bool, err error) {
	p.fence.mu.RLock()
	defer p.fence.mu.RUnlock()
	if !p.fence.admits(c.number, set) {
		return 0, false, errClaimNeeded
	}
	return p.log.Append(set)
}
