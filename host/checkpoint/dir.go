package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/faultpoint"
	"github.com/weir-stream/weir/internal/filelock"
)

// Dir is a Store in a folder. A lane's checkpoints are DIR/PIPELINE/lane-N/EPOCH.json, the epoch in twenty digits; beside that folder is
// lane-N.lock, locked by whoever runs the lane, and lane-N.begun, which is there when the lane has saved a checkpoint. Blobs are
// DIR/blobs/sha256-HASH, shared by all pipelines.
//
// A checkpoint gets a file of its own, in steps that a crash may interrupt anywhere: written to another name in the same folder, synced,
// renamed, the folder synced; only then the oldest one goes. A file that can't be read as what was saved is reported when the lane is
// opened, and set aside under its name with ".damaged" behind it, where there is one to go on from instead.
//
// A lane-N.json of version 1 is taken over when its lane is opened.
type Dir struct {
	// Path of the folder. It is made where it is absent.
	Path string
	// Keep is how many checkpoints of a lane are kept. Default 3, at least 2.
	Keep int
	// Log is told, at level ERROR, of every damaged file. Default slog.Default().
	Log *slog.Logger
}

var _ Store = Dir{}

const defaultKeep = 3

// Open locks the lane and finds its newest checkpoint that is whole. Errors are of class environment; a checkpoint of another topic or a
// newer version is bad input. Damaged checkpoints are reported to Log, ErrDamaged is returned if there are no others, and where all files of
// a lane that had saved some are gone.
func (d Dir) Open(pipeline, topic string, partition uint32) (Lane, error) {
	l, err := d.open(laneID{pipeline, topic, partition})
	if err != nil {
		return nil, err // and not a Lane that is not nil
	}
	return l, nil
}

func (d Dir) open(id laneID) (*dirLane, error) {
	dir := d.lane(id.pipeline, id.partition)
	if err := (disk{}).mkdir(filepath.Dir(dir)); err != nil {
		return nil, fault.Environmentf("state folder: %w", err)
	}
	lock, err := lockFile(dir+lockSuffix, laneTries)
	if errors.Is(err, filelock.ErrLocked) {
		return nil, fault.Environmentf("%w: %w; end that process, or wait until it has ended", ErrLocked, err)
	}
	if err != nil {
		return nil, fault.Environmentf("state folder: %w", err)
	}
	l := d.unlocked(id)
	l.unlock = lock.Unlock
	faultpoint.Pass("checkpoint opened")
	if err = l.enter(); err == nil {
		err = l.load()
	}
	if err != nil {
		_ = lock.Unlock() // the first error is the one to tell
		return nil, err
	}
	return l, nil
}

// unlocked is a lane before it is locked: its files can be read.
func (d Dir) unlocked(id laneID) *dirLane {
	return &dirLane{
		id: id, dir: d.lane(id.pipeline, id.partition), keep: max(cmp.Or(d.Keep, defaultKeep), 2), files: disk{}, log: cmp.Or(d.Log, slog.Default()),
	}
}

const (
	lockSuffix = ".lock"
	v1Suffix   = ".json"
	lanePrefix = "lane-"
)

// lane is the folder of a lane.
func (d Dir) lane(pipeline string, partition uint32) string {
	return filepath.Join(d.Path, folder(pipeline), lanePrefix+strconv.FormatUint(uint64(partition), 10))
}

// folder is the name of a pipeline's folder: the pipeline's, with what a file name can't hold escaped.
func folder(pipeline string) string {
	name := url.PathEscape(pipeline)
	if strings.HasPrefix(name, ".") { // "." and ".." are other folders
		name = "%2E" + name[1:]
	}
	return name
}

// laneTries is how often a lane's lock is tried for: somebody who only looks whether it is locked (see holder) holds it for microseconds.
const laneTries = 5

// lockFile locks a file. What others hold for a moment only is tried for again, a millisecond later each time.
func lockFile(path string, tries int) (*filelock.File, error) {
	for try := 1; ; try++ {
		lock, err := filelock.Lock(path)
		if !errors.Is(err, filelock.ErrLocked) || try == tries {
			return lock, err
		}
		time.Sleep(time.Millisecond)
	}
}

// fileName is the name of a checkpoint's file, which sorts as its epoch does.
func fileName(epoch uint64) string { return fmt.Sprintf("%020d.json", epoch) }

// epochOf reads a file's name.
func epochOf(name string) (epoch uint64, ok bool) {
	epoch, err := strconv.ParseUint(strings.TrimSuffix(name, ".json"), 10, 64)
	return epoch, err == nil && name == fileName(epoch)
}
