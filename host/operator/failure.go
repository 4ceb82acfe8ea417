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

// judge tells a failure that rows may be the reason of, and the stage goes on behind, from an error that ends the chain. Time
// says nothing about rows: a busy machine would condemn them.
func (s *stage) judge(ctx context.Context, b *batch.Batch, err error) (*abi.Failure, error) {
	var failure *abi.Failure
	switch {
	case !errors.As(err, &failure), ctx.Err() != nil, failure.Kind == abi.FailedBug, failure.Kind == abi.FailedCancelled:
		return nil, fmt.Errorf("function %s: %w", s.Function, err)
	case failure.Kind == abi.FailedDeadline:
		return nil, fault.Inputf("function %s failed (%s) on %s: %w",
			s.Function, failure.Code, place(b, failure.Row), failure)
	case s.OnError == Fail:
		set := "weir.error_topic and its weir.on_error"
		if s.Letters {
			set = "its weir.on_error"
		}
		return nil, fault.Inputf("function %s failed (%s) on %s: %w; set %s to 'isolate' to go on without the rows that it fails on",
			s.Function, failure.Code, place(b, failure.Row), failure, set)
	}
	return failure, nil
}

// drop rejects every row of a batch that stage i's module failed on.
func (c *Chain) drop(i int, b *batch.Batch, failure *abi.Failure, res *Result) error {
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
		if len(from.Whole) > 0 {
			l.Whole = from.Whole[at]
		}
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
	return fault.Inputf("function %s rejected a row of %s: %s: %s; "+
		"set weir.error_topic on the function, or bad_data.topic on the table, to send such rows to a dead letter",
		l.Function, located(l), l.Code, visible.Line(l.Message))
}

// located says where a letter's row came from.
func located(l *deadletter.Letter) string {
	if l.Derived {
		return fmt.Sprintf("topic %s partition %d offsets %d to %d", l.Topic, l.Partition, l.Offset, l.LastOffset)
	}
	return fmt.Sprintf("topic %s partition %d offset %d frame %d", l.Topic, l.Partition, l.Offset, l.Frame)
}
