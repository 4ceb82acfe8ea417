package fluvio

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// ProducerOption changes how a Producer works.
type ProducerOption interface{ applyProducer(*producerSettings) }

type producerOption func(*producerSettings)

func (o producerOption) applyProducer(s *producerSettings) { o(s) }

// producerSettings; see the options.
type producerSettings struct {
	batchSize     int
	linger        time.Duration
	compression   *Compression // nil: the topic's
	maxRequest    int
	maxBuffered   int
	partitioner   Partitioner
	isolation     Isolation
	commitTimeout time.Duration
	lane          string
	onDelivery    func(Delivery)
	semantic      DeliverySemantic
	sequence      *sequence              // nil: the producer is not a sequenced one
	sealed        func(partition uint32) // called when a batch is closed; nil unless the partitioner wants to know
	smartModules  smartModules
}

// Compression is how batches are compressed.
type Compression = record.Codec

// The compressions that Fluvio has.
const (
	NoCompression = record.None
	Gzip          = record.Gzip
	Snappy        = record.Snappy
	LZ4           = record.LZ4
	Zstd          = record.Zstd
)

// compressions is all of them.
var compressions = []Compression{NoCompression, Gzip, Snappy, LZ4, Zstd}

// ParseCompression reads none, gzip, snappy, lz4 or zstd.
func ParseCompression(name string) (Compression, error) {
	for _, c := range compressions {
		if c.String() == name {
			return c, nil
		}
	}
	return 0, fmt.Errorf("unknown compression '%s': want none, gzip, snappy, lz4 or zstd", name)
}

// Isolation says which records count: on writing when a record is acknowledged, on reading how far is read. It makes no difference
// where partitions have one replica.
type Isolation uint8

const (
	// ReadCommitted counts what enough replicas have, so that the loss of a leader loses nothing. It is the default on both sides;
	// official clients have ReadUncommitted.
	ReadCommitted Isolation = iota
	// ReadUncommitted counts what the leader has.
	ReadUncommitted
)

// IsolationOption is an option of producers and of consumers.
type IsolationOption struct{ isolation Isolation }

// WithIsolation chooses ReadCommitted, the default, or ReadUncommitted.
func WithIsolation(i Isolation) IsolationOption { return IsolationOption{i} }

func (o IsolationOption) applyProducer(s *producerSettings) { s.isolation = o.isolation }
func (o IsolationOption) applyConsumer(s *consumerSettings) { s.isolation = o.isolation }

// WithBatchSize says at what size a batch is closed, in bytes before compression; 16 KiB by default, as in official clients. Batches
// are smaller where the server keeps up, see WithLinger; a record larger than that is a batch of its own. One request takes as many
// batches as there are, up to WithMaxRequestSize, so small batches cost little speed. Large ones compress better; but the larger
// batches are the more records official consumers miss, which skip what an SPU cuts off at the end of a chunk.
func WithBatchSize(bytes int) ProducerOption {
	return producerOption(func(s *producerSettings) { s.batchSize = bytes })
}

// WithLinger says how long a batch may wait to be filled. With 0, the default, what is there is sent as soon as the previous
// request of the partition is answered: at once where little is written, in ever larger batches where much is.
func WithLinger(d time.Duration) ProducerOption {
	return producerOption(func(s *producerSettings) { s.linger = d })
}

// WithCompression chooses a compression. By default it is the topic's, and none where the topic takes any. A topic that wants
// another one is ErrCompression.
func WithCompression(c Compression) ProducerOption {
	return producerOption(func(s *producerSettings) { s.compression = &c })
}

// WithMaxRequestSize bounds the records of a request, in bytes before compression; 1 MiB by default, at most 32 MiB, which is what
// an SPU takes. It bounds a record too, with some 70 bytes around it: see RecordTooLargeError. No batch is larger than the topic's
// segments either, whatever is said here.
func WithMaxRequestSize(bytes int) ProducerOption {
	return producerOption(func(s *producerSettings) { s.maxRequest = bytes })
}

// WithMaxBuffered bounds the records that are accepted and not yet acknowledged, in bytes of keys and values and 33 each (225 with Send
// and ProduceFunc); 32 MiB by default, at least 225 more than WithMaxRequestSize. Produce waits while it is reached.
func WithMaxBuffered(bytes int) ProducerOption {
	return producerOption(func(s *producerSettings) { s.maxBuffered = bytes })
}

// WithPartitioner chooses the partition of records given to Produce; KeyHash by default.
func WithPartitioner(p Partitioner) ProducerOption {
	return producerOption(func(s *producerSettings) { s.partitioner = p })
}

// WithCommitTimeout says how long an SPU may wait for other replicas before it answers that records are written but not committed;
// 10 s by default. They are sent again then.
func WithCommitTimeout(d time.Duration) ProducerOption {
	return producerOption(func(s *producerSettings) { s.commitTimeout = d })
}

