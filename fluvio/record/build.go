package record

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// Builder makes batches, one after the other, in memory that it reuses. Make one
// with NewBuilder. It is not safe for concurrent use.
type Builder struct {
	compressor *compressor
	buf        []byte // header, number of records, records
	count      int32
	first      int64 // timestamp of the first record
	latest     int64 // highest timestamp
	producerID int64
	epoch      int16
	sequence   int32
}

// emptySize is the size of a batch without records: its header and their number.
const emptySize = HeaderSize + 4

// NewBuilder returns a Builder of batches compressed by codec, with memory for
// batches of capacity bytes before compression; it grows if more is appended. The
// error wraps ErrCodec.
func NewBuilder(codec Codec, capacity int) (*Builder, error) {
	c, err := newCompressor(codec)
	if err != nil {
		return nil, err
	}
	b := &Builder{compressor: c, buf: make([]byte, 0, max(capacity, emptySize))}
	b.Reset()
	return b, nil
}

// Reset starts a new, empty batch. The Batch that Finish returned is gone.
func (b *Builder) Reset() {
	b.buf = append(b.buf[:0], make([]byte, emptySize)...)
	b.count, b.first, b.latest = 0, NoTimestamp, NoTimestamp
	b.SetProducer(-1, -1, -1)
}

// SetProducer sets the fields that say who made the batch; -1, -1, -1 if it is not
// called after Reset.
func (b *Builder) SetProducer(id int64, epoch int16, firstSequence int32) {
	b.producerID, b.epoch, b.sequence = id, epoch, firstSequence
}

// Len is the number of records appended.
func (b *Builder) Len() int { return int(b.count) }

// Size is the size of the batch so far, uncompressed, in bytes.
func (b *Builder) Size() int { return len(b.buf) }

// SizeOf is by how much Append would make the batch larger, in bytes.
func (b *Builder) SizeOf(timestamp int64, key, value []byte) int {
	n := b.bodySize(timestamp, key, value)
	return wire.SizeVarint(int64(n)) + n
}

// bodySize is the size of a record behind its length.
func (b *Builder) bodySize(timestamp int64, key, value []byte) int {
	n := 1 + wire.SizeVarint(b.delta(timestamp)) + wire.SizeVarint(int64(b.count)) + 1
	if key != nil {
		n += wire.SizeVarint(int64(len(key))) + len(key)
	}
	return n + wire.SizeVarint(int64(len(value))) + len(value) + 1
}

// delta is the distance of a timestamp to that of the first record.
func (b *Builder) delta(timestamp int64) int64 {
	if b.count == 0 {
		return 0
	}
	return timestamp - b.first
}

// Fits tells whether a record of that timestamp, in milliseconds since 1970, can
// be in one batch with the first one. They must not be more than 2^31 ms, some 24
// days, apart: upstream writes no larger distance correctly.
func (b *Builder) Fits(timestamp int64) bool {
	d := b.delta(timestamp)
	apart := (timestamp >= b.first) == (d >= 0) // else the difference overflowed
	return b.count == 0 || apart && math.MinInt32 <= d && d <= math.MaxInt32
}

// Append adds a record, copying key and value. A nil key is none. The timestamp is
// in milliseconds since 1970; the first one must be above 0 for records of the
// batch to have any. It allocates nothing but memory for the batch.
//
// The error wraps ErrTooLarge if the batch would exceed 2 GiB - 1 or if the
// timestamp does not fit; the batch is then as before: finish it and start another.
func (b *Builder) Append(timestamp int64, key, value []byte) error {
	if !b.Fits(timestamp) {
		return fmt.Errorf("%w distance of timestamps in one batch: %d and %d", ErrTooLarge, b.first, timestamp)
	}
	size := b.bodySize(timestamp, key, value)
	if len(b.buf)+size > math.MaxInt32-wire.SizeVarint(math.MaxInt32) {
		return fmt.Errorf("%w batch: %d bytes, and a record of %d", ErrTooLarge, len(b.buf), size)
	}
	dst := wire.AppendVarint(b.buf, int64(size))
	dst = append(dst, 0)
	dst = wire.AppendVarint(dst, b.delta(timestamp))
	dst = wire.AppendVarint(dst, int64(b.count))
	dst = wire.AppendBool(dst, key != nil)
	if key != nil {
		dst = wire.AppendVarint(dst, int64(len(key)))
		dst = append(dst, key...)
	}
	dst = wire.AppendVarint(dst, int64(len(value)))
	dst = append(dst, value...)
	b.buf = append(dst, 0)
	if b.count == 0 {
		b.first, b.latest = timestamp, timestamp
	}
	b.latest = max(b.latest, timestamp)
	b.count++
	return nil
}

// Finish returns the batch, with base offset 0, which brokers replace. It belongs
// to the builder and is valid until Reset or Append. A batch without records is
// well-formed, but brokers refuse it.
func (b *Builder) Finish() (Batch, error) {
	binary.BigEndian.PutUint32(b.buf[HeaderSize:], uint32(b.count))
	out, err := b.compressor.compress(b.buf)
	if err != nil {
		return nil, err
	}
	h := binary.BigEndian
	h.PutUint64(out, 0)
	h.PutUint32(out[atLength:], uint32(len(out)-prefixSize))
	h.PutUint32(out[atLeaderEpoch:], math.MaxUint32) // -1
	out[atMagic] = magic
	h.PutUint16(out[atAttributes:], uint16(b.compressor.codec))
	h.PutUint32(out[atLastOffsetDelta:], uint32(b.count-1))
	h.PutUint64(out[atFirstTimestamp:], uint64(b.first))
	h.PutUint64(out[atMaxTimestamp:], uint64(b.latest))
	h.PutUint64(out[atProducerID:], uint64(b.producerID))
	h.PutUint16(out[atProducerEpoch:], uint16(b.epoch))
	h.PutUint32(out[atFirstSequence:], uint32(b.sequence))
	batch := Batch(slices.Clip(out))
	h.PutUint32(out[atCRC:], batch.checksum())
	return batch, nil
}
