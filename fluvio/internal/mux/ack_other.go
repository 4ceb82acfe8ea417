//go:build !linux

package mux

import "net"

// acknowledger returns a function that does nothing: other systems have no option for it.
func acknowledger(net.Conn) func() { return func() {} }
