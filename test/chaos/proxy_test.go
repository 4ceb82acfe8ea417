//go:build linux

package chaos

import (
	"context"
	"maps"
	"net"
	"sync"
	"time"
)

// proxy carries connections to one server. Its address has the server's port and another host, so that a broker that is told to name that
// host to its clients has them come through the proxy.
type proxy struct {
	listener net.Listener
	to       string
	closed   chan struct{}
	ended    sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool // both sides
	passed  [2]int64          // bytes since reset; [1]: to the pipeline
	waiting []*waiter
	until   time.Time // nothing goes before
	held    map[net.Conn]time.Time
	rate    int
	marked  map[net.Conn]bool // those of a process that was stopped
	said    bool              // something came on one of them since
}

// waiter is somebody to be told when so many bytes have passed.
type waiter struct {
	trigger
	reached chan struct{}
}

func (t trigger) direction() int {
	if t.down {
		return 1
	}
	return 0
}

const (
	serverHost = "127.0.0.1"
	proxyHost  = "127.0.0.2"
)

func startProxy(port string) (*proxy, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(proxyHost, port))
	if err != nil {
		return nil, err
	}
	p := &proxy{
		listener: l, to: net.JoinHostPort(serverHost, port), closed: make(chan struct{}),
		conns: map[net.Conn]bool{}, held: map[net.Conn]time.Time{},
	}
	p.ended.Go(p.accept)
	return p, nil
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil { // the broker is down
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		p.ended.Go(func() { p.carry(client, server, 0) })
		p.ended.Go(func() { p.carry(server, client, 1) })
	}
}

// carry copies one direction of a connection and closes both when it ends.
func (p *proxy) carry(from, to net.Conn, direction int) {
	defer func() {
		_, _ = from.Close(), to.Close()
		p.mu.Lock()
		delete(p.conns, from)
		delete(p.held, from)
		p.mu.Unlock()
	}()
	buf := make([]byte, 4<<10) // small, so that what strikes may strike anywhere
	for {
		n, err := from.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			p.pause(p.wait(from))
			m := p.pass(from, direction, len(rest))
			if _, err := to.Write(rest[:m]); err != nil {
				return
			}
			rest = rest[m:]
			p.tell()
		}
		if err != nil {
			return
		}
	}
}

// wait is how long a connection's bytes have to wait.
func (p *proxy) wait(from net.Conn) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := max(time.Until(p.until), time.Until(p.held[from]), 0)
	if p.rate > 0 {
		d += time.Duration(4<<10/p.rate) * time.Millisecond
	}
	return d
}

// pause waits, unless the proxy is closed.
func (p *proxy) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.closed:
	}
}

// pass counts as many of n bytes as may go before the next trigger.
func (p *proxy) pass(from net.Conn, direction, n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = p.said || direction == 0 && p.marked[from]
	for _, w := range p.waiting {
		left := w.bytes - p.passed[direction]
		if w.direction() == direction && left > 0 {
			n = int(min(int64(n), left))
		}
	}
	p.passed[direction] += int64(n)
	return n
}

// tell tells those whose trigger is reached.
func (p *proxy) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.waiting[:0]
	for _, w := range p.waiting {
		if p.passed[w.direction()] < w.bytes {
			left = append(left, w)
			continue
		}
		close(w.reached)
	}
	p.waiting = left
}

// reset begins to count anew. Triggers that are not reached are forgotten.
func (p *proxy) reset(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed, p.waiting, p.rate = [2]int64{}, nil, rate
}

// reached waits until a trigger is reached, and tells whether it was before ctx ended.
func (p *proxy) reached(ctx context.Context, at trigger) bool {
	w := &waiter{trigger{at.down, max(at.bytes, 1)}, make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	select {
	case <-w.reached:
		return true
	case <-ctx.Done():
		return false
	}
}

// has tells whether a trigger is reached.
func (p *proxy) has(at trigger) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed[at.direction()] >= at.bytes
}

// disturb does what a disturbance says, and tells whether there was anything to disturb.
func (p *proxy) disturb(d disturbance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch d.kind {
	case cut:
		for c := range p.conns {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	case stall:
		p.until = time.Now().Add(d.long)
	case late:
		for c := range p.conns {
			if c.RemoteAddr().String() == p.to {
				p.held[c] = time.Now().Add(d.long)
			}
		}
	}
	return len(p.conns) > 0
}

// mark marks the connections that there are.
func (p *proxy) mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marked, p.said = maps.Clone(p.conns), false
}

// spoke tells whether something was said on connections that are marked since they were.
func (p *proxy) spoke() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said
}

func (p *proxy) close() {
	_ = p.listener.Close()
	close(p.closed)
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.ended.Wait()
}
