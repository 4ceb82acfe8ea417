package fluvio

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// ConsumerOption changes how a Consumer or a TopicConsumer works.
type ConsumerOption interface{ applyConsumer(*consumerSettings) }

type consumerOption func(*consumerSettings)

func (o consumerOption) applyConsumer(s *consumerSettings) { o(s) }

// consumerSettings; see the options.
type consumerSettings struct {
	maxBytes  int
	maxBatch  int
	maxQueued int
	isolation Isolation
	until     int64
	quietFrom int64 // see untilQuiet

	untilEnd bool
	reuse    bool

	consumerID string
	autoCommit time.Duration
	commits    bool // autoCommit was asked for

	smartModules smartModules
	invocations  []protocol.SmartModuleInvocation // of smartModules

	dropStale bool
	seen      map[uint32][]SeenWriter // by partition

	partitions []uint32 // of a TopicConsumer; none: all
	maxMemory  int
	readBuffer int // of the connection, in bytes; 0: as usual
}

// answerHead is more than an answer has in front of its records, in bytes: an error may carry a record.
const answerHead = 4 << 10

// WithMaxBytes says how many bytes of batches the SPU may send at a time; 1 MiB by default, at least 1 KiB. It is no limit for a
// single batch, see WithMaxBatch: where one is larger more is asked for, until as much has come without such a batch.
func WithMaxBytes(bytes int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxBytes = bytes })
}

// WithMaxBatch bounds a single batch, in bytes, compressed and decompressed; 64 MiB by default. An SPU cuts what it sends at
// WithMaxBytes; where that leaves no whole batch the consumer asks for more, up to this (and WithMaxFrame). Beyond, and for a batch
// that decompresses to more, it fails with ErrBatchTooLarge.
func WithMaxBatch(bytes int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxBatch = bytes })
}

// WithMaxQueued bounds what a Consumer receives ahead of Poll, in bytes; with 0, the default, it is twice WithMaxBytes and a little: one
// chunk that is being read, and the next. The SPU is asked for another chunk only while there is room for it, or nothing is left. A chunk
// that is larger than WithMaxBytes, because its batch is, comes on top.
func WithMaxQueued(bytes int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxQueued = bytes })
}

// WithUntil makes the consumer return io.EOF when everything before that offset has been returned. It is for a Consumer; a TopicConsumer
// has WithUntilEnd.
func WithUntil(offset int64) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.until = offset })
}

// WithReusedMemory has the consumer use the memory of what was returned again: keys, values and batches are valid until the next call of
// Poll, PollBatch or Records only, or the next turn of a loop. That is faster, and leaves nothing for the garbage collector; what is
// kept must be copied. By default everything is valid for as long as anyone holds it.
func WithReusedMemory() ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.reuse = true })
}

// WithUntilEnd makes the consumer return io.EOF when everything has been returned that was there when it was made: of all its partitions,
// if it is a TopicConsumer. With SmartModules that leave nothing of the last records the end is noticed only when more are written.
func WithUntilEnd() ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.untilEnd = true })
}

// WithConsumerID gives the consumer a name under which the cluster stores how far it has come in each partition: see Commit and
// WithAutoCommit. Where something is stored the consumer starts behind it: Beginning, End, FromBeginning and FromEnd count from there.
// At is taken as it is. Two consumers with one id at one partition overwrite each other's offset.
func WithConsumerID(id string) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.consumerID = id })
}

// WithAutoCommit has the consumer commit by itself, at such intervals, at least 1 ms, and when it is closed. What was returned counts as
// processed when the next records are asked for, or the consumer is closed: after a crash some records come again, but none is missed.
// It needs WithConsumerID. By default nothing is stored but by Commit.
func WithAutoCommit(every time.Duration) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.autoCommit, s.commits = every, true })
}

// WithDropStale leaves out records that their writer sent twice: a batch with a producer sequence (package record) says who wrote it
// and the ordinals of its records, and a record whose writer and ordinal were returned before, from this partition, is stale. The first
// batch of a writer that is seen begins its window: lower ordinals that come later are stale. Records without a sequence are never
// dropped. See StaleRecords.
//
// What was seen is remembered of the last 1024 writers of each partition, up to 64 gaps in each one's ordinals; seen is what a consumer
// before this one knew at the offset where this one starts, from its Seen or SeenBefore.
func WithDropStale(seen ...Seen) ConsumerOption {
	return consumerOption(func(s *consumerSettings) {
		s.dropStale, s.seen = true, make(map[uint32][]SeenWriter, len(seen))
		for i := range seen {
			s.seen[seen[i].Partition] = seen[i].Writers
		}
	})
}

