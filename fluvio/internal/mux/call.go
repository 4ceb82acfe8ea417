package mux

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// Scattered is a request whose encoding holds large blocks that need not be copied together.
type Scattered interface {
	protocol.Request
	// Scatter returns the encoding in three parts: head with the beginning appended, the blocks, and the end. The blocks must stay
	// unchanged until the call returns.
	Scatter(head []byte, version int16) (begin []byte, blocks [][]byte, end []byte)
}

// receiver is who waits for a correlation id. Exactly one field is set.
type receiver struct {
	reply  chan []byte       // of a call; has room for the one answer
	post   func(body []byte) // runs in the reading goroutine; body is valid until it returns
	stream *Stream
}

// Call sends a request and decodes the answer into resp, which aliases a buffer of its own. If there is no answer the error is a
// *CallError; an answer that can't be decoded ends the connection.
func (c *Conn) Call(ctx context.Context, req protocol.Request, resp protocol.Message) error {
	version, err := c.version(req.Key())
	if err != nil {
		return err
	}
	reply := make(chan []byte, 1)
	id, err := c.send(ctx, req, version, receiver{reply: reply})
	if err != nil {
		return err
	}
	body, err := c.await(ctx, reply)
	if err != nil {
		c.forget(id)
		return &CallError{API: c.name(req), Sent: true, Err: err}
	}
	if err := protocol.DecodeResponse(body, version, resp); err != nil {
		c.Fail(fmt.Errorf("answer to a %s request: %v", c.name(req), err)) // not wrapped: see Fail
		return &CallError{API: c.name(req), Sent: true, Err: err}
	}
	return nil
}

// await prefers an answer to the end of the connection that comes right after it.
func (c *Conn) await(ctx context.Context, reply <-chan []byte) ([]byte, error) {
	var err error
	select {
	case body := <-reply:
		return body, nil
	case <-c.stopped:
		err = c.Err()
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	select {
	case body := <-reply:
		return body, nil
	default:
		return nil, err
	}
}

// Post sends a request and does not wait. The answer is handed to then, in the goroutine that reads: it must be quick, and the
// body is valid only until it returns.
func (c *Conn) Post(ctx context.Context, req protocol.Request, then func(body []byte, version int16)) error {
	version, err := c.version(req.Key())
	if err != nil {
		return err
	}
	_, err = c.send(ctx, req, version, receiver{post: func(body []byte) { then(body, version) }})
	return err
}

// send registers the receiver and writes the request. After an error nobody is registered and the request was not sent.
func (c *Conn) send(ctx context.Context, req protocol.Request, version int16, to receiver) (int32, error) {
	if ctx.Err() != nil { // select would choose by chance
		return 0, &CallError{API: c.name(req), Err: context.Cause(ctx)}
	}
	select {
	case c.writing <- struct{}{}:
	case <-c.done:
		return 0, &CallError{API: c.name(req), Err: c.Err()}
	case <-ctx.Done():
		return 0, &CallError{API: c.name(req), Err: context.Cause(ctx)}
	}
	defer func() { <-c.writing }()
	id, err := c.register(to)
	if err != nil {
		return 0, &CallError{API: c.name(req), Err: err}
	}
	if err := c.write(ctx, c.frame(req, version, id)); err != nil {
		c.forget(id)
		return 0, &CallError{API: c.name(req), Err: err}
	}
	return id, nil
}

func (c *Conn) register(to receiver) (int32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	for c.lastID++; c.inUse(c.lastID); c.lastID++ { // it wraps around, and a stream keeps its id for ever
	}
	c.waiting[c.lastID] = to
	return c.lastID, nil
}

func (c *Conn) inUse(id int32) bool {
	_, ok := c.waiting[id]
	return ok
}

func (c *Conn) forget(id int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// frame encodes a request, its blocks untouched.
func (c *Conn) frame(req protocol.Request, version int16, id int32) net.Buffers {
	header := protocol.RequestHeader{APIVersion: version, CorrelationID: id, ClientID: c.cfg.ClientID}
	scattered, ok := req.(Scattered)
	if !ok {
		c.head = protocol.AppendRequest(c.head[:0], header, req)
		return net.Buffers{c.head}
	}
	header.APIKey = req.Key()
	begin := header.AppendTo(wire.BeginFrame(c.head[:0]), 0)
	begin, blocks, end := scattered.Scatter(begin, version)
	length := len(begin) - wire.FrameHeader + len(end)
	bufs := make(net.Buffers, 0, len(blocks)+2)
	bufs = append(bufs, begin)
	for _, block := range blocks {
		length += len(block)
		bufs = append(bufs, block)
	}
	binary.BigEndian.PutUint32(begin, uint32(length))
	c.head = begin
	return append(bufs, end)
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// write writes a frame or ends the connection. It gives up when ctx ends; half a frame can't be taken back.
func (c *Conn) write(ctx context.Context, frame net.Buffers) error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.nc.SetWriteDeadline(past)
		close(interrupted)
	})
	_, err := frame.WriteTo(c.nc)
	if !stop() {
		<-interrupted
		c.nc.SetWriteDeadline(time.Time{}) // the frame went out whole: the context ended too late to matter here
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		c.Fail(fmt.Errorf("write failed: %v", err)) // not wrapped: see Fail
		return err
	}
	c.Fail(fmt.Errorf("write failed: %w", err))
	return c.Err() // what the reading goroutine met, if it was first: it knows why
}

// name of a request, for errors.
func (c *Conn) name(req protocol.Request) string {
	api, _ := protocol.Lookup(c.cfg.Server, req.Key())
	return api.Name
}
