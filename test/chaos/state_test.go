//go:build linux

package chaos

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"

	"github.com/weir-stream/weir/host/checkpoint"
)

// damage is what happens to the newest checkpoint of a lane.
type damage uint8

const (
	intact damage = iota
	flip
	truncate
	zero
	remove
	damages
)

func (d damage) String() string {
	return [...]string{"intact", "bit flipped", "cut short", "zeroed", "removed"}[d]
}

// harm damages the newest whole checkpoint of a lane where there is another one: more than one damage between two runs is not promised to be
// borne.
func harm(dir string, lane int, d damage, r *rand.Rand) (bool, error) {
	whole, err := wholeFiles(dir, lane)
	if err != nil || len(whole) < 2 || d == intact {
		return false, err
	}
	path := whole[0]
	if d == remove {
		return true, os.Remove(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	switch d {
	case flip:
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
	case truncate:
		data = data[:r.IntN(len(data))]
	case zero:
		clear(data)
	}
	return true, os.WriteFile(path, data, 0o644)
}

// wholeFiles are the whole checkpoints of a lane, newest first.
func wholeFiles(dir string, lane int) (paths []string, err error) {
	s, err := stateOf(dir, lane)
	for _, f := range s.Files {
		if f.Err == nil {
			paths = append(paths, f.Path)
		}
	}
	return paths, err
}

// stateOf is what the state folder holds of a lane.
func stateOf(dir string, lane int) (checkpoint.State, error) {
	all, err := allStates(dir)
	for _, s := range all {
		if int(s.Partition) == lane {
			return s, err
		}
	}
	return checkpoint.State{}, err
}

// allStates are what the state folder holds. No run may have got so far that there is one.
func allStates(dir string) ([]checkpoint.State, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil
	}
	return checkpoint.Dir{Path: dir}.List()
}

// settled tells whether a process may go on beside a successor that has a copy of its state: every lane has writer ids for good, and the
// successor will have no reason to draw other ones, since the lane has gone over to the variant, and has noticed how many partitions the
// sinks have. Where ids are drawn anew under a process that goes on with the old ones, both write.
func settled(dir string, lanes, partitions int, v variant) (bool, error) {
	for lane := range lanes {
		s, err := stateOf(dir, lane)
		whole, bad := wholeFiles(dir, lane)
		if err != nil || bad != nil || len(whole) < 2 {
			return false, errors.Join(err, bad)
		}
		for _, sink := range s.Last.Sinks {
			if sink.Partitions != partitions {
				return false, nil
			}
		}
		plan, err := checkpoint.Dir{Path: dir}.Blob(s.Last.Plan)
		if err != nil || !v.is(plan) {
			return false, err
		}
	}
	return true, nil
}

// is tells whether a plan, as the state folder keeps it, is of the variant.
func (v variant) is(plan []byte) bool {
	module := sha256.Sum256(modules[v.module])
	return bytes.Contains(plan, []byte(v.parameter())) && bytes.Contains(plan, []byte(hex.EncodeToString(module[:])))
}
