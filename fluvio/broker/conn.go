package broker

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	// slowestPeer is how many bytes a second a peer must move, after Config.StallTimeout.
	slowestPeer = 64 << 10
	// largestKept bounds what a connection keeps of its buffer for answers.
	largestKept = 64 << 10
	// writePiece is after how many bytes it is noted that a large frame moves: what the slowest peer takes within a leash of two seconds.
	writePiece = 2 * slowestPeer
)

// conn serves one connection to the SC or the SPU.
//
// Requests are read and answered one after the other, as official servers do. Streams and watches run beside, in goroutines of
// their own, and share the writing side. Whatever is wrong with a request ends its connection and nothing else: Fluvio has no error frame.
type conn struct {
	b        *Broker
	number   uint64 // counts from 1 in the order in which connections were accepted
	server   protocol.Server
	raw      net.Conn // below TLS
	nc       net.Conn
	in       *bufio.Reader
	log      *slog.Logger
	counters *serverCounters

	ctx      context.Context // done when the connection ends
	cancel   context.CancelCauseFunc
	draining atomic.Bool
	running  sync.WaitGroup // streams and watches
	live     atomic.Int64   // how many of them there are

	receiving, sending transfer

	// chunking is held by the stream that has a chunk in memory. The others wait for it before they take memory: chunks go out one after the
	// other anyway, and a client that opens many streams and reads none must not hold what all connections have together.
	chunking sync.Mutex
	pace     pace // of chunks; under chunking

	wmu sync.Mutex
	out []byte // the frame being written

	failed  bool        // the answer to the request that is served now has an error code
	streams streamTable // SPU only
}

func newConn(b *Broker, server protocol.Server, nc net.Conn) *conn {
	c := &conn{b: b, number: b.numbers.Add(1), server: server, raw: nc, nc: nc, counters: b.counters.servers[server]}
	if b.cfg.TLS != nil {
		c.nc = tls.Server(nc, b.cfg.TLS)
	}
	c.in = bufio.NewReaderSize(c.nc, readBuffer)
	c.log = b.cfg.Logger.With("server", server, "peer", nc.RemoteAddr())
	c.ctx, c.cancel = context.WithCancelCause(b.ctx)
	return c
}

// serve reads requests until the connection ends.
func (c *conn) serve() {
	defer c.hangUp()
	c.log.Debug("connection opened")
	err := c.handshake()
	for err == nil {
		err = c.next()
	}
	c.explain(err)
}

// handshake does what TLS does before the first request.
func (c *conn) handshake() error {
	secure, ok := c.nc.(*tls.Conn)
	if !ok {
		return nil
	}
	defer c.nc.SetReadDeadline(time.Time{})
	if err := c.readUntil(time.Now().Add(c.patience(0))); err != nil {
		return err
	}
	if err := secure.SetWriteDeadline(time.Now().Add(c.patience(0))); err != nil {
		return err
	}
	err := secure.HandshakeContext(c.ctx)
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) {
		err = fmt.Errorf("the peer does not speak TLS, which this broker asks for: %w", err)
	}
	if errors.Is(err, io.EOF) {
		return io.EOF // a port scan, a health check
	}
	return because("tls", err)
}

// explain reports why the connection ends.
func (c *conn) explain(err error) {
	if cause := context.Cause(c.ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) || errors.Is(err, errDone) || c.draining.Load() {
		c.log.Debug("connection closed")
		return
	}
	reason := reasonOf(err)
	c.counters.ended(reason)
	level := slog.LevelDebug
	if reason == "tls" {
		level = slog.LevelWarn // somebody's set-up is wrong, and the peer is often told little
	}
	c.log.Log(context.Background(), level, "connection closed because of what the peer sent or did not take", "reason", reason, "error", err)
}

// next serves one request.
func (c *conn) next() (err error) {
	if c.draining.Load() { // drain's deadline may have come while readFrame had set another
		return net.ErrClosed
	}
	size, key, err := c.announced()
	if err != nil {
		return err
	}
	weight := c.weight(key, size)
	release, err := c.reserve(c.b.requests.of(weight), weight)
	if err != nil {
		return err
	}
	defer release()
	buf := getBuffer(size)
	defer func() { putBuffer(buf) }()
	if *buf, err = c.readFrame(*buf, size); err != nil {
		return err
	}
	c.counters.bytesIn.Add(uint64(wire.FrameHeader + size))
	c.failed = false
	defer func() { c.counters.request(key, c.outcome(err)) }()
	defer c.recoverPanic(&err)
	if c.server == protocol.SC {
		return c.serveSC(*buf)
	}
	return c.serveSPU(*buf)
}

