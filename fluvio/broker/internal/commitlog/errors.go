package commitlog

import (
	"errors"
	"fmt"
)

// Errors of Append that say something about the batches. Nothing was written.
var (
	// ErrCorruptBatch: a batch whose structure or checksum is wrong.
	ErrCorruptBatch = errors.New("corrupt record batch")
	// ErrBatchTooLarge: a batch over Config.MaxBatchBytes or over the segment size.
	ErrBatchTooLarge = errors.New("record batch too large")
)

// Errors that say something about the log.
var (
	// ErrFailed: an earlier write or sync left the file in an unknown state. Reads go on; appends need a reopen, which repairs the tail.
	ErrFailed = errors.New("log refuses writes until it is reopened")
	// ErrClosed: the log was closed or removed.
	ErrClosed = errors.New("log is closed")
)

// CorruptError is damage in stored data that no crash of this program can explain. It is never repaired silently.
type CorruptError struct {
	File   string // path of the segment
	Pos    int64  // position in File, in bytes, of the batch that is not whole
	Offset int64  // offset that the batch should have
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d (offset %d): %s; restore the file from a copy, or give up everything from there on"+
		" by truncating it to %d bytes and moving later segments away", e.File, e.Pos, e.Offset, e.Reason, e.Pos)
}

// RangeError says that an offset is not in the log.
type RangeError struct {
	Offset int64 // what was asked for
	Start  int64 // first offset that the log still has
	End    int64 // offset that the next record will get
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("offset %d is outside of the log, which holds %d up to %d", e.Offset, e.Start, e.End)
}

// LargeBatchError says that a read did not allow for even one batch. Read again with Size.
type LargeBatchError struct {
	Size int // bytes
}

func (e *LargeBatchError) Error() string {
	return fmt.Sprintf("the next batch has %d bytes, more than may be read", e.Size)
}
