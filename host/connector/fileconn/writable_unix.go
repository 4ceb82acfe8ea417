//go:build unix

package fileconn

import (
	"os"
	"syscall"
)

// mayWrite is W_OK of access(2).
const mayWrite = 2

// writable tells whether the process may write to a folder, without writing to it.
func writable(folder string) error {
	if err := syscall.Access(folder, mayWrite); err != nil {
		return &os.PathError{Op: "access", Path: folder, Err: err}
	}
	return nil
}
