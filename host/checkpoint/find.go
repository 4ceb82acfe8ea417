package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/fault"
)

// damagedSuffix is behind the name of a file that was set aside.
const damagedSuffix = ".damaged"

// contents is what the folder has of a lane.
type contents struct {
	good    []Checkpoint // newest first, as many as are kept; none: the lane is new
	bad     []damaged    // newest first
	rubbish []string     // what crashes left behind, and of what was set aside all but the newest
}

// damaged is a file that can't be read as what was saved.
type damaged struct {
	epoch uint64
	path  string
	err   error
}

// find reads what a lane can go on from, and changes nothing. Errors are those of Open; of class environment where a file can't be read.
func (l *dirLane) find() (there contents, err error) {
	if err := l.hasBegun(); err != nil { // before looking for what there must be then: somebody may run the lane
		return there, fault.Environmentf("state folder: %w", err)
	}
	epochs, aside, rubbish, err := l.names()
	if err != nil {
		return there, fault.Environmentf("state folder: %w", err)
	}
	there.rubbish = rubbish
	if there.good, there.bad, err = l.read(epochs); err == nil && len(there.good) == 0 {
		there.good, err = l.takeOver(there.bad, aside)
	}
	return there, err
}

// names tells the epochs of the files that are there, and of those that are set aside, newest first, and what is not needed.
func (l *dirLane) names() (epochs []uint64, aside []damaged, rubbish []string, err error) {
	names, err := l.files.list(l.dir)
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		path, old := filepath.Join(l.dir, name), false
		if epoch, ok := epochOf(name); ok {
			epochs = append(epochs, epoch)
		} else if epoch, ok := epochOf(strings.TrimSuffix(name, damagedSuffix)); ok {
			aside = append(aside, damaged{epoch, path, ErrDamaged})
			old = len(aside) > l.keep
		}
		if old || strings.HasPrefix(name, ".") && strings.Contains(name, ".json") { // as renameio names them
			rubbish = append(rubbish, path)
		}
	}
	return epochs, aside, rubbish, err
}

// read reads as many whole checkpoints as are kept, newest first, and says which files are damaged.
func (l *dirLane) read(epochs []uint64) (good []Checkpoint, bad []damaged, err error) {
	for i, epoch := range epochs {
		if len(good) == l.keep { // the others go
			l.kept = append(l.kept, epochs[i:]...)
			break
		}
		path := l.path(epoch)
		c, err := readFile(l.files, path)
		if err == nil && c.Epoch != epoch {
			err = fmt.Errorf("%w: it holds epoch %d", ErrDamaged, c.Epoch)
		}
		if err == nil {
			err = l.id.check(&c)
		}
		switch {
		case errors.Is(err, ErrDamaged):
			bad = append(bad, damaged{epoch, path, err})
		case err != nil:
			return nil, nil, refused(path, err)
		default:
			good, l.kept = append(good, c), append(l.kept, epoch)
		}
	}
	slices.Reverse(l.kept)
	return good, bad, nil
}

// readFile reads a checkpoint file. Errors wrap ErrDamaged, errVersion, or are the file system's.
func readFile(files files, path string) (Checkpoint, error) {
	data, err := files.read(path, maxFile)
	if err != nil {
		return Checkpoint{}, err
	}
	return decode(data)
}

// refused is the error of a file that is neither whole nor damaged: it can't be read at all, or belongs to another build or topic.
func refused(path string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return fault.Environmentf("checkpoint: %w; see that it can be read, or move it away to go on from the one before", err)
	}
	return fault.Inputf("%s: %w", path, err)
}

// takeOver looks for a checkpoint of version 1 where there is no whole one of this version. Damaged files beside it can only be the two that
// an interrupted take-over wrote: its file goes before anything else is saved.
func (l *dirLane) takeOver(bad, aside []damaged) ([]Checkpoint, error) {
	path := l.dir + v1Suffix
	c, err := readFile(l.files, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, l.lost(slices.Concat(bad, aside), false) // what others were set aside for has been taken away
	}
	if err == nil {
		err = l.id.check(&c)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return nil, l.lost(append(slices.Concat(bad, aside), damaged{path: path, err: err}), true)
	case err != nil:
		return nil, refused(path, err)
	case len(bad) > 0 && bad[0].epoch > c.Epoch+1: // newest first
		return nil, l.lost(bad, true)
	}
	return []Checkpoint{c}, nil
}

// lost is the error where all that there is is damaged, or all that there was is gone; nil where there never was anything. v1 says that
// there is a file of version 1.
func (l *dirLane) lost(bad []damaged, v1 bool) error {
	if len(bad) == 0 && !l.begun {
		return nil
	}
	remove := l.dir
	if v1 {
		remove = l.dir + v1Suffix
		if len(bad) > 1 || bad[0].path != remove || l.begun {
			remove = l.dir + " and " + remove
		}
	}
	var all []error
	for _, b := range bad {
		all = append(all, fmt.Errorf("%s: %w", b.path, b.err))
	}
	if len(bad) == 0 {
		all = append(all, fmt.Errorf("%w: all its files are gone from %s, and %s says that there were some", ErrDamaged, l.dir, l.dir+begunSuffix))
	}
	return fault.Environmentf("no checkpoint of the lane can be read: %w; restore one from a copy, or remove %s to start over from the "+
		"configured offset, which writes to the sinks once more what is in them already", errors.Join(all...), remove)
}
