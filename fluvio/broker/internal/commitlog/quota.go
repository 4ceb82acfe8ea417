package commitlog

import "sync/atomic"

// Quota bounds how many writers all logs that share it remember together, and so their memory. While it is used up, a log forgets a writer of its own
// for each new one; quotaFloor are left to each log, so that partitions that are flooded with writers cannot take those of others.
type Quota struct {
	max  int64
	used atomic.Int64
}

const quotaFloor = 16

// NewQuota returns a quota of max writers.
func NewQuota(max int) *Quota { return &Quota{max: int64(max)} }

// Spent reports whether a log that remembers n writers has to forget one before it adds another.
func (q *Quota) Spent(n int) bool { return q != nil && n >= quotaFloor && q.used.Load() >= q.max }

// Add counts n writers more, or fewer.
func (q *Quota) Add(n int64) {
	if q != nil {
		q.used.Add(n)
	}
}
