//go:build !unix

package app

// OnHangup does nothing: this system has no SIGHUP.
func OnHangup(func()) (stop func()) { return func() {} }
