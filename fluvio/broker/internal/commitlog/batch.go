package commitlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/weir-stream/weir/fluvio/record"
)

const (
	preambleSize = 12 // base offset and length, which the length does not count
	headerSize   = record.HeaderSize
	posLength    = 8
	posMagic     = 16
	posAttrs     = 21 // the checksum covers everything from here on
	magic        = 2

	// maxBatchRecords bounds how many offsets one batch may take: without a bound a few small batches could use up all offsets.
	maxBatchRecords = 1 << 24
	// hardMaxBatch bounds batches found on disk, which may have been written under a larger Config.MaxBatchBytes.
	hardMaxBatch = 1 << 30
)

// header is what the log needs to know of a batch of which it has only the header.
type header struct {
	base    int64
	size    int // of the whole batch, in bytes
	crc     uint32
	records int64
	writer  int64 // of the producer sequence, -1 if there is none
	ordinal int64 // of the first record in the producer sequence
}

// parseHeader reads the header at the start of b, which must hold headerSize bytes.
// It checks what can be checked without the records and without the size of what follows.
func parseHeader(b []byte) (header, error) {
	length := int32(binary.BigEndian.Uint32(b[posLength:]))
	batch := record.Batch(b[:headerSize])
	switch {
	case length < headerSize-preambleSize || length > hardMaxBatch:
		return header{}, fmt.Errorf("batch length %d is impossible", length)
	case b[posMagic] != magic:
		return header{}, fmt.Errorf("magic is %d, expected %d", b[posMagic], magic)
	}
	h := header{base: batch.BaseOffset(), size: preambleSize + int(length), crc: batch.CRC(), records: batch.RecordCount(), writer: -1}
	if s, ok := batch.Sequence(); ok {
		h.writer, h.ordinal = s.Writer, s.Ordinal
	}
	return h, checkCount(h.records)
}

// sequence is the producer sequence of a batch that has one.
func (h header) sequence() record.Sequence {
	return record.Sequence{Writer: h.writer, Ordinal: h.ordinal}
}

// end is the offset after the batch's last record.
func (h header) end() int64 { return h.base + h.records }

func checkCount(records int64) error {
	if records < 1 || records > maxBatchRecords {
		return fmt.Errorf("last offset delta %d is outside of 0 to %d", records-1, maxBatchRecords-1)
	}
	return nil
}

// checkSet verifies a whole append and returns how many offsets it takes, and whether a batch of it has a producer sequence.
func checkSet(set []byte, maxBatch int) (records int64, sequenced bool, err error) {
	if len(set) == 0 {
		return 0, false, fmt.Errorf("%w: no batches", ErrCorruptBatch)
	}
	for rest := set; ; {
		pos := len(set) - len(rest)
		var b record.Batch
		if b, rest, err = record.Next(rest); errors.Is(err, io.EOF) {
			return records, sequenced, nil
		}
		if err == nil && len(b) > maxBatch {
			return 0, false, fmt.Errorf("%w: %d bytes, limit %d", ErrBatchTooLarge, len(b), maxBatch)
		}
		if err == nil {
			err = checkBatch(b)
		}
		if err != nil {
			return 0, false, fmt.Errorf("%w at byte %d of the record set: %w", ErrCorruptBatch, pos, err)
		}
		records += b.RecordCount()
		if _, ok := b.Sequence(); ok {
			sequenced = true
		}
	}
}

// checkBatch verifies one whole batch. Of the records it looks at nothing but their number.
func checkBatch(b record.Batch) error {
	if err := checkCount(b.RecordCount()); err != nil {
		return err
	}
	if s, ok := b.Sequence(); ok && s.Ordinal > record.MaxOrdinal-(b.RecordCount()-1) {
		return fmt.Errorf("ordinals from %d for %d records end after %d", s.Ordinal, b.RecordCount(), int64(record.MaxOrdinal))
	}
	if err := b.Verify(); err != nil {
		return err
	}
	return checkRecords(b)
}

// stamp writes consecutive base offsets into the batches of a set that checkSet accepted.
func stamp(set []byte, base int64) {
	for {
		b, rest, err := record.Next(set)
		if err != nil {
			return
		}
		b.SetBaseOffset(base)
		base, set = b.NextOffset(), rest
	}
}

// fits reports whether n more offsets can follow end.
func fits(end, n int64) bool { return n <= math.MaxInt64-end }
