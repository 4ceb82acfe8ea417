package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// refusal is a row of a batch that a sink's format can't express.
type refusal struct {
	row int
	err *format.DataError
}

// refuse notes a row that the format can't express. It is an error where that stops the pipeline: as bad_data has it, and for rows that were
// made of several records, which no dead letter can carry.
func (t *table) refuse(b *batch.Batch, row int, err error) error {
	var bad *format.DataError
	if b.Derived || !errors.As(err, &bad) {
		return inexpressible(b, row, err)
	}
	if t.refused = append(t.refused, refusal{row, bad}); !t.lenient {
		return inexpressible(b, row, err)
	}
	return nil
}

// rejectOf makes rejections of the rows of a batch that the table has refused, which are in the batch's order then.
func (w *writing) rejectOf(t *table, b *batch.Batch) {
	slices.SortFunc(t.refused, func(a, b refusal) int { return a.row - b.row })
	from := b.From
	for _, r := range t.refused {
		at := b.Source(r.row)
		letter := deadletter.Letter{
			Topic: from.Topic, Partition: from.Partition, Offset: from.Offset[at], Frame: from.Frame[at], Time: from.Time[at], Value: from.Raw[at],
			Code: r.err.Code, Path: r.err.Path, Message: fmt.Sprintf("table %s can't have the row: %s", t.Table, r.err.Message),
			Expected: r.err.Expected, Found: r.err.Found, Framing: w.c.Source.Framing.Envelope(nil),
		}
		if len(from.Whole) > 0 {
			letter.Whole = from.Whole[at]
		}
		letters := -1
		if w.c.Source.BadData == format.DeadLetter {
			letters = w.c.Source.Letters
		}
		w.refused = append(w.refused, rejection{letter: letter, letters: letters})
	}
}

// rejectRefused puts the rows that sinks have refused among the item's rejected ones: each frame once, however many rows were made of it, and sinks
// have refused them. It fails where they are more than the source's bounds allow.
func (w *writing) rejectRefused(it *item) error {
	if len(w.refused) == 0 {
		return nil
	}
	inOrder := func(a, b rejection) int { return a.letter.Compare(&b.letter) }
	slices.SortFunc(w.refused, func(a, b rejection) int { // the same one is left wherever batches are cut
		return cmp.Or(inOrder(a, b), cmp.Compare(a.letter.Message, b.letter.Message), cmp.Compare(a.letter.Code, b.letter.Code))
	})
	w.refused = slices.CompactFunc(w.refused, func(a, b rejection) bool { return inOrder(a, b) == 0 })
	for i := range w.refused {
		r := &w.refused[i]
		w.warned.log(w.c.Log, "row refused by a sink", &r.letter)
		if exceeded := w.bounds.frame(true); exceeded != "" {
			w.c.Stats.rejected(r)
			return fault.InputError(&BadDataError{Table: w.c.Source.Table, Letter: r.letter, Exceeded: exceeded})
		}
	}
	it.rejected = append(it.rejected, w.refused...)
	slices.SortStableFunc(it.rejected, inOrder)
	return nil
}

// unfit tells whether a row could not be written because its sink's format can't express it or no batch can carry it, not
// because the sink failed: it takes what else there is.
func unfit(err error) bool {
	var data *format.DataError
	var bound *BadDataError
	return errors.As(err, &data) || errors.As(err, &bound) || errors.Is(err, connector.ErrTooLarge)
}

// inexpressible is the error of a row that the sink's format cannot express.
func inexpressible(b *batch.Batch, row int, err error) error {
	toDo := "leave such rows out before they reach the sink, give the column another type, or set the source's bad_data to 'drop' or 'dead_letter'"
	if b.Derived {
		toDo = "leave such rows out before they reach the sink, or give the column another type"
	}
	return fault.Inputf("a row made of %s: %w; %s", madeOf(b, row), err, toDo)
}
