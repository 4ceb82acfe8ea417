// Package checkpoint keeps what a lane needs to go on after a restart: the offset to read next, its place in its sinks, and the plan that
// it ran.
//
// A lane saves a checkpoint only when everything before it is confirmed by every sink, and commits to the source only
// when the checkpoint is durable (invariants 1 and 2 of ARCHITECTURE.md).
//
// A lane goes on from the newest checkpoint that is whole. An older one does as well: what came after it is read again, and a sink that
// takes producer sequences says what of it is there already. That holds only while the writer ids are the same: under other ids the sink
// would take everything once more. So a checkpoint with new ids is saved twice, and the older ones are gone before the first record is
// written under the new ids: there is never a way back across them.
package checkpoint

import "errors"

// Version is the version of the checkpoint record that this build writes. It reads version 1, too.
const Version = 2

// Checkpoint is one lane's place in its source and its sinks.
type Checkpoint struct {
	// Version of this record: Save writes Version, whatever is here.
	Version int `json:"version"`
	// Epoch counts the lane's checkpoints; 0 is the one made before the first record is read. At most 2⁶³-1.
	Epoch uint64 `json:"epoch"`
	// Pipeline, Topic and Partition name the lane.
	Pipeline  string `json:"pipeline"`
	Topic     string `json:"topic"`
	Partition uint32 `json:"partition"`
	// Next is the offset of the first record that is not wholly through.
	Next int64 `json:"next"`
	// SourcePartitions is how many partitions the source had when the pipeline first began, the same in all its lanes: those numbered from
	// there on came later. 0: not known.
	SourcePartitions int `json:"source_partitions,omitempty"`
	// Plan names the blob that holds the plan which made this: its SHA-256 in hex, as PutBlob returns it. Empty in a run that keeps none.
	Plan string `json:"plan,omitempty"`
	// Sinks holds the lane's place in each of them, by "table "+name or "dead letters "+topic. At most 1,024.
	Sinks map[string]Sink `json:"sinks"`
	// Read is one of the last records before Next, by which a topic that was deleted and made again is known. nil: none was read yet.
	Read *Read `json:"read,omitempty"`
	// SeenAt is the offset that Seen belongs to, where that is not Next but lies before it. Who goes on reads from there, and makes nothing
	// of what lies before Next.
	SeenAt *int64 `json:"seen_at,omitempty"`
	// Seen is which ordinals of which writers the source held before SeenAt, longest ago first. At most 1,024 writers.
	Seen []SeenWriter `json:"seen,omitempty"`
}

// Read is a record of the source.
type Read struct {
	Offset int64  `json:"offset"`
	Sum    string `json:"sum"` // of its time, key and value; at most 64 bytes
}

// Sink is a lane's place in one sink.
type Sink struct {
	// Count is how many records the lane has written there for what is before Next. A record's sink partition follows from it where it
	// has no key, so that cutting batches otherwise changes nothing.
	Count int64 `json:"count"`
	// Topic is where the sink's records go: the place of its connector's configuration.
	Topic string `json:"topic,omitempty"`
	// Partitions is how many partitions the records are spread over.
	Partitions int `json:"partitions,omitempty"`
	// Writer is the id of the lane's producer sequence; 0: the sink is written without one.
	Writer int64 `json:"writer,omitempty"`
	// Ordinals has the next ordinal of each partition: Partitions of them, none without a Writer.
	Ordinals []int64 `json:"ordinals,omitempty"`
	// Positions has an offset for each partition, from which on everything that Writer wrote from its ordinal on lies. As many as Ordinals.
	Positions []int64 `json:"positions,omitempty"`
}

// SeenWriter is which ordinals of a writer were seen: all below Next, from the first one seen, and those Beyond.
type SeenWriter struct {
	Writer int64  `json:"writer"`
	Next   int64  `json:"next"`
	Beyond []Span `json:"beyond,omitempty"` // behind gaps: in order, apart from each other, all above Next; at most 64
}

// Span is ordinals from From up to, but without, To.
type Span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Store opens the checkpoints of lanes, and keeps the plans and modules that they refer to. It may be used by several goroutines.
type Store interface {
	// Open locks the lane's checkpoints and finds the newest that is whole. Errors: ErrLocked where the lane is open already, ErrDamaged
	// where checkpoints were saved and none of them is left, or can be read; one of the input class where they belong to another topic or a
	// newer build.
	Open(pipeline, topic string, partition uint32) (Lane, error)
	// List tells what there is of all lanes, of those that other processes run too. Nothing is locked.
	List() ([]State, error)
	// PutBlob keeps data, at most MaxBlob bytes, under its SHA-256 in hex, which it returns, and is durable before it returns. What no
	// kept checkpoint refers to may go after an hour: put it right before saving the first checkpoint that refers to it, whether or
	// not it was put before.
	PutBlob(data []byte) (hash string, err error)
	// Blob returns what was put under a hash. Errors: ErrNoBlob, ErrDamaged where it is not what its name says.
	Blob(hash string) ([]byte, error)
}

// Lane is one lane's checkpoints, held by this process. It is for one goroutine.
type Lane interface {
	// Last returns a copy of the newest saved checkpoint; ok is false where there is none yet.
	Last() (c Checkpoint, ok bool)
	// Save makes c durable before it returns, and keeps nothing of c. Its epoch is above that of Last, and its writer ids are those of
	// Last, sink by sink (where there is no Last: none), else SaveTwice is what is needed. After an error Last is what it was, and what a
	// later Open finds is that or c.
	Save(c Checkpoint) error
	// SaveTwice saves a checkpoint whose writer ids may be others than those of Last, under its epoch and the next one, and then removes
	// all older ones. Last then has the second epoch. The new ids must not be used before it has returned without an error; after one
	// only SaveTwice can follow, or Close.
	SaveTwice(c Checkpoint) error
	// Close lets go of the lane.
	Close() error
}

// Errors of a Store, wrapped with the path of the file or folder.
var (
	ErrLocked  = errors.New("lane is in use")
	ErrDamaged = errors.New("checkpoint is damaged")
	ErrNoBlob  = errors.New("no such blob")
)
