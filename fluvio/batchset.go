package fluvio

import (
	"slices"

	"github.com/weir-stream/weir/fluvio/record"
)

// batchSet is the batches of one request, back to back. An SPU writes them in order and stops at the first that it can't write, so
// there is never a gap.
type batchSet struct {
	bytes   []byte // of all batches that were added
	skip    int    // how many of them are of batches that were dropped
	batches []batchInfo
	cost    int64 // as taken from the budget
	err     error // not nil: it can't be sent, and has no bytes
}

// batchInfo is what is known of a batch beside its bytes.
type batchInfo struct {
	first   int64 // index of its first record in the partition
	number  int64 // of its first record in the producer
	count   int
	size    int       // bytes
	waiting []waiting // nil unless somebody asked for the fate of single records
}

// add copies a batch into the set and returns the copy. A set that gets a second batch is likely to get many.
func (s *batchSet) add(b record.Batch, info batchInfo, cost int64) record.Batch {
	info.size = len(b)
	if n := len(s.bytes); n > 0 && n+len(b) > cap(s.bytes) {
		s.bytes = slices.Grow(s.bytes, max(len(b), 3*n))
	}
	s.bytes = append(s.bytes, b...)
	s.batches = append(s.batches, info)
	s.cost += cost
	return record.Batch(s.bytes[len(s.bytes)-len(b):])
}

// records is a record set of the batches that are left.
func (s *batchSet) records() []byte { return s.bytes[s.skip:] }

// drop takes the first n batches out.
func (s *batchSet) drop(n int) {
	for _, b := range s.batches[:n] {
		s.skip += b.size
	}
	s.batches = slices.Delete(s.batches, 0, n)
}

// count is how many records are left.
func (s *batchSet) count() (n int64) {
	for i := range s.batches {
		n += int64(s.batches[i].count)
	}
	return n
}

func (s *batchSet) reset() {
	clear(s.batches)
	s.bytes, s.skip, s.batches, s.cost, s.err = s.bytes[:0], 0, s.batches[:0], 0, nil
}
