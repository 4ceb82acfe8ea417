package connector

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"math"
)

// Sequence makes every record that a [Writer] writes one of a producer sequence: its writer, its partition and its ordinal
// there say which record it is. Equal ordinals are equal records for ever; then a log tells what of them it holds, and a
// record is in it once, whoever writes it how often.
type Sequence struct {
	// Writer is the writer's id: random, not negative, used by one Writer at a time.
	Writer int64
	// Next is, by partition, the ordinal of the first record that the Writer will be given; 0 where it is absent.
	Next []int64
}

// NewWriterID draws the id of a writer: 63 random bits, not 0.
func NewWriterID() int64 {
	for {
		var b [8]byte
		rand.Read(b[:]) // never fails
		if id := int64(binary.BigEndian.Uint64(b[:]) & math.MaxInt64); id != 0 {
			return id
		}
	}
}

// SeenWriter is which ordinals of a writer a [Reader] has passed in its partition: all below Next, from the first one that it
// came by, and those Beyond.
type SeenWriter struct {
	Writer int64
	Next   int64
	Beyond []Span // behind gaps: in order, apart from each other, all above Next; at most 64
}

// Span is ordinals from From up to, but without, To.
type Span struct{ From, To int64 }

// ErrSequence is in the chain of a sink's error where its log does not hold of a sequence what it should: an ordinal is missing,
// or somebody else wrote with the writer's id. Writing on could lose records or write them twice.
var ErrSequence = errors.New("producer sequence broken")
