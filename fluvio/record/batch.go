package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// HeaderSize is the size of a batch's header without a schema id, in bytes.
const HeaderSize = 57

// Where the fields of a header are.
const (
	atLength          = 8
	atLeaderEpoch     = 12
	atMagic           = 16
	atCRC             = 17
	atAttributes      = 21
	atLastOffsetDelta = 23
	atFirstTimestamp  = 27
	atMaxTimestamp    = 35
	atProducerID      = 43
	atProducerEpoch   = 51
	atFirstSequence   = 53

	prefixSize   = 12 // base offset and length, which the length does not count
	schemaIDSize = 4
	magic        = 2

	codecMask     = 0x07
	schemaIDFlag  = 0x10
	minimumLength = HeaderSize - prefixSize
)

// What can be wrong with bytes that should be batches or records.
var (
	// ErrTruncated says that the bytes end before the batch or record does. SPUs cut
	// record sets at any byte to keep to a size: at the end of a set it is no damage.
	ErrTruncated = errors.New("truncated")
	// ErrDamaged says that the bytes cannot be what they should be.
	ErrDamaged = errors.New("damaged")
	// ErrChecksum says that a batch's CRC does not match. It is damage too:
	// errors.Is(err, ErrDamaged).
	ErrChecksum = fmt.Errorf("%w: checksum mismatch", ErrDamaged)
	// ErrCodec says that the compression is not one of those known.
	ErrCodec = errors.New("unknown compression")
	// ErrTooLarge says that a limit on size was met.
	ErrTooLarge = errors.New("too large")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Batch is the bytes of one whole batch, header included. Only what Next or a
// Builder returned is a Batch; methods of other bytes may panic.
type Batch []byte

// Next splits the first batch off a record set, aliasing it. The batch is whole
// and its header possible; Verify tells if its content is as it was written.
//
// The error is io.EOF at the end of the set, wraps ErrTruncated if the set ends
// within a batch, and ErrDamaged if what follows cannot be one. Then rest is all
// that could not be read.
func Next(set []byte) (b Batch, rest []byte, err error) {
	if len(set) == 0 {
		return nil, nil, io.EOF
	}
	if len(set) < prefixSize {
		return nil, set, fmt.Errorf("%w batch: %d bytes of its header", ErrTruncated, len(set))
	}
	length := int(int32(binary.BigEndian.Uint32(set[atLength:])))
	if length < minimumLength {
		return nil, set, fmt.Errorf("%w batch: length %d, at least %d needed", ErrDamaged, length, minimumLength)
	}
	if len(set) > atMagic && set[atMagic] != magic {
		return nil, set, fmt.Errorf("%w batch: magic %d, want %d", ErrDamaged, set[atMagic], magic)
	}
	size := prefixSize + length
	if size > len(set) {
		return nil, set, fmt.Errorf("%w batch: %d of %d bytes", ErrTruncated, len(set), size)
	}
	b = Batch(set[:size:size])
	if b.hasSchemaID() && length < minimumLength+schemaIDSize {
		return nil, set, fmt.Errorf("%w batch: length %d leaves no room for its schema id", ErrDamaged, length)
	}
	return b, set[size:], nil
}

// Verify compares the CRC of the batch with its content. The error wraps
// ErrChecksum.
func (b Batch) Verify() error {
	if sum := b.checksum(); sum != b.CRC() {
		return fmt.Errorf("%w: batch at offset %d has %08x, its header says %08x", ErrChecksum, b.BaseOffset(), sum, b.CRC())
	}
	return nil
}

func (b Batch) checksum() uint32 { return crc32.Checksum(b[atAttributes:], castagnoli) }

// BaseOffset is the offset of the first record; meaningless before a broker has
// given it.
func (b Batch) BaseOffset() int64 { return int64(binary.BigEndian.Uint64(b)) }

// SetBaseOffset changes the base offset in place. The CRC does not cover it.
func (b Batch) SetBaseOffset(offset int64) { binary.BigEndian.PutUint64(b, uint64(offset)) }

// LeaderEpoch is unused.
func (b Batch) LeaderEpoch() int32 { return b.i32(atLeaderEpoch) }

// CRC is the checksum in the header.
func (b Batch) CRC() uint32 { return uint32(b.i32(atCRC)) }

// Attributes holds the codec and flags.
func (b Batch) Attributes() int16 { return b.i16(atAttributes) }

// Codec is how the payload is compressed. It may be one that is not known.
func (b Batch) Codec() Codec { return Codec(b.Attributes() & codecMask) }

// LastOffsetDelta is the distance from the first to the last offset. A broker
// advances its log by one more. Upstream's own default is -1, no records.
func (b Batch) LastOffsetDelta() int32 { return b.i32(atLastOffsetDelta) }

// RecordCount is the number of offsets that the batch takes, and so, unless a
// SmartModule filtered it, of its records. It is the header's claim: 0 or less in
// a batch that no broker should store.
func (b Batch) RecordCount() int64 { return int64(b.LastOffsetDelta()) + 1 }

// NextOffset is the first offset behind the batch.
func (b Batch) NextOffset() int64 { return b.BaseOffset() + b.RecordCount() }

// FirstTimestamp is the time that record timestamps count from, in milliseconds
// since 1970. At 0 or below records have no timestamps.
func (b Batch) FirstTimestamp() int64 { return b.i64(atFirstTimestamp) }

// MaxTimestamp is the latest time of a record, in milliseconds since 1970.
func (b Batch) MaxTimestamp() int64 { return b.i64(atMaxTimestamp) }

// ProducerID is -1 unless a producer has set it. Fluvio does not look at it.
func (b Batch) ProducerID() int64 { return b.i64(atProducerID) }

// ProducerEpoch is -1 unless a producer has set it. Fluvio does not look at it.
func (b Batch) ProducerEpoch() int16 { return b.i16(atProducerEpoch) }

// FirstSequence is -1 unless a producer has set it. Fluvio does not look at it.
func (b Batch) FirstSequence() int32 { return b.i32(atFirstSequence) }

// SchemaID is the schema id, if there is one.
func (b Batch) SchemaID() (id uint32, ok bool) {
	if !b.hasSchemaID() {
		return 0, false
	}
	return uint32(b.i32(HeaderSize)), true
}

func (b Batch) hasSchemaID() bool { return b.Attributes()&schemaIDFlag != 0 }

// Payload is what follows the header, as it is: compressed if Codec says so.
func (b Batch) Payload() []byte {
	if b.hasSchemaID() {
		return b[HeaderSize+schemaIDSize:]
	}
	return b[HeaderSize:]
}

func (b Batch) i16(at int) int16 { return int16(binary.BigEndian.Uint16(b[at:])) }
func (b Batch) i32(at int) int32 { return int32(binary.BigEndian.Uint32(b[at:])) }
func (b Batch) i64(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
