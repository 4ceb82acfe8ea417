package fluvio

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// controllerTime is what an SC may take for a change: it waits for the partitions of a topic to come up, 90 s by default.
const controllerTime = 100 * time.Second

// Controller sends one request to the SC, on a connection of its own, and decodes the answer into resp. Package admin is made of
// it. A code in the answer is the caller's to look at.
//
// It is tried again within the retry budget if it has not been sent, or only asks. If it was sent and there is no answer, or none that
// can be read, the error wraps ErrAmbiguous.
func (c *Client) Controller(ctx context.Context, req protocol.Request, resp protocol.Message) error {
	_, asks := req.(*protocol.ListRequest)
	allowed := controllerTime
	if asks {
		allowed = 0
	}
	return c.retry(ctx, "request to the SC at "+c.endpoint, func(ctx context.Context) error {
		conn, err := c.controller.get(ctx, c.endpoint, c.dialSC)
		if err != nil {
			return err
		}
		err = c.call(ctx, conn, req, resp, allowed)
		if mux.Sent(err) && !asks {
			return fmt.Errorf("%w: %w", ErrAmbiguous, err)
		}
		return err
	})
}
