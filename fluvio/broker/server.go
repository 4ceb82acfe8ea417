package broker

import (
	"errors"
	"net"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// accept serves connections until the listener is closed.
func (b *Broker) accept(l net.Listener, server protocol.Server) {
	for {
		nc, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, usually: it passes when other connections end.
			b.cfg.Logger.Warn("cannot accept a connection", "server", server, "error", err)
			select {
			case <-time.After(50 * time.Millisecond):
			case <-b.stop:
				return
			}
			continue
		}
		b.counters.servers[server].accepted.Add(1)
		c := newConn(b, server, nc)
		if !b.register(c) {
			c.close()
			continue
		}
		c.counters.open.Add(1)
		b.tasks.Go(func() {
			defer c.counters.open.Add(-1)
			defer b.unregister(c)
			c.serve()
		})
	}
}

// register notes a connection, unless there are too many or the broker is being closed.
func (b *Broker) register(c *conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.conns) >= b.cfg.MaxConnections {
		c.counters.ended("too_many_connections")
		c.log.Warn("connection refused, there are too many", "limit", b.cfg.MaxConnections)
		return false
	}
	if b.closing {
		return false
	}
	b.conns[c] = struct{}{}
	return true
}

func (b *Broker) unregister(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

// drain lets every connection finish its request and read no other.
func (b *Broker) drain() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closing = true
	for c := range b.conns {
		c.drain()
	}
}

// abort closes every connection.
func (b *Broker) abort() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.conns {
		c.close()
	}
}
