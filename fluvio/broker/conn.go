package broker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	// slowestPeer is how many bytes a second a peer must move, after Config.StallTimeout.
	slowestPeer = 64 << 10
	// largestPooled bounds what one buffer keeps while it is not in use.
	largestPooled = 4 << 20
)

// conn serves one connection to the SC or the SPU.
//
// Requests are read and answered one after the other, as official servers do. Streams and watches run beside, in goroutines of
// their own, and share the writing side. Whatever is wrong with a request ends its connection and nothing else: Fluvio has no error frame.
type conn struct {
	b      *Broker
	server protocol.Server
	nc     net.Conn
	in     *bufio.Reader
	log    *slog.Logger

	ctx      context.Context // done when the connection ends
	cancel   context.CancelFunc
	draining atomic.Bool
	running  sync.WaitGroup // streams and watches
	live     atomic.Int64   // how many of them there are

	// chunking is held by the stream that has a chunk in memory. The others wait for it before they take memory: chunks go out one after the
	// other anyway, and a client that opens many streams and reads none must not hold what all connections have together.
	chunking sync.Mutex

	wmu sync.Mutex
	out []byte // the frame being written

	streams streamTable // SPU only
}

func newConn(b *Broker, server protocol.Server, nc net.Conn) *conn {
	c := &conn{b: b, server: server, nc: nc, in: bufio.NewReaderSize(nc, readBuffer)}
	c.log = b.cfg.Logger.With("server", server, "peer", nc.RemoteAddr())
	c.ctx, c.cancel = context.WithCancel(b.ctx)
	return c
}

// serve reads requests until the connection ends.
func (c *conn) serve() {
	defer c.running.Wait()
	defer c.close()
	c.log.Debug("connection opened")
	for {
		err := c.next()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) || c.draining.Load() || c.ctx.Err() != nil:
			c.log.Debug("connection closed")
			return
		default:
			c.log.Debug("connection closed because of what the peer sent or did not take", "error", err)
			return
		}
	}
}

// next serves one request.
func (c *conn) next() (err error) {
	if c.draining.Load() { // drain's deadline may have come while readFrame had set another
		return net.ErrClosed
	}
	size, err := c.announced()
	if err != nil {
		return err
	}
	if err := c.b.memory.acquire(c.ctx, size); err != nil {
		return err
	}
	defer c.b.memory.release(size)
	buf := getBuffer()
	defer func() { putBuffer(buf) }()
	if *buf, err = c.readFrame(*buf, size); err != nil {
		return err
	}
	defer c.recoverPanic(&err)
	if c.server == protocol.SC {
		return c.serveSC(*buf)
	}
	return c.serveSPU(*buf)
}

// reply answers a request.
func (c *conn) reply(h protocol.RequestHeader, resp protocol.Message) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.out = protocol.AppendResponse(c.out[:0], h.CorrelationID, h.APIVersion, resp)
	err := c.write(c.out)
	if cap(c.out) > largestPooled {
		c.out = nil
	}
	return err
}

// write sends bufs, one after the other. A peer that does not take them is given up: the frame is cut, so the connection ends.
// The caller holds wmu.
func (c *conn) write(bufs ...[]byte) error {
	var size int
	for _, b := range bufs {
		size += len(b)
	}
	err := c.nc.SetWriteDeadline(time.Now().Add(c.patience(size)))
	if err == nil {
		v := net.Buffers(bufs)
		_, err = v.WriteTo(c.nc)
	}
	if err != nil {
		c.close()
	}
	return err
}

// start runs a stream or a watch beside the requests.
func (c *conn) start(run func() error) error {
	if c.live.Add(1) > int64(c.b.cfg.MaxStreams) {
		return fmt.Errorf("more than %d streams and watches on one connection", c.b.cfg.MaxStreams)
	}
	c.running.Go(func() {
		defer c.live.Add(-1)
		err := func() (err error) {
			defer c.recoverPanic(&err)
			return run()
		}()
		if err != nil && c.ctx.Err() == nil {
			c.log.Debug("connection closed by a stream or watch", "error", err)
			c.close()
		}
	})
	return nil
}

// recoverPanic makes an error of a panic, so that a mistake in here costs one connection.
func (c *conn) recoverPanic(err *error) {
	if p := recover(); p != nil {
		c.log.Error("panic while serving a request", "panic", p, "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", p)
	}
}

// drain lets the connection end after the request that it serves now.
func (c *conn) drain() {
	c.draining.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

// close ends the connection at once.
func (c *conn) close() {
	c.cancel()
	_ = c.nc.Close()
}

var bufferPool = sync.Pool{New: func() any { return new([]byte) }}

func getBuffer() *[]byte { return bufferPool.Get().(*[]byte) }

func putBuffer(b *[]byte) {
	if cap(*b) <= largestPooled {
		bufferPool.Put(b)
	}
}
