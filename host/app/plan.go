package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
)

// plan is a pipeline ready to run, with what `--explain` tells about it.
type plan struct {
	Config pipeline.Config
	def    *config.Pipeline
	source *table
	calls  []*call
	sinks  []*sinkPlan
	needs  need             // columns of the source that anything reads
	stages []operator.Stage // what the lanes' chains are opened with
	dead   []deadTopic      // who asked for each of Config.Letters
}

// call is one function of a pipeline's chain, opened once to learn its outputs.
type call struct {
	fn      *function
	input   *arrow.Schema // everything the stage's input could have
	send    []int         // columns of input that the module is sent
	outputs []callOutput
	feed    int // the output that the next call reads, -1 for the last call
}

// callOutput is an output of a call with all the columns that it could have.
type callOutput struct {
	name   string
	patch  bool
	schema *arrow.Schema
	from   []operator.Column // where each column comes from; input columns by their place in call.input
	needs  need
}

// need marks columns that a later stage reads.
type need []bool

type sinkPlan struct {
	insert  config.Insert
	table   *table
	output  int
	columns []int // of the output's full schema, one a sink column
	carry   carrying
}

// planner turns a configuration into plans.
type planner struct {
	connectors connector.Registry
	formats    format.Registry
	mem        *batch.Pool
	tables     map[*config.Table]*table
	modules    *modules
	env        connector.Env // of which no more is used than tells where topics are
}

// poolBytes bounds the free buffers that batches are made from.
const poolBytes = 32 << 20

func newPlanner(e engine.Engine, rewritten *sandbox.Cache, log *slog.Logger) *planner {
	return &planner{
		connectors: builtin.Connectors(), formats: builtin.Formats(), mem: batch.NewPool(memory.DefaultAllocator, poolBytes),
		tables: map[*config.Table]*table{}, modules: newModules(e, rewritten, log),
	}
}

// plan plans every pipeline of a configuration; all tables and functions are checked, used or not. close lets go of the
// modules. Every error is about the configuration and carries its position.
func (p *planner) plan(ctx context.Context, cfg *config.Config) (plans []*plan, close func(), err error) {
	var errs []error
	for _, def := range cfg.Tables {
		t, err := p.prepare(ctx, def)
		errs = append(errs, err)
		p.tables[def] = t
	}
	for _, def := range cfg.Functions {
		errs = append(errs, p.modules.load(ctx, def))
	}
	close = func() { _ = p.modules.close(ctx) } // at the end of the process; nothing is lost by a failure
	if err := errors.Join(errs...); err != nil {
		close()
		return nil, nil, err
	}
	for _, def := range cfg.Pipelines {
		one, err := p.pipeline(ctx, def)
		if err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", def.Name, err))
		}
		plans = append(plans, one)
	}
	err = errors.Join(errs...)
	if err == nil {
		err = refuseLoops(plans, p.env)
	}
	if err != nil {
		close()
		return nil, nil, err
	}
	return plans, close, nil
}

