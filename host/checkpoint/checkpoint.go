// Package checkpoint keeps what a lane needs to go on after a restart: the offset to read next and the running counts of
// its sinks.
//
// A lane saves a checkpoint only when everything before it is confirmed by every sink, and commits to the source only
// when the checkpoint is durable (invariants 1 and 2 of ARCHITECTURE.md).
package checkpoint

import (
	"errors"
	"fmt"
)

// Version is the version of the checkpoint record that this build writes, and the only one that it reads.
const Version = 1

// Checkpoint is one lane's place in its source and its sinks.
type Checkpoint struct {
	// Version of this record, Version when written.
	Version int `json:"version"`
	// Epoch counts the lane's checkpoints; 0 is the one made before the first record is read.
	Epoch uint64 `json:"epoch"`
	// Pipeline, Topic and Partition name the lane.
	Pipeline  string `json:"pipeline"`
	Topic     string `json:"topic"`
	Partition uint32 `json:"partition"`
	// Next is the offset of the first record that is not wholly through.
	Next int64 `json:"next"`
	// Sinks holds, by "table "+name or "dead letters "+topic, how many records the lane has written there for
	// what is before Next. A record's sink partition follows from it where it has no key, so that cutting batches otherwise
	// changes nothing.
	Sinks map[string]int64 `json:"sinks"`
}

// Store opens the checkpoints of lanes.
type Store interface {
	// Open locks the lane's checkpoint and returns it. Errors: ErrLocked where it is open already, ErrDamaged where what is
	// stored can't be read; one of the input class where it belongs to another topic or to another build's version.
	Open(pipeline, topic string, partition uint32) (Lane, error)
}

// Lane is one lane's checkpoint, held by this process.
type Lane interface {
	// Last returns the newest saved checkpoint; ok is false where there is none yet.
	Last() (c Checkpoint, ok bool)
	// Save makes c durable before it returns.
	Save(c Checkpoint) error
	// Close lets go of the lane.
	Close() error
}

// Errors that Open returns, wrapped with the file's path.
var (
	ErrLocked  = errors.New("lane is in use")
	ErrDamaged = errors.New("checkpoint is damaged")
)

// check tells whether c can be the lane's.
func (c Checkpoint) check(pipeline, topic string, partition uint32) error {
	switch {
	case c.Pipeline != pipeline || c.Partition != partition:
		return fmt.Errorf("%w: it names pipeline %q partition %d", ErrDamaged, c.Pipeline, c.Partition)
	case c.Next < 0:
		return fmt.Errorf("%w: next offset %d", ErrDamaged, c.Next)
	case c.Topic != topic:
		return fmt.Errorf("pipeline %q was reading topic %q and now reads %q; give the pipeline another name or the run another state folder", pipeline, c.Topic, topic)
	}
	for name, count := range c.Sinks {
		if count < 0 {
			return fmt.Errorf("%w: %d records for %s", ErrDamaged, count, name)
		}
	}
	return nil
}
