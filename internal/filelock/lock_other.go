//go:build !unix

package filelock

import (
	"errors"
	"os"
)

func lock(*os.File) error {
	return errors.New("file locks are not available on this system")
}
