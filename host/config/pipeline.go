package config

import (
	"slices"
	"strconv"

	"github.com/weir-stream/weir/host/option"
)

// pipelines makes the pipelines of the INSERTs, named and plain.
func (r *resolver) pipelines(statements []*statement) {
	plain := map[string]*Pipeline{} // by call
	named := map[string]*Pipeline{} // by name
	for _, s := range statements {
		switch {
		case r.enough():
			return
		case s.Insert != nil:
			p := r.insert(s.Insert)
			if p == nil {
				continue
			}
			key := s.Insert.From.key()
			if shared := plain[key]; shared != nil {
				r.share(shared, p.Sinks[0])
				continue
			}
			plain[key] = p
			r.add(p, named)
		case s.Create.Pipeline != nil:
			if p := r.pipeline(s.Create.Pipeline); p != nil {
				r.add(p, named)
			}
		}
	}
}

// pipeline is a pipeline of its own: one call for all its INSERTs. It is named after its first sink where it has no name.
func (r *resolver) pipeline(s *pipeline) *Pipeline {
	name, at := "", option.Pos{}
	if s.Name.Word != "" {
		name, at = r.named(s.Name)
	}
	p := r.insert(s.Inserts[0])
	if p == nil {
		return nil
	}
	if s.Name.Word != "" {
		p.Name, p.Pos = name, at
	}
	from := s.Inserts[0].From
	for _, more := range s.Inserts[1:] {
		if r.enough() {
			return nil
		}
		if more.From.key() != from.key() {
			r.failf(position(more.From.Name.Pos), "the INSERTs of one pipeline read FROM the same, as at %s", position(from.Name.Pos))
		} else if q := r.insert(more); q != nil {
			r.share(p, q.Sinks[0])
		}
	}
	return p
}

// add takes a pipeline in unless its name is taken.
func (r *resolver) add(p *Pipeline, named map[string]*Pipeline) {
	if first := named[p.Name]; first != nil {
		r.failf(p.Pos, "a pipeline is named %s already, at %s; %s", option.Show(p.Name), first.Pos, r.naming)
		return
	}
	named[p.Name] = p
	r.cfg.Pipelines = append(r.cfg.Pipelines, p)
}

// share adds a sink to a pipeline with the same call.
func (r *resolver) share(p *Pipeline, add Insert) {
	for _, s := range p.Sinks {
		if s.Sink == add.Sink && s.Output == add.Output {
			r.failf(add.Pos, "%s gets the same rows twice, first at %s", option.Show(add.Sink.Name), s.Pos)
			return
		}
	}
	p.Sinks = append(p.Sinks, add)
}

// insert is the pipeline of one INSERT, named after its sink; nil where something it names is wrong.
func (r *resolver) insert(s *insert) *Pipeline {
	before := len(r.errs)
	in := Insert{Pos: position(s.Sink.Pos), Sink: r.lookupTable(s.Sink)}
	if in.Sink != nil && in.Sink.is("source") {
		r.failf(in.Pos, "cannot insert into %s: it is a source (type = 'source', at %s)", option.Show(in.Sink.Name), in.Sink.Pos)
	}
	for _, c := range s.Columns {
		name, at := r.named(*c)
		in.Columns = append(in.Columns, Selected{name, at})
	}
	p := &Pipeline{Pos: position(s.Pos)}
	r.chain(p, &s.From)
	if s.Output != nil {
		in.Output, in.OutputPos = unquote(s.Output.Text), position(s.Output.Pos)
		r.checkOutput(p, in)
	}
	if len(r.errs) > before {
		return nil
	}
	p.Name, p.Sinks = in.Sink.Name, []Insert{in}
	return p
}

// chain resolves f(g(table)) into p's source and calls.
func (r *resolver) chain(p *Pipeline, c *call) {
	for ; c.Of != nil; c = c.Of {
		p.Calls = append(p.Calls, Call{r.lookupFunction(c.Name), position(c.Name.Pos)})
	}
	slices.Reverse(p.Calls)
	p.Source = r.lookupTable(c.Name)
	if p.Source != nil && p.Source.is("sink") {
		r.failf(position(c.Name.Pos), "cannot read from %s: it is a sink (type = 'sink', at %s)", option.Show(p.Source.Name), p.Source.Pos)
	}
}

func (r *resolver) checkOutput(p *Pipeline, in Insert) {
	if in.Output == "" {
		r.failf(in.OutputPos, "expected the name of an output, got ''")
	}
	if len(p.Calls) == 0 {
		r.failf(in.OutputPos, "a table has no named outputs, only a function has")
	}
}

// key is equal for equal calls: the same functions in the same order over the same table.
func (c *call) key() string {
	key := strconv.Quote(c.Name.text())
	if c.Of != nil {
		key += "(" + c.Of.key()
	}
	return key
}

// is tells whether the table's option type says so. What it says wrongly is for the connector to refuse.
func (t *Table) is(kind string) bool {
	v, ok := t.Options.Peek("type")
	return ok && v.Quoted && v.Text == kind
}
