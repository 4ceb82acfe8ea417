package connector

import (
	"context"
	"fmt"
)

// NoEnd is where a [Reader] ends that never ends.
const NoEnd int64 = -1

// Source is an opened topic to read from. Its methods may be called from several goroutines. The calls for one partition,
// in order:
//
//  1. Start, when nothing is known of where to begin; Earliest, when all there is is wanted or some of it may be lost.
//  2. End, when reading is to stop somewhere.
//  3. Open, once; the Reader reads from there.
//  4. Close, after every Reader is closed.
type Source interface {
	// Topic is the topic's name.
	Topic() string
	// Partitions lists the topic's partitions, ascending, as of now: there may be more later. It does not wait. Of a topic
	// that is gone it lists those that were there.
	Partitions() []uint32
	// Start is the offset that the configuration means to begin at, as of now: what is 'latest' now is another offset later.
	Start(ctx context.Context, partition uint32) (int64, error)
	// Earliest is the offset of the oldest record there is now, End where there is none.
	Earliest(ctx context.Context, partition uint32) (int64, error)
	// End is the offset after the newest record now.
	End(ctx context.Context, partition uint32) (int64, error)
	// Open reads the partition from offset on, up to the offset until, or for ever with NoEnd. An offset that the topic no
	// longer has is an [OutOfRangeError], of Open or of the first Read; it is never taken for another one.
	//
	// seen is what Reader.Seen told for that offset: what a writer of a producer sequence wrote before is left out where it
	// comes again, unless the configuration says otherwise.
	Open(ctx context.Context, partition uint32, offset, until int64, seen []SeenWriter) (Reader, error)
	// Same is nil, or an error of the input class that says that the topic is not the one that was opened: it was deleted and made
	// again. It does not wait, and says nothing of what it has not heard of.
	Same() error
	// Close lets go of the connections.
	Close() error
}

// Reader reads one partition. Read, Buffered, Seen and Stale belong to one goroutine; Commit may be called from another one while
// a Read waits. The calls, in order:
//
//  1. Read, again and again; Buffered and Seen in between.
//  2. Commit, now and then, of what Read returned.
//  3. Close, when no other call is running.
type Reader interface {
	// Read returns the next records, at least one, and waits for it. Offsets ascend; where the topic has gaps, or records
	// are left out, so have they. The slice is good until the next Read, the bytes of its keys and values for as long as
	// anyone holds them; nobody may change them. How many bytes a Read returns, and how many are read ahead, is bounded.
	//
	// When ctx ends first, Read returns an error that wraps ctx's, and nothing is lost: Read may be called again. After any
	// other error it may not. io.EOF says that everything before the end given to Open has been read; an [OutOfRangeError]
	// that the topic has lost what was to be read next.
	Read(ctx context.Context) ([]Message, error)
	// Buffered tells whether a Read would return without waiting.
	Buffered() bool
	// Seen is which ordinals of producer sequences came before offset next, which is that of a record that the last Read
	// returned or lies right behind one; longest ago first, at most 1,024 writers. Who goes on at next gives it to Open. It
	// is the caller's. nil where nothing is left out.
	Seen(next int64) []SeenWriter
	// Stale is how many records have been left out so far.
	Stale() int64
	// Commit says that everything before offset next is durable downstream. It is called with ascending offsets, only after
	// the checkpoint that says the same. It is a hint for others who look: a pipeline starts where its own checkpoint says.
	Commit(ctx context.Context, next int64) error
	// Close lets go of the partition.
	Close() error
}

// OutOfRangeError says that a partition has no record at an offset, any more or yet, and what it has. It has the input class:
// only the user knows whether to go on.
type OutOfRangeError struct {
	Topic     string
	Partition uint32
	Offset    int64 // what was asked for
	Earliest  int64 // of the oldest record there is
	End       int64 // after the newest record
}

// Error says which side the offset lies on, and what may have happened.
func (e *OutOfRangeError) Error() string {
	why := "what lay there was removed by retention"
	if e.Offset > e.End {
		why = "was the topic deleted and made again?"
	}
	return fmt.Sprintf("topic %s partition %d has no offset %d: it has %d to %d; %s", e.Topic, e.Partition, e.Offset, e.Earliest, e.End, why)
}
