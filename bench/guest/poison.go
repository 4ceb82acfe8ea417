package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/benchkit"
)

// Poison is the speed of a stage whose module traps on one row in a hundred, found by an honest progress cell.
type Poison struct {
	Clean benchkit.Figure `json:"clean_rows_per_second"`
	AA    benchkit.Figure `json:"a_a"`
	Rate  benchkit.Figure `json:"poisoned_rows_per_second"`
	Ratio benchkit.Figure `json:"poisoned_to_clean"`
	Calls float64         `json:"calls_per_poisoned_batch"`
}

// Sparse is what three poison rows in a batch of 10,000 cost.
type Sparse struct {
	Out        int   `json:"rows_out"`
	Condemned  int   `json:"rows_condemned"`
	ExtraCalls int64 `json:"extra_calls"`
}

//go:embed testdata/c/poison.wasm
var poisonInC []byte

var (
	poisonInput  = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	poisonOutput = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "twice", Type: arrow.PrimitiveTypes.Int64}}, nil)
)

// poisonRate is one poison row in so many, poisonTime how long an arm runs in a round.
const (
	poisonRate = 100
	poisonTime = 50 * time.Millisecond
)

// work brings a batch through the stage: a clean one, or one with poison.
type work func(poisoned bool) (calls int64, err error)

// poisoned measures batches of the size that pipelines have, and of larger ones, through the stage alone and from JSON to JSON.
func (b *bench) poisoned(r *Report) (err error) {
	g, err := openGuest(b.ctx, poisonInC, poisonInput, engine.Limits{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	r.Poison = map[string]Poison{}
	for _, rows := range []int{1024, 8192} {
		for what, prepare := range map[string]func(*guest, int) (work, func() error, error){stageAlone: b.stageAlone, jsonToJSON: b.jsonToJSON} {
			name := fmt.Sprintf("%d rows, %s", rows, what)
			w, closeIt, err := prepare(g, rows)
			if err == nil {
				r.Poison[name], err = b.poison(w, rows)
				err = errors.Join(err, closeIt())
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	r.Sparse, err = b.sparse(g)
	return err
}

// poison compares clean batches and poisoned ones, in turn.
func (b *bench) poison(w work, rows int) (p Poison, err error) {
	var rates [3][]float64 // clean, poisoned, clean again
	for round := range 1 + b.rounds {
		for k, poisoned := range []bool{false, true, false} {
			perSecond, calls, err := rate(w, poisoned, rows)
			if err != nil {
				return p, err
			}
			if round == 0 {
				continue
			}
			if rates[k] = append(rates[k], perSecond); poisoned {
				p.Calls = calls
			}
		}
	}
	var ratios, same []float64
	for i, clean := range rates[0] {
		ratios, same = append(ratios, rates[1][i]/clean), append(same, rates[2][i]/clean)
	}
	p.Clean, p.Rate, p.Ratio, p.AA = benchkit.NewFigure(rates[0]), benchkit.NewFigure(rates[1]), benchkit.NewFigure(ratios), benchkit.NewFigure(same)
	return p, nil
}

// rate runs a batch again and again.
func rate(w work, poisoned bool, rows int) (rowsPerSecond, callsPerBatch float64, err error) {
	began, batches, calls := time.Now(), 0, int64(0)
	for ; time.Since(began) < poisonTime; batches++ {
		n, err := w(poisoned)
		if err != nil {
			return 0, 0, err
		}
		calls += n
	}
	return float64(batches*rows) / time.Since(began).Seconds(), float64(calls) / float64(batches), nil
}

const stageAlone = "the stage alone"

// stageAlone hands batches over that are there already.
func (b *bench) stageAlone(g *guest, rows int) (work, func() error, error) {
	chain, err := b.poisonChain(g, 0, poisonInput, poisonOutput)
	if err != nil {
		return nil, nil, err
	}
	clean, bad := poisonBatch(rows, 0), poisonBatch(rows, poisonRate)
	closeIt := func() error {
		clean.Record.Release()
		bad.Record.Release()
		return chain.Close(b.ctx)
	}
	return func(poisoned bool) (int64, error) {
		in, poison := clean, 0
		if poisoned {
			in, poison = bad, poisonIn(rows, poisonRate)
		}
		return runBatch(b.ctx, chain, in, poison, func(*batch.Batch) error { return nil })
	}, closeIt, nil
}

// sparse runs one batch of 10,000 rows with three poison rows in it.
func (b *bench) sparse(g *guest) (s Sparse, err error) {
	const rows, every = 10_000, 3_333
	chain, err := b.poisonChain(g, 0, poisonInput, poisonOutput)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, chain.Close(b.ctx)) }()
	in := poisonBatch(rows, every)
	defer in.Record.Release()
	s.Condemned = poisonIn(rows, every)
	next := int64(0)
	calls, err := runBatch(b.ctx, chain, in, s.Condemned, func(part *batch.Batch) error {
		for _, n := range part.Record.Column(0).(*array.Int64).Int64Values() {
			if n < next {
				return fmt.Errorf("row %d came out behind row %d", n, next-1)
			}
			next = n + 1
			s.Out++
		}
		return nil
	})
	s.ExtraCalls = calls - 1
	return s, err
}

// runBatch runs a batch once, hands what comes out to each, and checks that as many rows are condemned as are poison, and all
// others come out. It returns the number of calls.
func runBatch(ctx context.Context, chain *operator.Chain, in *batch.Batch, poison int, each func(*batch.Batch) error) (calls int64, err error) {
	res, err := chain.Process(ctx, in)
	if err != nil {
		return 0, err
	}
	defer operator.Release(res.Batches)
	out := 0
	for _, part := range res.Batches {
		out += int(part.Record.NumRows())
		if err := each(part.Batch); err != nil {
			return 0, err
		}
	}
	if rows := int(in.Record.NumRows()); len(res.Rejected) != poison || out != rows-poison {
		return 0, fmt.Errorf("%d rows of %d came out and %d were condemned; %d are poison", out, rows, len(res.Rejected), poison)
	}
	return 1 + chain.Counts().Extra, nil
}

// poisonChain is one stage that isolates failures and condemns as many rows as there are. It adds a column to those of in, of which
// it reads one.
func (b *bench) poisonChain(g *guest, column int, in, out *arrow.Schema) (*operator.Chain, error) {
	var columns []operator.Column
	for i := range in.NumFields() {
		columns = append(columns, operator.Column{Index: i})
	}
	columns = append(columns, operator.Column{Emitted: true, Index: 0})
	return operator.Open(b.ctx, []operator.Stage{{
		Function: "poison", Send: []int{column}, Input: poisonInput, OnError: operator.Isolate,
		Open:    func(context.Context) (operator.Guest, error) { return g.open() },
		Outputs: []operator.Output{{To: operator.Sinks, Patch: true, Schema: out, Columns: columns}},
	}}, memory.DefaultAllocator)
}

// isPoison says which rows are poison where one in so many is; 0: none.
func isPoison(row, every int) bool { return every > 0 && row%every == every*57/100 }

func poisonIn(rows, every int) (n int) {
	for row := range rows {
		if isPoison(row, every) {
			n++
		}
	}
	return n
}

func poisonBatch(rows, every int) *batch.Batch {
	from := &batch.Provenance{Topic: "poison"}
	for r := range rows {
		from.Append(int64(r), 0, -1, nil)
	}
	return &batch.Batch{From: from, Record: makeBatch(poisonInput, rows, func(row, _ int) int {
		if isPoison(row, every) {
			return -1
		}
		return row
	})}
}
