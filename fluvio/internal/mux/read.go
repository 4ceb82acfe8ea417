package mux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

const (
	// frameHead is a frame's length and an answer's correlation id.
	frameHead = wire.FrameHeader + 4
	// trusted is how much memory is taken on the word of a frame's length alone, in bytes; beyond that, with what arrives.
	trusted = 4 << 20
)

// readLoop is the connection's goroutine.
func (c *Conn) readLoop() {
	defer close(c.stopped)
	for {
		if err := c.readFrame(); err != nil {
			c.Fail(lost(err))
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, to := range c.waiting {
		if to.stream != nil {
			close(to.stream.answers)
		}
	}
	clear(c.waiting)
}

// lost says in words what an end of the connection looks like from here. It is never io.EOF: that would be taken for the end of what is read.
func lost(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("connection closed by the server: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// readFrame reads one answer and hands it to whoever waits for it.
func (c *Conn) readFrame() error {
	c.acknowledge(frameHead)
	head, err := c.br.Peek(frameHead)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	length, id := int(int32(binary.BigEndian.Uint32(head))), int32(binary.BigEndian.Uint32(head[wire.FrameHeader:]))
	size := length - (frameHead - wire.FrameHeader)
	if size < 0 {
		return fmt.Errorf("answer with a frame of %d bytes", length)
	}
	if length > c.cfg.MaxFrame {
		return fmt.Errorf("%w: %d bytes, limit %d", wire.ErrFrameTooLarge, length, c.cfg.MaxFrame)
	}
	c.br.Discard(frameHead) // cannot fail: they were peeked at

	to := c.receiver(id)
	switch {
	case to.post != nil && size <= c.br.Size():
		return c.readPost(size, to.post)
	case to.reply == nil && to.stream == nil && to.post == nil:
		_, err := c.br.Discard(size)
		return err
	}
	body, err := c.readBody(size, to.stream)
	if err != nil {
		return err
	}
	switch {
	case to.stream != nil:
		return to.stream.deliver(body)
	case to.reply != nil:
		to.reply <- body
	default:
		to.post(body)
	}
	return nil
}

// acknowledge has what has arrived on a connection with a stream acknowledged, if so many bytes are yet to come: they may be waiting for that.
func (c *Conn) acknowledge(size int) {
	if c.streams.Load() && c.br.Buffered() < size {
		c.ack()
	}
}

// receiver finds who waits for an answer; only a stream goes on waiting.
func (c *Conn) receiver(id int32) receiver {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.waiting[id]
	if to.stream == nil {
		delete(c.waiting, id)
	}
	return to
}

// readPost shows an answer to a function without copying it out of the read buffer.
func (c *Conn) readPost(size int, post func([]byte)) error {
	body, err := c.br.Peek(size)
	if err != nil {
		return err
	}
	post(body)
	_, err = c.br.Discard(size)
	return err
}

// readBody reads into memory that a stream has provided, or into a new buffer, which is given away.
func (c *Conn) readBody(size int, s *Stream) ([]byte, error) {
	c.acknowledge(size)
	if s != nil && s.memory != nil {
		body, err := s.memory(size)
		if err == nil && body != nil {
			_, err = io.ReadFull(c.br, body)
		}
		if err != nil || body != nil {
			return body, err
		}
	}
	body := make([]byte, min(size, trusted))
	for have := 0; ; {
		n, err := io.ReadFull(c.br, body[have:])
		if have += n; err != nil {
			return nil, err
		}
		if have == size {
			return body, nil
		}
		grown := make([]byte, min(size, 2*have))
		copy(grown, body)
		body = grown
	}
}
