package connector

import (
	"context"
	"errors"
)

// ErrTooLarge is in the chain of a Write's error when no batch of the sink can carry the record. Nothing of it is written,
// and the writer goes on.
var ErrTooLarge = errors.New("record too large")

// Sink is an opened topic to write to. Its methods may be called from several goroutines. The calls, in order:
//
//  1. ExactlyOnce, where that is wanted.
//  2. Partitions and PartitionOf, to spread records.
//  3. SequenceEnd, for each lane that has a sequence and each partition.
//  4. Open, once for each lane, and End when nothing is in flight.
//  5. Close, after every Writer is closed.
type Sink interface {
	// Partitions is how many partitions the topic has, numbered from 0, as of now: there may be more later. It does not
	// wait. Of a topic that is gone it is how many there were. At least one.
	Partitions() int
	// PartitionOf is where records with that key go when there are so many partitions, at least one: the partition that the
	// system's own clients would take.
	PartitionOf(key []byte, partitions int) uint32
	// ExactlyOnce is nil where the topic carries producer sequences, and else says why it can't, with what to do; of the input
	// class.
	ExactlyOnce(ctx context.Context) error
	// Open makes the writer of a lane; lane is its name, unique in the process. s, which is copied, makes it a sequenced one:
	// it begins where SequenceEnd says. nil: without a sequence, which a sink with exactly_once refuses.
	Open(ctx context.Context, lane string, s *Sequence) (Writer, error)
	// End is the offset after the newest confirmed record of a partition, now.
	End(ctx context.Context, partition uint32) (int64, error)
	// SequenceEnd looks for what a writer has written to a partition: next is the ordinal after the contiguous run that begins
	// with ordinal; equal to ordinal if the writer has not written that one. What it wrote twice counts once. end is the
	// offset after the newest record: where to look from the next time, if nothing is in flight now.
	//
	// From the offset from on everything of the writer from ordinal on must lie, such as End when ordinal was next. The error
	// has ErrSequence in its chain if an ordinal is missing, and is an [OutOfRangeError] if the partition has not got the
	// offset (any more).
	SequenceEnd(ctx context.Context, partition uint32, writer, ordinal, from int64) (next, end int64, err error)
	// Same is as Source's.
	Same() error
	// Close lets go of the connections.
	Close() error
}

// Writer writes what one lane has. It belongs to one goroutine. The calls, in order:
//
//  1. Write, again and again.
//  2. Flush, before a checkpoint says that what was written is there.
//  3. Close.
type Writer interface {
	// Write takes one record for a partition, a number below Partitions. The record's key and value are copied. It returns
	// before the record is confirmed, and waits while the bytes not yet confirmed are more than the writer may hold. Records
	// of one partition arrive in the order they were written; of a sequence each has the ordinal after the one before it. An
	// error is final, be it of an earlier record; what a sink with at_most_once gives up is none.
	//
	// A record larger than the topic takes is ErrTooLarge, of the input class, and not final: it takes no ordinal.
	Write(ctx context.Context, partition uint32, m Message) error
	// Flush waits until everything written is confirmed, or with at_most_once given up. Its error names the first record that is not, and is final. When
	// ctx ends first its error wraps ctx's, and the records may yet arrive.
	Flush(ctx context.Context) error
	// Lost is how many records have been given up so far: 0 unless the sink has at_most_once.
	Lost() int64
	// Close lets go of the writer without waiting for confirmation: what was not flushed may or may not arrive.
	Close() error
}
