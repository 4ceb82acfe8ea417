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
	// largestRequest is the size of the largest frame of most requests, in bytes. Decoded, and with their answers, lists of small things take many times
	// the memory of the frame, see decodedSize.
	largestRequest = 256 << 10
	// largestStreamFetch is that of StreamFetch, which may bring the code of SmartModules.
	largestStreamFetch = 4 << 20
	// largestCreate is that of Create, which brings SmartModules to be kept.
	largestCreate = largestModule + 1<<20
	// decodedSize is how many times the size of its frame a request and its answer take in memory, at most.
	decodedSize = 20
	// createdSize is that of Create: the worst is a topic whose partitions are assigned.
	createdSize = 6
)

// announced waits for the next frame and returns its length, without the length itself, and the key of its request.
func (c *conn) announced() (size int, key uint16, err error) {
	head, err := c.in.Peek(wire.FrameHeader)
	if err != nil {
		if len(head) > 0 {
			err = midFrame(err)
		}
		return 0, 0, err
	}
	if size, err = c.length(head); err != nil {
		return 0, 0, err
	}
	if err := c.awaitBody(size); err != nil {
		return 0, 0, err
	}
	head, err = c.in.Peek(wire.FrameHeader + 2)
	if err != nil {
		return 0, 0, err
	}
	key = binary.BigEndian.Uint16(head[wire.FrameHeader:])
	if limit := c.largest(key); size > limit {
		return 0, 0, because("frame_too_large", fmt.Errorf("frame length %d of request %d, limit %d", size, key, limit))
	}
	return size, key, nil
}

// length checks a frame's length.
func (c *conn) length(head []byte) (int, error) {
	size := int(int32(binary.BigEndian.Uint32(head)))
	switch {
	case head[0] == 0x16 && head[1] == 3 && c.b.cfg.TLS == nil: // a TLS handshake record; as a length it is 352 MiB and more
		return 0, because("tls", errors.New("the peer speaks TLS, which this broker was not set up for"))
	case size < smallestFrame:
		return 0, because("frame_length", fmt.Errorf("frame length %d, no request has less than %d", size, smallestFrame))
	case size > c.b.cfg.MaxFrameBytes:
		return 0, because("frame_too_large", fmt.Errorf("frame length %d, limit %d", size, c.b.cfg.MaxFrameBytes))
	}
	return size, nil
}

// smallestFrame is a request's header without a client's name: key, version, correlation id and the length of the name.
const smallestFrame = 2 + 2 + 4 + 2

// largest is the size of the largest frame with that key.
func (c *conn) largest(key uint16) int {
	switch {
	case c.server == protocol.SPU && key == protocol.KeyProduce:
		return c.b.cfg.MaxFrameBytes
	case c.server == protocol.SPU && key == protocol.KeyStreamFetch:
		return largestStreamFetch
	case c.server == protocol.SC && key == protocol.KeyCreate:
		return largestCreate
	}
	return largestRequest
}

// weight is how much memory a frame with that key takes when it is decoded and answered. Records and code are not copied, and what else
// those requests hold is counted before it is decoded (checkCounts).
func (c *conn) weight(key uint16, size int) int {
	switch {
	case c.server == protocol.SPU && (key == protocol.KeyProduce || key == protocol.KeyStreamFetch):
		return size
	case c.server == protocol.SC && key == protocol.KeyCreate:
		return size * createdSize
	}
	return size * decodedSize
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

// readFrame reads the frame that announced has seen. A peer that stops in the middle of it is given up.
func (c *conn) readFrame(buf []byte, size int) ([]byte, error) {
	if c.in.Buffered() >= wire.FrameHeader+size {
		return wire.ReadFrame(c.in, buf, c.b.cfg.MaxFrameBytes)
	}
	defer c.nc.SetReadDeadline(time.Time{})
	c.receiving.begin(c.b.age())
	defer c.receiving.end()
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
	moved int // since progress was noted
}

func (r *pacedReader) Read(p []byte) (int, error) {
	if err := r.c.readUntil(r.began.Add(r.c.patience(r.got))); err != nil {
		return 0, err
	}
	n, err := r.c.in.Read(p)
	r.got += n
	if r.moved += n; r.moved >= writePiece {
		r.moved = 0
		r.c.receiving.progress(r.c.b.age())
	}
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
