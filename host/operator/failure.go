package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// failed deals with a batch that a module failed on. Where the stage drops such batches, every row is rejected with the
// failure's code and a fresh instance takes over. A missed deadline always ends the chain: time says nothing about rows.
func (c *Chain) failed(ctx context.Context, i int, b *batch.Batch, res *Result, err error) error {
	s := c.stages[i]
	var failure *abi.Failure
	if !errors.As(err, &failure) {
		return fmt.Errorf("function %s: %w", s.Function, err)
	}
	if failure.Kind == abi.FailedBug || failure.Kind == abi.FailedCancelled {
		return fmt.Errorf("function %s: %w", s.Function, err)
	}
	if failure.Kind == abi.FailedDeadline {
		return fault.Inputf("function %s failed (%s) on %s: %w; raise its weir.timeout if it needs more time",
			s.Function, failure.Code, place(b, failure.Row), failure)
	}
	if !s.DropBatch {
		return fault.Inputf("function %s failed (%s) on %s: %w; set its weir.on_error to 'drop_batch' to go on past such batches",
			s.Function, failure.Code, place(b, failure.Row), failure)
	}
	fresh, err := s.Open(ctx)
	if err != nil {
		return fmt.Errorf("function %s: opening it anew after a failure: %w", s.Function, err)
	}
	err = s.guest.Close(ctx)
	s.guest = fresh
	if err != nil {
		return fmt.Errorf("function %s: %w", s.Function, err)
	}
	reason := "the module failed on the row's batch: " + failure.Reason()
	for row := range int(b.Record.NumRows()) {
		if err := c.reject(i, b, row, failure.Code, reason, res); err != nil {
			return err
		}
	}
	return nil
}

// place names the records that a batch was made of, and the one that the progress cell pointed at.
func place(b *batch.Batch, row int) string {
	from, rows := b.From, int(b.Record.NumRows())
	first, last := from.Offset[0], from.Offset[from.Len()-1]
	at := fmt.Sprintf("topic %s partition %d offsets %d to %d", from.Topic, from.Partition, first, last)
	if row >= 0 && row < rows && !b.Derived {
		at += fmt.Sprintf(" (last row begun: offset %d)", from.Offset[b.Source(row)])
	}
	return at
}

// letter makes the dead letter of a row of the stage's input.
func (s *stage) letter(b *batch.Batch, row int, code, message string) (deadletter.Letter, error) {
	from := b.From
	l := deadletter.Letter{
		Topic: from.Topic, Partition: from.Partition, Code: code, Message: message, Module: s.Hash, Function: s.Function,
	}
	if !b.Derived {
		at := b.Source(row)
		l.Offset, l.Frame, l.Time, l.Value = from.Offset[at], from.Frame[at], from.Time[at], from.Raw[at]
		return l, nil
	}
	l.Derived, l.Time = true, from.Time[from.Len()-1]
	l.Offset, l.LastOffset = from.Offset[0], from.Offset[from.Len()-1]
	value, err := s.Row(b.Record, row)
	if err != nil {
		return l, fmt.Errorf("function %s: encoding a rejected row: %w", s.Function, err)
	}
	l.Value = value
	return l, nil
}

// Stop is the error that ends a pipeline where a rejected row has nowhere to go.
func (r *Rejection) Stop() error {
	l := &r.Letter
	where := fmt.Sprintf("offset %d frame %d", l.Offset, l.Frame)
	if l.Derived {
		where = fmt.Sprintf("offsets %d to %d", l.Offset, l.LastOffset)
	}
	return fault.Inputf("function %s rejected a row of topic %s partition %d %s: %s: %s; "+
		"set weir.error_topic on the function, or bad_data.topic on the table, to send such rows to a dead letter",
		l.Function, l.Topic, l.Partition, where, l.Code, visible.Line(l.Message))
}
