package batch

import "time"

// Limits says when a batch is closed: whichever limit is reached first. Nothing that users see depends on where batches
// are cut.
type Limits struct {
	Rows  int           // rows
	Bytes int           // bytes held for it; a batch may pass it by one row
	Age   time.Duration // since its first row
}

// DefaultLimits are the limits where none are configured.
var DefaultLimits = Limits{Rows: 8192, Bytes: 1 << 20, Age: 50 * time.Millisecond}

// WithDefaults fills in the fields that are not positive.
func (l Limits) WithDefaults() Limits {
	if l.Rows <= 0 {
		l.Rows = DefaultLimits.Rows
	}
	if l.Bytes <= 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	if l.Age <= 0 {
		l.Age = DefaultLimits.Age
	}
	return l
}
