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

// leastAttempt is what an attempt may take even if the budget has less left.
const leastAttempt = time.Second

// attempts counts the tries of one undertaking.
type attempts struct {
	client *Client
	what   string // for the log
	pause  *backoff.Backoff
	began  time.Time // what the budget counts from; zero while all is well: then it counts from the next failure
}

func (c *Client) attempts(what string) *attempts {
	return &attempts{client: c, what: what, pause: backoff.New(backoff.Config{Max: longestPause, Budget: c.budget}), began: time.Now()}
}

// deadline is the key of a context's value: when an attempt's part of the retry budget ends.
type deadline struct{}

// bound is the context for an attempt: connecting and requests in it take no longer than the budget lasts. A budget of 0 is for one
// attempt, which may take what it takes.
func (a *attempts) bound(ctx context.Context) context.Context {
	if a.client.budget == 0 {
		return ctx
	}
	began := a.began
	if began.IsZero() {
		began = time.Now()
	}
	return context.WithValue(ctx, deadline{}, began.Add(a.client.budget))
}

// within is how long something of an attempt may take that would be given d by itself.
func within(ctx context.Context, d time.Duration) time.Duration {
	if until, ok := ctx.Value(deadline{}).(time.Time); ok {
		return min(d, max(time.Until(until), leastAttempt))
	}
	return d
}

// again decides about another try after a failure: nil when it is due. Otherwise it is the error to give to the caller.
func (a *attempts) again(ctx context.Context, failure error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	if final(failure) {
		return failure
	}
	if a.began.IsZero() {
		a.began = time.Now()
	}
	spent := time.Since(a.began)
	wait, more := a.pause.Next()
	if !more || spent >= a.client.budget {
		return fmt.Errorf("%w: %s: gave up after %v: %w", ErrUnavailable, a.what, spent.Round(time.Millisecond), failure)
	}
	wait = min(wait, a.client.budget-spent)
	a.client.logger.Log(ctx, a.client.retryLevel, "trying again", "what", a.what, "after", wait, "error", failure)
	a.client.onRetry(failure)
	return sleep(ctx, wait)
}

// succeeded makes the budget whole again.
func (a *attempts) succeeded() {
	a.pause.Reset()
	a.began = time.Time{}
}

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
		failure := try(attempts.bound(ctx))
		if failure == nil {
			return nil
		}
		if err := attempts.again(ctx, failure); err != nil {
			return err
		}
	}
}

// lookup runs something that waits for metadata, for no longer than the retry budget, or what the attempt that it is part of has left of it.
func (c *Client) lookup(ctx context.Context, look func(context.Context) error) error {
	if err := ended(c.life); err != nil {
		return err
	}
	ctx, release := c.bind(ctx)
	defer release()
	limited, cancel := context.WithTimeoutCause(ctx, max(within(ctx, c.budget), leastLookup), errNoAnswer)
	defer cancel()
	err := look(limited)
	if errors.Is(err, errNoAnswer) && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
