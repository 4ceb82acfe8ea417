package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/fault"
)

// damagedSuffix is behind the name of a file that was set aside.
const damagedSuffix = ".damaged"

// damaged is a file that can't be read as what was saved.
type damaged struct {
	epoch uint64
	path  string
	err   error
}

// load finds the newest checkpoint that is whole, and leaves the folder so that the lane can go on from it: two whole ones of its writer
// ids at least, so that the next damage can be borne too; none of other ids, which a crash in the middle of SaveTwice may have left; none of
// version 1; all of it durable, whoever wrote it.
func (l *dirLane) load() error {
	epochs, aside, err := l.tidy()
	if err != nil {
		return fault.Environmentf("state folder: %w", err)
	}
	good, bad, err := l.read(epochs)
	if err != nil {
		return err
	}
	if len(good) == 0 {
		if good, err = l.takeOver(bad, aside); len(good) == 0 {
			return err
		}
	}
	// What was found may not be durable yet, if it was written right before a crash. It is before anything else goes.
	if err := l.files.sync(l.dir); err != nil {
		return fault.Environmentf("state folder: %w", err)
	}
	if err := l.setAside(bad, &good[0]); err != nil {
		return err
	}
	if err := l.goOn(good); err != nil {
		return err
	}
	err = l.files.remove(l.dir + v1Suffix)
	if err == nil {
		err = l.files.sync(filepath.Dir(l.dir))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Environmentf("checkpoint of version 1: %w", err)
	}
	return nil
}

// goOn makes the first of these, newest first, the newest, and removes those that there is no way back to.
func (l *dirLane) goOn(good []Checkpoint) error {
	same := 1
	for same < len(good) && maps.Equal(good[same].writers(), good[0].writers()) {
		same++
	}
	if same == 1 {
		return l.SaveTwice(good[0])
	}
	if err := l.take(good[0]); err != nil {
		return err
	}
	if err := l.drop(len(l.kept) - same); err != nil {
		return err
	}
	return fault.EnvironmentError(l.files.sync(l.dir))
}

// tidy removes what crashes left behind, and of what was set aside all but the newest, and returns the epochs of the files that are there,
// newest first, and of those that are set aside. The lane is locked: nobody else is writing.
func (l *dirLane) tidy() (epochs []uint64, aside []damaged, err error) {
	names, err := l.files.list(l.dir)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		old := false
		if epoch, ok := epochOf(name); ok {
			epochs = append(epochs, epoch)
		} else if epoch, ok := epochOf(strings.TrimSuffix(name, damagedSuffix)); ok {
			aside = append(aside, damaged{epoch, filepath.Join(l.dir, name), ErrDamaged})
			old = len(aside) > l.keep
		}
		if old || strings.HasPrefix(name, ".") && strings.Contains(name, ".json") { // as renameio names them
			if err := l.files.remove(filepath.Join(l.dir, name)); err != nil {
				return nil, nil, err
			}
		}
	}
	return epochs, aside, nil
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

// setAside renames damaged files and reports them, together with the checkpoint that is taken instead.
func (l *dirLane) setAside(bad []damaged, instead *Checkpoint) error {
	for _, b := range bad {
		if err := l.files.rename(b.path, b.path+damagedSuffix); err != nil {
			return fault.Environmentf("damaged checkpoint: %w", err)
		}
		what := "damaged checkpoint; a newer one is whole, so this one is not needed"
		if b.epoch > instead.Epoch {
			what = "damaged checkpoint; going on from an older one instead, which is safe: what came after it is read again, " +
				"and a sink that is written exactly once takes none of it twice"
		}
		l.log.Error(what, "file", b.path, "problem", b.err, "moved_to", b.path+damagedSuffix,
			"epoch_damaged", b.epoch, "epoch_taken", instead.Epoch, "next", instead.Next)
	}
	return nil
}

// takeOver looks for a checkpoint of version 1 where there is no whole one of this version. Damaged files beside it can only be the two that
// an interrupted take-over wrote: its file goes before anything else is saved.
func (l *dirLane) takeOver(bad, aside []damaged) ([]Checkpoint, error) {
	path := l.dir + v1Suffix
	c, err := readFile(l.files, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, lost(l.dir, append(bad, aside...)) // what others were set aside for has been taken away
	}
	if err == nil {
		err = l.id.check(&c)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return nil, lost(l.dir, append(bad, damaged{path: path, err: err}))
	case err != nil:
		return nil, refused(path, err)
	case len(bad) > 0 && bad[0].epoch > c.Epoch+1: // newest first
		return nil, lost(l.dir, bad)
	}
	return []Checkpoint{c}, nil
}

// lost is the error where all that there is is damaged; nil where there is nothing: the lane is new.
func lost(dir string, bad []damaged) error {
	if len(bad) == 0 {
		return nil
	}
	var all []error
	for _, b := range bad {
		all = append(all, fmt.Errorf("%s: %w", b.path, b.err))
	}
	return fault.Environmentf("no checkpoint of the lane can be read: %w; restore one from a copy, or remove %s to start over from the "+
		"configured offset, which writes to the sinks once more what is in them already", errors.Join(all...), dir)
}
