package fileconn

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/internal/fault"
)

// What one Read returns at most; the last line may pass the bytes.
const (
	mostLines = 4096
	mostBytes = 256 << 10
)

// lineReader reads lines.
type lineReader struct {
	*source
	cut      *lines.Cutter
	at       int64 // position of the first byte that is not cut
	until    int64 // lines that begin there or behind are for others; -1: for nobody else
	size     int64 // of the file when it was looked at last
	skipping bool  // up to the end of the line at hand

	messages []connector.Message // of the last Read
	ready    []connector.Message // of the next one
	err      error               // what the next one returns if it has no messages
}

var _ connector.Reader = (*lineReader)(nil)

// Read waits, if it must, until the file has grown.
func (r *lineReader) Read(ctx context.Context) ([]connector.Message, error) {
	for !r.Buffered() {
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("file %s: %w", r.name, err)
		}
	}
	if len(r.ready) == 0 {
		return nil, r.err
	}
	r.messages, r.ready = r.ready, r.messages[:0]
	return r.messages, nil
}

// Buffered reads on where it has to: a file never keeps anybody waiting.
func (r *lineReader) Buffered() bool {
	for len(r.ready) == 0 && r.err == nil {
		if r.lines(); len(r.ready) > 0 || r.err != nil {
			break
		}
		more, err := r.fill()
		if r.err = err; err == nil && !more {
			r.last()
			break
		}
	}
	return len(r.ready) > 0 || r.err != nil
}

// lines makes ready what is held of whole lines.
func (r *lineReader) lines() {
	if r.skipping {
		size, ok := r.cut.SkipLine()
		r.at, r.skipping = r.at+int64(size), !ok
	}
	for bytes := 0; !r.skipping && len(r.ready) < mostLines && bytes < mostBytes; {
		if r.until >= 0 && r.at >= r.until {
			r.end(io.EOF)
			return
		}
		record, size, ok, bad := r.cut.Next()
		if !ok {
			return
		}
		r.add(record, size, bad)
		bytes += size
	}
}

// last is the end of the file. Where others are to read on behind it, or nobody is, a line needs no end; else it is waited for.
func (r *lineReader) last() {
	switch {
	case r.until < 0:
	case r.skipping, r.at >= r.until:
		r.err = io.EOF
	case r.cut.Held() == 0: // it was cut short between two looks at its size
		r.err = r.outOfRange(r.at, r.size)
	default:
		r.add(r.cut.Last())
	}
}

func (r *lineReader) add(record []byte, size int, bad *connector.BadRecord) {
	r.ready = append(r.ready, connector.Message{Offset: r.at, Time: -1, Value: record, Bad: bad})
	r.at += int64(size)
}

// end ends the reader, once what is ready has been read: until then it is found again.
func (r *lineReader) end(err error) {
	if len(r.ready) == 0 {
		r.err = err
	}
}

// fill reads more of the file; more is false where there is none.
func (r *lineReader) fill() (more bool, err error) {
	from := r.at + int64(r.cut.Held())
	if from >= r.size {
		info, err := r.file.Stat()
		if err != nil {
			return false, fault.EnvironmentError(err)
		}
		if r.size = info.Size(); from > r.size {
			return false, r.outOfRange(r.at, r.size)
		}
		if from == r.size {
			return false, nil
		}
	}
	n, err := r.file.ReadAt(r.cut.Room(int(min(r.size-from, mostBytes))), from)
	r.cut.Filled(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fault.EnvironmentError(err)
	}
	if n == 0 { // it was cut short just now, which the next look at its size tells
		r.size = from
	}
	return true, nil
}

// Seen has nothing to tell: lines have no writers.
func (r *lineReader) Seen(int64) []connector.SeenWriter { return nil }

// Stale is 0.
func (r *lineReader) Stale() int64 { return 0 }

// Commit has nobody to tell.
func (r *lineReader) Commit(context.Context, int64) error { return nil }

// Close leaves the file to the source.
func (r *lineReader) Close() error { return nil }

// wholeReader reads a file as one record.
type wholeReader struct {
	*source
	read  bool
	until int64
}

var _ connector.Reader = (*wholeReader)(nil)

// Read returns the file, once it has anything in it.
func (r *wholeReader) Read(ctx context.Context) ([]connector.Message, error) {
	for !r.Buffered() {
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("file %s: %w", r.name, err)
		}
	}
	if r.read || r.until == 0 {
		return nil, io.EOF
	}
	content, err := r.content()
	if err != nil {
		return nil, err
	}
	r.read = true
	return []connector.Message{{Time: -1, Value: content}}, nil
}

func (r *wholeReader) content() ([]byte, error) {
	info, err := r.file.Stat()
	if err != nil {
		return nil, fault.EnvironmentError(err)
	}
	if info.Size() > r.most {
		return nil, fault.Inputf("file %s has %d bytes, and is read as a whole up to %d; raise '%s'", r.path, info.Size(), r.most, maxKey)
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(io.NewSectionReader(r.file, 0, info.Size()), content); err != nil {
		return nil, fault.EnvironmentError(fmt.Errorf("file %s was cut short: %w", r.path, err))
	}
	return content, nil
}

// Buffered tells that there is a record, or that no more will come.
func (r *wholeReader) Buffered() bool {
	if r.read || r.until == 0 {
		return r.until >= 0
	}
	info, err := r.file.Stat()
	return err != nil || info.Size() > 0 || r.until >= 0
}

// Seen has nothing to tell.
func (r *wholeReader) Seen(int64) []connector.SeenWriter { return nil }

// Stale is 0.
func (r *wholeReader) Stale() int64 { return 0 }

// Commit has nobody to tell.
func (r *wholeReader) Commit(context.Context, int64) error { return nil }

// Close leaves the file to the source.
func (r *wholeReader) Close() error { return nil }
