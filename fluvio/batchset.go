package fluvio

import "github.com/weir-stream/weir/fluvio/record"

// batchSet is the batches of one request, back to back. An SPU writes them in order and stops at the first that it can't write, so
// there is never a gap.
type batchSet struct {
	records []byte // a record set
	batches []batchInfo
	count   int64 // records
	cost    int64 // as taken from the budget
	err     error // not nil: it can't be sent, and has no bytes
}

// batchInfo is what is known of a batch beside its bytes.
type batchInfo struct {
	first  int64 // index of its first record in the partition
	number int64 // of its first record in the producer
	count  int
}

func (s *batchSet) add(b record.Batch, info batchInfo, cost int64) {
	s.records = append(s.records, b...)
	s.batches = append(s.batches, info)
	s.count += int64(info.count)
	s.cost += cost
}

func (s *batchSet) reset() {
	s.records, s.batches, s.count, s.cost = s.records[:0], s.batches[:0], 0, 0
}
