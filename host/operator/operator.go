// Package operator runs batches through a chain of sandboxed modules.
//
// One stage is one call in the configuration, f(t): an instance of a module, the columns it is sent, and how its answers
// become batches of the next stage. A stage's patches are applied here; what a patch leaves alone is never copied.
//
// # Failures
//
// Nothing of a call that failed counts, and its instance is restored before it is called again. With [Isolate] the batch is
// then run in parts, left to right: cut around the row in the module's progress cell, or by halves where there is no such
// row or the cell has pointed at one that was fine. A row is *poison* only if the module fails on it alone, from a clean
// image, with the whole budget of a call; it is rejected, and everything else goes on in order, as if the module itself had
// rejected the row. Time never condemns a row, nor does a caller that gives up, nor a mistake of the host's.
//
// With k poison rows in a batch of n that takes at most 3k more calls where the progress cell is honest (and, from the
// fourth on, a call now and then for a stride without poison), and k(1 + 2⌈log₂ n⌉) more without one; a cell that lies
// costs two more. Each part that a stage answers is one more batch for the next stage. A module whose answer depends on how
// its rows are cut gives another one behind a failure: a manifest that says batch_independent promises that there is no
// such difference.
package operator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/pool"
)

// Stage is one call of the chain, planned.
type Stage struct {
	// Function is the name in the configuration, Hash the module's content hash, "sha256:…".
	Function, Hash string
	// Open makes an instance, each time one like the others. It is called by several goroutines.
	Open func(ctx context.Context) (Guest, error)
	// Instances bounds those that live at a time, for all lanes; default MostInstances(). They are opened as they are needed.
	Instances int
	// Growth is by how many bytes an instance's memory may have grown before it is restored, asked at each call, so that it
	// may follow a limit that changes; nil: 32 MiB. Idle instances are held to what it is when the first chain is opened.
	Growth func() int64
	// Send are the columns of the stage's input that the module is sent, in the order it asks for; Input is their schema.
	Send  []int
	Input *arrow.Schema
	// Outputs says, by number of the module's output, what becomes of its emits.
	Outputs []Output
	// OnError says what becomes of a batch that the module failed on, Breaker how many rows may be condemned for it.
	OnError OnError
	Breaker Breaker
	// Letters says that rejected rows have a topic to go to: there is no need to advise one.
	Letters bool
	// Row encodes a row of the stage's input, for the dead letter of a row without an origin.
	Row func(rec arrow.RecordBatch, row int) ([]byte, error)
}

// OnError is what a stage does about a batch that its module failed on. A missed deadline, a caller that gave up and a
// mistake of the host's end the chain whatever it says.
type OnError uint8

// What a stage may do.
const (
	Fail      OnError = iota // end the chain
	Isolate                  // reject the rows that the module fails on alone, and go on with the others
	DropBatch                // reject every row of the batch
)

// Guest is an instance of a module. One that is restored keeps the answers it has given valid.
type Guest interface {
	pool.Instance
	// Process hands a batch over and returns the answer, the caller's until it releases it. After an error the instance is
	// dead until it is restored.
	Process(ctx context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error)
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

// Chain is the stages of one lane. It belongs to one goroutine.
type Chain struct {
	lanes  *Lanes
	stages []*stage
	mem    memory.Allocator
	counts Counts
	guest  time.Duration // in the modules
}

type stage struct {
	Stage
	instances
	breaker breaker
}

// Counts is what modules cost.
type Counts struct {
	Fuel     int64 // consumed by the calls, failed ones too
	Failures int64 // calls that failed
	Extra    int64 // calls on parts of batches that had failed
}

// Result is what came out of a batch, in order.
type Result struct {
	Batches  []Batch
	Rejected []Rejection

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
	Stage     int
	Letter    deadletter.Letter
	Condemned bool // the module did not say so itself: it failed on the row alone
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
	// Of one frame's rows, those that later stages rejected come first, in whatever parts batches were run.
	slices.SortStableFunc(res.Rejected, func(a, b Rejection) int {
		return cmp.Or(a.Letter.Compare(&b.Letter), b.Stage-a.Stage)
	})
	return res, nil
}

// Counts are those since the last call of Counts.
func (c *Chain) Counts() Counts {
	counts := c.counts
	c.counts = Counts{}
	return counts
}

// GuestTime is the time spent in the modules since the last call of GuestTime, failed calls included, of batches too that ended the
// chain.
func (c *Chain) GuestTime() time.Duration {
	guest := c.guest
	c.guest = 0
	return guest
}

// Disarm takes the breakers out of every stage. It is for rows that are run once more: they were counted before.
func (c *Chain) Disarm() {
	for _, s := range c.stages {
		s.breaker = breaker{}
	}
}

// process runs a batch through the stages from i on.
func (c *Chain) process(ctx context.Context, i int, b *batch.Batch, res *Result) error {
	s := c.stages[i]
	answer, failure, err := c.call(ctx, s, b, false, res)
	switch {
	case err != nil:
		return err
	case failure == nil:
		s.breaker.passed(int(b.Record.NumRows()))
		return c.take(ctx, i, b, answer, res)
	case s.OnError == DropBatch:
		return c.drop(i, b, failure, res)
	}
	return c.isolate(ctx, i, b, failure, res)
}

// take lets an answer of stage i take effect, and lets go of it.
func (c *Chain) take(ctx context.Context, i int, b *batch.Batch, answer *abi.Result, res *Result) error {
	defer answer.Release()
	s := c.stages[i]
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
	res.Rejected = append(res.Rejected, Rejection{Stage: i, Letter: l})
	bytes := rejectedCost + len(message)
	if l.Derived {
		bytes += len(l.Value)
	}
	return s.hold(res, bytes)
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
