package mux

import (
	"net"
	"syscall"
)

// acknowledger returns a function that has the system acknowledge at once what has arrived on a connection.
//
// A real SPU writes a chunk's head and its records separately and leaves Nagle's algorithm on, so the records wait until the head is
// acknowledged: for 40 ms where the receiving system puts that off. Linux does not keep the option, so it is set anew each time.
func acknowledger(nc net.Conn) func() {
	if secure, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = secure.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return func() {}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return func() {}
	}
	now := func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) } // without it it is only later
	return func() { _ = raw.Control(now) }
}
