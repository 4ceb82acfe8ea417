// Package filelock keeps a file locked against every other process, and every other opener in this one.
package filelock

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ErrLocked says that somebody else holds the lock. Lock wraps it with the path and, where known, the holder's process id.
var ErrLocked = errors.New("file is locked")

// File is a held lock. The system drops it when the process ends, however it ends, so a crash leaves nothing to clean up.
type File struct {
	f *os.File
}

// Lock creates the file at path if absent and locks it without waiting.
// It fails with ErrLocked while another File on the same path, in any process, is not yet unlocked.
// The process id is written into the file, for the message that the next one gets.
func Lock(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := lock(f); err != nil {
		err = fmt.Errorf("lock %s%s: %w", path, holder(f), err)
		return nil, errors.Join(err, f.Close())
	}
	// The id is for people only: a failure to write it does not weaken the lock.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &File{f: f}, nil
}

// Unlock releases the lock. The file stays: removing it would let two openers lock two different files of one name.
func (l *File) Unlock() error {
	if err := l.f.Close(); err != nil {
		return fmt.Errorf("release lock: %w", err)
	}
	return nil
}

// holder describes the process that wrote its id into f, or returns "".
func holder(f *os.File) string {
	var buf [24]byte
	n, _ := f.ReadAt(buf[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (held by process %d)", pid)
}
