package connector

import (
	"context"
	"errors"
	"math"
)

// ErrTooLarge is in the chain of a Write's error when no batch of the sink can carry the record. Nothing of it is written,
// and the writer goes on.
var ErrTooLarge = errors.New("record too large")

// ByKey is the partition to give to Write when the record's key is to decide. Records with equal keys go to the same
// partition, the one that the system's own clients would take.
const ByKey uint32 = math.MaxUint32

// Sink is an opened topic to write to. Its methods may be called from several goroutines. The calls, in order:
//
//  1. Partitions, to spread records.
//  2. Open, once for each lane.
//  3. Close, after every Writer is closed.
type Sink interface {
	// Partitions is how many partitions the topic has, numbered from 0, as of when the sink was opened. At least one.
	Partitions() int
	// Open makes the writer of a lane; lane is its name, unique in the process.
	Open(ctx context.Context, lane string) (Writer, error)
	// Close lets go of the connections.
	Close() error
}

// Writer writes what one lane has. It belongs to one goroutine. The calls, in order:
//
//  1. Write, again and again.
//  2. Flush, before a checkpoint says that what was written is there.
//  3. Close.
type Writer interface {
	// Write takes one record for a partition, a number below Partitions or ByKey. The record's key and value are copied. It
	// returns before the record is confirmed, and waits while the bytes not yet confirmed are more than the writer may hold.
	// Records of one partition arrive in the order they were written. An error is final, be it of an earlier record.
	//
	// A record larger than the topic takes is ErrTooLarge, of the input class, and not final.
	Write(ctx context.Context, partition uint32, m Message) error
	// Flush waits until everything written is confirmed. Its error names the first record that is not, and is final. When
	// ctx ends first its error wraps ctx's, and the records may yet arrive.
	Flush(ctx context.Context) error
	// Close lets go of the writer without waiting for confirmation: what was not flushed may or may not arrive.
	Close() error
}
