package connector

import (
	"io"
	"sync"
	"sync/atomic"
)

// Streams are the standard streams of a process, which the tables that it opens share.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	taken atomic.Bool
	mu    sync.Mutex // held while something is written
}

// TakeIn is In for who asks first, and nil for everybody else: what one has read nobody else can read.
func (s *Streams) TakeIn() io.Reader {
	if s.taken.Swap(true) {
		return nil
	}
	return s.In
}

// WriteOut writes to Out when nobody else writes.
func (s *Streams) WriteOut(b []byte) error { return s.write(s.Out, b) }

// WriteErr writes to Err when nobody else writes.
func (s *Streams) WriteErr(b []byte) error { return s.write(s.Err, b) }

func (s *Streams) write(to io.Writer, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := to.Write(b)
	return err
}
