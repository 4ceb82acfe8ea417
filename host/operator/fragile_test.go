package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/abi"
)

// hints is what a fragile module's progress cell says when it fails.
type hints uint8

const (
	honest    hints = iota // the row it fails on
	absent                 // nothing
	stuck                  // always the first row
	lying                  // another row each time
	wild                   // a row that there is not
	backwards              // the row it fails on, of a module that begins with the last row
)

// form is how a fragile module answers.
type form uint8

const (
	patchesAll form = iota // selects nothing, adds nothing
	patches                // selects the rows that it keeps
	batches                // batches with origins, in two emits
	twice                  // each row two times
)

// fragile is a stand-in for a module, over one column of numbers, that fails on some of them. Its instances check that
// they are never called when they are dead.
type fragile struct {
	poison  map[int64]abi.FailureKind
	rejects map[int64]bool
	hints   hints
	form    form
	most    int  // rows that it has memory for in a call; 0: any number
	leak    int  // rows that it can take before it has to be restored; 0: any number
	rigid   bool // can't be restored

	calls, opened, restored int
	sent                    int // rows
	open                    int
	alone                   map[int64]bool // failed alone, from a clean image
}

type fragileGuest struct {
	*fragile
	b     *bench
	dead  bool
	taken int // rows since it was clean
	used  uint64
}

func (f *fragile) stage(b *bench, name string, outputs []Output) Stage {
	s := b.stage(name, outputs, nil)
	f.alone = map[int64]bool{}
	s.OnError = Isolate
	s.Open = func(context.Context) (Guest, error) {
		f.opened++
		f.open++
		return &fragileGuest{fragile: f, b: b}, nil
	}
	b.t.Cleanup(func() {
		if f.open != 0 {
			b.t.Errorf("%s: %d instances were left open", name, f.open)
		}
	})
	return s
}

func (g *fragileGuest) Close(context.Context) error {
	g.open--
	g.dead = true
	return nil
}

func (g *fragileGuest) Used() (uint64, int64) { return g.used, 0 }

func (g *fragileGuest) Restore(context.Context) error {
	if g.rigid {
		return errors.New("not restorable")
	}
	g.restored++
	g.dead, g.taken, g.used = false, 0, 0
	return nil
}

func (g *fragileGuest) Process(_ context.Context, rec arrow.RecordBatch, _ abi.Rows) (*abi.Result, error) {
	if g.dead {
		return nil, errors.New("a dead instance was called")
	}
	g.calls++
	g.used++
	g.sent += int(rec.NumRows())
	values := rec.Column(0).(*array.Int64).Int64Values()
	clean := g.taken == 0
	for i := range values {
		if g.hints == backwards {
			i = len(values) - 1 - i
		}
		v := values[i]
		kind := g.poison[v]
		if g.most > 0 && i >= g.most || g.leak > 0 && g.taken >= g.leak {
			kind = abi.FailedMemory
		}
		g.taken++
		if kind != "" {
			if clean && len(values) == 1 {
				g.alone[v] = true
			}
			g.dead = true
			return nil, fmt.Errorf("wrapped: %w", &abi.Failure{
				Kind: kind, Code: string(kind) + ".code", Row: g.hint(i, len(values)), Message: "it broke", Function: "main.row"})
		}
	}
	return g.answer(values), nil
}

func (g *fragileGuest) hint(at, n int) int {
	switch g.hints {
	case honest, backwards:
		return at
	case stuck:
		return 0
	case lying:
		return (at + 1 + g.calls%7) % n
	case wild:
		return n + g.calls
	}
	return -1
}

