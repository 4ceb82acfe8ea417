package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/operator"
)

var planColumns = []string{"a", "b", "c", "d", "e", "f"}

// drawn is a pipeline f2(f1(f0(src))) that was drawn, with whose value each column of a stage's output has: -1 is the
// source's, i the one of function i.
type drawn struct {
	source  []string
	modules []declared
	owner   []map[string]int // of the source's columns, then of each stage's output
	sink    []string
}

func drawPipeline(t *rapid.T) *drawn {
	d := &drawn{source: someColumns(t, "source", 1)}
	have := map[string]int{}
	for _, name := range d.source {
		have[name] = -1
	}
	d.owner = []map[string]int{have}
	for i := range rapid.IntRange(0, 3).Draw(t, "functions") {
		m := declared{}
		if rapid.Bool().Draw(t, "asks") {
			m.input = []string{}
			for _, name := range rapid.Permutation(slices.Sorted(maps.Keys(have))).Draw(t, "order") {
				if rapid.Bool().Draw(t, "input") {
					m.input = append(m.input, name)
				}
			}
		}
		o := declaredOutput{kind: rapid.SampledFrom([]int{abi.OutputPatch, abi.OutputBatch}).Draw(t, "kind")}
		next, least := map[string]int{}, 1
		if o.kind == abi.OutputPatch {
			next, least = maps.Clone(have), 0
		}
		for _, name := range someColumns(t, "output", least) {
			o.columns = append(o.columns, field(name, false))
			next[name] = i
		}
		m.outputs = []declaredOutput{o}
		d.modules = append(d.modules, m)
		d.owner = append(d.owner, next)
		have = next
	}
	d.sink = rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(have))), 1, 6).Draw(t, "sink")
	return d
}

func someColumns(t *rapid.T, label string, least int) []string {
	names := rapid.Permutation(planColumns).Draw(t, label)
	return names[:rapid.IntRange(least, len(names)).Draw(t, label+" columns")]
}

func (d *drawn) sql() (string, map[string]declared) {
	var sql strings.Builder
	var columns, sink []string
	for _, name := range d.source {
		columns = append(columns, name+" BIGINT NOT NULL")
	}
	for i := range d.sink {
		sink = append(sink, fmt.Sprintf("x%d BIGINT NOT NULL", i))
	}
	fmt.Fprintf(&sql, "CREATE TABLE src (%s) WITH (connector = 'memory', type = 'source', topic = 'src', format = 'json');\n", strings.Join(columns, ", "))
	fmt.Fprintf(&sql, "CREATE TABLE snk (%s) WITH (connector = 'memory', type = 'sink', topic = 'snk', format = 'json');\n", strings.Join(sink, ", "))
	call, modules := "src", map[string]declared{}
	for i, m := range d.modules {
		name := fmt.Sprintf("f%d", i)
		modules[name] = m
		fmt.Fprintf(&sql, "CREATE FUNCTION %s LANGUAGE wasm AS '%s.wasm';\n", name, name)
		call = fmt.Sprintf("%s(%s)", name, call)
	}
	fmt.Fprintf(&sql, "INSERT INTO snk SELECT %s FROM %s;\n", strings.Join(d.sink, ", "), call)
	return sql.String(), modules
}

// value is what a column holds in the row that came from source row r.
func value(owner int, name string, r int) int64 {
	return int64(10000*(owner+1) + 100*slices.Index(planColumns, name) + r)
}

// standIn answers for function i: a patch keeps every other row, a batch turns the rows round. It checks what it is sent.
type standIn struct {
	*drawn
	t  *rapid.T
	i  int
	in []string // the columns it is to be sent
}

func (s *standIn) Used() (uint64, int64) { return 1, 0 }

func (s *standIn) Restore(context.Context) error { return nil }

func (s *standIn) Close(context.Context) error { return nil }

