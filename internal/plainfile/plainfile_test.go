//go:build unix

package plainfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	folder := t.TempDir()
	file, link, pipe := filepath.Join(folder, "file"), filepath.Join(folder, "link"), filepath.Join(folder, "pipe")
	if err := errors.Join(os.WriteFile(file, []byte("12345"), 0o600), os.Symlink(file, link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path, want string
		most       int
	}{
		{file, "12345", 5},
		{link, "12345", 6},
		{file, "error: " + file + " is larger than 4 bytes", 4},
		{pipe, "error: " + pipe + " is no regular file", 9},
		{"/dev/zero", "error: /dev/zero is no regular file", 9},
		{folder, "error: " + folder + " is a folder, not a file", 9},
	} {
		b, err := Read(tc.path, tc.most)
		got := string(b)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tc.want {
			t.Errorf("%s, at most %d bytes: %s, want %s", tc.path, tc.most, got, tc.want)
		}
	}
	gone := filepath.Join(folder, "gone")
	if _, err := Read(gone, 9); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), gone) {
		t.Errorf("a file that is not there: %v", err)
	}
}
