package fluvio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

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
	// ErrPartitionNotFound says that the topic has fewer partitions.
	ErrPartitionNotFound = errors.New("partition not found")
	// ErrAmbiguous says that something was sent and its outcome is not known.
	ErrAmbiguous = errors.New("sent, outcome unknown")

	// ErrRecordTooLarge is what a RecordTooLargeError is.
	ErrRecordTooLarge = errors.New("record too large")
	// ErrCompression says that the topic takes another compression than the producer was to use.
	ErrCompression = errors.New("compression refused by the topic")

	// ErrOffsetOutOfRange is what an OffsetOutOfRangeError is.
	ErrOffsetOutOfRange = errors.New("offset out of range")
	// ErrCorrupt says that a batch came with a wrong checksum or can't be decoded.
	ErrCorrupt = errors.New("corrupt batch")
	// ErrBatchTooLarge says that a batch exceeds what the consumer may ask for (WithMaxBatch), or decompresses to more than that.
	ErrBatchTooLarge = errors.New("batch too large")
)

// Reasons for another try.
var (
	errNoAnswer    = errors.New("no answer in time")
	errLeaderMoved = errors.New("another SPU leads the partition now")
)

// RecordTooLargeError says that a record can't be sent at all. Nothing was queued. It is ErrRecordTooLarge.
type RecordTooLargeError struct {
	Size  int // of a batch with the record alone, in bytes, before compression
	Limit int // WithMaxRequestSize
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

// ProduceError says which records were not confirmed: of one partition, all from First on. It is the first failure of its producer,
// which takes no more records after it. It is ErrAmbiguous if records may have been written all the same.
type ProduceError struct {
	Topic     string
	Partition uint32
	First     int64 // index of the first such record among those that this producer was given for the partition, from 0
	Record    int64 // number of that record in the order of all records that the producer accepted, from 0
	Ambiguous bool  // some of them may have been written
	Err       error
}

// Error names topic, partition and record.
func (e *ProduceError) Error() string {
	outcome := "not written"
	if e.Ambiguous {
		outcome = "not confirmed"
	}
	return fmt.Sprintf("produce to %s-%d: %s from record %d on (record %d of this producer): %v",
		e.Topic, e.Partition, outcome, e.First, e.Record, e.Err)
}

// Unwrap is the cause.
func (e *ProduceError) Unwrap() error { return e.Err }

// Is tells whether target is ErrAmbiguous, and that is so.
func (e *ProduceError) Is(target error) bool { return target == ErrAmbiguous && e.Ambiguous }

// final tells whether trying again is of no use. Errors of the caller's context are for the caller to look at first.
func final(err error) bool {
	for _, sentinel := range []error{
		ErrClosed, ErrVersion, ErrUnavailable, ErrTopicNotFound, ErrPartitionNotFound, ErrAmbiguous,
		ErrOffsetOutOfRange, ErrCorrupt, ErrBatchTooLarge, ErrCompression,
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
	)
	if errors.As(err, &code) {
		return !code.Retriable()
	}
	return errors.As(err, &address) || errors.As(err, &cert)
}

// ended is the error of a context, nil while it has not ended.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
