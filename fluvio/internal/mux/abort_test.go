package mux_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// TestAnAbortedConnectionIsResetAndNotClosed: a server reads to the end of what a closed connection still holds, but not of a reset one.
func TestAnAbortedConnectionIsResetAndNotClosed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ended := make(chan error)
	go func() {
		nc, err := listener.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer nc.Close()
		s := &server{t, nc, protocol.SPU}
		h, _ := s.read()
		s.answer(h, offers[protocol.SPU])
		_, err = io.Copy(io.Discard, nc)
		ended <- err
	}()
	nc, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := mux.Open(t.Context(), nc, mux.Config{Server: protocol.SPU, ClientID: "test", MaxFrame: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	reason := errors.New("reason")
	c.Abort(reason)
	if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server's end: %v", err)
	}
	if err := c.Call(t.Context(), offsetsRequest("t"), offsetsResponse("t")); !errors.Is(err, reason) || mux.Sent(err) {
		t.Errorf("%v", err)
	}
	c.Close()
}
