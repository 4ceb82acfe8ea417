package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// errNoReader ends a command whose output nobody reads any more, such as that of weir consume | head.
var errNoReader = errors.New("nobody reads the output any more")

// stream is an output stream that remembers the first write that failed, so that no command has to look after the text that it prints.
// When its reader is gone it ends the command, which puts away what it has open: the system would end the process on the spot.
type stream struct {
	io.Writer
	end context.CancelCauseFunc

	mu     sync.Mutex
	failed error
}

func (s *stream) Write(b []byte) (int, error) {
	n, err := s.Writer.Write(b)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, syscall.EPIPE) {
		s.end(errNoReader)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	return n, err
}

// failure is the first write's error; nil: none failed.
func (s *stream) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// watched makes streams of the shell's outputs. A terminal stays what it is, since progress is shown on one. The context ends when a
// reader is gone.
func (sh *shell) watched() (ctx context.Context, ended func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	// Nobody listens: a write to a closed pipe fails, and does not end the process, while SIGPIPE is asked for.
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	sh.results = &stream{Writer: sh.out, end: cancel}
	sh.out = sh.results
	if f, ok := sh.err.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		sh.err = &stream{Writer: sh.err, end: cancel}
	}
	return ctx, func() {
		signal.Stop(pipes)
		cancel(nil)
	}
}
