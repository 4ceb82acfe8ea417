package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// ModuleRun says which module is run over which records, without a broker.
type ModuleRun struct {
	Path    string // of the .wasm
	Schema  string // the columns of the records, as CREATE TABLE has them between its brackets
	Input   string // a file of records, one a line; "-": In
	In      io.Reader
	Format  string   // of the records; default json
	Options []string // KEY=VALUE: of the format and of framing, as a source table has them
	Params  []string // KEY=VALUE: the module's parameters, and options of the host that begin with weir., as a function has them

	// Fuel, Memory, Timeout, Depth and Engine are the function's options weir.fuel and so on; "": the default.
	Fuel, Memory, Timeout, Depth, Engine string

	Log *slog.Logger // for the module's own lines
}

// rig is a module planned as a pipeline of its own: the records of the input through the module into a sink for each of its
// outputs.
type rig struct {
	ModuleRun
	engine   engine.Engine
	planner  *planner
	plan     *plan
	ends     *localEnds
	function *function
	close    func(context.Context)
}

// The names of a rig's tables and topics. The input's is in what a module sees of chance, so it is the same everywhere.
const (
	rigInput    = "input"
	rigRejected = "rejected rows"
)

// newRig reads, checks, compiles and opens the module once. The caller closes the rig.
func newRig(ctx context.Context, c ModuleRun) (_ *rig, err error) {
	if c.Schema == "" {
		return nil, fault.Inputf("--schema: want the columns of the records, such as 'a BIGINT NOT NULL, b TEXT'")
	}
	if c.Input == "" {
		return nil, fault.Inputf("--input: want a file of records, one a line, or - for standard input")
	}
	source, err := c.source()
	if err != nil {
		return nil, err
	}
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	e, err := builtin.Engine(cacheDir(), c.Log)
	if err != nil {
		return nil, err
	}
	rewritten := openRewritten(c.Log)
	r := &rig{ModuleRun: c, engine: e, ends: new(localEnds), planner: newPlanner(e, rewritten, c.Log)}
	r.planner.connectors = connector.Registry{localName: r.ends}
	r.close = func(ctx context.Context) {
		ctx = context.WithoutCancel(ctx)
		_ = r.planner.modules.close(ctx) // at the end of the process; nothing is lost by a failure
		if rewritten != nil {
			_ = rewritten.Close()
		}
		_ = e.Close(ctx)
	}
	if err := r.build(ctx, source, f); err != nil {
		r.close(ctx)
		return nil, err
	}
	return r, nil
}

// build plans the pipeline. The module's outputs say which sinks there are.
func (r *rig) build(ctx context.Context, source *config.Table, f *config.Function) (err error) {
	p := r.planner
	if p.tables[source], err = p.configure(ctx, source); err != nil {
		return err
	}
	if err := p.modules.load(ctx, f); err != nil {
		return err
	}
	call := config.Call{Function: f, Pos: f.Pos}
	opened, err := p.modules.open(ctx, call, schema(source))
	if err != nil {
		return err
	}
	pipeline := &config.Pipeline{Name: f.Name, Source: source, Calls: []config.Call{call}}
	for _, o := range opened.outputs {
		sink := &config.Table{Name: "output " + option.Show(o.name), Pos: f.Pos, Options: option.New(f.Pos)}
		for _, field := range o.schema.Fields() {
			sink.Columns = append(sink.Columns, config.Column{Name: field.Name, Pos: f.Pos, Type: field.Type, NotNull: !field.Nullable})
		}
		options := map[string]string{"connector": localName, "type": "sink", "format": "json", localOutput: o.name}
		encoded(options)
		if err := setAll(sink.Options, f.Pos, options); err != nil {
			return err
		}
		if p.tables[sink], err = p.configure(ctx, sink); err != nil {
			return err
		}
		pipeline.Sinks = append(pipeline.Sinks, config.Insert{Sink: sink, Pos: f.Pos, Output: o.name, OutputPos: f.Pos})
	}
	r.function = p.modules.functions[f]
	r.plan, err = p.pipeline(ctx, pipeline)
	return err
}

// outputs are the names of the module's outputs.
func (r *rig) outputs() (names []string) {
	for _, o := range r.plan.calls[0].outputs {
		names = append(names, o.name)
	}
	return names
}

// source is the table that the records are.
func (c *ModuleRun) source() (*config.Table, error) {
	columns, err := config.ParseColumns(c.Schema)
	if err != nil {
		return nil, err
	}
	t := &config.Table{Name: rigInput, Columns: columns, Options: option.New(option.Pos{File: "--option"})}
	options := map[string]string{"connector": localName, "type": "source", "format": cmp.Or(c.Format, "json"), "bad_data": "dead_letter", "bad_data.topic": rigRejected}
	return t, errors.Join(setAll(t.Options, option.Pos{File: "--format"}, options), setPairs(t.Options, "--option", c.Options))
}

// function is the module as CREATE FUNCTION has it.
func (c *ModuleRun) function() (*config.Function, error) {
	at := option.Pos{File: c.Path}
	f := &config.Function{
		Name: strings.TrimSuffix(filepath.Base(c.Path), ".wasm"), Pos: at, Path: c.Path, PathPos: at,
		Host: option.New(at), Parameters: map[string]option.Value{},
	}
	flags := []struct{ name, value string }{{"fuel", c.Fuel}, {"memory", c.Memory}, {"timeout", c.Timeout}, {"depth", c.Depth}, {"engine", c.Engine}}
	for _, flag := range flags {
		if flag.value != "" {
			if err := setAll(f.Host, option.Pos{File: "--" + flag.name}, map[string]string{"weir." + flag.name: flag.value}); err != nil {
				return nil, err
			}
		}
	}
	all := option.New(at)
	if err := setPairs(all, "--param", c.Params); err != nil {
		return nil, err
	}
	for key, value := range all.Rest() {
		if !strings.HasPrefix(key, "weir.") {
			f.Parameters[key] = value
		} else if err := f.Host.Set(key, value.Pos, value); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// encoded lets a sink show what rows are, and not how their records have it.
func encoded(options map[string]string) {
	options["sink.verbatim"], options["sink.patching"] = "false", "false"
}

// setPairs puts KEY=VALUE of a flag into a bag.
func setPairs(bag *option.Bag, flag string, pairs []string) error {
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return fault.Inputf("%s: want KEY=VALUE, got %q", flag, pair)
		}
		if err := setAll(bag, option.Pos{File: flag}, map[string]string{key: value}); err != nil {
			return err
		}
	}
	return nil
}

func setAll(bag *option.Bag, at option.Pos, values map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := bag.Set(key, at, option.Value{Text: values[key], Quoted: true, Pos: at}); err != nil {
			return err
		}
	}
	return nil
}
