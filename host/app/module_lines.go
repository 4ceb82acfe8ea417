package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// lineReader is the lines of a file as the records of a partition. Read hands out a chunk of them. Without cuts the whole file
// counts as buffered, so that only the limits of a batch close one; with cuts chunks have random lengths, and each is a batch.
type lineReader struct {
	name  string
	file  io.ReadCloser
	in    *bufio.Reader
	cuts  *rand.Rand // nil: none
	ended func()     // called when there are no more lines
	next  int64
	err   error // that ended it; io.EOF: nothing is wrong
}

var _ connector.Reader = (*lineReader)(nil)

const (
	mostLine      = 16 << 20 // bytes of a line
	mostChunk     = 1 << 20  // bytes of a chunk, which may pass it by one line
	chunkLines    = 1024
	cutExponents  = 13 // chunks at random have 1 to 2^12 lines, and short ones are as likely as long ones
	readerBuffer  = 64 << 10
	standardInput = "-"
)

// openLines opens a file, or in for "-"; the caller closes what it returns.
func openLines(path string, in io.Reader, cuts *rand.Rand) (*lineReader, error) {
	r := &lineReader{name: path, cuts: cuts, ended: func() {}}
	if path == standardInput {
		r.name, r.file = "stdin", io.NopCloser(in)
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, fault.InputError(err)
		}
		if info, err := f.Stat(); err != nil || info.IsDir() {
			_ = f.Close() // nothing was read
			return nil, fault.Inputf("%s is not a file that can be read", path)
		}
		r.file = f
	}
	r.in = bufio.NewReaderSize(r.file, readerBuffer)
	return r, nil
}

// Read returns the next chunk. Behind the last line it says that there are no more, and waits to be stopped.
func (r *lineReader) Read(ctx context.Context) ([]connector.Message, error) {
	chunk := r.chunk()
	switch {
	case len(chunk) > 0:
		return chunk, nil
	case !errors.Is(r.err, io.EOF):
		return nil, r.err
	}
	r.ended()
	<-ctx.Done()
	return nil, ctx.Err()
}

func (r *lineReader) chunk() (lines []connector.Message) {
	most := chunkLines
	if r.cuts != nil {
		most = 1 + r.cuts.IntN(1<<r.cuts.IntN(cutExponents))
	}
	for bytes := 0; r.err == nil && len(lines) < most && bytes < mostChunk; {
		var line []byte
		if line, r.err = r.line(); r.err == nil {
			lines = append(lines, connector.Message{Offset: r.next, Time: -1, Value: line})
			bytes += len(line)
			r.next++
		}
	}
	return lines
}

// line reads a line without its end. The error is io.EOF where there is none.
func (r *lineReader) line() (line []byte, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		if len(line)+len(part) > mostLine {
			return nil, fault.Inputf("%s:%d: the line is longer than %d bytes", r.name, r.next+1, mostLine)
		}
		line = append(line, part...)
		switch {
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return withoutNewline(line), nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fault.Environmentf("%s:%d: %w", r.name, r.next+1, err)
		}
	}
}

// Buffered tells that more is to come, as far as that is known. Between two chunks at random nothing is.
func (r *lineReader) Buffered() bool { return r.err == nil && r.cuts == nil }

// Seen has nothing to tell: lines have no writers.
func (r *lineReader) Seen(int64) []connector.SeenWriter { return nil }

// Stale is 0.
func (r *lineReader) Stale() int64 { return 0 }

// Commit has nobody to tell.
func (r *lineReader) Commit(context.Context, int64) error { return nil }

// Close leaves the file open: it is the run's to close.
func (r *lineReader) Close() error { return nil }

// failed is the error that ended it, nil where it came to its end.
func (r *lineReader) failed() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}
