package record

import (
	"encoding/binary"
	"fmt"
)

// NoTimestamp is the timestamp of records in a batch without timestamps.
const NoTimestamp = -1

// Record is one record of a batch. Key and Value alias the payload.
type Record struct {
	Offset    int64  // position in the partition
	Timestamp int64  // milliseconds since 1970, or NoTimestamp
	Key       []byte // nil if there is none; not nil, but empty, if there is an empty one
	Value     []byte // never nil
}

// Records walks over the records of a payload:
//
//	records := record.Walk(batch, payload)
//	for records.Next() {
//		use(records.Record)
//	}
//	if err := records.Err(); err != nil { … }
//
// It allocates nothing, unless there is an error.
type Records struct {
	// Record is the current record, valid after Next returned true.
	Record

	rest       []byte
	left       uint32 // records announced and not yet read
	count      uint32
	nextOffset int64
	first      int64
	err        error
}

// Walk returns an iterator over the payload of a batch, which a Decompressor has
// returned. A payload too short for its number of records is an error of the
// iterator.
func Walk(b Batch, payload []byte) Records {
	r := Records{nextOffset: b.BaseOffset(), first: b.FirstTimestamp()}
	if len(payload) < 4 {
		r.err = fmt.Errorf("%w payload: %d bytes", ErrTruncated, len(payload))
		return r
	}
	r.count = binary.BigEndian.Uint32(payload)
	if int32(r.count) < 0 { // upstream reads lists with a count below 1 as empty
		r.count = 0
	}
	r.left, r.rest = r.count, payload[4:]
	return r
}

// Count is the number of records that the payload announces, read or not. It is
// not checked until they are read; do not allocate by it.
func (r *Records) Count() int { return int(r.count) }

// Err is the error that ended the walk, or nil. It wraps ErrTruncated if the
// payload ends before its last record, else ErrDamaged.
func (r *Records) Err() error { return r.err }

// Next moves to the next record. It returns false at the end and on an error.
func (r *Records) Next() bool {
	if r.left == 0 || r.err != nil {
		return false
	}
	size, n := varint(r.rest)
	switch {
	case n == 0:
		return r.fail(ErrTruncated, "no whole length")
	case n < 0 || size < 0:
		return r.fail(ErrDamaged, "bad length")
	case size > int64(len(r.rest)-n):
		return r.fail(ErrTruncated, "ends early")
	}
	body := r.rest[n : n+int(size) : n+int(size)]
	r.rest = r.rest[n+int(size):]
	return r.parse(body)
}

// parse takes the fields of a record from exactly its bytes.
func (r *Records) parse(body []byte) bool {
	if len(body) < 1 {
		return r.fail(ErrDamaged, "no attributes")
	}
	timeDelta, n := varint(body[1:])
	if n <= 0 {
		return r.fail(ErrDamaged, "bad timestamp")
	}
	at := skipVarint(body, 1+n) // the offset delta
	if at >= len(body) || body[at] > 1 {
		return r.fail(ErrDamaged, "bad key flag")
	}
	hasKey := body[at] == 1
	at++
	r.Key = nil
	if hasKey {
		if r.Key, at = field(body, at); at < 0 {
			return r.fail(ErrDamaged, "bad key")
		}
	}
	if r.Value, at = field(body, at); at < 0 {
		return r.fail(ErrDamaged, "bad value")
	}
	if skipVarint(body, at) != len(body) { // the number of headers
		return r.fail(ErrDamaged, "fields end before its length does")
	}
	r.Offset = r.nextOffset
	r.Timestamp = NoTimestamp
	if r.first > 0 {
		r.Timestamp = r.first + timeDelta
	}
	r.nextOffset++
	r.left--
	return true
}

// field returns a length-prefixed field that starts at byte at of body, and where
// it ends, or -1. Upstream reads lengths below 1 as empty.
func field(body []byte, at int) ([]byte, int) {
	size, n := varint(body[at:])
	if n <= 0 {
		return nil, -1
	}
	at += n
	size = max(size, 0)
	if size > int64(len(body)-at) {
		return nil, -1
	}
	end := at + int(size)
	return body[at:end:end], end
}

// fail ends the walk.
func (r *Records) fail(kind error, what string) bool {
	r.err = fmt.Errorf("%w record at offset %d: %s", kind, r.nextOffset, what)
	return false
}

// varint reads a zig-zag LEB128 number: it and its size, which is 0 if b ends
// early and negative for more than 64 bits. Almost all of them have one byte or two.
func varint(b []byte) (int64, int) {
	if len(b) >= 2 {
		low, high := uint64(b[0]), uint64(b[1])
		if low < 0x80 {
			return unzigzag(low), 1
		}
		if high < 0x80 {
			return unzigzag(low&0x7f | high<<7), 2
		}
	}
	return binary.Varint(b)
}

// skipVarint returns where the varint at byte at of b ends: beyond b if b ends early.
func skipVarint(b []byte, at int) int {
	for at < len(b) && b[at] >= 0x80 {
		at++
	}
	return at + 1
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
