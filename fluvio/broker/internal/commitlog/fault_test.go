package commitlog

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

// faultyFile fails as told, after writing part of what it was given.
type faultyFile struct {
	File
	plan *faultPlan
}

type faultPlan struct {
	write, truncate, sync error
	quick                 bool // sync does nothing, for tests that sync a great deal
}

func (f faultyFile) WriteAt(b []byte, at int64) (int, error) {
	if f.plan.write == nil {
		return f.File.WriteAt(b, at)
	}
	n, _ := f.File.WriteAt(b[:len(b)/2], at)
	return n, f.plan.write
}

func (f faultyFile) Truncate(n int64) error {
	if f.plan.truncate != nil {
		return f.plan.truncate
	}
	return f.File.Truncate(n)
}

func (f faultyFile) Sync() error {
	if f.plan.sync != nil {
		return f.plan.sync
	}
	if f.plan.quick {
		return nil
	}
	return f.File.Sync()
}

func (p *faultPlan) open(path string, flag int, perm os.FileMode) (File, error) {
	f, err := os.OpenFile(path, flag, perm)
	return faultyFile{f, p}, err
}

func TestFailedWriteIsCutBack(t *testing.T) {
	dir, plan := t.TempDir(), &faultPlan{}
	l := open(t, dir, Config{OpenFile: plan.open})
	mustAppend(t, l, batch(1, 10, 'a'))
	plan.write = &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	if _, _, err := l.Append(batch(1, 10, 'b')); !IsDiskFull(err) {
		t.Fatalf("got %v", err)
	}
	if info, _ := os.Stat(segmentPath(dir, 0)); info.Size() != l.Size() {
		t.Errorf("file has %d bytes, log %d", info.Size(), l.Size())
	}
	plan.write = nil
	if base := mustAppend(t, l, batch(1, 10, 'c')); base != 1 {
		t.Errorf("base offset %d after a failed append", base)
	}
	if got := contents(t, l, 1); got[len(got)-1] != 'c' {
		t.Error("wrong contents")
	}
}

func TestLogRefusesWritesWhenItsFileIsInAnUnknownState(t *testing.T) {
	for name, plan := range map[string]faultPlan{
		"write and cut back fail": {write: io.ErrShortWrite, truncate: errors.New("no")},
		"sync fails":              {sync: errors.New("no")},
	} {
		t.Run(name, func(t *testing.T) {
			dir, now := t.TempDir(), &faultPlan{}
			l := open(t, dir, Config{OpenFile: now.open, SyncEach: true})
			mustAppend(t, l, batch(1, 10, 'a'))
			*now = plan
			if _, _, err := l.Append(batch(1, 10, 'b')); err == nil {
				t.Fatal("no error")
			}
			*now = faultPlan{}
			if _, _, err := l.Append(batch(1, 10, 'c')); !errors.Is(err, ErrFailed) {
				t.Fatalf("got %v, want ErrFailed", err)
			}
			if got := contents(t, l, 1<<20); len(got) != len(batch(1, 10, 0)) {
				t.Errorf("%d bytes are readable", len(got))
			}
			_ = l.Close()
			l = open(t, dir, Config{})
			if base := mustAppend(t, l, batch(1, 10, 'd')); base != 1 {
				t.Errorf("after reopening: base offset %d", base)
			}
		})
	}
	t.Run("a later sync fails", func(t *testing.T) {
		plan := &faultPlan{sync: errors.New("no")}
		l := open(t, t.TempDir(), Config{OpenFile: plan.open})
		mustAppend(t, l, batch(1, 10, 'a'))
		if err := l.Sync(); err == nil {
			t.Fatal("no error")
		}
		if _, _, err := l.Append(batch(1, 10, 'b')); !errors.Is(err, ErrFailed) {
			t.Fatalf("got %v, want ErrFailed", err)
		}
	})
}

// A closed segment that cannot be opened to be forced has not failed to be forced: nothing is lost, so the log goes on, and it is tried again.
func TestSyncThatCannotOpenASegmentIsTriedAgain(t *testing.T) {
	var refuse error
	hook := func(path string, flag int, perm os.FileMode) (File, error) {
		if refuse != nil && flag&os.O_CREATE == 0 {
			return nil, refuse
		}
		return os.OpenFile(path, flag, perm)
	}
	l := open(t, t.TempDir(), Config{SegmentBytes: 200, Files: NewFiles(1), OpenFile: hook})
	for range 6 {
		mustAppend(t, l, batch(1, 100, 'a'))
	}
	refuse = syscall.EMFILE
	if err := l.Sync(); !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("got %v", err)
	}
	mustAppend(t, l, batch(1, 100, 'b'))
	if len(l.dirty) < 6 {
		t.Errorf("%d segments are still to be forced", len(l.dirty))
	}
	refuse = nil
	if err := l.Sync(); err != nil || len(l.dirty) > 0 {
		t.Errorf("got %v, %d left", err, len(l.dirty))
	}
}

// A segment that retention removes while it waits to be forced is gone, which is no failure.
func TestSyncMeetsRetention(t *testing.T) {
	var (
		l     *Log
		clean bool
	)
	hook := func(path string, flag int, perm os.FileMode) (File, error) {
		if clean {
			clean = false
			if _, err := l.Clean(); err != nil {
				t.Error(err)
			}
		}
		return os.OpenFile(path, flag, perm)
	}
	l = open(t, t.TempDir(), Config{SegmentBytes: 200, MaxBytes: 200, Files: NewFiles(1), OpenFile: hook})
	for range 6 {
		mustAppend(t, l, batch(1, 100, 'a'))
	}
	clean = true
	if err := l.Sync(); err != nil {
		t.Errorf("got %v", err)
	}
	mustAppend(t, l, batch(1, 100, 'b'))
}