// outcome is what became of the request that was served.
func (c *conn) outcome(err error) outcome {
	switch {
	case err != nil:
		return dropped
	case c.failed:
		return refused
	}
	return answered
}

// reply answers the request that is served now.
func (c *conn) reply(h protocol.RequestHeader, resp protocol.Message) error {
	failed, err := c.push(h, resp)
	c.failed = c.failed || failed
	return err
}

// push sends a message to a request. It reports whether that holds an error code.
func (c *conn) push(h protocol.RequestHeader, resp protocol.Message) (failed bool, err error) {
	failed = c.counters.answer(resp)
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.out = protocol.AppendResponse(c.out[:0], h.CorrelationID, h.APIVersion, resp)
	err = c.write(c.out)
	if cap(c.out) > largestKept {
		c.out = nil
	}
	return failed, err
}

// write sends a frame, given as its head and the rest. A peer that does not take it is given up: the frame is cut, so the connection ends.
// The caller holds wmu.
func (c *conn) write(head []byte, rest ...byte) error {
	size := len(head) + len(rest)
	now := time.Now()
	c.sending.begin(c.b.age())
	defer c.sending.end()
	var err error
	if until := now.Add(c.patience(size)); c.nc == c.raw {
		err = c.writePlain(now, until, head, rest)
	} else {
		err = c.writePieces(until, head, rest)
	}
	if err != nil {
		c.fail(err)
		return err
	}
	c.counters.bytesOut.Add(uint64(size))
	return nil
}

// writePlain gives the system all of a frame at once, which a quick peer's connection is fastest with, and looks now and then how far
// it has come.
func (c *conn) writePlain(now, until time.Time, parts ...[]byte) error {
	left, moved := net.Buffers(parts), int64(0)
	for {
		look := now.Add(c.b.leash() / 4)
		if look.After(until) {
			look = until
		}
		if err := c.nc.SetWriteDeadline(look); err != nil {
			return err
		}
		n, err := left.WriteTo(c.nc)
		now = time.Now()
		if !errors.Is(err, os.ErrDeadlineExceeded) || !now.Before(until) {
			return err
		}
		if moved += n; moved >= writePiece/2 { // half, because it is noted late
			c.sending.progress(c.b.age())
			moved = 0
		}
	}
}

// writePieces writes a frame piece by piece, because TLS does not survive a write that is broken off.
func (c *conn) writePieces(until time.Time, parts ...[]byte) error {
	err := c.nc.SetWriteDeadline(until)
	for _, part := range parts {
		for len(part) > 0 && err == nil {
			n := min(len(part), writePiece)
			_, err = c.nc.Write(part[:n])
			part = part[n:]
			c.sending.progress(c.b.age())
		}
	}
	return err
}

// start runs a stream or a watch beside the requests.
func (c *conn) start(run func() error) error {
	if c.live.Add(1) > int64(c.b.cfg.MaxStreams) {
		c.live.Add(-1)
		return because("too_many_streams", fmt.Errorf("more than %d streams and watches on one connection", c.b.cfg.MaxStreams))
	}
	if c.counters.streams.Add(1) > int64(c.b.cfg.MaxServerStreams) {
		c.live.Add(-1)
		c.counters.streams.Add(-1)
		return because("too_many_streams", fmt.Errorf("more than %d streams and watches on all connections", c.b.cfg.MaxServerStreams))
	}
	c.running.Go(func() {
		defer c.live.Add(-1)
		defer c.counters.streams.Add(-1)
		err := func() (err error) {
			defer c.recoverPanic(&err)
			return run()
		}()
		if err != nil {
			c.fail(err)
		}
	})
	return nil
}

// recoverPanic makes an error of a panic, so that a mistake in here costs one connection.
func (c *conn) recoverPanic(err *error) {
	if p := recover(); p != nil {
		c.log.Error("panic while serving a request", "panic", p, "stack", string(debug.Stack()))
		*err = because("panic", fmt.Errorf("panic: %v", p))
	}
}

// drain lets the connection end after the request that it serves now.
func (c *conn) drain() {
	c.draining.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

// errDone is the end of a connection that nobody has to be told about.
var errDone = errors.New("connection done")

// close ends the connection at once.
func (c *conn) close() { c.fail(errDone) }

// fail ends the connection at once; the first reason counts. It does not wait for the peer.
func (c *conn) fail(reason error) {
	c.cancel(reason)
	_ = c.raw.Close()
}

// hangUp ends the connection in good order: with TLS's farewell, and when the broker stops, after the frames that streams are sending.
func (c *conn) hangUp() {
	c.cancel(errDone)
	if c.draining.Load() {
		c.running.Wait()
	}
	_ = c.nc.Close()
	c.running.Wait()
}
