//go:build unix

package app

import (
	"os"
	"syscall"
	"testing"
)

// TestHangupsAreServedOneByOne sends this process a signal while another one is being served.
func TestHangupsAreServedOneByOne(t *testing.T) {
	calls, resume := make(chan struct{}), make(chan struct{})
	stop := OnHangup(func() {
		calls <- struct{}{}
		<-resume
	})
	hangUp := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	<-calls
	hangUp()
	resume <- struct{}{}
	<-calls
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	select {
	case <-stopped:
		t.Error("it stopped in the middle of a call")
	case resume <- struct{}{}:
	}
	<-stopped
}
