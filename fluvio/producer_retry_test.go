package fluvio_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func TestAnythingThatGoesWrongWithAProduceIsTriedAgainInOrder(t *testing.T) {
	retriable := protocol.ErrorCodeNotLeaderForPartition.Code()
	for name, tc := range map[string]struct {
		dial error // of the first connection to the SPU
		// first serves the first request; the others are accepted.
		first   func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool
		written bool // the first request's records are in the log all the same
	}{
		"connection refused":                   {dial: errors.New("refused")},
		"closed before an answer":              {first: func(*fakeConn, protocol.RequestHeader, *protocol.ProduceRequest) bool { return false }},
		"written, and closed before an answer": {written: true, first: func(*fakeConn, protocol.RequestHeader, *protocol.ProduceRequest) bool { return false }},
		"closed within the answer's length": {first: func(c *fakeConn, _ protocol.RequestHeader, _ *protocol.ProduceRequest) bool {
			c.Write([]byte{0, 0})
			return false
		}},
		"closed within the answer": {first: func(c *fakeConn, h protocol.RequestHeader, _ *protocol.ProduceRequest) bool {
			all := protocol.AppendResponse(nil, h.CorrelationID, h.APIVersion, new(protocol.ProduceResponse))
			c.Write(all[:len(all)-1])
			return false
		}},
		"never answered": {first: func(*fakeConn, protocol.RequestHeader, *protocol.ProduceRequest) bool { return true }},
		"retriable code": {first: func(c *fakeConn, h protocol.RequestHeader, req *protocol.ProduceRequest) bool {
			c.refuse(h, req, retriable)
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				var log produced
				failed, dialled := false, false
				f.dialled = func(address string) error {
					if address == "spu:1" && !dialled {
						dialled = true
						return tc.dial
					}
					return nil
				}
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					if tc.first != nil && !failed {
						failed = true
						if tc.written {
							vs, _ := recordsOf(t, req.(*protocol.ProduceRequest))
							log.add(vs)
						}
						return tc.first(c, h, req.(*protocol.ProduceRequest))
					}
					return log.accept(c, h, req)
				}
				var retries []error
				c, _ := f.connect(fluvio.WithRetryHook(func(err error) { retries = append(retries, err) }))
				p := newProducer(t, c)
				produce(t, p, 0, 100)
				if err := p.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
				want := values(0, 100)
				if tc.written { // at least once: the first request's records are there twice
					n := len(log.requests[0])
					want = append(values(0, n), want...)
				}
				if got := log.all(); !slices.Equal(got, want) {
					t.Errorf("log: %q", got)
				}
				if len(retries) != 1 {
					t.Errorf("retries: %v", retries)
				}
			})
		})
	}
}

// cutConn ends after so many bytes, in both directions together.
type cutConn struct {
	net.Conn
	mu   sync.Mutex
	left int
}

func (c *cutConn) grant(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = min(n, c.left)
	c.left -= n
	return n
}

func (c *cutConn) Read(b []byte) (int, error) {
	one := make([]byte, 1) // byte by byte, so that none is read beyond the cut
	if c.grant(1) == 0 {
		c.Close()
		return 0, io.EOF
	}
	n, err := c.Conn.Read(one)
	copy(b, one[:n])
	return n, err
}

func (c *cutConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b[:c.grant(len(b))])
	if err == nil && n < len(b) {
		c.Close()
		err = io.ErrClosedPipe
	}
	return n, err
}

// TestAConnectionMayBeLostAtEveryByte cuts the first connection to the SPU at every byte of its conversation.
func TestAConnectionMayBeLostAtEveryByte(t *testing.T) {
	lost := 0
	for cut := 0; ; cut++ {
		retried := false
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			var log produced
			f.spu = log.accept
			first := true
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				nc, err := f.dial(ctx, network, address)
				if address == "spu:1" && first {
					first = false
					return &cutConn{Conn: nc, left: cut}, err
				}
				return nc, err
			}
			c, stop := f.connect(fluvio.WithDialer(dial), fluvio.WithRetryHook(func(error) { retried = true }))
			p := newProducer(t, c)
			mustProduce(t, p, 0, "a")
			if err := p.Close(t.Context()); err != nil {
				t.Fatalf("cut at byte %d: %v", cut, err)
			}
			stop()
			if got := log.all(); len(got) < 1 || len(got) > 2 || !retried && len(got) != 1 {
				t.Fatalf("cut at byte %d: %q", cut, got)
			}
		})
		if !retried {
			break
		}
		lost++
	}
	if lost < 250 { // a handshake and a produce, there and back
		t.Errorf("the conversation has only %d bytes", lost)
	}
}

// TestWhoIsToldOfRetriesIsNotWarned, too: the log has warnings only where there is no hook.
func TestWhoIsToldOfRetriesIsNotWarned(t *testing.T) {
	for want, options := range map[string][]fluvio.Option{
		"WARN":  nil,
		"DEBUG": {fluvio.WithRetryHook(func(error) {})},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			var log produced
			failed := false
			f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
				if !failed {
					failed = true
					return false
				}
				return log.accept(c, h, req)
			}
			var text strings.Builder
			logger := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
			c, stop := f.connect(append(options, fluvio.WithLogger(logger))...)
			p := newProducer(t, c)
			produce(t, p, 0, 1)
			if err := p.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			stop()
			if !strings.Contains(text.String(), "level="+want+` msg="trying again"`) {
				t.Errorf("want it at %s: %s", want, text.String())
			}
		})
	}
}
