package commitlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
)

func TestTornTailIsCutAtTheLastWholeBatch(t *testing.T) {
	whole := batch(2, 25, 'w')
	last := batch(3, 40, 'l')
	for cut := range len(last) {
		dir := t.TempDir()
		l := open(t, dir, Config{})
		mustAppend(t, l, bytes.Clone(whole))
		want := contents(t, l, 1)
		mustAppend(t, l, bytes.Clone(last))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		path := segmentPath(dir, 0)
		if err := os.Truncate(path, int64(len(whole)+cut)); err != nil {
			t.Fatal(err)
		}
		var logged bytes.Buffer
		l = open(t, dir, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		if got := contents(t, l, 1<<20); !bytes.Equal(got, want) {
			t.Fatalf("cut at %d: contents differ", cut)
		}
		if told := strings.Contains(logged.String(), "cut a torn tail") && strings.Contains(logged.String(), path); told != (cut > 0) {
			t.Errorf("cut at %d: log says %q", cut, logged.String())
		}
		if base := mustAppend(t, l, bytes.Clone(last)); base != 2 {
			t.Fatalf("cut at %d: next base offset %d", cut, base)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(len(whole)+len(last)) {
			t.Fatalf("cut at %d: file has %d bytes, %v", cut, info.Size(), err)
		}
	}
}

// Records may hold batches of another log. In a torn batch they are no sign of later ones of this log.
func TestBatchInATornRecordIsNoLaterBatch(t *testing.T) {
	foreign := batch(1, 10, 'f')
	binary.BigEndian.PutUint64(foreign, 1_000_000) // its base offset
	last := batch(1, 500, 'l')
	copy(last[headerSize+100:], foreign)
	seal(last)
	dir := t.TempDir()
	l := open(t, dir, Config{})
	mustAppend(t, l, batch(2, 25, 'w'))
	mustAppend(t, l, last)
	size := l.Size()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(segmentPath(dir, 0), size-1); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, Config{})
	if _, end := l.Bounds(); end != 2 {
		t.Errorf("end %d", end)
	}
}

func TestTailOfZerosIsCut(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Config{})
	mustAppend(t, l, batch(2, 25, 'w'))
	size := l.Size()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(segmentPath(dir, 0), size+5000); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, Config{})
	if _, end := l.Bounds(); end != 2 || l.Size() != size {
		t.Errorf("end %d, size %d", end, l.Size())
	}
}

// Every single flipped byte is either in the last batch, which is then cut, or refused by name and position; nothing in between is lost.
// Bytes that the checksum does not cover and nothing reads (leader epoch) may change unseen.
func TestFlippedBytes(t *testing.T) {
	b := batch(2, 30, 'x')
	const batches = 3
	dir := t.TempDir()
	l := open(t, dir, Config{})
	for range batches {
		mustAppend(t, l, bytes.Clone(b))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := segmentPath(dir, 0)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir, Config{Logger: quiet()})
		in, within := at/len(b), at%len(b)
		var damaged *CorruptError
		switch {
		case within >= preambleSize && within < posMagic: // leader epoch
			if err != nil {
				t.Errorf("byte %d: %v", at, err)
			}
		case in == batches-1:
			if err != nil {
				t.Errorf("byte %d of the last batch: %v", at, err)
			} else if _, end := l.Bounds(); end != 2*(batches-1) {
				t.Errorf("byte %d of the last batch: log ends at %d", at, end)
			}
		case !errors.As(err, &damaged):
			t.Errorf("byte %d: got %v, want a CorruptError", at, err)
		case damaged.File != path || damaged.Pos != int64(in*len(b)) || !strings.Contains(err.Error(), path):
			t.Errorf("byte %d: %v", at, err)
		}
		if l != nil {
			_ = l.Close()
		}
	}
}

func TestDamageInAClosedSegmentIsRefused(t *testing.T) {
	dir := t.TempDir()
	size := len(batch(1, 30, 0))
	cfg := Config{SegmentBytes: int64(2 * size), Logger: quiet()}
	build := func() {
		l := open(t, dir, cfg)
		for range 5 {
			mustAppend(t, l, batch(1, 30, 'x'))
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	build()
	first, second := segmentPath(dir, 0), segmentPath(dir, 2)
	for _, tc := range []struct {
		name, file string
		pos        int64
		do         func() error
	}{
		{"a header is changed", first, int64(size), func() error { return flip(first, size+posMagic) }},
		{"the end is missing", first, int64(size), func() error { return os.Truncate(first, int64(2*size-1)) }},
		{"a segment is missing", segmentPath(dir, 4), 0, func() error { return os.Remove(second) }},
		{"a segment is empty", segmentPath(dir, 4), 0, func() error { return os.Truncate(second, 0) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			saved := t.TempDir()
			if err := os.CopyFS(saved, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = os.RemoveAll(dir)
				_ = os.CopyFS(dir, os.DirFS(saved))
			}()
			if err := tc.do(); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(indexPath(first)) // without an index every header is walked
			_, err := Open(dir, cfg)
			var damaged *CorruptError
			if !errors.As(err, &damaged) || damaged.File != tc.file || damaged.Pos != tc.pos {
				t.Fatalf("got %v", err)
			}
		})
	}
	t.Run("found while reading", func(t *testing.T) {
		l := open(t, dir, cfg)
		if err := flip(first, size+3); err != nil {
			t.Fatal(err)
		}
		var damaged *CorruptError
		if _, _, err := read(l, nil, new(Cursor), 0, 1<<20); !errors.As(err, &damaged) || damaged.File != first || damaged.Pos != int64(size) {
			t.Fatalf("got %v", err)
		}
		if out, next, err := read(l, nil, new(Cursor), 2, 1<<20); err != nil || next != 4 || len(out) != 2*size {
			t.Errorf("the segment behind: next %d, %v", next, err)
		}
	})
}

func flip(path string, at int) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[at] ^= 0xff
	return os.WriteFile(path, b, 0o644)
}
