//go:build unix

package checkpoint

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// holder tells whether a file is locked with filelock.Lock, and by which process; 0 where that is not known. The shared lock that it tries
// for can be had by any number of those who look, and is let go at once. A file that can't be opened counts as not locked.
func holder(path string) (pid int, locked bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close() // and with it the lock
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, false
	}
	var buf [24]byte
	n, _ := f.ReadAt(buf[:], 0)
	pid, err = strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return 0, true
	}
	return pid, true
}
