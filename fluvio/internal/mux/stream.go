package mux

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// Stream receives the answers to one request, in order. It ends with its connection.
type Stream struct {
	conn    *Conn
	version int16
	answers chan []byte // closed by the reading goroutine at its end
	queued  atomic.Int64
	most    int64
	memory  func(size int) ([]byte, error) // may be nil
}

// Stream sends a request that is answered again and again. Up to answers of them, and bytes bytes, wait to be received; more than
// that end the connection with ErrOverrun.
func (c *Conn) Stream(ctx context.Context, req protocol.Request, answers, bytes int) (*Stream, error) {
	return c.StreamInto(ctx, req, answers, bytes, nil)
}

// StreamInto is a Stream whose answers are read into memory of the caller's: memory is called with the size of each one, in bytes, and
// returns that much, or nil to have some made. It is called by the goroutine that reads, so it must not wait; its error ends the
// connection.
func (c *Conn) StreamInto(
	ctx context.Context, req protocol.Request, answers, bytes int, memory func(size int) ([]byte, error),
) (*Stream, error) {
	version, err := c.version(req.Key())
	if err != nil {
		return nil, err
	}
	s := &Stream{conn: c, version: version, answers: make(chan []byte, answers), most: int64(bytes), memory: memory}
	c.streams.Store(true)
	if _, err := c.send(ctx, req, version, receiver{stream: s}); err != nil {
		return nil, err
	}
	return s, nil
}

// Recv decodes the next answer into resp, which aliases a buffer of its own. What came before the connection ended is received
// first; then the error is why it ended. An answer that can't be decoded ends the connection.
func (s *Stream) Recv(ctx context.Context, resp protocol.Message) error {
	select {
	case body, ok := <-s.answers:
		return s.decode(body, ok, resp)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// TryRecv is Recv without waiting. It returns false if there is no answer yet, and the connection has not ended.
func (s *Stream) TryRecv(resp protocol.Message) (bool, error) {
	select {
	case body, ok := <-s.answers:
		return true, s.decode(body, ok, resp)
	default:
		return false, nil
	}
}

// decode decodes what was received, if the connection had not ended.
func (s *Stream) decode(body []byte, ok bool, resp protocol.Message) error {
	if !ok {
		return s.conn.Err()
	}
	s.queued.Add(-int64(len(body)))
	if err := protocol.DecodeResponse(body, s.version, resp); err != nil {
		s.conn.Fail(fmt.Errorf("answer of a stream: %v", err)) // not wrapped: see Fail
		return err
	}
	return nil
}

// deliver queues an answer without waiting.
func (s *Stream) deliver(body []byte) error {
	if s.queued.Add(int64(len(body))) > s.most && len(s.answers) > 0 {
		return ErrOverrun
	}
	select {
	case s.answers <- body:
		return nil
	default:
		return ErrOverrun
	}
}

// Version is the version that requests of a key are sent at. The error wraps ErrVersion.
func (c *Conn) Version(key uint16) (int16, error) { return c.version(key) }
