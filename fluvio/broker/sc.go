package broker

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// What this broker is to its clients.
const (
	// platformVersion is the Fluvio release whose behaviour is followed. Clients refuse clusters below 0.9.0.
	platformVersion = "0.18.1"
	spuID           = 5001
	spuName         = "custom-spu-5001"
)

// serveSC answers one request to the SC.
func (c *conn) serveSC(frame []byte) error {
	h, req, err := protocol.DecodeRequest(protocol.SC, frame)
	if err != nil {
		return err
	}
	switch req := req.(type) {
	case *protocol.ApiVersionsRequest:
		return c.scVersions(h, req)
	case *protocol.CreateRequest:
		return c.reply(h, c.b.cluster.create(c.ctx, req))
	case *protocol.DeleteRequest:
		return c.reply(h, c.b.cluster.delete(c.ctx, req))
	case *protocol.UpdateRequest:
		return c.reply(h, c.b.cluster.update(c.ctx, req))
	case *protocol.ListRequest:
		return c.list(h, req)
	case *protocol.WatchRequest:
		return c.watch(h, req)
	}
	return because("unknown_request", fmt.Errorf("no answer to a %T on the SC", req))
}

// refusal is the answer to a change that cannot be made.
type refusal struct {
	code    protocol.ErrorCode
	message string // may be empty
	name    string // of what the status is about, if that is not what was to be changed
}

func refuse(tag protocol.ErrorCodeTag, format string, args ...any) *refusal {
	return &refusal{code: tag.Code(), message: fmt.Sprintf(format, args...)}
}

// status is the answer to a change of the object called name; r is nil if it was made.
func (r *refusal) status(name string) *protocol.Status {
	s := &protocol.Status{Name: name}
	if r != nil {
		s.ErrorCode = r.code
		if r.name != "" {
			s.Name = r.name
		}
		if r.message != "" {
			s.ErrorMessage = &r.message
		}
	}
	return s
}
