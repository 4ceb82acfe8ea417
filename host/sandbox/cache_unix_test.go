//go:build unix

package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCacheFolderIsTheOwnersAlone(t *testing.T) {
	above := t.TempDir()
	folder := filepath.Join(above, "weir", "modules")
	openCache(t, folder, 0)
	for _, name := range []string{folder, filepath.Dir(folder)} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("%s was made with mode %04o, want 0700", name, got)
		}
	}
	for mode, want := range map[os.FileMode]bool{0o700: true, 0o755: true, 0o775: false, 0o757: false, 0o777: false} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		c, err := OpenCache(folder, 0)
		if (err == nil) != want {
			t.Errorf("mode %04o: %v", mode, err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
	if os.Geteuid() != 0 {
		return // only root can make a folder of somebody else
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(folder, 4242, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(folder, 0); err == nil {
		t.Error("a folder of somebody else was accepted")
	}
}
