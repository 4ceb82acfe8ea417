package fluvio

import (
	"context"
	"errors"
	"net"
	"testing"
)

// On one machine a client that dials a port where nobody listens can meet itself: with a fixed local port it does so every time.
func TestAConnectionToItselfIsNone(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().(*net.TCPAddr)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	from := net.Dialer{LocalAddr: address}
	_, err = Connect(t.Context(), WithEndpoint(address.String()), WithRetryBudget(0),
		WithDialer(func(ctx context.Context, network, to string) (net.Conn, error) {
			return from.DialContext(ctx, network, to)
		}))
	if !errors.Is(err, errSelfConnected) {
		t.Fatalf("got %v, want %v", err, errSelfConnected)
	}
	again, err := net.Listen("tcp", address.String())
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	again.Close()
}
