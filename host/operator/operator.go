// Package operator runs batches through a chain of sandboxed modules.
//
// One stage is one call in the configuration, f(t): an instance of a module, the columns it is sent, and how its answers
// become batches of the next stage. A stage's patches are applied here; what a patch leaves alone is never copied.
package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/deadletter"
)

// Stage is one call of the chain, planned.
type Stage struct {
	// Function is the name in the configuration, Hash the module's content hash, "sha256:…".
	Function, Hash string
	// Open makes an instance. It is called again after one has failed.
	Open func(ctx context.Context) (Guest, error)
	// Send are the columns of the stage's input that the module is sent, in the order it asks for; Input is their schema.
	Send  []int
	Input *arrow.Schema
	// Outputs says, by number of the module's output, what becomes of its emits.
	Outputs []Output
	// DropBatch goes on behind a batch that the module failed on, with each of its rows rejected. Without it the failure
	// ends the chain.
	DropBatch bool
	// Row encodes a row of the stage's input, for the dead letter of a row without an origin.
	Row func(rec arrow.RecordBatch, row int) ([]byte, error)
}

// Guest is an instance of a module. *abi.Instance is one.
type Guest interface {
	Process(ctx context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error)
	Close(ctx context.Context) error
}

var _ Guest = (*abi.Instance)(nil)

// Output is what becomes of one output of a module.
type Output struct {
	// To is where its batches go: the next stage, or the sinks. Unread outputs are dropped.
	To Destination
	// Index is the output's number in Result, where To is Sinks.
	Index int
	// Patch says that the output answers with patches, not with batches.
	Patch bool
	// Schema and Columns make up its batches.
	Schema  *arrow.Schema
	Columns []Column
}

// Destination is where an output's batches go.
type Destination uint8

// The destinations.
const (
	Unread Destination = iota
	Next
	Sinks
)

// Column says where a column of an output's batches comes from: the emit's column Index, or the input's.
type Column struct {
	Emitted bool
	Index   int
}

// Chain is the stages of one lane, opened. It belongs to one goroutine.
type Chain struct {
	stages []*stage
	mem    memory.Allocator
}

type stage struct {
	Stage
	guest Guest
}

// Result is what came out of a batch, in order.
type Result struct {
	Batches  []Batch
	Rejected []Rejection
	// Guest is the time spent in the modules.
	Guest time.Duration

	held int // bytes of Batches and Rejected, about
}

// Batch is rows for the sinks that read output Index.
type Batch struct {
	Index int
	*batch.Batch
}

// Release lets go of batches.
func Release(batches []Batch) {
	for _, b := range batches {
		b.Record.Release()
	}
}

// Rejection is a row that a stage rejected.
type Rejection struct {
	Stage  int
	Letter deadletter.Letter
}

// Open opens an instance for each stage.
func Open(ctx context.Context, stages []Stage, mem memory.Allocator) (*Chain, error) {
	c := &Chain{mem: mem}
	for _, s := range stages {
		guest, err := s.Open(ctx)
		if err != nil {
			_ = c.Close(ctx) // the first error is the one to tell
			return nil, fmt.Errorf("function %s: %w", s.Function, err)
		}
		c.stages = append(c.stages, &stage{s, guest})
	}
	return c, nil
}

// Close closes the instances.
func (c *Chain) Close(ctx context.Context) (err error) {
	for _, s := range c.stages {
		err = errors.Join(err, s.guest.Close(ctx))
	}
	return err
}

// Process runs a batch through the chain. A chain without stages gives the batch itself. The caller keeps b and releases
// the result's batches, none of which is empty. On an error nothing comes out: it names function, topic, partition and
// offsets.
func (c *Chain) Process(ctx context.Context, b *batch.Batch) (*Result, error) {
	res := new(Result)
	if len(c.stages) == 0 {
		b.Record.Retain()
		res.Batches = append(res.Batches, Batch{0, b})
		return res, nil
	}
	if err := c.process(ctx, 0, b, res); err != nil {
		Release(res.Batches)
		return nil, err
	}
	return res, nil
}

