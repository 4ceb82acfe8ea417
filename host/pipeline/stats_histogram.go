package pipeline

import (
	"sync/atomic"
	"time"
)

// histogramBounds are in seconds: from a memory's speed to that of a disk in distress.
var histogramBounds = [...]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// Histogram counts durations. The zero Histogram is ready, and safe for concurrent use.
type Histogram struct {
	buckets [len(histogramBounds) + 1]atomic.Int64 // each up to its bound; the last one has none
	nanos   atomic.Int64
}

// Observe counts one.
func (h *Histogram) Observe(d time.Duration) {
	at := 0
	for at < len(histogramBounds) && d.Seconds() > histogramBounds[at] {
		at++
	}
	h.buckets[at].Add(1)
	h.nanos.Add(int64(d))
}

// Snapshot is how many there were, their sum in seconds, and how many were no longer than each bound, in seconds too. The
// counts fit each other; the sum may be of a moment later.
func (h *Histogram) Snapshot() (count uint64, sum float64, upTo map[float64]uint64) {
	upTo = make(map[float64]uint64, len(histogramBounds))
	for i, bound := range histogramBounds {
		count += uint64(h.buckets[i].Load())
		upTo[bound] = count
	}
	count += uint64(h.buckets[len(histogramBounds)].Load())
	return count, time.Duration(h.nanos.Load()).Seconds(), upTo
}
