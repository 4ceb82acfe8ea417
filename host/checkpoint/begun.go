package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weir-stream/weir/internal/fault"
)

// A lane without a checkpoint is new, or has lost all it had: reading the source from the start would write everything once more. A mark
// beside the lane's folder, made with the first checkpoint, tells the two apart. It goes with the folder, when somebody removes that so that
// the lane begins anew.
const (
	begunSuffix = ".begun"
	begunText   = "The lane in the folder beside this file has saved checkpoints, so it is not a new one where there are none.\n" +
		"Remove the folder to begin anew: what is in the sinks is then written once more.\n"
)

// enter makes the lane's folder. A mark without one is of a lane that was removed on purpose.
func (l *dirLane) enter() error {
	_, err := os.Lstat(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = l.forget(); err == nil {
			err = l.files.mkdir(l.dir)
		}
	}
	if err != nil {
		return fault.Environmentf("state folder: %w", err)
	}
	return nil
}

// forget removes the mark, durably.
func (l *dirLane) forget() error {
	err := l.files.remove(l.dir + begunSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, l.files.sync(filepath.Dir(l.dir)))
}

// hasBegun looks for the mark.
func (l *dirLane) hasBegun() error {
	_, err := l.files.read(l.dir+begunSuffix, 0)
	if l.begun = err == nil; l.begun || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// mark makes the mark, durably, behind a checkpoint that is durable.
func (l *dirLane) mark() error {
	if l.begun {
		return nil
	}
	if err := l.files.write(l.dir+begunSuffix, []byte(begunText)); err != nil {
		return err
	}
	if err := l.files.sync(filepath.Dir(l.dir)); err != nil {
		return err
	}
	l.begun = true
	return nil
}
