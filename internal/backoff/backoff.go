// Package backoff spaces out retries: exponential delays with jitter, until a budget of time is spent.
//
//	retry := backoff.New(backoff.Config{Budget: time.Minute})
//	for {
//		err := connect()
//		if err == nil {
//			retry.Reset() // the next trouble has the whole budget again
//			break
//		}
//		if retry.Wait(ctx) != nil {
//			return err
//		}
//	}
package backoff

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"
)

// ErrSpent is what [Backoff.Wait] returns when the budget leaves no further try.
var ErrSpent = errors.New("retry budget spent")

// Forever is a budget that is never spent.
const Forever = time.Duration(math.MaxInt64)

// Config says how to space out. Zero values mean the defaults named here.
type Config struct {
	First  time.Duration    // the first delay before jitter, 100 ms by default; it doubles each time
	Max    time.Duration    // the longest delay before jitter, 5 s by default
	Budget time.Duration    // how long after the first failure the last try may begin; 0: never again, see [Forever]
	Now    func() time.Time // time.Now by default
	Rand   func() float64   // a number in [0, 1), rand.Float64 by default
}

// Backoff counts the tries of one undertaking. It belongs to one goroutine.
type Backoff struct {
	cfg   Config
	began time.Time // of the trouble: the first Next since Reset; zero when there is none
	delay time.Duration
}

// New returns a Backoff that has seen no failure.
func New(cfg Config) *Backoff {
	if cfg.First <= 0 {
		cfg.First = 100 * time.Millisecond
	}
	if cfg.Max <= 0 {
		cfg.Max = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	return &Backoff{cfg: cfg}
}

// Next tells how long to wait before the next try, after a failure, and whether there is to be one. The delay lies between
// half and the whole of First, 2·First, 4·First … Max; the last one is cut so that the last try begins as the budget ends.
func (b *Backoff) Next() (time.Duration, bool) {
	now := b.cfg.Now()
	if b.began.IsZero() {
		b.began, b.delay = now, min(b.cfg.First, b.cfg.Max)
	}
	left := b.cfg.Budget - now.Sub(b.began)
	if left <= 0 {
		return 0, false
	}
	half := b.delay / 2
	wait := half + time.Duration(float64(b.delay-half)*b.cfg.Rand())
	b.delay += min(b.delay, b.cfg.Max-b.delay)
	return min(wait, left), true
}

// Reset says that a try succeeded: delays are short again and the budget is whole.
func (b *Backoff) Reset() { b.began = time.Time{} }

// Wait sleeps for what [Backoff.Next] says. It returns nil when the next try is due, [ErrSpent] when there is none, and
// the context's error when that ends first.
func (b *Backoff) Wait(ctx context.Context) error {
	wait, more := b.Next()
	if !more {
		return ErrSpent
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
