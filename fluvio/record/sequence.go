package record

import "encoding/binary"

// MaxOrdinal is the highest ordinal of a producer sequence: 15 bits of epoch, 32 of sequence.
const MaxOrdinal = 1<<47 - 1

// Sequence is a producer sequence: it says of a batch who wrote it, and where in what they write to the partition it belongs. Fluvio
// stores the three header fields that carry it and looks at none of them; brokers and readers that do can tell a batch that was sent twice.
type Sequence struct {
	Writer  int64 // random, not negative; the header's producer id
	Ordinal int64 // number of the batch's first record among all that the writer wrote to the partition, from 0 to MaxOrdinal
}

// Sequence returns the batch's producer sequence: ok is false if it has none.
func (b Batch) Sequence() (s Sequence, ok bool) {
	id, epoch, first := b.ProducerID(), b.ProducerEpoch(), b.FirstSequence()
	if id < 0 || epoch < 0 {
		return Sequence{}, false
	}
	return Sequence{Writer: id, Ordinal: int64(epoch)<<32 | int64(uint32(first))}, true
}

// SetSequence makes the batch that Finish is going to return one of a producer sequence. Reset forgets it.
func (b *Builder) SetSequence(s Sequence) {
	b.SetProducer(s.Writer, int16(s.Ordinal>>32), int32(uint32(s.Ordinal)))
}

// SetSequence gives a batch another producer sequence, in place, and corrects its checksum.
func (b Batch) SetSequence(s Sequence) {
	b.setProducer(s.Writer, int16(s.Ordinal>>32), int32(uint32(s.Ordinal)))
}

// ClearSequence takes the producer sequence out of a batch, in place, and corrects its checksum: a batch that is copied to another partition is
// not what its writer wrote there.
func (b Batch) ClearSequence() { b.setProducer(-1, -1, -1) }

func (b Batch) setProducer(id int64, epoch int16, sequence int32) {
	h := binary.BigEndian
	h.PutUint64(b[atProducerID:], uint64(id))
	h.PutUint16(b[atProducerEpoch:], uint16(epoch))
	h.PutUint32(b[atFirstSequence:], uint32(sequence))
	h.PutUint32(b[atCRC:], b.checksum())
}