func (g *fragileGuest) answer(values []int64) *abi.Result {
	res := &abi.Result{}
	kept, refused := []uint32{}, false
	for i, v := range values {
		if g.rejects[v] {
			refused = true
			res.Rejected = append(res.Rejected, abi.Rejection{Row: uint32(i), Code: "no", Message: "not this one"})
			continue
		}
		kept = append(kept, uint32(i))
		if g.form == twice {
			kept = append(kept, uint32(i))
		}
	}
	switch {
	case g.form == patchesAll && !refused:
		res.Emits = []abi.Emit{{}}
	case g.form == patchesAll || g.form == patches:
		res.Emits = []abi.Emit{{Selection: kept}}
	default:
		for _, rows := range [][]uint32{kept[:len(kept)/2], kept[len(kept)/2:]} {
			out := make([]int64, len(rows))
			for i, r := range rows {
				out[i] = values[r]
			}
			res.Emits = append(res.Emits, abi.Emit{Origin: rows, Record: g.b.record(schema("a"), out)})
		}
	}
	return res
}

// outputs are those of a fragile stage; last: to the sinks.
func (f *fragile) outputs(last bool) []Output {
	o := Output{To: Next, Patch: f.form == patchesAll || f.form == patches, Schema: schema("a"), Columns: []Column{{Emitted: f.form >= batches}}}
	if last {
		o.To = Sinks
	}
	return []Output{o}
}

// outcome is what came of many batches: values for the sinks, and "stage code value" by dead letter, in order.
type outcome struct {
	rows    []int64
	letters []string
	counts  Counts
}

// feed cuts the values into batches and runs them through the chain. Row v is from the record at offset v.
func (b *bench) feed(c *Chain, cuts ...[]int64) (*outcome, error) {
	out := new(outcome)
	for _, values := range cuts {
		in := b.source(schema("a"), values)
		for i, v := range values {
			in.From.Offset[i], in.From.Raw[i] = v, fmt.Append(nil, v)
		}
		res, err := b.run(c, in)
		if err != nil {
			return out, err
		}
		for _, made := range res.Batches {
			for i, v := range made.Record.Column(0).(*array.Int64).Int64Values() {
				if from := made.From.Offset[made.Source(i)]; from != v {
					return out, fmt.Errorf("row %d says that it comes from %d", v, from)
				}
				out.rows = append(out.rows, v)
			}
		}
		for _, r := range res.Rejected {
			if l := r.Letter; string(l.Value) != fmt.Sprint(l.Offset) || l.Function != fmt.Sprint("s", r.Stage) || l.Module != "sha256:"+l.Function ||
				r.Condemned != (l.Message == "the module failed on the row alone: it broke, in main.row") {
				return out, fmt.Errorf("letter %+v", r)
			}
			out.letters = append(out.letters, fmt.Sprint(r.Stage, " ", r.Letter.Code, " ", r.Letter.Offset))
		}
		Release(res.Batches)
	}
	out.counts = c.Counts()
	return out, nil
}

// expect is what must come of values: row by row, as if poison rows were rejected.
func expect(stages []*fragile, values []int64) *outcome {
	out := new(outcome)
	for _, v := range values {
		copies, letters := 1, []string{}
		for i, f := range stages {
			code := ""
			if kind := f.poison[v]; kind != "" {
				code = string(kind) + ".code"
			} else if f.rejects[v] {
				code = "no"
			}
			if code != "" {
				for range copies {
					letters = append(letters, fmt.Sprint(i, " ", code, " ", v))
				}
				copies = 0
				break
			}
			if f.form == twice {
				copies *= 2
			}
		}
		for range copies {
			out.rows = append(out.rows, v)
		}
		out.letters = append(out.letters, letters...)
	}
	return out
}

func numbers(from, to int) (all []int64) {
	for v := from; v < to; v++ {
		all = append(all, int64(v))
	}
	return all
}

// poisoned are poison values that all fail in the same way.
func poisoned(values ...int64) map[int64]abi.FailureKind {
	set := map[int64]abi.FailureKind{}
	for _, v := range values {
		set[v] = abi.FailedTrap
	}
	return set
}

var kinds = []abi.FailureKind{abi.FailedTrap, abi.FailedMemory, abi.FailedViolation, abi.FailedStatus, abi.FailedExit}
