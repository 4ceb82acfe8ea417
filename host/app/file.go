package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/weir-stream/weir/internal/fault"
)

// replaceFile writes a file whole or not at all. The new one is renamed over the old one, which would destroy a device or a pipe and make a
// file of a link: so only a regular file is replaced, and a link leads to the file that is.
func replaceFile(path string, content []byte) error {
	target, err := replaceable(path)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(target, content, 0o644); err != nil {
		return fault.Environmentf("%s can't be written: %w", path, withoutPath(err))
	}
	return nil
}

// replaceable is the file that is to be replaced, or made, for a path.
func replaceable(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return "", fault.Inputf("%s is a folder; name a file in it", path)
	case err == nil && !info.Mode().IsRegular():
		return "", fault.Inputf("%s is no regular file, so it is not replaced; name another one", path)
	case err == nil:
		target, err := filepath.EvalSymlinks(path)
		return target, fault.EnvironmentError(err)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fault.Inputf("%s can't be written: %w", path, withoutPath(err))
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fault.Inputf("%s is a link to a file that is not there; name that one", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return "", fault.Inputf("%s can't be written: its folder: %w", path, withoutPath(err))
	}
	return path, nil
}

// withoutPath drops the path of an error: that of a temporary file, or one that is named beside it.
func withoutPath(err error) error {
	var inPath *fs.PathError
	var inLink *os.LinkError
	switch {
	case errors.As(err, &inPath):
		return inPath.Err
	case errors.As(err, &inLink):
		return inLink.Err
	}
	return err
}
