package config

import (
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/option"
)

// Difference says in what c is another configuration than one that was read before, wherever in their files things stand:
// nil where both mean the same. Options of functions that belong to the host are left out where apart says so. The error
// has a line for each difference, at its place in c's file; what c has no more is named with the file alone. No option of
// either has been read.
func (c *Config) Difference(before *Config, apart func(option string) bool) error {
	d := &differ{file: option.Pos{File: c.File}}
	pairs(d, "table", before.Tables, c.Tables, (*Table).place, d.table)
	pairs(d, "function", before.Functions, c.Functions, (*Function).place, func(was, is *Function) { d.function(was, is, apart) })
	pairs(d, "pipeline", before.Pipelines, c.Pipelines, (*Pipeline).place, d.pipeline)
	return errors.Join(d.errs...)
}

func (t *Table) place() (string, option.Pos)    { return t.Name, t.Pos }
func (f *Function) place() (string, option.Pos) { return f.Name, f.Pos }
func (p *Pipeline) place() (string, option.Pos) { return p.Name, p.Pos }

// differ collects differences.
type differ struct {
	file option.Pos
	errs []error
}

func (d *differ) add(at option.Pos, format string, args ...any) {
	if len(d.errs) < maxProblems {
		d.errs = append(d.errs, at.Errorf(format, args...))
	}
}

// pairs compares what both lists have under a name, and tells what only one of them has.
func pairs[T any](d *differ, kind string, before, now []*T, place func(*T) (string, option.Pos), compare func(was, is *T)) {
	left := map[string]*T{}
	for _, was := range before {
		name, _ := place(was)
		left[name] = was
	}
	for _, is := range now {
		name, at := place(is)
		if was := left[name]; was != nil {
			compare(was, is)
		} else {
			d.add(at, "%s %s is new", kind, option.Show(name))
		}
		delete(left, name)
	}
	for _, name := range sortedNames(left) {
		d.add(d.file, "%s %s is gone", kind, option.Show(name))
	}
}

func (d *differ) table(was, is *Table) {
	what := "table " + option.Show(is.Name)
	for i, c := range is.Columns {
		if i >= len(was.Columns) || !c.same(was.Columns[i]) {
			d.add(c.Pos, "%s: column %s is not as it was", what, option.Show(c.Name))
			return // what follows has moved
		}
	}
	if gone := len(was.Columns) - len(is.Columns); gone > 0 {
		d.add(is.Pos, "%s: column %s is gone", what, option.Show(was.Columns[len(is.Columns)].Name))
	}
	d.options(what, is.Pos, values(was.Options, nil), values(is.Options, nil))
}

func (c Column) same(was Column) bool {
	return c.Name == was.Name && arrow.TypeEqual(c.Type, was.Type) && c.NotNull == was.NotNull && c.Metadata == was.Metadata &&
		c.PrimaryKey == was.PrimaryKey
}

func (d *differ) function(was, is *Function, apart func(string) bool) {
	what := "function " + option.Show(is.Name)
	if was.Path != is.Path {
		d.add(is.PathPos, "%s: the module was %s", what, option.Show(was.Path))
	}
	d.options(what, is.Pos, was.Parameters, is.Parameters)
	d.options(what, is.Pos, values(was.Host, apart), values(is.Host, apart))
}

// values are the options of a bag, which keeps them.
func values(bag *option.Bag, apart func(string) bool) map[string]option.Value {
	all := bag.Clone().Rest()
	for key := range all {
		if apart != nil && apart(key) {
			delete(all, key)
		}
	}
	return all
}

// options compares options. It does not tell their values: one may be a secret.
func (d *differ) options(what string, at option.Pos, was, is map[string]option.Value) {
	for _, key := range sortedNames(is) {
		v := is[key]
		old, there := was[key]
		switch {
		case !there:
			d.add(v.Pos, "%s: option %s is new", what, option.Show(key))
		case v.Text != old.Text || v.Quoted != old.Quoted:
			d.add(v.Pos, "%s: option %s is not as it was", what, option.Show(key))
		}
	}
	for _, key := range sortedNames(was) {
		if _, there := is[key]; !there {
			d.add(at, "%s: option %s is gone", what, option.Show(key))
		}
	}
}

func (d *differ) pipeline(was, is *Pipeline) {
	what := "pipeline " + option.Show(is.Name)
	same := was.Source.Name == is.Source.Name &&
		slices.EqualFunc(was.Calls, is.Calls, func(a, b Call) bool { return a.Function.Name == b.Function.Name })
	if !same {
		d.add(is.Pos, "%s: what it reads is not as it was", what)
	}
	for i, in := range is.Sinks {
		if i >= len(was.Sinks) || !in.same(was.Sinks[i]) {
			d.add(in.Pos, "%s: what it writes into %s is not as it was", what, option.Show(in.Sink.Name))
			return
		}
	}
	if len(was.Sinks) > len(is.Sinks) {
		d.add(is.Pos, "%s: what it wrote into %s is gone", what, option.Show(was.Sinks[len(is.Sinks)].Sink.Name))
	}
}

func (in Insert) same(was Insert) bool {
	return in.Sink.Name == was.Sink.Name && in.Output == was.Output && (in.Columns == nil) == (was.Columns == nil) &&
		slices.EqualFunc(in.Columns, was.Columns, func(a, b Selected) bool { return a.Name == b.Name })
}
