package stdioconn

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/internal/fault"
)

// sink is an output stream.
type sink struct {
	*config
	to func([]byte) error // writes without others between
}

func (sink) Partitions() int { return 1 }

func (sink) PartitionOf([]byte, int) uint32 { return 0 }

// ExactlyOnce says why not.
func (s sink) ExactlyOnce(context.Context) error {
	return fault.Inputf("%s: "+noSequences, s.name)
}

func (s sink) Open(ctx context.Context, _ string, sequence *connector.Sequence) (connector.Writer, error) {
	if sequence != nil {
		return nil, s.ExactlyOnce(ctx)
	}
	return &writer{sink: s}, nil
}

// End is 0: nobody can read what was written.
func (sink) End(context.Context, uint32) (int64, error) { return 0, nil }

// SequenceEnd says why there is none.
func (s sink) SequenceEnd(ctx context.Context, _ uint32, _, _, _ int64) (next, end int64, err error) {
	return 0, 0, s.ExactlyOnce(ctx)
}

// Same is nil: there is no other.
func (sink) Same() error { return nil }

// Close leaves the stream open: it is the process's.
func (sink) Close() error { return nil }

const (
	mostHeld = 64 << 10              // bytes of lines that a writer holds, but for the last line
	longest  = 50 * time.Millisecond // between two writes while lines come: somebody may look on
)

// writer holds lines and writes them together.
type writer struct {
	sink
	held []byte
	last time.Time // when something was written
	err  error
}

// Write writes what is held where that is much, or the last write is long ago.
func (w *writer) Write(_ context.Context, _ uint32, m connector.Message) (err error) {
	if w.err != nil {
		return w.err
	}
	if w.letters {
		w.held = lines.AppendLetter(w.held, m.Key, m.Value)
	} else if w.held, err = w.lines.Append(w.held, m.Value); err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	if len(w.held) >= mostHeld || time.Since(w.last) >= longest {
		w.write()
	}
	return w.err
}

func (w *writer) write() {
	if len(w.held) == 0 || w.err != nil {
		return
	}
	if err := w.to(w.held); err != nil {
		w.err = fault.EnvironmentError(fmt.Errorf("%s: %w", w.name, err))
	}
	if w.held, w.last = w.held[:0], time.Now(); cap(w.held) > 2*mostHeld { // a long line has gone through
		w.held = nil
	}
}

// Flush writes what is held.
func (w *writer) Flush(context.Context) error {
	w.write()
	return w.err
}

// Lost is 0: what cannot be written is an error.
func (w *writer) Lost() int64 { return 0 }

// Close drops what is held.
func (w *writer) Close() error { return nil }
