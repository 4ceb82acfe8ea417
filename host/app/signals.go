package app

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// repeatAfter is how long after the first signal another one counts as a second. What stops a group of processes often tells each of them
// twice, by itself and with the group: GNU timeout does, and so do shells and supervisors.
const repeatAfter = time.Second

// Signals turns SIGINT and SIGTERM into a drain and, the second time, into the end of ctx; within a second of the first it is still the
// first. received is registered for both, and may hold some that came before; nil: a channel of its own is. The caller calls done when the
// command has ended.
func Signals(parent context.Context, received chan os.Signal, say func(string)) (ctx context.Context, drain <-chan struct{}, done func()) {
	if received == nil {
		received = make(chan os.Signal, 2)
		signal.Notify(received, syscall.SIGINT, syscall.SIGTERM)
	}
	ctx, drain, ended := drainOn(parent, received, say)
	return ctx, drain, func() {
		signal.Stop(received)
		ended()
	}
}

// drainOn is Signals over signals that somebody else receives.
func drainOn(parent context.Context, received <-chan os.Signal, say func(string)) (ctx context.Context, drain <-chan struct{}, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	draining, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var first time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-received:
				switch {
				case first.IsZero():
					first = time.Now()
					say(s.String() + ": draining; once more to end at once")
					close(draining)
				case time.Since(first) >= repeatAfter:
					say(s.String() + " again: ending at once")
					cancel(fault.Environmentf("ended at once by a second %s; what no checkpoint or acknowledgement covers may be done again", s))
					return
				}
			}
		}
	}()
	return ctx, draining, func() {
		cancel(nil)
		<-ended
	}
}