// WithPartitions chooses the partitions that a TopicConsumer reads. By default it reads all, and those that are added while it runs.
func WithPartitions(partitions ...uint32) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.partitions = slices.Clone(partitions) })
}

// WithMaxMemory bounds what a TopicConsumer holds, of all partitions together, in bytes; 64 MiB by default. It counts the chunks that
// were asked for, that arrive, that are queued and that are being read, the batch that is decompressed, and the buffers of connections.
// What Poll has returned counts until the chunk has been read. Partitions share it: with many of them chunks are smaller than
// WithMaxBytes. A batch of more than three eighths of it comes on top, and so may what a batch decompresses to.
//
// A partition takes 64 KiB at best: 48 KiB for its connection, 32 KiB of them to read into, and the chunk that it waits for. With more
// than some hundred partitions the connection is given 512 bytes to read into and counts 11 KiB, and the chunk goes down to 1 KiB, 13 KiB
// together: 4096 partitions fit into 64 MiB. Where even that would be more than seven eighths of the limit, the limit is raised to hold it.
func WithMaxMemory(bytes int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxMemory = bytes })
}

const (
	// defaultMaxBytes of a chunk.
	defaultMaxBytes = 1 << 20
	// defaultMaxMemory of a TopicConsumer.
	defaultMaxMemory = 64 << 20
	// smallestMemory holds a chunk and its surroundings.
	smallestMemory = 256 << 10
)

// newConsumerSettings applies options to the defaults and checks.
func newConsumerSettings(opts []ConsumerOption, maxFrame int) (consumerSettings, error) {
	s := consumerSettings{maxBytes: defaultMaxBytes, maxBatch: 64 << 20, until: math.MaxInt64, quietFrom: math.MaxInt64}
	for _, o := range opts {
		o.applyConsumer(&s)
	}
	var err error
	if s.invocations, err = s.smartModules.invocations(); err != nil {
		return s, err
	}
	switch {
	case s.maxBytes < 1<<10 || s.maxBytes > maxFrame-answerHead:
		return s, fmt.Errorf("%d bytes at a time: want %d to %d, what a frame may have (WithMaxFrame)", s.maxBytes, 1<<10, maxFrame-answerHead)
	case s.maxBatch < 1<<10:
		return s, fmt.Errorf("batches of %d bytes: want at least %d", s.maxBatch, 1<<10)
	case s.maxQueued < 0:
		return s, fmt.Errorf("%d queued bytes: want 0, for the default, or more", s.maxQueued)
	case len(s.consumerID) > protocol.MaxString:
		return s, fmt.Errorf("consumer id of %d bytes: want at most %d", len(s.consumerID), protocol.MaxString)
	case s.commits && s.autoCommit < time.Millisecond:
		return s, fmt.Errorf("commits every %v: want at least %v", s.autoCommit, time.Millisecond)
	case s.autoCommit > 0 && s.consumerID == "":
		return s, fmt.Errorf("commits every %v: %w (WithConsumerID)", s.autoCommit, ErrNoConsumerID)
	}
	return s, nil
}

// queued is the bound of a queue.
func (s *consumerSettings) queued() int {
	if s.maxQueued > 0 {
		return s.maxQueued
	}
	return 2 * (s.maxBytes + chunkCost)
}

// single checks what only a Consumer has to obey.
func (s *consumerSettings) single() error {
	switch {
	case len(s.partitions) > 0:
		return errors.New("partitions (WithPartitions) are chosen for a TopicConsumer")
	case s.maxMemory != 0:
		return errors.New("memory (WithMaxMemory) is bounded for a TopicConsumer: want WithMaxQueued")
	}
	return nil
}

// shared checks what only a TopicConsumer has to obey.
func (s *consumerSettings) shared() error {
	switch {
	case s.until != math.MaxInt64:
		return errors.New("an offset to read to (WithUntil) is for one partition: want WithUntilEnd")
	case s.maxMemory == 0:
		s.maxMemory = defaultMaxMemory
	case s.maxMemory < smallestMemory:
		return fmt.Errorf("%d bytes of memory: want at least %d", s.maxMemory, smallestMemory)
	}
	return nil
}