func (c *Chain) process(ctx context.Context, i int, b *batch.Batch, res *Result) error {
	s := c.stages[i]
	answer, err := s.call(ctx, b, res)
	if err != nil {
		return c.failed(ctx, i, b, res, err)
	}
	defer answer.Release()
	for _, e := range answer.Emits {
		out := s.Outputs[e.Output]
		if out.To == Unread || rowCount(out, b, e) == 0 {
			continue
		}
		made, err := c.assemble(out, b, e)
		if err != nil {
			return fmt.Errorf("function %s: %w", s.Function, err)
		}
		if out.To == Sinks {
			res.Batches = append(res.Batches, Batch{out.Index, made})
			if err := s.hold(res, held(out, made, e)); err != nil {
				return err
			}
			continue
		}
		err = c.process(ctx, i+1, made, res)
		made.Record.Release()
		if err != nil {
			return err
		}
	}
	for _, r := range answer.Rejected {
		if err := c.reject(i, b, int(r.Row), r.Code, r.Message, res); err != nil {
			return err
		}
	}
	return nil
}

// reject adds a row of stage i's input to the rejected ones.
func (c *Chain) reject(i int, b *batch.Batch, row int, code, message string, res *Result) error {
	s := c.stages[i]
	l, err := s.letter(b, row, code, message)
	if err != nil {
		return err
	}
	res.Rejected = append(res.Rejected, Rejection{i, l})
	bytes := rejectedCost + len(message)
	if l.Derived {
		bytes += len(l.Value)
	}
	return s.hold(res, bytes)
}

// call sends the module the columns it asks for.
func (s *stage) call(ctx context.Context, b *batch.Batch, res *Result) (*abi.Result, error) {
	sent := make([]arrow.Array, len(s.Send))
	for i, col := range s.Send {
		sent[i] = b.Record.Column(col)
	}
	rec := array.NewRecordBatch(s.Input, sent, b.Record.NumRows())
	defer rec.Release()
	began := time.Now()
	answer, err := s.guest.Process(ctx, rec, rows{b})
	res.Guest += time.Since(began)
	return answer, err
}

// assemble makes the batch that an emit stands for.
func (c *Chain) assemble(out Output, b *batch.Batch, e abi.Emit) (*batch.Batch, error) {
	columns := make([]arrow.Array, 0, len(out.Columns))
	defer func() {
		for _, col := range columns {
			col.Release()
		}
	}()
	for _, from := range out.Columns {
		switch {
		case from.Emitted:
			col := e.Record.Column(from.Index)
			col.Retain()
			columns = append(columns, col)
		case e.Selection == nil:
			col := b.Record.Column(from.Index)
			col.Retain()
			columns = append(columns, col)
		default:
			col, err := batch.Take(b.Record.Column(from.Index), e.Selection, c.mem)
			if err != nil {
				return nil, err
			}
			columns = append(columns, col)
		}
	}
	made := &batch.Batch{From: b.From}
	made.Origin, made.Derived = origin(out, b, e)
	made.Record = array.NewRecordBatch(out.Schema, columns, rowCount(out, b, e))
	return made, nil
}

func rowCount(out Output, b *batch.Batch, e abi.Emit) int64 {
	switch {
	case !out.Patch:
		return e.Record.NumRows()
	case e.Selection != nil:
		return int64(len(e.Selection))
	}
	return b.Record.NumRows()
}

// origin follows an emit's rows through b to the source. What it returns is not the emit's, which is released first.
func origin(out Output, b *batch.Batch, e abi.Emit) (rows []uint32, derived bool) {
	through := e.Selection
	if !out.Patch {
		through = e.Origin
	}
	switch {
	case b.Derived, !out.Patch && through == nil:
		return nil, true
	case through == nil:
		return b.Origin, false
	}
	rows = slices.Clone(through)
	if b.Origin != nil {
		for i, r := range rows {
			rows[i] = b.Origin[r]
		}
	}
	return rows, false
}

// rows tells a module where the rows it is sent came from.
type rows struct{ *batch.Batch }

func (b rows) Row(i uint32) abi.Row {
	from, at := b.From, from(b.Batch, i)
	return abi.Row{Topic: from.Topic, Partition: from.Partition, Offset: from.Offset[at], Frame: from.Frame[at], Time: from.Time[at]}
}

// from is the source row of a row; a derived one counts as coming from the last.
func from(b *batch.Batch, i uint32) int {
	if b.Derived {
		return b.From.Len() - 1
	}
	return b.Source(int(i))
}
