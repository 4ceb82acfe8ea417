package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// sequence is a lane's producer sequence in one sink. Every record that the lane makes for it gets a partition and the next ordinal
// there. Records are made again in the same order after a crash, so an ordinal says which record it is (invariant 14); what the sink has
// of them when the lane is opened is not written again (invariant 15).
type sequence struct {
	writer    int64
	next      []int64 // by partition, the ordinal of the next record
	found     []int64 // by partition, the ordinal behind those that the sink had when the lane was opened
	positions []int64 // see checkpoint.Sink

	begun        []int64  // next, before the item that is being written
	begunCurrent []uint32 // current then
	current      []uint32 // where records went that are made of the same source record as the last one
}

// findersAtOnce is how many partitions of a sink a lane looks at, at a time.
const findersAtOnce = 8

// findSequence looks for what the sink has of a sequence behind a checkpoint.
func findSequence(ctx context.Context, s connector.Sink, place checkpoint.Sink) (*sequence, error) {
	q := &sequence{
		writer: place.Writer, next: slices.Clone(place.Ordinals), positions: slices.Clone(place.Positions),
		found: make([]int64, len(place.Ordinals)), begun: slices.Clone(place.Ordinals),
	}
	return q, q.each(func(p uint32) (err error) {
		q.found[p], _, err = s.SequenceEnd(ctx, p, q.writer, q.next[p], q.positions[p])
		return untold(err)
	})
}

// untold says what to do about a sink that has lost what lay behind a position, or that never had the position.
func untold(err error) error {
	var gone *connector.OutOfRangeError
	if !errors.As(err, &gone) {
		return err
	}
	return fault.Inputf("what the sink has got since the checkpoint can't be told, so %s: %w", toDraw, err)
}

// toDraw is what a user can do about a sink that does not hold what it should.
const toDraw = "give the pipeline another name, or draw new writer ids with weir state rewind"

// each calls do for every partition, for some at a time, and returns the first error.
func (q *sequence) each(do func(p uint32) error) error {
	return several(len(q.next), findersAtOnce, func(p int) error {
		if err := do(uint32(p)); err != nil {
			return fmt.Errorf("partition %d: %w", p, err)
		}
		return nil
	})
}

// draw begins a sequence: a new writer, of which the sink has nothing.
func draw(ctx context.Context, s connector.Sink, partitions int) (*sequence, error) {
	zero := make([]int64, partitions)
	q := &sequence{writer: connector.NewWriterID(), next: zero, found: slices.Clone(zero), begun: slices.Clone(zero), positions: slices.Clone(zero)}
	return q, q.move(ctx, s)
}

// take gives the next record of a partition its ordinal, and tells whether it is to be written.
func (q *sequence) take(p uint32) bool {
	ordinal := q.next[p]
	q.next[p]++
	q.current = append(q.current, p)
	return ordinal >= q.found[p]
}

// untake takes that back: the record could not be written.
func (q *sequence) untake(p uint32) {
	q.next[p]--
	q.current = q.current[:len(q.current)-1]
}

// ordinals is what a checkpoint holds: next, or what it was before the current source record.
func (q *sequence) ordinals(beforeCurrent bool) []int64 {
	at := slices.Clone(q.next)
	if beforeCurrent {
		for _, p := range q.current {
			at[p]--
		}
	}
	return at
}

// equal tells whether the sink has nothing of the sequence beyond what the lane has made.
func (q *sequence) equal() bool { return q.covered(q.next) }

// covered tells whether the sink had nothing from given ordinals on when the lane was opened.
func (q *sequence) covered(ordinals []int64) bool {
	for p, found := range q.found {
		if found > ordinals[p] {
			return false
		}
	}
	return true
}

// move moves the positions to where the sink ends now. Nothing may be in flight, and nothing of the current source record may be
// left to write: then what comes from next on will lie behind (invariant 17).
func (q *sequence) move(ctx context.Context, s connector.Sink) error {
	return q.each(func(p uint32) error {
		if q.found[p] > q.next[p] {
			return nil // what is there already lies behind the position as it is
		}
		end, err := s.End(ctx, p)
		if err == nil && end < q.positions[p] { // another topic of that name, or a leader that is not up to date yet: this waits for one that is
			_, end, err = s.SequenceEnd(ctx, p, q.writer, q.next[p], q.positions[p])
		}
		if err != nil {
			return untold(err)
		}
		q.positions[p] = end
		return nil
	})
}
