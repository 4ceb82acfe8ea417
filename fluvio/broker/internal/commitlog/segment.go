package commitlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	logSuffix   = ".log"
	indexSuffix = ".index"
	nameDigits  = 20
)

// segment is one file of the log. Base, path and handle never change; the rest is guarded by Log.mu.
type segment struct {
	base int64
	path string
	*handle

	size    int64     // bytes that may be served; the file may briefly be longer while an append is under way
	end     int64     // offset after the last record
	index   index     // sparse, may be empty
	touched time.Time // last write
	dropped bool      // removed by retention
}

func segmentPath(dir string, base int64) string {
	return filepath.Join(dir, fmt.Sprintf("%0*d%s", nameDigits, base, logSuffix))
}

// parseSegmentName returns the base offset in a file name, and whether it is a segment's.
func parseSegmentName(name string) (base int64, ok bool) {
	digits, found := strings.CutSuffix(name, logSuffix)
	if !found || len(digits) != nameDigits {
		return 0, false
	}
	base, err := strconv.ParseInt(digits, 10, 64)
	return base, err == nil && base >= 0
}

func indexPath(logPath string) string {
	return strings.TrimSuffix(logPath, logSuffix) + indexSuffix
}

// findSegment describes an existing file without opening it.
func findSegment(cfg Config, dir string, base int64) (*segment, error) {
	path := segmentPath(dir, base)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	return &segment{base: base, path: path, handle: newHandle(cfg, path), size: info.Size(), end: base, touched: info.ModTime()}, nil
}

func newHandle(cfg Config, path string) *handle {
	return &handle{pool: cfg.Files, reopen: func() (File, error) { return cfg.OpenFile(path, os.O_RDWR, 0o644) }}
}

// createSegment makes an empty segment, open to be written to.
func createSegment(cfg Config, dir string, base int64) (*segment, File, error) {
	path := segmentPath(dir, base)
	f, err := cfg.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("create segment: %w", err)
	}
	s := &segment{base: base, path: path, handle: newHandle(cfg, path), end: base, touched: cfg.Now()}
	s.file, s.pinned = f, true
	return s, f, nil
}

// readAt reads from the file, which it opens if need be.
func (s *segment) readAt(b []byte, pos int64) (int, error) {
	f, err := s.acquire()
	if err != nil {
		return 0, err
	}
	defer s.release()
	return f.ReadAt(b, pos)
}

// corrupt describes damage in s at the batch that should hold offset.
func (s *segment) corrupt(pos, offset int64, format string, args ...any) error {
	return &CorruptError{File: s.path, Pos: pos, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// walk calls fn for every batch header from position pos, where the batch with base offset base must start, up to position limit,
// until fn returns false. It reads headers only.
func (s *segment) walk(pos, base, limit int64, fn func(pos int64, h header) bool) error {
	var (
		window = make([]byte, 4096)
		start  = pos // position of window[0]
		filled = 0
	)
	for pos < limit {
		if limit-pos < headerSize {
			return s.corrupt(pos, base, "%d bytes are no batch header", limit-pos)
		}
		if pos+headerSize > start+int64(filled) || pos < start {
			n, err := s.readAt(window[:min(int64(len(window)), limit-pos)], pos)
			if n < headerSize {
				return fmt.Errorf("read %s at byte %d: %w", s.path, pos, errors.Join(err, io.ErrUnexpectedEOF))
			}
			start, filled = pos, n
		}
		h, err := s.headerAt(window[pos-start:], pos, base, limit)
		if err != nil {
			return err
		}
		if !fn(pos, h) {
			return nil
		}
		pos += int64(h.size)
		base = h.end()
	}
	return nil
}

// headerAt parses the header in b, found at pos, and checks that it fits its place.
func (s *segment) headerAt(b []byte, pos, base, limit int64) (header, error) {
	h, err := parseHeader(b)
	switch {
	case err != nil:
		return header{}, s.corrupt(pos, base, "%v", err)
	case h.base != base:
		return header{}, s.corrupt(pos, base, "the batch says it starts at offset %d", h.base)
	case int64(h.size) > limit-pos:
		return header{}, s.corrupt(pos, base, "%d of the batch's %d bytes are there", limit-pos, h.size)
	}
	return h, nil
}

// locate finds the batch that holds offset, starting from an index entry.
func (s *segment) locate(from entry, offset, limit int64) (found entry, err error) {
	err = s.walk(from.pos, from.offset, limit, func(pos int64, h header) bool {
		found = entry{offset: h.base, pos: pos}
		return h.end() <= offset
	})
	return found, err
}

// read appends whole batches to dst, from the batch that starts at (from.offset, from.pos): as many as fit into maxBytes.
// It returns where the next batch starts. If not even the first fits it is a *LargeBatchError.
func (s *segment) read(dst []byte, from entry, limit int64, maxBytes int) ([]byte, entry, error) {
	n := int(min(int64(max(maxBytes, headerSize)), limit-from.pos))
	buf, err := s.appendAt(dst, from.pos, n)
	if err != nil {
		return dst, from, err
	}
	next := from
	for chunk := buf[len(dst):]; len(chunk) >= headerSize; {
		h, err := s.headerAt(chunk, next.pos, next.offset, limit)
		if err != nil {
			return dst, from, err
		}
		if h.size > len(chunk) {
			if next == from {
				return dst, from, &LargeBatchError{Size: h.size}
			}
			break
		}
		chunk = chunk[h.size:]
		next = entry{offset: h.end(), pos: next.pos + int64(h.size)}
	}
	if next == from {
		return dst, from, s.corrupt(from.pos, from.offset, "%d bytes are no batch header", limit-from.pos)
	}
	return buf[:len(dst)+int(next.pos-from.pos)], next, nil
}

// appendAt appends n bytes of the file to dst.
func (s *segment) appendAt(dst []byte, pos int64, n int) ([]byte, error) {
	buf := grow(dst, n)
	got, err := s.readAt(buf[len(dst):], pos)
	if got < n {
		return dst, fmt.Errorf("read %s at byte %d: %w", s.path, pos, errors.Join(err, io.ErrUnexpectedEOF))
	}
	return buf, nil
}

// grow returns dst with n more bytes of any content, exactly as large as needed where it must be allocated.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) < n {
		dst = append(make([]byte, 0, len(dst)+n), dst...)
	}
	return dst[:len(dst)+n]
}
