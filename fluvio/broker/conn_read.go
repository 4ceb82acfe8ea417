package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	readBuffer = 16 << 10
	// largestRequest is the size of the largest frame of anything but Produce, in bytes.
	largestRequest = 4 << 20
)

// announced waits for the next frame and returns its length, without the length itself.
func (c *conn) announced() (size int, err error) {
	head, err := c.in.Peek(wire.FrameHeader)
	if err != nil {
		if len(head) > 0 {
			err = midFrame(err)
		}
		return 0, err
	}
	size = int(int32(binary.BigEndian.Uint32(head)))
	if size <= 0 || size > c.b.cfg.MaxFrameBytes {
		return 0, fmt.Errorf("frame length %d is outside of 1 to %d", size, c.b.cfg.MaxFrameBytes)
	}
	if err := c.awaitBody(size); err != nil {
		return 0, err
	}
	return size, c.checkSize(size)
}

// awaitBody waits until the frame of that length is there, or as much of it as the read buffer takes: who announces a frame and sends nothing gets
// no share of the memory that all connections have together.
func (c *conn) awaitBody(size int) error {
	want := min(wire.FrameHeader+size, readBuffer)
	if c.in.Buffered() >= want {
		return nil
	}
	defer c.nc.SetReadDeadline(time.Time{})
	if err := c.readUntil(time.Now().Add(c.patience(0))); err != nil {
		return err
	}
	_, err := c.in.Peek(want)
	return midFrame(err)
}

// checkSize refuses large frames of requests that are never large: decoded, and with their answers, lists of small things take many times
// the memory of the frame.
func (c *conn) checkSize(size int) error {
	if size <= largestRequest {
		return nil
	}
	head, err := c.in.Peek(wire.FrameHeader + 2)
	if err != nil {
		return err
	}
	if key := binary.BigEndian.Uint16(head[wire.FrameHeader:]); c.server != protocol.SPU || key != protocol.KeyProduce {
		return fmt.Errorf("frame length %d of request %d: only records may take more than %d bytes", size, key, largestRequest)
	}
	return nil
}

// readFrame reads the frame that announced has seen. A peer that stops in the middle of it is given up.
func (c *conn) readFrame(buf []byte, size int) ([]byte, error) {
	if c.in.Buffered() >= wire.FrameHeader+size {
		return wire.ReadFrame(c.in, buf, c.b.cfg.MaxFrameBytes)
	}
	defer c.nc.SetReadDeadline(time.Time{})
	frame, err := wire.ReadFrame(&pacedReader{c: c, began: time.Now()}, buf, c.b.cfg.MaxFrameBytes)
	return frame, midFrame(err)
}

func midFrame(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// pacedReader reads from a peer that has to keep up: what counts is what has arrived, not what was announced.
type pacedReader struct {
	c     *conn
	began time.Time
	got   int
}

func (r *pacedReader) Read(p []byte) (int, error) {
	if err := r.c.readUntil(r.began.Add(r.c.patience(r.got))); err != nil {
		return 0, err
	}
	n, err := r.c.in.Read(p)
	r.got += n
	return n, err
}

// readUntil sets the time by which the next read must have come back.
func (c *conn) readUntil(t time.Time) error {
	if err := c.nc.SetReadDeadline(t); err != nil {
		return err
	}
	if c.draining.Load() { // drain's deadline came before ours and is lost
		return net.ErrClosed
	}
	return nil
}

// patience is how long a peer may take for so many bytes.
func (c *conn) patience(bytes int) time.Duration {
	return c.b.cfg.StallTimeout + time.Duration(bytes)*(time.Second/slowestPeer)
}
