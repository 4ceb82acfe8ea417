package checkpoint

import (
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/filelock"
)

// Dir is a Store in a folder: DIR/PIPELINE/lane-N.json, and lane-N.lock beside it, locked by whoever runs the lane.
//
// A checkpoint replaces the one before in steps that a crash may interrupt anywhere, with the old or the new one whole
// afterwards: written to another name in the same folder, synced, renamed, the folder synced. A file left over under that
// other name is removed when the lane is opened next.
type Dir struct{ Path string }

// Open locks and reads the lane's checkpoint. Errors are of class environment; a checkpoint of another topic or version is
// bad input.
func (d Dir) Open(pipeline, topic string, partition uint32) (Lane, error) {
	dir := filepath.Join(d.Path, folder(pipeline))
	if err := makeDir(dir); err != nil {
		return nil, fault.Environmentf("state folder: %w", err)
	}
	base := filepath.Join(dir, "lane-"+strconv.FormatUint(uint64(partition), 10))
	lock, err := filelock.Lock(base + ".lock")
	if errors.Is(err, filelock.ErrLocked) {
		return nil, fault.Environmentf("%w: %w; end whoever holds it or give this run another --state", ErrLocked, err)
	}
	if err != nil {
		return nil, fault.Environmentf("state folder: %w", err)
	}
	l := &dirLane{path: base + ".json", lock: lock}
	if err := l.tidy(); err != nil {
		_ = lock.Unlock() // the first error is the one to tell
		return nil, err
	}
	if err := l.load(pipeline, topic, partition); err != nil {
		_ = lock.Unlock()
		return nil, err
	}
	return l, nil
}

// folder is the name of a pipeline's folder: the pipeline's, with what a file name can't hold escaped.
func folder(pipeline string) string {
	name := url.PathEscape(pipeline)
	if strings.HasPrefix(name, ".") { // "." and ".." are other folders
		name = "%2E" + name[1:]
	}
	return name
}

// makeDir makes a folder and those above it, each durable in the one above.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := makeDir(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}

// syncDir makes what was made or renamed in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

type dirLane struct {
	path string
	lock *filelock.File
	last Checkpoint
	ok   bool
}

// tidy removes what a crash in the middle of Save left behind. The lane is locked: nobody else is writing.
func (l *dirLane) tidy() error {
	dir, name := filepath.Split(l.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.Environmentf("state folder: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "."+name) { // as renameio names them
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fault.Environmentf("state folder: %w", err)
			}
		}
	}
	return nil
}

func (l *dirLane) load(pipeline, topic string, partition uint32) error {
	data, err := read(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Environmentf("checkpoint: %w", err)
	}
	c, err := decode(data)
	if err == nil {
		err = c.check(pipeline, topic, partition)
	}
	if errors.Is(err, ErrDamaged) {
		return fault.Environmentf("%s: %w; restore it from a copy, or remove it to start over from the configured offset", l.path, err)
	}
	if err != nil {
		return fault.Inputf("%s: %w", l.path, err)
	}
	l.last, l.ok = c, true
	return nil
}

// read reads a file up to one byte more than a checkpoint may have.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

func (l *dirLane) Last() (Checkpoint, bool) { return l.last, l.ok }

func (l *dirLane) Save(c Checkpoint) error {
	data, err := encode(c)
	if err != nil {
		return err
	}
	dir := filepath.Dir(l.path)
	if err := renameio.WriteFile(l.path, data, 0o644, renameio.WithTempDir(dir)); err != nil {
		return fault.Environmentf("checkpoint: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fault.Environmentf("checkpoint: %w", err)
	}
	l.last, l.ok = c, true
	return nil
}

func (l *dirLane) Close() error { return fault.EnvironmentError(l.lock.Unlock()) }
