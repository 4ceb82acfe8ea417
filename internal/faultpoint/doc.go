// Package faultpoint ends the process at named places, for tests of what a crash there does.
//
// It does nothing in an ordinary build. One with the build tag faults reads the environment variable WEIR_FAULT, NAME:N, and kills the
// process without notice when the place NAME is passed for the N-th time; WEIR_FAULT_LOG names a file to which a line is appended, "passed NAME"
// whenever a place is passed for the first time and "struck NAME" when the process is killed, so that a test can tell what really struck.
package faultpoint