func (s *standIn) Process(_ context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	for k, name := range s.in {
		for row := range int(rec.NumRows()) {
			want := value(s.owner[s.i][name], name, int(from.Row(uint32(row)).Offset))
			if got := rec.Column(k).(*array.Int64).Value(row); rec.ColumnName(k) != name || got != want {
				s.t.Fatalf("f%d: column %s, row %d is %d, want column %s with %d", s.i, rec.ColumnName(k), row, got, name, want)
			}
		}
	}
	if int(rec.NumCols()) != len(s.in) {
		s.t.Fatalf("f%d is sent %d columns, want %v", s.i, rec.NumCols(), s.in)
	}
	o := s.modules[s.i].outputs[0]
	var rows []uint32
	for row := range uint32(rec.NumRows()) {
		if o.kind == abi.OutputBatch {
			rows = append([]uint32{row}, rows...)
		} else if row%2 == 0 {
			rows = append(rows, row)
		}
	}
	e := abi.Emit{Origin: rows}
	if o.kind == abi.OutputPatch {
		e = abi.Emit{Selection: rows}
	}
	if len(o.columns) > 0 {
		b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(o.columns, nil))
		defer b.Release()
		for k, f := range o.columns {
			for _, row := range rows {
				b.Field(k).(*array.Int64Builder).Append(value(s.i, f.Name, int(from.Row(row).Offset)))
			}
		}
		e.Record = b.NewRecordBatch()
	}
	return &abi.Result{Emits: []abi.Emit{e}}, nil
}

// TestEveryPlaceIsTheRightOne plans pipelines of drawn modules, and runs stand-ins that check each value on its way.
func TestEveryPlaceIsTheRightOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := drawPipeline(rt)
		sql, modules := d.sql()
		plans, err := planSQL(t, sql, modules)
		if err != nil {
			rt.Fatalf("%s\n%v", sql, err)
		}
		pl := plans[0]
		if err := consistent(pl); err != nil {
			rt.Fatalf("%s\n%v", sql, err)
		}
		for i := range pl.stages {
			in := modules[pl.stages[i].Function].input
			if in == nil {
				for _, f := range pl.calls[i].input.Fields() {
					in = append(in, f.Name)
				}
			}
			pl.stages[i].Open = func(context.Context) (operator.Guest, error) { return &standIn{d, rt, i, in}, nil }
		}
		chain, err := pl.Config.Chain(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		const rows = 9
		res, err := chain.Process(t.Context(), sourceBatch(pl, rows))
		if err != nil || len(res.Batches) != 1 || res.Batches[0].Index != pl.Config.Sinks[0].Output {
			rt.Fatalf("%s\n%+v, %v", sql, res, err)
		}
		defer operator.Release(res.Batches)
		got := res.Batches[0]
		for k, place := range pl.Config.Sinks[0].Columns {
			if place < 0 { // it is carried
				again := pl.Config.Source.Again.Schema.Field(pl.Config.Sinks[0].Again[k]).Name
				if d.owner[len(d.modules)][d.sink[k]] != -1 || again != d.sink[k] {
					rt.Fatalf("%s\ncolumn %d of the sink is the record's %s", sql, k, again)
				}
				continue
			}
			for row := range int(got.Record.NumRows()) {
				want := value(d.owner[len(d.modules)][d.sink[k]], d.sink[k], int(got.From.Offset[got.Source(row)]))
				if v := got.Record.Column(place).(*array.Int64).Value(row); v != want {
					rt.Fatalf("%s\ncolumn %d of the sink, row %d is %d, want %d", sql, k, row, v, want)
				}
			}
		}
	})
}

// sourceBatch is a batch as the plan's source table decodes it.
func sourceBatch(pl *plan, rows int) *batch.Batch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, pl.Config.Source.Schema)
	defer b.Release()
	from := &batch.Provenance{Topic: "src"}
	for r := range rows {
		from.Append(int64(r), 0, -1, nil)
		for k, f := range pl.Config.Source.Schema.Fields() {
			b.Field(k).(*array.Int64Builder).Append(value(-1, f.Name, r))
		}
	}
	rec := b.NewRecordBatch()
	if rec.NumCols() == 0 {
		rec = array.NewRecordBatch(rec.Schema(), nil, int64(rows))
	}
	return &batch.Batch{Record: rec, From: from}
}
