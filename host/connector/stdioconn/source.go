package stdioconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/internal/fault"
)

// source is standard input, which one reader reads.
type source struct {
	*config
	in     io.Reader
	opened atomic.Bool
	read   atomic.Int64 // lines
}

func (s *source) Topic() string { return stdin }

func (s *source) Partitions() []uint32 { return []uint32{0} }

// Start is 0: what was there before nobody can tell.
func (s *source) Start(context.Context, uint32) (int64, error) { return 0, nil }

func (s *source) Earliest(context.Context, uint32) (int64, error) { return 0, nil }

// End is beyond any line, so that the reader says where the input ends. Once there is one it is behind what has been read: nobody knows
// of more.
func (s *source) End(context.Context, uint32) (int64, error) {
	if s.opened.Load() {
		return s.read.Load(), nil
	}
	return math.MaxInt64, nil
}

func (s *source) Open(_ context.Context, _ uint32, offset, until int64, _ []connector.SeenWriter) (connector.Reader, error) {
	if offset != 0 || s.opened.Swap(true) {
		return nil, fault.Inputf("standard input cannot be read again, and its first %d lines have been read: begin anew, without --state or with another one", offset)
	}
	r := &reader{source: s, cut: lines.NewCutter(s.lines), chunks: make(chan chunk), closed: make(chan struct{}), until: until}
	go pump(s.in, r.chunks, r.closed)
	return r, nil
}

// Same is nil: there is no other.
func (s *source) Same() error { return nil }

// Close leaves the input open: it is the process's.
func (s *source) Close() error { return nil }

// chunk is what one read gave.
type chunk struct {
	bytes []byte
	err   error
}

const chunkBytes = 64 << 10

// pump reads until the input ends, or the reader is closed: then it ends with the read under way, which nothing can break
// off.
func pump(in io.Reader, chunks chan<- chunk, closed <-chan struct{}) {
	buf := make([]byte, chunkBytes)
	for {
		n, err := in.Read(buf)
		select {
		case chunks <- chunk{append([]byte(nil), buf[:n]...), err}:
		case <-closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// mostLines is what one Read returns at most.
const mostLines = 4096

// reader reads the lines.
type reader struct {
	*source
	cut    *lines.Cutter
	chunks chan chunk
	closed chan struct{}
	until  int64 // -1: for ever

	next     int64 // number of the next line
	ended    bool  // nothing comes any more
	failed   error // why, where that is not the end of the input
	messages []connector.Message
	ready    []connector.Message
	err      error // what the next Read returns if it has no messages
}

// Read waits for a line. Behind the last one it waits to be stopped, unless it was opened with an end.
func (r *reader) Read(ctx context.Context) ([]connector.Message, error) {
	for !r.Buffered() {
		select {
		case c := <-r.chunks: // none comes behind the last
			r.take(c)
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", stdin, ctx.Err())
		}
	}
	if len(r.ready) == 0 {
		return nil, r.err
	}
	r.messages, r.ready = r.ready, r.messages[:0]
	r.read.Add(int64(len(r.messages)))
	return r.messages, nil
}

// Buffered looks at what is held, and at what has come meanwhile.
func (r *reader) Buffered() bool {
	for {
		if r.cutLines(); len(r.ready) > 0 || r.err != nil {
			return true
		}
		select {
		case c := <-r.chunks:
			r.take(c)
		default:
			return false
		}
	}
}

func (r *reader) take(c chunk) {
	r.cut.Filled(copy(r.cut.Room(max(len(c.bytes), 1)), c.bytes))
	switch {
	case errors.Is(c.err, io.EOF):
		r.ended = true
	case c.err != nil:
		r.failed = c.err
	}
}

// cutLines makes ready what is held of lines; behind them is what ends the reader, if anything.
func (r *reader) cutLines() {
	for len(r.ready) < mostLines {
		if r.until >= 0 && r.next >= r.until {
			r.end(io.EOF)
			return
		}
		record, _, ok, bad := r.cut.Next()
		if !ok && r.ended && r.cut.Held() > 0 {
			record, _, bad = r.cut.Last()
			ok = true
		}
		switch {
		case !ok && r.failed != nil:
			r.end(fault.Environmentf("%s: line %d: %w", stdin, r.next+1, r.failed))
			return
		case !ok:
			if r.ended && r.until >= 0 {
				r.end(io.EOF)
			}
			return
		}
		r.ready = append(r.ready, connector.Message{Offset: r.next, Time: -1, Value: record, Bad: bad})
		r.next++
	}
}

// end ends the reader, once what is ready has been read: until then it is found again.
func (r *reader) end(err error) {
	if len(r.ready) == 0 {
		r.err = err
	}
}

// Seen has nothing to tell: lines have no writers.
func (r *reader) Seen(int64) []connector.SeenWriter { return nil }

// Stale is 0.
func (r *reader) Stale() int64 { return 0 }

// Commit has nobody to tell.
func (r *reader) Commit(context.Context, int64) error { return nil }

// Close leaves the input open.
func (r *reader) Close() error {
	close(r.closed)
	return nil
}
