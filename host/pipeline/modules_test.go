package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/operator"
)

// row is a row of the tests' tables.
type row struct {
	n int64
	s string
}

// out is a row for one of a module's outputs.
type out struct {
	output int
	row
}

// module is a stand-in for a module: what it does with one row, and in which form it answers. What it does with a batch
// follows from its rows, except for a trap and a sum.
type module struct {
	form    form
	outputs int
	do      func(r row) (outs []out, rejected string)
	trap    int64 // fails on a batch with a multiple of it as n, not 0; 0: never
	fails   abi.FailureKind
}

type form uint8

const (
	patch      form = iota // selects rows and replaces n
	patchAll               // adds nothing, selects nothing
	rows                   // gives batches with origins
	rowsUntold             // gives one batch without origins: the sum
)

func one(r row) []out { return []out{{0, r}} }

// modules are the stand-ins by name.
var modules = map[string]module{
	"pass": {form: patchAll, outputs: 1, do: func(r row) ([]out, string) { return one(r), "" }},
	"inc":  {form: patch, outputs: 1, do: func(r row) ([]out, string) { return one(row{r.n + 1, r.s}), "" }},
	"even": {form: patch, outputs: 1, do: func(r row) ([]out, string) {
		if r.n%2 != 0 {
			return nil, ""
		}
		return one(r), ""
	}},
	"twice": {form: rows, outputs: 1, do: func(r row) ([]out, string) { return append(one(r), out{0, row{-r.n, r.s}}), "" }},
	"seven": {form: patch, outputs: 1, do: func(r row) ([]out, string) {
		if r.n%7 == 0 {
			return nil, "test.seven"
		}
		return one(r), ""
	}},
	"split": {form: patch, outputs: 2, do: func(r row) ([]out, string) { return []out{{int(r.n & 1), r}}, "" }},
	"both":  {form: rows, outputs: 2, do: func(r row) ([]out, string) { return []out{{0, r}, {1, row{-r.n, r.s}}}, "" }},
	"fives": {form: rows, outputs: 1, do: func(r row) ([]out, string) {
		if r.n%5 == 0 {
			return nil, "test.five"
		}
		return append(one(r), one(r)...), ""
	}},
	"sum":      {form: rowsUntold, outputs: 1},
	"trap13":   {form: patchAll, outputs: 1, do: func(r row) ([]out, string) { return one(r), "" }, trap: 13, fails: abi.FailedTrap},
	"late13":   {form: patchAll, outputs: 1, do: func(r row) ([]out, string) { return one(r), "" }, trap: 13, fails: abi.FailedDeadline},
	"broken13": {form: patchAll, outputs: 1, do: func(r row) ([]out, string) { return one(r), "" }, trap: 13, fails: abi.FailedBug},
}

var (
	bigint = arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int64}
	text   = arrow.Field{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}
	both   = arrow.NewSchema([]arrow.Field{bigint, text}, nil)
)

// stage plans a stand-in. next says that its output 0 feeds another stage; opened counts its open instances.
func (m module) stage(name string, next bool, onError operator.OnError, mem memory.Allocator, opened *atomic.Int64) operator.Stage {
	s := operator.Stage{
		Function: name, Hash: "sha256:" + name, Send: []int{0, 1}, Input: both, OnError: onError, Row: rowJSON,
		Open: func(context.Context) (operator.Guest, error) {
			opened.Add(1)
			return &guest{module: m, mem: mem, opened: opened}, nil
		},
	}
	for i := range m.outputs {
		o := operator.Output{To: operator.Sinks, Index: i, Schema: both, Patch: m.form == patch || m.form == patchAll}
		if next {
			o.To = operator.Next
		}
		o.Columns = []operator.Column{{Emitted: m.form != patchAll, Index: 0}, {Emitted: !o.Patch, Index: 1}}
		s.Outputs = append(s.Outputs, o)
	}
	return s
}

func (m module) traps(r row) bool { return m.trap != 0 && r.n != 0 && r.n%m.trap == 0 }

func rowJSON(rec arrow.RecordBatch, at int) ([]byte, error) {
	enc, err := jsonformat.New(jsonformat.Config{}).NewEncoder([]format.Field{{Name: "n", Type: bigint.Type}, {Name: "s", Type: text.Type, Nullable: true}})
	if err != nil {
		return nil, err
	}
	if err := enc.Bind(rec.Columns()); err != nil {
		return nil, err
	}
	return enc.Append(nil, at)
}

// guest is a stand-in's instance.
type guest struct {
	module
	mem    memory.Allocator
	opened *atomic.Int64
	dead   bool
}

func (g *guest) Close(context.Context) error {
	g.opened.Add(-1)
	return nil
}

func (g *guest) Used() (uint64, int64) { return 1, 0 }

func (g *guest) Restore(context.Context) error {
	g.dead = false
	return nil
}

func (g *guest) Process(_ context.Context, rec arrow.RecordBatch, _ abi.Rows) (*abi.Result, error) {
	if g.dead {
		return nil, abi.ErrDead
	}
	n, s := rec.Column(0).(*array.Int64), rec.Column(1).(*array.String)
	answers := make([]answer, g.outputs)
	res := &abi.Result{}
	sum := row{s: "sum"}
	for i := range int(rec.NumRows()) {
		in := row{n.Value(i), s.Value(i)}
		if g.traps(in) {
			g.dead = true
			return nil, &abi.Failure{Kind: g.fails, Code: "trap.unreachable", Module: "m", Call: "weir_process", Row: i, Message: "unreachable executed"}
		}
		if g.form == rowsUntold {
			sum.n += in.n
			continue
		}
		outs, rejected := g.do(in)
		if rejected != "" {
			res.Rejected = append(res.Rejected, abi.Rejection{Row: uint32(i), Code: rejected, Message: "not this one"})
		}
		for _, o := range outs {
			answers[o.output].add(i, o.row)
		}
	}
	if g.form == rowsUntold {
		answers[0].add(0, sum)
	}
	for i := range answers {
		res.Emits = append(res.Emits, answers[i].emit(g, i))
	}
	return res, nil
}

// answer is what a guest has for one of its outputs.
type answer struct {
	from []uint32
	rows []row
}

func (a *answer) add(from int, r row) {
	a.from, a.rows = append(a.from, uint32(from)), append(a.rows, r)
}

func (a *answer) emit(g *guest, output int) abi.Emit {
	e := abi.Emit{Output: output}
	from := append([]uint32{}, a.from...)
	switch g.form {
	case patchAll:
	case patch:
		e.Selection, e.Record = from, record(a.rows, false, g.mem)
	case rows:
		e.Origin, e.Record = from, record(a.rows, true, g.mem)
	case rowsUntold:
		e.Record = record(a.rows, true, g.mem)
	}
	return e
}

// record makes a batch of n, or of n and s.
func record(of []row, withText bool, mem memory.Allocator) arrow.RecordBatch {
	fields := []arrow.Field{bigint}
	if withText {
		fields = append(fields, text)
	}
	b := array.NewRecordBuilder(mem, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, r := range of {
		b.Field(0).(*array.Int64Builder).Append(r.n)
		if withText {
			b.Field(1).(*array.StringBuilder).Append(r.s)
		}
	}
	return b.NewRecordBatch()
}

// String names a row in a test's failure.
func (r row) String() string { return fmt.Sprintf("{%d %q}", r.n, r.s) }
