package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// busy is the processor time that this thread has used. What else runs on the machine is not in it, so arms compare better than by the time that
// passes. The goroutine must be locked to its thread.
func busy() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0 // every Linux has this clock
	}
	return time.Duration(t.Nano())
}

// timed is how long f keeps this thread busy.
func timed(f func() error) (time.Duration, error) {
	began := busy()
	err := f()
	return busy() - began, err
}
