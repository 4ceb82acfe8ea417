// Package batch turns rows into Arrow record batches and remembers where each row came from.
//
// A [Builder] is filled row by row: one value to each [Column], then [Builder.EndRow]; a row that turns out bad is taken
// back whole with [Builder.Rollback]. Columns of lists, maps and structs are trees: what they hold goes to their children,
// and then the value is ended. Columns write straight into the memory that later is the Arrow array, so handing a batch
// over copies nothing. [Limits] says when a batch is closed, [Take] gathers rows of an array, and a [Pool] keeps
// buffers for the next batch.
package batch

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Provenance says where the rows of one source batch came from. Its slices are equally long, one entry a row, but for Whole.
type Provenance struct {
	Topic     string
	Partition uint32
	Offset    []int64  // offset of the record
	Frame     []int32  // index of the frame in its record
	Time      []int64  // the record's timestamp, milliseconds since 1970; -1: it has none
	Raw       [][]byte // the frame's bytes as they were; they alias the source's buffer and are not to be written to
	// Whole makes of Raw the bytes that are that row alone, where a frame holds several. It is empty where Raw is they.
	Whole []func(raw []byte) []byte

	// Latest is the latest timestamp of the partition's rows in front of these, as far as they were read in this run; 0:
	// none. What follows the time of a stream follows this and not only the rows of one batch.
	Latest int64

	expected int // rows
}

// Append adds one row's coordinates.
func (p *Provenance) Append(offset int64, frame int32, time int64, raw []byte) {
	if len(p.Offset) == cap(p.Offset) {
		p.grow()
	}
	p.Offset = append(p.Offset, offset)
	p.Frame = append(p.Frame, frame)
	p.Time = append(p.Time, time)
	p.Raw = append(p.Raw, raw)
}

// grow makes room for as many rows as there were the last time.
func (p *Provenance) grow() {
	n := max(p.expected, 2*len(p.Offset), minRows) - len(p.Offset)
	p.Offset, p.Frame, p.Time, p.Raw = slices.Grow(p.Offset, n), slices.Grow(p.Frame, n), slices.Grow(p.Time, n), slices.Grow(p.Raw, n)
}

// Part is the provenance of the rows from lo to hi; its Latest is p's.
func (p *Provenance) Part(lo, hi int) *Provenance {
	part := *p
	part.Offset, part.Frame, part.Time, part.Raw = p.Offset[lo:hi], p.Frame[lo:hi], p.Time[lo:hi], p.Raw[lo:hi]
	if len(p.Whole) > 0 {
		part.Whole = p.Whole[lo:hi]
	}
	return &part
}

// Next begins the provenance of the rows that come behind p's.
func (p *Provenance) Next() *Provenance {
	return &Provenance{Topic: p.Topic, Partition: p.Partition, Latest: p.LatestBefore(p.Len()), expected: p.Len()}
}

// LatestBefore is what Latest is for the rows from row i on.
func (p *Provenance) LatestBefore(i int) int64 {
	latest := p.Latest
	for _, t := range p.Time[:i] {
		latest = max(latest, t)
	}
	return latest
}

// Len is the number of rows.
func (p *Provenance) Len() int { return len(p.Offset) }

// Batch is a record batch with the provenance of its rows. Whoever holds it last releases Record.
type Batch struct {
	Record arrow.RecordBatch
	From   *Provenance
	Origin []uint32 // row i of Record came from row Origin[i] of From; nil: from row i
	// Derived says that no row of Record has an origin (an aggregate's, say): each came from all of From. Origin is nil.
	Derived bool
}

// Source tells the row of From that row i of Record came from.
func (b *Batch) Source(i int) int {
	if b.Origin == nil {
		return i
	}
	return int(b.Origin[i])
}
