package checkpoint

import (
	"cmp"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// State is what a state folder holds of one lane.
type State struct {
	Pipeline  string
	Partition uint32
	// Locked says that a process runs the lane; Holder is its id, 0 where it is not known.
	Locked bool
	Holder int
	// Last is the newest checkpoint that is whole; OK is false where there is none.
	Last Checkpoint
	OK   bool
	// Err is why an Open would refuse the lane if nobody held it; nil: it would not. Last may be readable all the same, and out of date.
	Err error
	// Files are its checkpoints' files, newest first, and behind them those that were set aside as damaged.
	Files []File
}

// File is one file of a lane.
type File struct {
	Path string
	Time time.Time // when it was written
	// Epoch and Next are the checkpoint's; 0 where Err is not nil.
	Epoch uint64
	Next  int64
	// Err is why it can't be read: it wraps ErrDamaged, or says that another build wrote it, or is the file system's.
	Err error
}

// List tells what the folder holds, by pipeline and partition. It locks nothing and changes nothing, so lanes may run meanwhile, and it
// reads what an Open would refuse, too. A folder that is not there is bad input; one that can't be read is an error of class environment,
// where it is a pipeline's together with the states of the others.
func (d Dir) List() ([]State, error) {
	lanes, err := d.lanes()
	states := make([]State, 0, len(lanes))
	for _, id := range lanes {
		states = append(states, d.state(id))
	}
	return states, err
}

// missing is the error where the folder is not there: whoever gave the command named another one.
func missing(err error) error {
	return fault.Inputf("state folder: %w; want the folder that weir run --state was given", err)
}

// lanes are the lanes that the folder has something of, without those of a pipeline's folder that the error says can't be read.
func (d Dir) lanes() (all []laneID, err error) {
	pipelines, err := os.ReadDir(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(err)
	}
	if err != nil {
		return nil, fault.Environmentf("state folder: %w", err)
	}
	var errs []error
	for _, p := range pipelines {
		name, err := url.PathUnescape(p.Name())
		if err != nil || !p.IsDir() || folder(name) != p.Name() {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(d.Path, p.Name()))
		if err != nil {
			errs = append(errs, fault.Environmentf("state folder: %w", err))
		}
		for _, e := range entries {
			lane := strings.TrimSuffix(e.Name(), v1Suffix)
			n, err := strconv.ParseUint(strings.TrimPrefix(lane, lanePrefix), 10, 32)
			if err == nil && lane == filepath.Base(d.lane(name, uint32(n))) {
				all = append(all, laneID{pipeline: name, partition: uint32(n)})
			}
		}
	}
	slices.SortFunc(all, func(a, b laneID) int {
		return cmp.Or(cmp.Compare(a.pipeline, b.pipeline), cmp.Compare(a.partition, b.partition))
	})
	return slices.Compact(all), errors.Join(errs...)
}

// checkpoints are the paths of a lane's files, newest first, version 1 last, and of those that were set aside.
func (d Dir) checkpoints(id laneID) (paths, aside []string, err error) {
	dir := d.lane(id.pipeline, id.partition)
	names, err := disk{}.list(dir)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		path := filepath.Join(dir, name)
		if _, ok := epochOf(name); ok {
			paths = append(paths, path)
		} else if strings.HasSuffix(name, damagedSuffix) {
			aside = append(aside, path)
		}
	}
	if _, err := os.Stat(dir + v1Suffix); err == nil {
		paths = append(paths, dir+v1Suffix)
	}
	return paths, aside, nil
}

func (d Dir) state(id laneID) State {
	s := State{Pipeline: id.pipeline, Partition: id.partition, Err: d.refusal(id)}
	dir := d.lane(id.pipeline, id.partition)
	s.Holder, s.Locked = holder(dir + lockSuffix)
	paths, aside, _ := d.checkpoints(id) // that it failed, Err says too
	for _, path := range paths {
		c, f := look(id, path)
		if errors.Is(f.Err, fs.ErrNotExist) { // the lane runs, and has newer ones
			continue
		}
		if f.Err == nil && !s.OK {
			s.Last, s.OK = c, true
		}
		s.Files = append(s.Files, f)
	}
	for _, path := range aside {
		if _, f := look(id, path); f.Err != nil {
			s.Files = append(s.Files, f)
		}
	}
	return s
}

// refusal is why an Open of the lane would fail if nobody held it.
func (d Dir) refusal(id laneID) (err error) {
	for range laneTries {
		l := d.unlocked(id)
		if _, err := l.find(); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil // the lane runs, and saves faster than it is looked at
}

// look reads one file.
func look(id laneID, path string) (Checkpoint, File) {
	c, err := readFile(disk{}, path)
	if err == nil {
		err = id.check(&c)
	}
	f := File{Path: path, Err: err}
	if info, err := os.Stat(path); err == nil {
		f.Time = info.ModTime()
	}
	if err == nil {
		f.Epoch, f.Next = c.Epoch, c.Next
	}
	return c, f
}

// Rewind makes a lane that nobody runs go on from an offset, and returns the checkpoint that it stood at. Records from there on are
// processed and written again, whatever is in the sinks: writer ids, ordinals, positions and what was seen at the source are forgotten,
// and drawn and read anew by the next run, and so is by which record the topic is known; the counts stay. Older checkpoints are removed.
//
// Errors: ErrLocked, ErrDamaged as in Open; one of the input class for a negative offset, a folder that is not there, or a lane of which
// there is nothing.
func (d Dir) Rewind(pipeline string, partition uint32, to int64) (was Checkpoint, err error) {
	if to < 0 {
		return was, fault.Inputf("offset %d: want 0 or more", to)
	}
	id := laneID{pipeline: pipeline, partition: partition}
	nothing := fault.Inputf("%s: there is no checkpoint of pipeline %q partition %d; weir state list shows what there is", d.Path, pipeline, partition)
	if lanes, err := d.lanes(); !slices.Contains(lanes, id) { // and nothing is made for a name that was mistyped
		return was, cmp.Or(err, nothing)
	}
	l, err := d.open(id)
	if err != nil {
		return was, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	was, ok := l.Last()
	if !ok {
		return was, nothing
	}
	return was, l.SaveTwice(rewound(was, to))
}

// rewound is what a lane goes on from at another offset than its own.
func rewound(was Checkpoint, to int64) Checkpoint {
	c := was
	c.Epoch, c.Next, c.Read, c.SeenAt, c.Seen, c.Sinks = was.Epoch+1, to, nil, nil, nil, make(map[string]Sink, len(was.Sinks))
	for name, s := range was.Sinks {
		s.Writer, s.Ordinals, s.Positions = 0, nil, nil
		c.Sinks[name] = s
	}
	return c
}
