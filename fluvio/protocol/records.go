package protocol

import "github.com/weir-stream/weir/fluvio/internal/wire"

// RecordSet is batches of records back to back, as package record reads them. A
// decoded RecordSet aliases the frame; its batches have not been looked at.
type RecordSet []byte

// AppendTo appends the length and the batches.
func (s *RecordSet) AppendTo(dst []byte, version int16) []byte { return wire.AppendBytes(dst, *s) }

// ReadFrom takes the batches from r without copying.
func (s *RecordSet) ReadFrom(r *wire.Reader, version int16) { *s = r.Bytes() }

// RecordData is a record's key or value outside of a batch. After decoding it
// aliases the frame.
type RecordData []byte

// AppendTo appends a varint length and the bytes.
func (d *RecordData) AppendTo(dst []byte, version int16) []byte {
	dst = wire.AppendVarint(dst, int64(len(*d)))
	return append(dst, *d...)
}

// ReadFrom takes the bytes from r without copying.
func (d *RecordData) ReadFrom(r *wire.Reader, version int16) { *d = r.VarBytes() }

// ProduceIsolation says when a produce is answered: as soon as the leader has
// written, or when the records are committed.
type ProduceIsolation int16

const (
	// ProduceReadUncommitted is answered as soon as the leader has written.
	ProduceReadUncommitted ProduceIsolation = 0
	// ProduceReadCommitted is answered when the high watermark has passed the
	// records, or with RequestTimedOut; then the records stay written.
	ProduceReadCommitted ProduceIsolation = -1
)

// AppendTo appends 1 for ProduceReadUncommitted, as official clients do, or -1.
func (i *ProduceIsolation) AppendTo(dst []byte, version int16) []byte {
	if *i < 0 {
		return wire.AppendI16(dst, -1)
	}
	return wire.AppendI16(dst, 1)
}

// ReadFrom reads a negative number as ProduceReadCommitted and any other as
// ProduceReadUncommitted (fluvio-spu-schema/src/isolation.rs).
func (i *ProduceIsolation) ReadFrom(r *wire.Reader, version int16) {
	*i = ProduceReadUncommitted
	if r.I16() < 0 {
		*i = ProduceReadCommitted
	}
}

// SmartModuleInvocations is the end of a ProduceRequest.
type SmartModuleInvocations []SmartModuleInvocation

// AppendTo appends the list, also at versions that did not have it yet: servers
// that do not know it ignore what follows the topics.
func (l *SmartModuleInvocations) AppendTo(dst []byte, version int16) []byte {
	dst = wire.AppendCount(dst, len(*l))
	for i := range *l {
		dst = (*l)[i].AppendTo(dst, version)
	}
	return dst
}

// ReadFrom reads the list, which is empty if there is nothing left to read.
func (l *SmartModuleInvocations) ReadFrom(r *wire.Reader, version int16) {
	*l = nil
	if r.Len() == 0 {
		return
	}
	n := r.Count(smallestInvocation)
	if n == 0 {
		return
	}
	*l = make(SmartModuleInvocations, n)
	for i := 0; i < n && r.Err() == nil; i++ {
		(*l)[i].ReadFrom(r, version)
	}
}

// smallestInvocation is the size of a SmartModuleInvocation of a nameless
// SmartModule without parameters: two tags, an empty string and an empty map.
const smallestInvocation = 1 + 2 + 1 + 2
