package fluvio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/weir-stream/weir/fluvio/record"
)

// wholeBatches cuts a record set after its last whole batch: SPUs cut what they send at any byte. next is the offset that was asked
// for, and is where to go on afterwards. Where not even one batch is whole, need is the size to ask for, as far as it can be seen.
//
// Batches must follow each other without gaps, from the one that holds the offset asked for: anything else would lose records
// silently. The error wraps ErrCorrupt.
func wholeBatches(set []byte, next int64) (whole []byte, after int64, need int, err error) {
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
		if b.BaseOffset() > after || b.NextOffset() <= after {
			return nil, next, 0, fmt.Errorf("%w: batch of offsets %d to %d where %d was to come", ErrCorrupt, b.BaseOffset(), b.NextOffset(), after)
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
