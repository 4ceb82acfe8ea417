package connector

import "context"

// Source is an opened topic to read from. Its methods may be called from several goroutines. The calls for one partition,
// in order:
//
//  1. Start, when nothing is known of where to begin.
//  2. End, when reading is to stop somewhere.
//  3. Open, once; the Reader reads from there.
//  4. Close, after every Reader is closed.
type Source interface {
	// Topic is the topic's name.
	Topic() string
	// Partitions lists the topic's partitions, ascending, as they were when the source was opened.
	Partitions() []uint32
	// Start is the offset that the configuration means to begin at, as of now: what is 'latest' now is another offset later.
	Start(ctx context.Context, partition uint32) (int64, error)
	// End is the offset after the newest record now.
	End(ctx context.Context, partition uint32) (int64, error)
	// Open reads the partition from offset on. An offset that the topic no longer has is an error, of Open or of the first
	// Read; it is never taken for another one.
	Open(ctx context.Context, partition uint32, offset int64) (Reader, error)
	// Close lets go of the connections.
	Close() error
}

// Reader reads one partition. Read and Buffered belong to one goroutine; Commit may be called from another one while a Read
// waits. The calls, in order:
//
//  1. Read, again and again; Buffered in between.
//  2. Commit, now and then, of what Read returned.
//  3. Close, when no other call is running.
type Reader interface {
	// Read returns the next records, at least one, and waits for it. Offsets ascend; where the topic has gaps, so have they.
	// The slice is good until the next Read, the bytes of its keys and values for as long as anyone holds them; nobody may
	// change them. How many bytes a Read returns, and how many are read ahead, is bounded.
	//
	// When ctx ends first, Read returns an error that wraps ctx's, and nothing is lost: Read may be called again. After any
	// other error it may not.
	Read(ctx context.Context) ([]Message, error)
	// Buffered tells whether a Read would return records without waiting.
	Buffered() bool
	// Commit says that everything before offset next is durable downstream. It is called with ascending offsets, only after
	// the checkpoint that says the same. It is a hint for others who look: a pipeline starts where its own checkpoint says.
	Commit(ctx context.Context, next int64) error
	// Close lets go of the partition.
	Close() error
}
