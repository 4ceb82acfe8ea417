package app

import "io"

// stoppable reads until it is told to stop, even while the reader below waits for somebody to type.
type stoppable struct {
	in   io.Reader
	stop <-chan struct{}
	buf  []byte
}

// newStoppable reads r; from stop on it returns errDrained.
func newStoppable(r io.Reader, stop <-chan struct{}) *stoppable {
	return &stoppable{in: r, stop: stop, buf: make([]byte, 1<<16)}
}

// Read reads at most 64 KiB. A read that was under way when it is stopped goes on beside, and what it gets is dropped.
func (s *stoppable) Read(b []byte) (int, error) {
	select {
	case <-s.stop:
		return 0, errDrained
	default:
	}
	b = b[:min(len(b), len(s.buf))]
	into := s.buf[:len(b)]
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := s.in.Read(into)
		done <- result{n, err}
	}()
	select {
	case <-s.stop:
		return 0, errDrained
	case r := <-done:
		return copy(b, into[:r.n]), r.err
	}
}
