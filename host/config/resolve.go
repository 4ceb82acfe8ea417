package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/option"
)

// maxProblems is how many mistakes of a file are reported at once.
const maxProblems = 20

// resolver turns statements into a Config. It goes on after a mistake, so that a file's mistakes come together.
type resolver struct {
	cfg       *Config
	env       environment
	tables    map[string]*Table
	functions map[string]*Function
	errs      []error
	naming    string // what to do about two pipelines of one name
}

// resolve makes the configuration of statements. naming says how the language of the file names a pipeline.
func resolve(file string, statements []*statement, lookup func(string) (string, bool), naming string) (*Config, error) {
	r := resolver{
		cfg:       &Config{File: file},
		env:       environment{lookup, MaxFileBytes},
		tables:    map[string]*Table{},
		functions: map[string]*Function{},
		naming:    naming,
	}
	r.definitions(statements)
	r.pipelines(statements)
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs[:min(len(r.errs), maxProblems)]...)
	}
	return r.cfg, nil
}

// definitions takes in the tables and functions, which may stand behind their use.
func (r *resolver) definitions(statements []*statement) {
	for _, s := range statements {
		switch {
		case r.enough():
			return
		case s.Create == nil:
		case s.Create.Table != nil:
			r.table(s.Create.Table)
		case s.Create.Function != nil:
			r.function(s.Create.Function)
		}
	}
}

// enough tells that there are as many mistakes as are reported: looking for more is of no use, and hints cost time.
func (r *resolver) enough() bool { return len(r.errs) >= maxProblems }

func (r *resolver) failf(at option.Pos, format string, args ...any) {
	r.fail(at.Errorf(format, args...))
}

func (r *resolver) fail(err error) {
	if err != nil {
		r.errs = append(r.errs, err)
	}
}

// named checks a name that is being defined, and returns its text and place.
func (r *resolver) named(n name) (string, option.Pos) {
	at := position(n.Pos)
	if n.text() == "" {
		r.failf(at, "a name must not be empty")
	}
	return n.text(), at
}

func (r *resolver) table(s *table) {
	name, at := r.named(s.Name)
	if first, ok := r.tables[name]; ok {
		r.failf(at, "table %s is defined twice, first at %s", option.Show(name), first.Pos)
		return
	}
	t := &Table{Name: name, Pos: at}
	if s.Columns != nil {
		t.Columns = r.columns(s.Columns)
	}
	t.Options = r.options(at, s.Options)
	r.tables[name] = t
	r.cfg.Tables = append(r.cfg.Tables, t)
}

func (r *resolver) options(at option.Pos, settings []*setting) *option.Bag {
	bag := option.New(at)
	for _, s := range settings {
		key := s.Key.Word
		if s.Key.Quoted != "" {
			key = unquote(s.Key.Quoted)
		}
		if key == "" {
			r.failf(position(s.Key.Pos), "expected the name of an option, got ''")
			continue
		}
		v := option.Value{Text: s.Value.Number + strings.ToLower(s.Value.Bool), Pos: position(s.Value.Pos)}
		if s.Value.Text != "" {
			var err error
			if v, err = r.env.expand(s.Value.Text, v, s.Value.text()); err != nil {
				r.fail(err)
				continue
			}
		}
		r.fail(bag.Set(key, position(s.Key.Pos), v))
	}
	return bag
}

func (r *resolver) function(s *function) {
	name, at := r.named(s.Name)
	if first, ok := r.functions[name]; ok {
		r.failf(at, "function %s is defined twice, first at %s", option.Show(name), first.Pos)
		return
	}
	f := &Function{Name: name, Pos: at, Path: unquote(s.Path.Text), PathPos: position(s.Path.Pos)}
	if f.Path == "" {
		r.failf(f.PathPos, "expected the path of a module, got ''")
	} else if !filepath.IsAbs(f.Path) {
		f.Path = filepath.Join(filepath.Dir(r.cfg.File), f.Path)
	}
	parameters := r.options(at, s.Options)
	f.Host = parameters.Prefix("weir.")
	f.Parameters = parameters.Rest()
	r.functions[name] = f
	r.cfg.Functions = append(r.cfg.Functions, f)
}

// lookupTable finds a table that must exist.
func (r *resolver) lookupTable(n name) *Table {
	t := r.tables[n.text()]
	if t == nil {
		r.unknown("table", n, r.functions[n.text()] != nil, sortedNames(r.tables))
	}
	return t
}

// lookupFunction finds a function that must exist.
func (r *resolver) lookupFunction(n name) *Function {
	f := r.functions[n.text()]
	if f == nil {
		r.unknown("function", n, r.tables[n.text()] != nil, sortedNames(r.functions))
	}
	return f
}

// unknown reports a name that nothing of its kind has; other says that it names something of the other kind.
func (r *resolver) unknown(kind string, n name, other bool, known []string) {
	hint := ""
	near, ok := option.Nearest(n.text(), known)
	switch {
	case other && kind == "table":
		hint = "; it is a function, which reads a table: FROM function(table)"
	case other:
		hint = "; it is a table, which is not called"
	case ok:
		hint = "; did you mean " + option.Show(near) + "?"
	case len(known) > 0:
		hint = "; known are " + option.ShowAll(known)
	default:
		hint = "; the file defines no " + kind
	}
	r.failf(position(n.Pos), "unknown %s %s%s", kind, option.Show(n.text()), hint)
}

func sortedNames[T any](of map[string]T) []string {
	names := make([]string, 0, len(of))
	for n := range of {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
