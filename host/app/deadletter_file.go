package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
)

// letterFile is a file of dead letters: a line each, whose offset is the position of its first byte, in partition 0.
type letterFile struct{ path string }

// mostLetterLine is the longest line that is read, in bytes; a longer one is none of weir's, whose records are smaller.
const mostLetterLine = 128 << 20

// openLetterFile settles what of a file is read: what was in it when it was opened.
func openLetterFile(path string, filter LetterFilter, r *letters) error {
	info, err := os.Stat(path)
	if err != nil {
		return fault.InputError(err)
	}
	if !info.Mode().IsRegular() {
		return fault.Inputf("%s is no regular file; copy the letters into one", path)
	}
	r.file, r.topic = &letterFile{path}, path
	for _, at := range filter.At {
		if at.Partition != 0 || at.Offset >= info.Size() {
			return fault.Inputf("file %s has no letter %s: its letters are in partition 0, and it has %d bytes", path, at, info.Size())
		}
	}
	span, ok := single(filter.At, 0)
	if !ok {
		span = letterSpan{from: min(filter.From, info.Size()), to: info.Size()}
	}
	r.spans = []letterSpan{span}
	return nil
}

// letterFileName is what a file is known by, for the ids of replays: two names of one file are one.
func letterFileName(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fault.EnvironmentError(err)
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = real
	}
	return "file:" + absolute, nil
}

// fileSpan gives the letters of a part of the file to do, from the first line that begins there.
func (r *letters) fileSpan(ctx context.Context, s *letterSpan, do func(*found) error) error {
	f, err := os.Open(r.file.path)
	if err != nil {
		return fault.EnvironmentError(err)
	}
	defer f.Close() // it was only read
	at := max(s.from-1, 0)
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return fault.EnvironmentError(err)
	}
	in := bufio.NewReaderSize(f, 1<<16)
	if s.from > 0 { // a line begins behind the end of another one
		_, size, err := fileLine(in, 0)
		if at += size; err != nil {
			return endOfLines(err)
		}
	}
	missing := map[int64]struct{}{}
	for offset := range s.only {
		missing[offset] = struct{}{}
	}
	for at < s.to {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, size, err := fileLine(in, mostLetterLine)
		if err != nil && !(errors.Is(err, io.EOF) && size > 0) {
			return errors.Join(endOfLines(err), noneMissing(missing))
		}
		_, asked := missing[at]
		delete(missing, at)
		if asked || s.only == nil {
			if err := r.line(at, line, size, asked, do); err != nil {
				return err
			}
		}
		at += size
	}
	return noneMissing(missing)
}

func endOfLines(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fault.EnvironmentError(err)
}

// fileLine reads a line; of one that is longer than most, which may be 0, nothing is returned but its size.
func fileLine(in *bufio.Reader, most int) (line []byte, size int64, err error) {
	for {
		part, err := in.ReadSlice('\n')
		size += int64(len(part))
		if size <= int64(most) {
			line = append(line, part...)
		} else {
			line = nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, err
		}
	}
}

// line gives the letter of a line to do, as record does.
func (r *letters) line(at int64, line []byte, size int64, must bool, do func(*found) error) error {
	if size > mostLetterLine {
		return r.found(LetterPlace{0, at}, -1, deadletter.Letter{}, fmt.Errorf("%w: the line has %d bytes, at most %d are read", deadletter.ErrNoLetter, size, mostLetterLine), must, do)
	}
	letter, err := deadletter.ParseLine(line)
	return r.found(LetterPlace{0, at}, -1, letter, err, must, do)
}
