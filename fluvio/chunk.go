package fluvio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/weir-stream/weir/fluvio/record"
)

// chunk is what an SPU sent at a time: whole batches, back to back.
type chunk struct {
	batches []byte
	next    int64  // offset to go on with after it
	cost    int    // bytes that it takes, and what is around it
	memory  []byte // that it is in; nil if it is not to be used again
}

// wholeBatches cuts a record set after its last whole batch: SPUs cut what they send at any byte. next is the offset that was asked
// for, and is where to go on afterwards. Where not even one batch is whole, need is the size to ask for, as far as it can be seen.
//
// Batches must follow each other without gaps, from the one that holds the offset asked for: anything else would lose records
// silently. The error wraps ErrCorrupt.
func wholeBatches(set []byte, next int64) (whole []byte, after int64, need int, err error) {
	return cut(set, next, func(b record.Batch, after int64) error {
		if b.BaseOffset() > after || b.NextOffset() <= after {
			return fmt.Errorf("%w: batch of offsets %d to %d where %d was to come", ErrCorrupt, b.BaseOffset(), b.NextOffset(), after)
		}
		return nil
	})
}

// filteredBatches is wholeBatches for what SmartModules left. resume is what the SPU says it has looked at, 0 if it does not say: it
// counts, for the batches have the offsets of what they were made of, and gaps where nothing was left.
func filteredBatches(set []byte, next, resume int64) (whole []byte, after int64, need int, err error) {
	whole, after, need, err = cut(set, next, func(b record.Batch, _ int64) error {
		if b.BaseOffset() < 0 || b.NextOffset() < b.BaseOffset() {
			return fmt.Errorf("%w: batch of offsets %d to %d", ErrCorrupt, b.BaseOffset(), b.NextOffset())
		}
		return nil
	})
	after = max(after, next)
	if err == nil && len(whole) == len(set) {
		after = max(after, resume)
	}
	return whole, after, need, err
}

// cut takes the batches that are whole and that check accepts.
func cut(set []byte, next int64, check func(b record.Batch, after int64) error) (whole []byte, after int64, need int, err error) {
	rest := set
	after = next
	for {
		b, tail, err := record.Next(rest)
		switch {
		case err == io.EOF:
			return set, after, 0, nil
		case errors.Is(err, record.ErrTruncated):
			whole = set[:len(set)-len(rest)]
			if len(whole) == 0 {
				need = announcedSize(rest)
			}
			return whole, after, need, nil
		case err != nil:
			return nil, next, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if err := check(b, after); err != nil {
			return nil, next, 0, err
		}
		after, rest = b.NextOffset(), tail
	}
}

// announcedSize is what the header of a cut batch says, 0 if that is cut too. A set that ends within a batch has its possible length.
func announcedSize(cut []byte) int {
	const lengthAt, counted = 8, 12
	if len(cut) < counted {
		return 0
	}
	return counted + int(int32(binary.BigEndian.Uint32(cut[lengthAt:])))
}