// WithLane has all partitions of the producer use one connection to each SPU: the same for all producers of that lane. By default
// partitions are spread over the connections (WithProduceConnections).
func WithLane(name string) ProducerOption {
	return producerOption(func(s *producerSettings) { s.lane = name })
}

// WithOnDelivery has f called for every batch, when it is acknowledged or has failed: for one partition in order and one at a time,
// for several concurrently. Flush returns after the calls for what it waits for. While f runs the partition sends nothing; f must not
// call Produce, Flush or Close.
func WithOnDelivery(f func(Delivery)) ProducerOption {
	return producerOption(func(s *producerSettings) { s.onDelivery = f })
}

// Delivery is the fate of a batch. Where SPUs make batches anew, with WithSmartModules and in topics that deduplicate, Offset is only about
// where its records are: some may be gone, and other ones have come.
type Delivery struct {
	Partition uint32
	First     int64 // index of its first record among those that the producer was given for the partition, from 0
	Records   int   // how many records it has
	Offset    int64 // of its first record; -1 on error
	Err       error // nil if it is acknowledged, else a *ProduceError about the records of this batch
}

// largestRequest is what an SPU takes as one batch, in bytes (fluvio-storage/src/config.rs).
const largestRequest = 32 << 20

// newProducerSettings applies options to the defaults and checks.
func newProducerSettings(opts []ProducerOption) (producerSettings, error) {
	s := producerSettings{
		batchSize:     16 << 10,
		maxRequest:    1 << 20,
		maxBuffered:   32 << 20,
		partitioner:   KeyHash(),
		commitTimeout: 10 * time.Second,
		onDelivery:    func(Delivery) {},
	}
	for _, o := range opts {
		o.applyProducer(&s)
	}
	s.batchSize = min(s.batchSize, s.maxRequest)
	switch {
	case s.batchSize < 1:
		return s, fmt.Errorf("batch size %d: want at least 1 byte", s.batchSize)
	case s.linger < 0:
		return s, fmt.Errorf("linger %v: want 0 or more", s.linger)
	case s.maxRequest < 1<<10 || s.maxRequest > largestRequest:
		return s, fmt.Errorf("request size %d: want %d to %d bytes", s.maxRequest, 1<<10, largestRequest)
	case s.maxBuffered < s.maxRequest+recordCost+waitingCost:
		return s, fmt.Errorf("%d buffered bytes: want at least %d, for a request and what is around it", s.maxBuffered, s.maxRequest+recordCost+waitingCost)
	case s.commitTimeout < 0 || s.commitTimeout > time.Hour:
		return s, fmt.Errorf("commit timeout %v: want 0 to 1h", s.commitTimeout)
	case s.partitioner == nil, s.onDelivery == nil:
		return s, errors.New("nil partitioner or delivery function: leave the option out for the default")
	case s.compression != nil && !slices.Contains(compressions, *s.compression):
		return s, fmt.Errorf("compression %v: want one of %v", *s.compression, compressions)
	case s.semantic > AtMostOnce:
		return s, fmt.Errorf("delivery semantic %d: want AtLeastOnce or AtMostOnce", s.semantic)
	case s.semantic == AtMostOnce && s.sequence != nil:
		return s, errors.New("WithSequence with AtMostOnce: a sequence has no gaps, choose one of them")
	case len(s.smartModules) > 0 && s.sequence != nil:
		return s, errors.New("WithSequence and WithSmartModules: what SmartModules let through has no sequence, choose one of them")
	}
	if sticky, ok := s.partitioner.(*stickyRoundRobin); ok {
		s.sealed = sticky.sealed
	}
	return s, s.sequence.check()
}

// codecs are those of topics that take only one.
var codecs = map[protocol.CompressionAlgorithm]Compression{
	protocol.CompressionAlgorithmNone:   NoCompression,
	protocol.CompressionAlgorithmGzip:   Gzip,
	protocol.CompressionAlgorithmSnappy: Snappy,
	protocol.CompressionAlgorithmLz4:    LZ4,
	protocol.CompressionAlgorithmZstd:   Zstd,
}

// codec chooses the compression for a topic (fluvio/src/producer/mod.rs).
func (s *producerSettings) codec(name string, takes protocol.CompressionAlgorithm) (Compression, error) {
	wanted, ok := codecs[takes]
	switch {
	case !ok && s.compression == nil:
		return NoCompression, nil
	case !ok, s.compression != nil && *s.compression == wanted:
		return *s.compression, nil
	case s.compression == nil:
		return wanted, nil
	}
	return 0, fmt.Errorf("%w: '%s' takes %v, not %v", ErrCompression, name, wanted, *s.compression)
}
