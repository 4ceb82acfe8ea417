package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// readOf is a record as checkpoints remember it.
func readOf(m *connector.Message) *checkpoint.Read {
	h := sha256.New()
	for _, n := range []int64{m.Time, int64(len(m.Key)), int64(len(m.Value))} {
		_ = binary.Write(h, binary.BigEndian, n) // a hash takes everything
	}
	h.Write(m.Key)
	h.Write(m.Value)
	return &checkpoint.Read{Offset: m.Offset, Sum: hex.EncodeToString(h.Sum(nil)[:16])}
}

// sameTopic refuses to go on in a topic that was deleted and made again: the record that was read last is another one there. Where
// retention has taken it nothing can be told.
func (f *fleet) sameTopic(ctx context.Context, p uint32, was *checkpoint.Read) error {
	if was == nil {
		return nil
	}
	earliest, err := f.source.Earliest(ctx, p)
	if err != nil || was.Offset < earliest {
		return err
	}
	is, err := readAgain(ctx, f.source, p, was.Offset)
	var gone *connector.OutOfRangeError
	if errors.As(err, &gone) { // just now
		return nil
	}
	if err != nil || is != nil && *is == *was {
		return err
	}
	return fault.Inputf("the record at offset %d is not the one that was read before; was the topic deleted and made again? "+
		"If so, %s", was.Offset, toRead)
}

// readAgain reads one record; nil: there is none at the offset.
func readAgain(ctx context.Context, source connector.Source, p uint32, offset int64) (is *checkpoint.Read, err error) {
	r, err := source.Open(ctx, p, offset, offset+1, nil)
	if err != nil {
		return nil, fmt.Errorf("offset %d, which was read before: %w", offset, err)
	}
	defer closing(&err, r.Close)
	for {
		messages, err := r.Read(ctx)
		for i := range messages {
			if messages[i].Offset == offset {
				return readOf(&messages[i]), nil
			}
		}
		switch {
		case err == io.EOF: // itself: an error of a lost connection may wrap it
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("offset %d, which was read before: %w", offset, err)
		}
	}
}

// sameSource tells whether the source is the topic that was opened.
func (f *fleet) sameSource() error {
	if err := f.source.Same(); err != nil {
		return fault.Inputf("%w; if that was meant, %s", err, toRead)
	}
	return nil
}

// toRead is what a user can do about a source that is not what it was.
const toRead = "begin anew with another --state, or choose an offset with weir state rewind: what is made of the records from there on is " +
	"written again, whatever the sinks hold"
