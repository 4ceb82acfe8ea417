package checkpoint

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"

	"github.com/weir-stream/weir/internal/fault"
)

// load finds the newest checkpoint that is whole, and leaves the folder so that the lane can go on from it: two whole ones of its writer
// ids at least, so that the next damage can be borne too; none of other ids, which a crash in the middle of SaveTwice may have left; none of
// version 1; all of it durable, whoever wrote it.
func (l *dirLane) load() error {
	there, err := l.find()
	if err != nil {
		return err
	}
	for _, path := range there.rubbish {
		if err := l.files.remove(path); err != nil {
			return fault.Environmentf("state folder: %w", err)
		}
	}
	if len(there.good) == 0 {
		return nil
	}
	l.found = true
	// What was found may not be durable yet, if it was written right before a crash. It is before anything else goes.
	for _, dir := range []string{l.dir, filepath.Dir(l.dir)} { // the mark is in the second
		if err := l.files.sync(dir); err != nil {
			return fault.Environmentf("state folder: %w", err)
		}
	}
	if err := l.setAside(there.bad, &there.good[0]); err != nil {
		return err
	}
	if err := l.goOn(there.good); err != nil {
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
