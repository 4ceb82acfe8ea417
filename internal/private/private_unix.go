//go:build unix

package private

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Folder refuses a folder in which anybody but this process's user (or root, who may do anything) can put files.
func Folder(folder fs.FileInfo) error {
	if mode := folder.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("others may write it (mode %04o); run chmod 700 on it, or name another folder", mode)
	}
	if owner, ok := folder.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d and this process is user %d; name another folder", owner.Uid, os.Geteuid())
	}
	return nil
}
