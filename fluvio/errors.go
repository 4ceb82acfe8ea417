package fluvio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// What callers can act on, with errors.Is. Where the cluster answered with a code, errors.As finds a protocol.ErrorCode too.
var (
	// ErrClosed says that the client, producer or consumer was closed.
	ErrClosed = errors.New("closed")
	// ErrNoEndpoint says that neither an option nor a profile names a cluster.
	ErrNoEndpoint = errors.New("no endpoint")
	// ErrVersion says that the cluster speaks no version of the protocol that this client knows.
	ErrVersion = mux.ErrVersion
	// ErrUnavailable says that the retry budget is spent. It wraps the last failure.
	ErrUnavailable = errors.New("cluster not available")
	// ErrTopicNotFound says that there is no such topic, or no longer.
	ErrTopicNotFound = errors.New("topic not found")
	// ErrPartitionNotFound says that the topic has fewer partitions, maybe none.
	ErrPartitionNotFound = errors.New("partition not found")
	// ErrAmbiguous says that something was sent and its outcome is not known.
	ErrAmbiguous = errors.New("sent, outcome unknown")

	// ErrRecordTooLarge is what a RecordTooLargeError is.
	ErrRecordTooLarge = errors.New("record too large")
	// ErrSequence says that a log does not hold of a producer sequence what it should: ordinals that the producer did not write, or none
	// where it wrote some. Sending on could write records twice or lose them. See WithSequence.
	ErrSequence = errors.New("producer sequence broken")
	// ErrFenced says that another process, or another Client of this one, has taken a producer sequence's writer over, with SequenceEnd or a
	// producer of its own. Nothing that this client sends as the writer is appended any more. It is an ErrSequence, too. See WithSequence.
	ErrFenced = fmt.Errorf("%w: another process has taken its writer over", ErrSequence)
	// ErrCompression says that the topic takes another compression than the producer was to use.
	ErrCompression = errors.New("compression refused by the topic")

	// ErrOffsetOutOfRange is what an OffsetOutOfRangeError is.
	ErrOffsetOutOfRange = errors.New("offset out of range")
	// ErrCorrupt says that a batch came with a wrong checksum or can't be decoded.
	ErrCorrupt = errors.New("corrupt batch")
	// ErrBatchTooLarge says that a batch exceeds what the consumer may ask for (WithMaxBatch), or decompresses to more than that; or what
	// the producer may send (ProduceBatch).
	ErrBatchTooLarge = errors.New("batch too large")

	// ErrNoConsumerID says that an offset was to be stored for a consumer without WithConsumerID.
	ErrNoConsumerID = errors.New("consumer has no id")
	// ErrNoConsumerOffsets says that the cluster stores no consumer offsets.
	ErrNoConsumerOffsets = errors.New("cluster stores no consumer offsets")
)

// Reasons for another try.
var (
	errNoAnswer    = errors.New("no answer in time")
	errLeaderMoved = errors.New("another SPU leads the partition now")
	// errSelfConnected is what a connection to a port of this machine on which nobody listens may come to.
	errSelfConnected = errors.New("connection refused: nobody listens there")
)

// RecordTooLargeError says that a record can't be sent at all. Nothing was queued. It is ErrRecordTooLarge.
type RecordTooLargeError struct {
	Size  int // of a batch with the record alone, in bytes, before compression
	Limit int // WithMaxRequestSize, or the size of the topic's segments, less what compression may add, if that is less
}

// Error names both sizes.
func (e *RecordTooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes with its batch, limit %d", ErrRecordTooLarge, e.Size, e.Limit)
}

// Is tells whether target is ErrRecordTooLarge.
func (e *RecordTooLargeError) Is(target error) bool { return target == ErrRecordTooLarge }

// OffsetOutOfRangeError says what offsets there are. It is ErrOffsetOutOfRange.
type OffsetOutOfRangeError struct {
	Topic     string
	Partition uint32
	Offset    int64 // what was asked for
	Earliest  int64 // the first offset there is
	Next      int64 // the offset of the next record to be written
}

// Error names the range.
func (e *OffsetOutOfRangeError) Error() string {
	return fmt.Sprintf("%v: %d of %s-%d, which has %d to %d", ErrOffsetOutOfRange, e.Offset, e.Topic, e.Partition, e.Earliest, e.Next)
}

// Is tells whether target is ErrOffsetOutOfRange.
func (e *OffsetOutOfRangeError) Is(target error) bool { return target == ErrOffsetOutOfRange }

// ProduceError says which records of a partition are not acknowledged, and which of these may have been written all the same: the
// records First to First+Records-1 are not, and of them the first Unknown may be there, all, or some from the front; the others are not.
// It is ErrAmbiguous if Unknown is not 0.
//
// A producer's failure is about everything that it held for the partition that failed first; it takes no more records and returns this
// error from then on. In a Delivery it is about the batch, from a Future or in the call of ProduceFunc about the one record. An
// AtMostOnce producer has only these, unless it is ended with records in hand.
type ProduceError struct {
	Topic     string
	Partition uint32
	First     int64 // index of the first such record among those that this producer was given for the partition, from 0
	Record    int64 // number of that record in the order of all records that the producer accepted, from 0
	Ambiguous bool  // some of them may have been written: Unknown is not 0
	Err       error
	Records   int64 // how many there are
	Unknown   int64 // how many of them, the first ones, were sent, and no answer tells what became of them
}

// Error names topic, partition and records.
func (e *ProduceError) Error() string {
	outcome := "not written"
	if e.Ambiguous {
		outcome = fmt.Sprintf("not acknowledged (the first %d may have been written)", e.Unknown)
	}
	return fmt.Sprintf("produce to %s-%d: records %d to %d, from number %d of this producer on, %s: %v",
		e.Topic, e.Partition, e.First, e.First+e.Records-1, e.Record, outcome, e.Err)
}

// Unwrap is the cause.
func (e *ProduceError) Unwrap() error { return e.Err }

// Is tells whether target is ErrAmbiguous, and that is so.
func (e *ProduceError) Is(target error) bool { return target == ErrAmbiguous && e.Ambiguous }

// final tells whether trying again is of no use. Errors of the caller's context are for the caller to look at first.
func final(err error) bool {
	for _, sentinel := range []error{
		ErrClosed, ErrVersion, ErrUnavailable, ErrTopicNotFound, ErrPartitionNotFound, ErrAmbiguous,
		ErrOffsetOutOfRange, ErrCorrupt, ErrBatchTooLarge, ErrCompression, ErrSequence,
		protocol.ErrMalformed, wire.ErrFrameTooLarge, mux.ErrOverrun,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	var (
		code    protocol.ErrorCode
		address *net.AddrError
		cert    *tls.CertificateVerificationError
		plain   tls.RecordHeaderError // what answers does not speak TLS
	)
	if errors.As(err, &code) {
		return !code.Retriable()
	}
	return errors.As(err, &address) || errors.As(err, &cert) || errors.As(err, &plain) || certificateRefused(err)
}

// certificateRefused tells whether the server ended the connection because of the client's certificate, or for lack of one. Package tls
// has no exported type for alerts; all about certificates have the word in their texts, and no others (RFC 8446, 6.2).
func certificateRefused(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error" && strings.Contains(alert.Err.Error(), "certificate")
}

// ended is the error of a context, nil while it has not ended.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
