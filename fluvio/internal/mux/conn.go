package mux

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	// clientVersion is what servers are told; an SC closes the connection unless it is a semantic version.
	clientVersion = "0.1.0"
	// handshakeVersion of ApiVersions is sent without asking.
	handshakeVersion = 2
	// readBuffer holds the small frames, unless Config says otherwise; the bodies of large ones are read past it.
	readBuffer = 32 << 10
)

// Config says how to speak. All fields but ReadBuffer are required.
type Config struct {
	Server     protocol.Server // what is at the other end
	ClientID   string          // names the program
	MaxFrame   int             // largest frame that is taken, in bytes
	ReadBuffer int             // size of the buffer for small frames, in bytes; 0: 32 KiB
}

// Conn is a connection. Its methods may be called concurrently.
type Conn struct {
	cfg      Config
	nc       net.Conn
	br       *bufio.Reader // of the reading goroutine
	ack      func()        // acknowledges at once what has arrived
	streams  atomic.Bool   // there is or was one
	choices  map[uint16]choice
	platform string

	writing chan struct{} // holds one token while someone writes
	head    []byte        // reused for requests; belongs to whoever writes

	done    chan struct{} // closed when the connection is dead; err is set before
	stopped chan struct{} // closed when the reading goroutine has ended

	mu      sync.Mutex
	err     error
	lastID  int32
	waiting map[int32]receiver
}

// Open makes a connection of nc, which it owns from here on, and agrees on versions. The error wraps ErrVersion if there is no
// common ground, ErrHandshake if the other end does not answer as a Fluvio server would, or is ctx's.
func Open(ctx context.Context, nc net.Conn, cfg Config) (*Conn, error) {
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = readBuffer
	}
	c := &Conn{
		cfg:     cfg,
		nc:      nc,
		br:      bufio.NewReaderSize(nc, cfg.ReadBuffer),
		ack:     acknowledger(nc),
		writing: make(chan struct{}, 1),
		done:    make(chan struct{}),
		stopped: make(chan struct{}),
		waiting: make(map[int32]receiver),
		choices: map[uint16]choice{protocol.KeyApiVersions: {version: handshakeVersion}},
	}
	go c.readLoop()
	if err := c.handshake(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) handshake(ctx context.Context) error {
	var offer protocol.ApiVersionsResponse
	err := c.Call(ctx, &protocol.ApiVersionsRequest{
		ClientVersion: clientVersion, ClientOS: runtime.GOOS, ClientArch: runtime.GOARCH,
	}, &offer)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		err = offer.ErrorCode.Err()
	}
	if err != nil {
		return fmt.Errorf("%w at %v: %w", ErrHandshake, c.nc.RemoteAddr(), err)
	}
	choices, err := negotiate(c.cfg.Server, &offer)
	if err != nil {
		return err
	}
	c.choices, c.platform = choices, offer.PlatformVersion
	return nil
}

// Platform is the version of the server's platform; SPUs say 0.0.0.
func (c *Conn) Platform() string { return c.platform }

// Done is closed when the connection is dead.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why the connection is dead, nil while it is not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Fail ends the connection for the given reason, unless it has ended already. Whoever waits gets the reason: what is wrong for one of them
// alone, its answer or its context, must not be wrapped in it, for the others may try again.
func (c *Conn) Fail(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = reason
	close(c.done)
	c.nc.Close() // wakes the reading goroutine and whoever writes
}

// Abort ends the connection as Fail does, and has the system throw away what it holds for the peer: a request that has not gone out
// by now never will.
func (c *Conn) Abort(reason error) {
	nc := c.nc
	if secure, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = secure.NetConn()
	}
	if tcp, ok := nc.(interface{ SetLinger(int) error }); ok {
		tcp.SetLinger(0)
	}
	c.Fail(reason)
}

// Close ends the connection and waits for its goroutine. Do not call it from a Post's function.
func (c *Conn) Close() {
	c.Fail(ErrClosed)
	<-c.stopped
}

// version chooses the version of a request.
func (c *Conn) version(key uint16) (int16, error) {
	choice, ok := c.choices[key]
	if !ok {
		return 0, fmt.Errorf("%w: key %d is no request of an %v", ErrVersion, key, c.cfg.Server)
	}
	return choice.version, choice.err
}
