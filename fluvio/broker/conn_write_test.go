package broker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// writer is a connection that is good for writing only, and its peer.
func writer(secure bool) (*conn, net.Conn) {
	nc, peer := net.Pipe()
	c := &conn{b: &Broker{cfg: Config{StallTimeout: 2 * time.Second * leashes}, opened: time.Now()}, nc: nc, raw: nc, counters: new(serverCounters)}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	if secure {
		c.nc = struct{ net.Conn }{nc}
	}
	return c, peer
}

// A large frame reaches a peer that is as slow as may be, unharmed, and the peer is not taken for one that does not move.
func TestSlowPeerGetsTheFrame(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "secure": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, peer := writer(secure)
				head, rest := []byte("head"), make([]byte, 20*slowestPeer+7)
				for i := range rest {
					rest[i] = byte(i * i >> 5)
				}
				wrote := make(chan error, 1)
				go func() { wrote <- c.write(head, rest...) }()
				got, piece := []byte(nil), make([]byte, slowestPeer/8)
				for len(got) < len(head)+len(rest) {
					time.Sleep(time.Second / 8)
					if c.sending.tardy(c.b.age(), c.b.leash(), c.b.cfg.StallTimeout) {
						t.Fatalf("tardy after %d bytes", len(got))
					}
					n, err := io.ReadFull(peer, piece[:min(len(piece), len(head)+len(rest)-len(got))])
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, piece[:n]...)
				}
				if err := <-wrote; err != nil || !bytes.Equal(got, append(head, rest...)) {
					t.Errorf("%d bytes came: %v", len(got), err)
				}
			})
		})
	}
}

// A peer that takes a part and then nothing is known to hold the frame up after a leash, and given up when its time is over.
func TestStalledPeerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := writer(false)
		frame := make([]byte, 4*writePiece)
		wrote := make(chan error, 1)
		go func() { wrote <- c.write(frame) }()
		if _, err := io.ReadFull(peer, make([]byte, writePiece)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(c.b.leash() * 3 / 2)
		if !c.sending.tardy(c.b.age(), c.b.leash(), c.b.cfg.StallTimeout) {
			t.Error("nothing has moved for longer than a leash, and nobody can see it")
		}
		began := time.Now()
		if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) || c.ctx.Err() == nil {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
