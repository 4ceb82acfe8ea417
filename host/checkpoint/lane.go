package checkpoint

import (
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/faultpoint"
)

// dirLane is a lane's folder, locked.
type dirLane struct {
	newest
	id     laneID
	dir    string
	keep   int // files, at least 2
	files  files
	log    *slog.Logger
	unlock func() error
	kept   []uint64 // epochs of the files that may be there, oldest first
	begun  bool     // the mark is there
	found  bool     // there was a checkpoint to go on from when it was opened
}

// Save writes a file, and removes those that are older than the ones to keep.
func (l *dirLane) Save(c Checkpoint) error {
	if err := l.admit(&c, false); err != nil {
		return err
	}
	if err := l.write(c); err != nil {
		return err
	}
	l.took(&c)
	return l.drop(len(l.kept) - l.keep)
}

// SaveTwice writes two files, so that the next crash may damage one of them, and removes all older ones. Those are gone for good before
// it returns: an older file that is there means that nothing was ever written under the new ids.
func (l *dirLane) SaveTwice(c Checkpoint) error {
	if err := l.admit(&c, true); err != nil {
		return err
	}
	l.drawing = true
	if err := l.write(c); err != nil {
		return err
	}
	faultpoint.Pass("checkpoint redrawn once")
	c.Epoch++
	if err := l.write(c); err != nil {
		return err
	}
	faultpoint.Pass("checkpoint redrawn twice")
	if err := l.drop(len(l.kept) - 2); err != nil {
		return err
	}
	if err := l.files.sync(l.dir); err != nil {
		return fault.Environmentf("checkpoint: %w", err)
	}
	l.took(&c)
	l.drawing = false
	return nil
}

// write makes a file for c, durable.
func (l *dirLane) write(c Checkpoint) error {
	if err := l.encode(c); err != nil {
		return err
	}
	if at, there := slices.BinarySearch(l.kept, c.Epoch); !there {
		l.kept = slices.Insert(l.kept, at, c.Epoch)
	}
	if err := l.files.write(l.path(c.Epoch), l.next.Bytes()); err != nil {
		return l.failed(err)
	}
	faultpoint.Pass("checkpoint renamed")
	if err := l.files.sync(l.dir); err != nil {
		return l.failed(err)
	}
	if err := l.mark(); err != nil {
		return l.failed(err)
	}
	faultpoint.Pass("checkpoint durable")
	return nil
}

// failed is the error of a save. The first one comes before anything is read.
func (l *dirLane) failed(err error) error {
	stands := "the one before it stands"
	if !l.ok && !l.found {
		stands = "it is the lane's first: nothing is saved yet, and nothing was read"
	}
	return fault.Environmentf("checkpoint: %w; %s", err, stands)
}

// drop removes the n oldest files.
func (l *dirLane) drop(n int) error {
	for ; n > 0; n-- {
		if err := l.files.remove(l.path(l.kept[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Environmentf("checkpoint: %w", err)
		}
		l.kept = slices.Delete(l.kept, 0, 1)
	}
	return nil
}

func (l *dirLane) path(epoch uint64) string { return filepath.Join(l.dir, fileName(epoch)) }

// Close unlocks the lane.
func (l *dirLane) Close() error { return fault.EnvironmentError(l.unlock()) }
