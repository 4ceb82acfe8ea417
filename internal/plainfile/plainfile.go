// Package plainfile reads files that a configuration or a command names: regular files, of a bounded size.
package plainfile

import (
	"fmt"
	"io"
	"os"
)

// TooLargeError says that a file has more bytes than it may.
type TooLargeError struct {
	Path string
	Most int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s is larger than %d bytes", e.Path, e.Most)
}

// Read reads a file of at most so many bytes, else the error is a *TooLargeError. What is no regular file is refused before it is opened: a pipe
// would wait for whoever is at its other end, and a device may never end. Errors name the path; fs.ErrNotExist says that there is no such file.
func Read(path string, most int) ([]byte, error) {
	if info, err := os.Stat(path); err == nil { // else Open says why not
		switch mode := info.Mode(); {
		case mode.IsDir():
			return nil, fmt.Errorf("%s is a folder, not a file", path)
		case !mode.IsRegular():
			return nil, fmt.Errorf("%s is no regular file", path)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(b) > most {
		return nil, &TooLargeError{path, most}
	}
	return b, err
}