func (p *planner) pipeline(ctx context.Context, def *config.Pipeline) (*plan, error) {
	def = p.shaped(def)
	pl := &plan{def: def, source: p.tables[def.Source]}
	input := schema(def.Source)
	for i, c := range def.Calls {
		next, err := p.modules.open(ctx, c, input)
		if err != nil {
			return nil, err
		}
		if next.feed = -1; i < len(def.Calls)-1 {
			if next.feed, err = next.output("", c); err != nil {
				return nil, err
			}
			input = next.outputs[next.feed].schema
		}
		pl.calls = append(pl.calls, next)
	}
	var errs []error
	for _, insert := range def.Sinks {
		s, err := p.sink(pl, insert)
		if err == nil {
			err = pl.carry(s)
		}
		errs = append(errs, err)
		pl.sinks = append(pl.sinks, s)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	pl.propagate()
	return pl, p.assemble(pl, def)
}

// shaped is a pipeline over its tables as their formats shape them.
func (p *planner) shaped(def *config.Pipeline) *config.Pipeline {
	one := *def
	one.Source = p.shapedTable(def.Source)
	one.Sinks = slices.Clone(def.Sinks)
	for i := range one.Sinks {
		one.Sinks[i].Sink = p.shapedTable(def.Sinks[i].Sink)
	}
	return &one
}

func (p *planner) shapedTable(def *config.Table) *config.Table {
	t := p.tables[def]
	p.tables[t.def] = t
	return t.def
}

// output finds the output that a reader asks for: by name, or the only one where none is named.
func (c *call) output(name string, at config.Call) (int, error) {
	var names []string
	for i, o := range c.outputs {
		if o.name == name {
			return i, nil
		}
		names = append(names, fmt.Sprintf("'%s'", o.name))
	}
	if name == "" && len(c.outputs) == 1 {
		return 0, nil
	}
	if name == "" {
		return 0, at.Pos.Errorf("function %s has no default output; choose one with OUTPUT, as only the last function of a call can: %v", c.fn.def.Name, names)
	}
	return 0, at.Pos.Errorf("function %s has no output '%s'; it has %v", c.fn.def.Name, name, names)
}

// sink checks an INSERT's columns against the sink's: by position, same count, same types.
func (p *planner) sink(pl *plan, insert config.Insert) (*sinkPlan, error) {
	s := &sinkPlan{insert: insert, table: p.tables[insert.Sink]}
	from, what := schema(pl.source.def), "table "+pl.source.def.Name
	if n := len(pl.calls); n > 0 {
		last := pl.calls[n-1]
		at := config.Call{Pos: insert.OutputPos}
		if insert.Output == "" {
			at.Pos = insert.Pos
		}
		var err error
		if s.output, err = last.output(insert.Output, at); err != nil {
			return nil, err
		}
		from, what = last.outputs[s.output].schema, "function "+last.fn.def.Name
	} else if insert.Output != "" {
		return nil, insert.OutputPos.Errorf("OUTPUT '%s': a table has no outputs, only a function has", insert.Output)
	}
	if insert.Columns == nil {
		for i := range from.NumFields() {
			s.columns = append(s.columns, i)
		}
	}
	var errs []error
	for _, sel := range insert.Columns {
		at := from.FieldIndices(sel.Name)
		if len(at) != 1 {
			errs = append(errs, sel.Pos.Errorf("%s gives no column %s; it gives %s", what, sel.Name, names(from)))
			continue
		}
		s.columns = append(s.columns, at[0])
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, fits(s, from, what)
}

func fits(s *sinkPlan, from *arrow.Schema, what string) error {
	def := s.insert.Sink
	if len(s.columns) != len(def.Columns) {
		return s.insert.Pos.Errorf("table %s has %d columns, but %d are selected from %s: %s",
			def.Name, len(def.Columns), len(s.columns), what, names(from))
	}
	var errs []error
	for i, c := range def.Columns {
		f := from.Field(s.columns[i])
		if !arrow.TypeEqual(f.Type, c.Type) {
			errs = append(errs, s.insert.Pos.Errorf("column %d of table %s, %s, is %s, but %s of %s is %s",
				i+1, def.Name, c.Name, config.TypeName(c.Type), f.Name, what, config.TypeName(f.Type)))
		} else if c.NotNull && f.Nullable {
			errs = append(errs, s.insert.Pos.Errorf("column %d of table %s, %s, is NOT NULL, but %s of %s may be null",
				i+1, def.Name, c.Name, f.Name, what))
		}
	}
	return errors.Join(errs...)
}

func names(s *arrow.Schema) string {
	out := ""
	for i, f := range s.Fields() {
		if i > 0 {
			out += ", "
		}
		out += f.Name
	}
	return out
}

// propagate marks, from the sinks back to the source, the columns that anything reads. What nothing reads, or what sinks take from the
// records as it stands there, is decoded and checked but never stored, sent or gathered.
func (pl *plan) propagate() {
	for _, c := range pl.calls {
		for i := range c.outputs {
			c.outputs[i].needs = make(need, c.outputs[i].schema.NumFields())
		}
	}
	pl.needs = make(need, len(pl.source.def.Columns))
	last := len(pl.calls) - 1
	for _, s := range pl.sinks {
		read := pl.needs
		if last >= 0 {
			read = pl.calls[last].outputs[s.output].needs
		}
		for i, col := range s.columns {
			if s.carry.from[i] < 0 || s.table.def.Columns[i].Name == s.table.keyField {
				read[col] = true
			}
		}
	}
	if !pl.source.pruning {
		for i := range pl.needs {
			pl.needs[i] = true
		}
	}
	for i := last; i >= 0; i-- {
		c, input := pl.calls[i], pl.needs
		if i > 0 {
			input = pl.calls[i-1].outputs[pl.calls[i-1].feed].needs
		}
		for _, col := range c.send {
			input[col] = true
		}
		for _, o := range c.outputs {
			for col, from := range o.from {
				if o.needs[col] && !from.Emitted {
					input[from.Index] = true
				}
			}
		}
	}
}

// packed is where each needed column lies once the others are left out, -1 for those.
func (n need) packed() (places []int, count int) {
	for _, needed := range n {
		if !needed {
			places = append(places, -1)
			continue
		}
		places = append(places, count)
		count++
	}
	return places, count
}

func (n need) of(s *arrow.Schema) *arrow.Schema {
	var fields []arrow.Field
	for i, f := range s.Fields() {
		if n[i] {
			fields = append(fields, f)
		}
	}
	return arrow.NewSchema(fields, nil)
}

// assemble fills in the pipeline's configuration.
func (p *planner) assemble(pl *plan, def *config.Pipeline) error {
	pl.Config = pipeline.Config{Name: def.Name, Memory: p.mem}
	letters := &letterBook{plan: pl}
	if err := p.assembleSource(pl, def, letters); err != nil {
		return err
	}
	places, _ := pl.needs.packed()
	for i, c := range pl.calls {
		stage, onReject, err := p.stage(pl, i, places, letters)
		if err != nil {
			return err
		}
		pl.stages = append(pl.stages, stage)
		pl.Config.OnReject = append(pl.Config.OnReject, onReject)
		if c.feed >= 0 {
			places, _ = c.outputs[c.feed].needs.packed()
		}
	}
	for _, s := range pl.sinks {
		sink, err := pl.sink(s)
		if err != nil {
			return err
		}
		pl.Config.Sinks = append(pl.Config.Sinks, sink)
	}
	pl.Config.Chain = operator.NewLanes(pl.stages, p.mem).Open
	return nil
}

func (p *planner) assembleSource(pl *plan, def *config.Pipeline, letters *letterBook) error {
	t := pl.source
	places, _ := pl.needs.packed()
	var fields []format.Field
	src := pipeline.Source{
		Table: def.Source.Name, Connector: t.connector, BadData: t.badData.Policy, Bounds: t.badData.Bounds, Letters: -1,
		Schema: pl.needs.of(schema(def.Source)),
	}
	for i, c := range def.Source.Columns {
		if c.Metadata == "" {
			fields = append(fields, format.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull, Column: places[i]})
			continue
		}
		src.Metadata = append(src.Metadata, pipeline.Metadata{
			Key: c.Metadata, Column: places[i], Name: c.Name, Type: c.Type, Required: c.NotNull,
		})
	}
	if _, err := t.format.NewDecoder(fields); err != nil {
		return fault.InputError(fmt.Errorf("%s: table %s: %w", def.Source.Pos, def.Source.Name, err))
	}
	src.Decoder = func() (format.Decoder, error) { return t.format.NewDecoder(fields) }
	src.Splitter, src.Framing = func() framing.Splitter { return framing.New(t.framing) }, t.framing
	err := pl.trace(&src, fields)
	if err != nil {
		return err
	}
	if t.badData.Policy == format.DeadLetter {
		src.Letters, err = letters.to(t, t.badTopic)
	}
	pl.Config.Source = src
	return err
}

func (pl *plan) sink(s *sinkPlan) (pipeline.Sink, error) {
	needs := pl.needs
	if n := len(pl.calls); n > 0 {
		needs = pl.calls[n-1].outputs[s.output].needs
	}
	places, _ := needs.packed()
	out := pipeline.Sink{Table: s.insert.Sink.Name, Connector: s.table.connector, Output: s.output, Key: -1}
	var fields []format.Field
	for i, c := range s.insert.Sink.Columns {
		fields = append(fields, format.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull})
		out.Columns = append(out.Columns, places[s.columns[i]])
	}
	if s.table.keyField != "" {
		out.Key = out.Columns[columnIndex(s.insert.Sink, s.table.keyField)]
	}
	pl.patcher(s, &out, fields)
	if _, err := s.table.newEncoder(fields); err != nil {
		return out, fault.InputError(fmt.Errorf("%s: table %s: %w", s.insert.Sink.Pos, s.insert.Sink.Name, err))
	}
	out.Encoder = func() (format.Encoder, error) { return s.table.newEncoder(fields) }
	return out, nil
}
