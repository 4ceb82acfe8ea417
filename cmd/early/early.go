// Package early catches the signals that come before main has begun.
//
// A large program takes some tenths of a second, on a busy machine, to initialize its packages. Until somebody asks for them signals end the
// process, which would give a supervisor that changes its mind another exit code than the one that is promised.
// Packages are initialized as soon as those that they import are, in the order of their paths (Go specification, "Program initialization");
// this one imports next to nothing, so it comes long before the large ones.
package early

import (
	"os"
	"os/signal"
	"syscall"
)

// Received gets SIGINT and SIGTERM, two of them at most until somebody reads. It is registered; signal.Stop ends that.
var Received = catch()

func catch() chan os.Signal {
	c := make(chan os.Signal, 2)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	return c
}
