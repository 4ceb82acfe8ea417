//go:build unix

package app

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// OnHangup calls do for each SIGHUP, one call at a time; signals that come during a call make one more. stop ends that, and
// waits for a call that is under way. Where there is no such signal it does nothing.
func OnHangup(do func()) (stop func()) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGHUP)
	quit := make(chan struct{})
	var calling sync.WaitGroup
	calling.Go(func() {
		for {
			select {
			case <-quit:
				return
			case <-received:
				do()
			}
		}
	})
	return func() {
		signal.Stop(received)
		close(quit)
		calling.Wait()
	}
}
