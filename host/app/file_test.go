package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weir-stream/weir/internal/fault"
)

func TestOnlyRegularFilesAreReplaced(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(in("old"), []byte("old"), 0o600), syscall.Mkfifo(in("pipe"), 0o600),
		os.Symlink("old", in("link")), os.Symlink("pipe", in("to-pipe")), os.Symlink("absent", in("dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"new", "old", "link"} {
		if err := replaceFile(in(name), []byte(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(in(name)); err != nil || string(got) != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, _ := os.ReadFile(in("old")); string(got) != "link" {
		t.Errorf("the file behind the link has %q", got)
	}
	for name, mode := range map[string]fs.FileMode{
		"pipe": fs.ModeNamedPipe, "to-pipe": fs.ModeSymlink, "link": fs.ModeSymlink, "dangling": fs.ModeSymlink,
	} {
		if err := replaceFile(in(name), nil); name != "link" && fault.Of(err) != fault.Input {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Lstat(in(name)); err != nil || info.Mode().Type() != mode {
			t.Errorf("%s became %v, %v", name, info, err)
		}
	}
	for _, name := range []string{"", "absent/x", "old/x"} {
		if err := replaceFile(in(name), nil); fault.Of(err) != fault.Input || !strings.HasPrefix(err.Error(), in(name)) || strings.Contains(err.Error(), ".x") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
