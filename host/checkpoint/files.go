package checkpoint

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// files are the steps on a file system that checkpoints and blobs are made of. A crash may fall between any two of them; what a step did
// to a folder survives the loss of power only when the folder has been synced.
type files interface {
	// mkdir makes a folder and those above it, durably.
	mkdir(dir string) error
	// list names the regular files of a folder. A folder that is not there has none.
	list(dir string) ([]string, error)
	// read reads a file up to one byte more than limit.
	read(path string, limit int64) ([]byte, error)
	// write puts a file in place whole or not at all, its content durable before its name shows. A crash may leave a file behind in the
	// same folder, whose name begins with a dot.
	write(path string, data []byte) error
	rename(from, to string) error
	remove(path string) error
	// sync makes durable what was written, renamed and removed in a folder.
	sync(dir string) error
}

// disk is the real one. What it makes is for its user alone: plans hold what a configuration does, passwords that stand in it too.
type disk struct{}

func (d disk) mkdir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := d.mkdir(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.sync(above)
}

func (disk) list(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (disk) read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

func (disk) write(path string, data []byte) error {
	return renameio.WriteFile(path, data, 0o600, renameio.WithTempDir(filepath.Dir(path)))
}

func (disk) rename(from, to string) error { return os.Rename(from, to) }

func (disk) remove(path string) error { return os.Remove(path) }

func (disk) sync(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
