package app

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/weir-stream/weir/internal/fault"
)

// Signals turns SIGINT and SIGTERM into a drain and, the second time, into the end of ctx. The caller calls done when the
// command has ended.
func Signals(parent context.Context, say func(string)) (ctx context.Context, drain <-chan struct{}, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	draining := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGINT, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for drained := false; ; drained = true {
			select {
			case <-ctx.Done():
				return
			case s := <-received:
				if drained {
					say(s.String() + " again: ending at once")
					cancel(fault.Environmentf("ended at once by a second %s; what no checkpoint or acknowledgement covers may be done again", s))
					return
				}
				say(s.String() + ": draining; once more to end at once")
				close(draining)
			}
		}
	}()
	return ctx, draining, func() {
		signal.Stop(received)
		cancel(nil)
		<-ended
	}
}
