package commitlog

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// counted counts the files that are open.
type counted struct{ now, most atomic.Int64 }

func (c *counted) open(path string, flag int, perm os.FileMode) (File, error) {
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err
	}
	n := c.now.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	return countedFile{f, c}, nil
}

type countedFile struct {
	File
	c *counted
}

func (f countedFile) Close() error {
	f.c.now.Add(-1)
	return f.File.Close()
}

func TestOpenSegmentsAreBounded(t *testing.T) {
	const logs, bound, readers = 3, 5, 4
	var c counted
	files := NewFiles(bound)
	cfg := Config{SegmentBytes: 100, Files: files, OpenFile: c.open}
	var all []*Log
	for range logs {
		l := open(t, t.TempDir(), cfg)
		for range 100 { // each batch in a segment of its own
			mustAppend(t, l, batch(1, 30, 'x'))
		}
		all = append(all, l)
	}
	if n := c.now.Load(); n != logs+bound {
		t.Errorf("%d files are open after writing", n)
	}
	var wg sync.WaitGroup
	for i := range readers {
		wg.Go(func() {
			for range 3 {
				if got := contents(t, all[i%logs], 1<<20); len(got) != 100*len(batch(1, 30, 0)) {
					t.Errorf("%d bytes", len(got))
				}
			}
		})
	}
	wg.Wait()
	// While a file is opened another one may be about to be closed.
	if n := c.most.Load(); n > logs+bound+2*readers {
		t.Errorf("%d files were open at a time", n)
	}
	for _, l := range all {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := c.now.Load(); n != 0 || files.open.Len() != 0 {
		t.Errorf("%d files are open behind the end, %d are listed", n, files.open.Len())
	}
}

func TestRemovedSegmentStaysReadableWhileItIsRead(t *testing.T) {
	var c counted
	l := open(t, t.TempDir(), Config{SegmentBytes: 100, MaxBytes: 100, Files: NewFiles(2), OpenFile: c.open})
	for range 4 {
		mustAppend(t, l, batch(1, 30, 'x'))
	}
	first := l.segs[0]
	f, err := first.acquire()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := l.Clean(); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	if _, err := f.ReadAt(make([]byte, 10), 0); err != nil {
		t.Errorf("in use: %v", err)
	}
	if _, err := first.acquire(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("opened again: %v", err)
	}
	first.release()
	if _, err := f.ReadAt(make([]byte, 10), 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after its use: %v", err)
	}
	if n := c.now.Load(); n != 1 {
		t.Errorf("%d files are open", n)
	}
}

func TestOpenSegmentStaysOpenWhileItIsRead(t *testing.T) {
	l := open(t, t.TempDir(), Config{SegmentBytes: 100, Files: NewFiles(1)})
	for range 4 {
		mustAppend(t, l, batch(1, 30, 'x'))
	}
	f, err := l.segs[0].acquire()
	if err != nil {
		t.Fatal(err)
	}
	contents(t, l, 1000)
	if _, err := f.ReadAt(make([]byte, 10), 0); err != nil {
		t.Error(err)
	}
	l.segs[0].release()
	contents(t, l, 1000)
	if n := l.cfg.Files.open.Len(); n != 1 {
		t.Errorf("%d segments are open", n)
	}
}

func TestSegmentThatCannotBeOpened(t *testing.T) {
	var fail atomic.Bool
	no := errors.New("too many open files")
	l := open(t, t.TempDir(), Config{SegmentBytes: 100, Files: NewFiles(1), OpenFile: func(path string, flag int, perm os.FileMode) (File, error) {
		if fail.Load() {
			return nil, no
		}
		return os.OpenFile(path, flag, perm)
	}})
	for range 4 {
		mustAppend(t, l, batch(1, 30, 'x'))
	}
	fail.Store(true)
	if _, _, err := read(l, nil, new(Cursor), 0, 1000); !errors.Is(err, no) {
		t.Errorf("read: %v", err)
	}
	if _, _, err := l.Append(batch(1, 30, 'x')); !errors.Is(err, no) {
		t.Errorf("append that begins a segment: %v", err)
	}
	fail.Store(false)
	if got := contents(t, l, 1000); len(got) != 4*len(batch(1, 30, 0)) {
		t.Errorf("%d bytes", len(got))
	}
	if base := mustAppend(t, l, batch(1, 30, 'x')); base != 4 {
		t.Errorf("base offset %d", base)
	}
}
