package fileconn

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/internal/fault"
)

// source is an opened file, which its readers share.
type source struct {
	*config
	file *os.File
	info fs.FileInfo // of file
}

func openSource(c *config) (connector.Source, error) {
	if err := regular(c.path); err != nil {
		return nil, environment(err)
	}
	f, err := os.Open(c.path)
	if err != nil {
		return nil, fault.EnvironmentError(err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was read
		return nil, fault.EnvironmentError(err)
	}
	return &source{config: c, file: f, info: info}, nil
}

// environment classes an error of the system; one that says what to name instead has a class.
func environment(err error) error {
	if fault.Of(err) == fault.Input {
		return err
	}
	return fault.EnvironmentError(err)
}

// regular looks for a regular file before it is opened: to open a pipe would wait for whoever is at its other end. Where there is
// no file the error is fs.ErrNotExist.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fault.Inputf("%s is no regular file; connector 'stdio' reads and writes pipes", path)
	}
	return err
}

func (s *source) Topic() string { return s.name }

func (s *source) Partitions() []uint32 { return []uint32{0} }

func (s *source) Start(ctx context.Context, partition uint32) (int64, error) {
	if s.latest {
		return s.End(ctx, partition)
	}
	return 0, nil
}

func (s *source) Earliest(context.Context, uint32) (int64, error) { return 0, nil }

// End is the file's size, or of a whole file 1 where there is anything in it.
func (s *source) End(context.Context, uint32) (int64, error) {
	info, err := s.file.Stat()
	if err != nil {
		return 0, fault.EnvironmentError(err)
	}
	if s.whole {
		return min(info.Size(), 1), nil
	}
	return info.Size(), nil
}

// Open reads from the first line that begins at offset or behind it, since offsets between lines follow from records' own. There
// are no writers to leave anything out of.
func (s *source) Open(ctx context.Context, _ uint32, offset, until int64, _ []connector.SeenWriter) (connector.Reader, error) {
	end, err := s.End(ctx, 0)
	if err != nil {
		return nil, err
	}
	if offset > end {
		return nil, s.outOfRange(offset, end)
	}
	if s.whole {
		return &wholeReader{source: s, read: offset > 0, until: until}, nil
	}
	r := &lineReader{source: s, cut: lines.NewCutter(s.lines), at: offset, until: until, size: end}
	if offset > 0 { // it begins a line where a line ends before it
		r.at, r.skipping = offset-1, true
	}
	return r, nil
}

func (s *source) outOfRange(offset, end int64) error {
	return fault.InputError(&connector.OutOfRangeError{Topic: s.name, Offset: offset, End: end})
}

// Same compares what the path leads to now with the file that was opened.
func (s *source) Same() error { return same(s.config, s.info) }

func same(c *config, opened fs.FileInfo) error {
	now, err := os.Stat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.Inputf("file %s was removed", c.name)
	case err != nil:
		return fault.EnvironmentError(err)
	case !os.SameFile(now, opened):
		return fault.Inputf("file %s was replaced by another one", c.name)
	}
	return nil
}

func (s *source) Close() error { return fault.EnvironmentError(s.file.Close()) }

// look is how long a reader waits before it looks for more.
const look = 50 * time.Millisecond

// pause waits for as long.
func pause(ctx context.Context) error {
	t := time.NewTimer(look)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
