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

	payload    []byte
	at         int    // in payload, of the next record
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
	r.left, r.payload, r.at = r.count, payload, 4
	return r
}

// Count is the number of records that the payload announces, read or not. It is
// not checked until they are read; do not allocate by it.
func (r *Records) Count() int { return int(r.count) }

// Left is how many of them have not been read.
func (r *Records) Left() int { return int(r.left) }

// NextOffset is the offset of the record that is read next, if there is one.
func (r *Records) NextOffset() int64 { return r.nextOffset }

// Err is the error that ended the walk, or nil. It wraps ErrTruncated if the
// payload ends before its last record, else ErrDamaged.
func (r *Records) Err() error { return r.err }

// Next moves to the next record. It returns false at the end and on an error.
func (r *Records) Next() bool { return r.read(&r.Record) }

// Read fills dst with the next records and returns how many that were: fewer than
// there is room for only at the end and on an error. It does not change Record.
func (r *Records) Read(dst []Record) int {
	for n := range dst {
		if !r.read(&dst[n]) {
			return n
		}
	}
	return len(dst)
}

// read takes the next record. Most of reading is this function: it goes over the
// payload by index, because a slice stored in r for each record would cost a
// write barrier, and tries the short form of each number in line.
func (r *Records) read(to *Record) bool {
	if r.left == 0 || r.err != nil {
		return false
	}
	b := r.payload
	u, n := short(b, r.at)
	if n <= 0 {
		if u, n = long(b, r.at); n <= 0 {
			return r.badLength(n)
		}
	}
	at, size := r.at+n, unzigzag(u)
	switch {
	case size < 0:
		return r.fail(ErrDamaged, "bad length")
	case size > int64(len(b)-at):
		return r.fail(ErrTruncated, "ends early")
	case size == 0:
		return r.fail(ErrDamaged, "no attributes")
	}
	end := at + int(size)
	b = b[:end] // what follows is exactly the record

	at++ // the attributes
	if u, n = short(b, at); n <= 0 {
		if u, n = long(b, at); n <= 0 {
			return r.fail(ErrDamaged, "bad timestamp")
		}
	}
	delta := unzigzag(u)
	at = skipVarint(b, at+n) // the offset delta
	if at >= len(b) || b[at] > 1 {
		return r.fail(ErrDamaged, "bad key flag")
	}
	hasKey := b[at] == 1
	at++
	var key []byte
	if hasKey {
		if u, n = short(b, at); n <= 0 {
			u, n = long(b, at)
		}
		from := at + n
		if at = fieldEnd(b, from, n, u); at < 0 {
			return r.fail(ErrDamaged, "bad key")
		}
		key = b[from:at:at]
	}
	if u, n = short(b, at); n <= 0 {
		u, n = long(b, at)
	}
	from := at + n
	if at = fieldEnd(b, from, n, u); at < 0 {
		return r.fail(ErrDamaged, "bad value")
	}
	if skipVarint(b, at) != end { // the number of headers
		return r.fail(ErrDamaged, "fields end before its length does")
	}
	to.Key, to.Value = key, b[from:at:at]
	to.Offset, to.Timestamp = r.nextOffset, NoTimestamp
	if r.first > 0 {
		to.Timestamp = r.first + delta
	}
	r.at = end
	r.nextOffset++
	r.left--
	return true
}

// badLength ends the walk at a length that is cut, or has more than 64 bits.
func (r *Records) badLength(n int) bool {
	if n == 0 {
		return r.fail(ErrTruncated, "no whole length")
	}
	return r.fail(ErrDamaged, "bad length")
}

// fail ends the walk.
func (r *Records) fail(kind error, what string) bool {
	r.err = fmt.Errorf("%w record at offset %d: %s", kind, r.nextOffset, what)
	return false
}

// fieldEnd is where a field ends that begins at byte from of b, behind its length
// u, which took n bytes; -1 if that is not possible. Upstream reads lengths below 1
// as empty.
func fieldEnd(b []byte, from, n int, u uint64) int {
	size := max(unzigzag(u), 0)
	if n <= 0 || size > int64(len(b)-from) {
		return -1
	}
	return from + int(size)
}

// short reads a LEB128 number of one byte or two, as nearly all are, at byte at of
// b: it and its size, which is 0 if it is longer, or b ends. It is small enough to be
// compiled into its callers.
func short(b []byte, at int) (u uint64, n int) {
	if uint(at)+1 >= uint(len(b)) {
		return 0, 0
	}
	low, high := uint64(b[at]), uint64(b[at+1])
	if low < 0x80 {
		return low, 1
	}
	if high < 0x80 {
		return low&0x7f | high<<7, 2
	}
	return 0, 0
}

// long reads any LEB128 number. Its size is 0 if b ends early and negative for more
// than 64 bits.
func long(b []byte, at int) (u uint64, n int) { return binary.Uvarint(b[min(at, len(b)):]) }

// skipVarint returns where the varint at byte at of b ends: beyond b if b ends early.
func skipVarint(b []byte, at int) int {
	for at < len(b) && b[at] >= 0x80 {
		at++
	}
	return at + 1
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
