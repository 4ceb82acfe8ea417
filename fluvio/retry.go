package fluvio

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weir-stream/weir/internal/backoff"
)

const (
	// longestPause between two tries, before jitter.
	longestPause = 5 * time.Second
	// leastLookup is how long metadata is waited for even if the budget is less: waiting for a first answer is not a second try.
	leastLookup = 5 * time.Second
)

// attempts counts the tries of one undertaking.
type attempts struct {
	client *Client
	what   string // for the log
	pause  *backoff.Backoff
}

func (c *Client) attempts(what string) attempts {
	return attempts{client: c, what: what, pause: backoff.New(backoff.Config{Max: longestPause, Budget: c.budget})}
}

// again decides about another try after a failure: nil when it is due. Otherwise it is the error to give to the caller.
func (a attempts) again(ctx context.Context, failure error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	if final(failure) {
		return failure
	}
	wait, more := a.pause.Next()
	if !more {
		return fmt.Errorf("%w: %s: gave up after %v: %w", ErrUnavailable, a.what, a.client.budget, failure)
	}
	a.client.logger.Warn("trying again", "what", a.what, "after", wait, "error", failure)
	a.client.onRetry(failure)
	return sleep(ctx, wait)
}

// succeeded makes the budget whole again.
func (a attempts) succeeded() { a.pause.Reset() }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ended(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retry tries until there is a success, a final failure, or no budget left. It ends with ctx and with the client.
func (c *Client) retry(ctx context.Context, what string, try func(context.Context) error) error {
	ctx, release := c.bind(ctx)
	defer release()
	attempts := c.attempts(what)
	for {
		failure := try(ctx)
		if failure == nil {
			return nil
		}
		if err := attempts.again(ctx, failure); err != nil {
			return err
		}
	}
}

// lookup runs something that waits for metadata, for no longer than the retry budget.
func (c *Client) lookup(ctx context.Context, look func(context.Context) error) error {
	if err := ended(c.life); err != nil {
		return err
	}
	ctx, release := c.bind(ctx)
	defer release()
	limited, cancel := context.WithTimeoutCause(ctx, max(c.budget, leastLookup), errNoAnswer)
	defer cancel()
	err := look(limited)
	if errors.Is(err, errNoAnswer) && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
