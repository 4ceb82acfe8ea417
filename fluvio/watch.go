package fluvio

import (
	"context"
	"fmt"
	"sync"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/internal/backoff"
)

const (
	// watchAnswers is how many changes of one kind may wait. If they come faster than they can be applied the connection is given
	// up; the next one starts with everything.
	watchAnswers = 1024
	// watchLargest is the largest pause between tries to watch again.
	watchLargest = longestPause
)

// watched are the kinds of objects to watch, in the order of the official clients.
var watched = []protocol.ObjectKind{protocol.KindSpu, protocol.KindPartition, protocol.KindTopic}

// watch keeps the metadata up to date until the client is closed, beginning with conn.
func (c *Client) watch(ctx context.Context, conn *mux.Conn) {
	pause := backoff.New(backoff.Config{Max: watchLargest, Budget: backoff.Forever})
	for {
		var err error
		if conn != nil {
			err = c.watchOn(ctx, conn, pause.Reset)
			conn.Close()
			c.meta.unsettle()
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.logger.Log(ctx, c.retryLevel, "metadata watch lost", "endpoint", c.endpoint, "error", err)
		}
		if pause.Wait(ctx) != nil {
			return
		}
		conn, err = c.dialSC(ctx)
		if err != nil {
			conn = nil
			c.logger.Debug("metadata watch not restored", "endpoint", c.endpoint, "error", err)
		}
	}
}

// watchOn watches until the connection ends. It calls told with the first answer.
func (c *Client) watchOn(ctx context.Context, conn *mux.Conn, told func()) error {
	var (
		once    sync.Once
		running sync.WaitGroup
	)
	for _, kind := range watched {
		stream, err := conn.Stream(ctx, &protocol.WatchRequest{Kind: kind}, watchAnswers, c.maxFrame)
		if err != nil {
			conn.Fail(err)
			break
		}
		running.Go(func() {
			for {
				resp := new(protocol.WatchResponse)
				if err := stream.Recv(ctx, resp); err != nil {
					conn.Fail(err)
					return
				}
				if resp.Kind != kind {
					conn.Fail(fmt.Errorf("%w: watch of %s answered with %s", protocol.ErrMalformed, kind, resp.Kind))
					return
				}
				once.Do(told)
				c.meta.update(resp)
			}
		})
	}
	running.Wait()
	return conn.Err()
}
