//go:build unix

package checkpoint

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheFolderIsItsUsersOwn since a plan holds what its file says, a registry's password too.
func TestTheFolderIsItsUsersOwn(t *testing.T) {
	above := t.TempDir()
	d := Dir{Path: filepath.Join(above, "state")}
	putBlob(t, d, "a plan")
	l, err := d.Open("p", "in", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Save(Checkpoint{Epoch: 1, Next: 1}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(above, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == above {
			return err
		}
		info, err := e.Info()
		if err == nil && !strings.HasSuffix(path, "lock") && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
