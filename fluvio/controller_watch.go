package fluvio

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// firstAnswer is how long a watch waits for its first answer before it asks whether there is anything to be told: some servers say
// nothing of a kind that has no objects.
const firstAnswer = 250 * time.Millisecond

// Reasons for another try.
var (
	errQuiet  = errors.New("no answer yet")
	errBehind = errors.New("changes came faster than they were taken")
)

// ControllerWatch watches the objects of a kind, on a connection of its own. Package admin's watches are made of it. It calls told with
// every answer; whole says that the answer is the first of its connection: All holds everything there is, maybe nothing. An answer
// that tells nothing is left out otherwise.
//
// A lost connection is made again within the retry budget, which every answer makes whole again; so is one whose answers come faster
// than told takes them. ControllerWatch returns the error of told, or ctx's, or the one that ended it.
func (c *Client) ControllerWatch(ctx context.Context, req *protocol.WatchRequest, told func(resp *protocol.WatchResponse, whole bool) error) error {
	ctx, release := c.bind(ctx)
	defer release()
	attempts := c.attempts(fmt.Sprintf("watch of %s at %s", req.Kind, c.endpoint))
	for {
		var refused error
		failure := c.watchObjects(attempts.bound(ctx), req, func(resp *protocol.WatchResponse, whole bool) error {
			attempts.succeeded()
			refused = told(resp, whole)
			return refused
		})
		if refused != nil {
			return refused
		}
		if errors.Is(failure, mux.ErrOverrun) {
			failure = errBehind // the next connection begins with everything
		}
		if err := attempts.again(ctx, failure); err != nil {
			return err
		}
	}
}

// watchObjects watches on one connection until it ends or told fails.
func (c *Client) watchObjects(ctx context.Context, req *protocol.WatchRequest, told func(*protocol.WatchResponse, bool) error) error {
	conn, err := c.dialSC(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := conn.Stream(ctx, req, watchAnswers, c.maxFrame)
	if err != nil {
		return err
	}
	for whole := true; ; {
		resp, err := c.nextChange(ctx, conn, stream, req.Kind, whole)
		if err != nil {
			return err
		}
		if !whole && len(resp.All)+len(resp.Changes) == 0 {
			continue
		}
		if err := told(resp, whole); err != nil {
			return err
		}
		whole = false
	}
}

// nextChange receives an answer. If it is to be the first and does not come, that there is nothing is one, too.
func (c *Client) nextChange(ctx context.Context, conn *mux.Conn, stream *mux.Stream, kind protocol.ObjectKind, first bool) (
	*protocol.WatchResponse, error) {
	for {
		resp := new(protocol.WatchResponse)
		err := receive(ctx, stream, resp, first)
		if err == nil && resp.Kind != kind {
			return nil, fmt.Errorf("%w: watch of %s answered with %s", protocol.ErrMalformed, kind, resp.Kind)
		}
		if !errors.Is(err, errQuiet) || ctx.Err() != nil {
			return resp, err
		}
		nothing, err := c.nothing(ctx, conn, kind)
		if err != nil || nothing {
			return &protocol.WatchResponse{Kind: kind}, err
		}
	}
}

// receive waits for an answer, not for long if it is to be the first.
func receive(ctx context.Context, stream *mux.Stream, resp *protocol.WatchResponse, first bool) error {
	if first {
		limited, cancel := context.WithTimeoutCause(ctx, firstAnswer, errQuiet)
		defer cancel()
		ctx = limited
	}
	return stream.Recv(ctx, resp)
}

// nothing asks whether there are no objects of a kind. Topics and partitions of the system are listed on their own.
func (c *Client) nothing(ctx context.Context, conn *mux.Conn, kind protocol.ObjectKind) (bool, error) {
	for _, system := range []bool{false, true} {
		var resp protocol.ListResponse
		if err := c.call(ctx, conn, &protocol.ListRequest{Kind: kind, Summary: true, System: system}, &resp, 0); err != nil {
			return false, err
		}
		if len(resp.Objects) > 0 {
			return false, nil
		}
	}
	return true, nil
}
