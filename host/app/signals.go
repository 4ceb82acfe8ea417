package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Signals turns SIGINT and SIGTERM into a drain and, the second time, into the end of ctx. The caller calls done when the
// command has ended.
func Signals(parent context.Context, talk io.Writer) (ctx context.Context, drain <-chan struct{}, done func()) {
	ctx, cancel := context.WithCancel(parent)
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
					fmt.Fprintf(talk, "weir: %s again: ending at once\n", s)
					cancel()
					return
				}
				fmt.Fprintf(talk, "weir: %s: draining; once more to end at once\n", s)
				close(draining)
			}
		}
	}()
	return ctx, draining, func() {
		signal.Stop(received)
		cancel()
		<-ended
	}
}
