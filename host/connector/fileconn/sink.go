package fileconn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/internal/fault"
)

// sink is a file that writers append to. It is made with the first writer.
type sink struct {
	*config

	mu    sync.Mutex
	file  *os.File    // nil: there was none, and no writer yet
	info  fs.FileInfo // of file
	ended bool        // its last line is
}

// openSink opens the file, or finds out that it can be made.
func openSink(c *config) (connector.Sink, error) {
	s := &sink{config: c}
	err := regular(c.path)
	if err == nil {
		err = s.open(0)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = makeable(c.path)
	}
	if err != nil {
		return nil, environment(err)
	}
	return s, nil
}

// makeable tells whether a file can be made.
func makeable(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err == nil && !info.IsDir() {
		err = fault.Inputf("%s is no folder", folder)
	}
	if err == nil {
		err = writable(folder)
	}
	return err
}

// open opens the file to append to.
func (s *sink) open(flag int) error {
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_APPEND|flag, 0o644)
	if err != nil {
		return err
	}
	if s.info, err = f.Stat(); err != nil {
		_ = f.Close() // nothing was written
		return err
	}
	s.file = f
	return nil
}

// begin makes the file where it is not there, and ends a line that a crash has cut, or that somebody left without an end: the
// next record is a line of its own.
func (s *sink) begin() error {
	if s.file == nil {
		if err := errors.Join(s.open(os.O_CREATE), syncFolder(s.path)); err != nil {
			return err
		}
	}
	info, err := s.file.Stat()
	if s.ended = s.ended || err == nil && info.Size() == 0; err != nil || s.ended {
		return err
	}
	var last [1]byte
	if _, err = s.file.ReadAt(last[:], info.Size()-1); err == nil && last[0] != '\n' {
		_, err = s.file.Write([]byte{'\n'})
	}
	s.ended = err == nil
	return err
}

func (s *sink) Partitions() int { return 1 }

func (s *sink) PartitionOf([]byte, int) uint32 { return 0 }

// ExactlyOnce says why not.
func (s *sink) ExactlyOnce(context.Context) error {
	return fault.Inputf("file %s: "+noSequences, s.name)
}

// Open makes the file where it is not there.
func (s *sink) Open(_ context.Context, _ string, sequence *connector.Sequence) (connector.Writer, error) {
	if sequence != nil {
		return nil, s.ExactlyOnce(context.Background())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(); err != nil {
		return nil, environment(err)
	}
	return &writer{sink: s, file: s.file}, nil
}

// syncFolder has a new file outlive a crash of the system.
func syncFolder(path string) error {
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// End is the file's size.
func (s *sink) End(context.Context, uint32) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return 0, nil
	}
	info, err := s.file.Stat()
	if err != nil {
		return 0, fault.EnvironmentError(err)
	}
	return info.Size(), nil
}

// SequenceEnd says why there is none.
func (s *sink) SequenceEnd(ctx context.Context, _ uint32, _, _, _ int64) (next, end int64, err error) {
	return 0, 0, s.ExactlyOnce(ctx)
}

// Same compares what the path leads to now with the file that was opened.
func (s *sink) Same() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return same(s.config, s.info)
}

func (s *sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return fault.EnvironmentError(s.file.Close())
}

// mostHeld is how many bytes of lines a writer holds, but for the last line, before it writes them.
const mostHeld = 64 << 10

// writer appends whole lines, as many at a time as it holds.
type writer struct {
	*sink
	file    *os.File
	held    []byte
	written bool // something, and it is not synced
	err     error
}

// Write holds the line, or writes those that are held.
func (w *writer) Write(_ context.Context, _ uint32, m connector.Message) (err error) {
	if w.err != nil {
		return w.err
	}
	if w.letters {
		w.held = lines.AppendLetter(w.held, m.Key, m.Value)
	} else if w.held, err = w.lines.Append(w.held, m.Value); err != nil {
		return fmt.Errorf("file %s: %w", w.name, err)
	}
	if len(w.held) >= mostHeld {
		w.write()
	}
	return w.err
}

func (w *writer) write() {
	if len(w.held) == 0 || w.err != nil {
		return
	}
	_, err := w.file.Write(w.held) // at the end in one piece, whoever else appends
	w.held, w.written, w.err = w.held[:0], true, fault.EnvironmentError(err)
	if cap(w.held) > 2*mostHeld { // a long line has gone through
		w.held = nil
	}
}

// Flush writes what is held, and syncs the file.
func (w *writer) Flush(context.Context) error {
	if w.write(); w.err == nil && w.written {
		w.written, w.err = false, fault.EnvironmentError(w.file.Sync())
	}
	return w.err
}

// Lost is 0: what cannot be written is an error.
func (w *writer) Lost() int64 { return 0 }

// Close drops what is held, and leaves the file to the sink.
func (w *writer) Close() error { return nil }
