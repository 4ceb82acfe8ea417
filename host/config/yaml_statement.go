package config

import "github.com/weir-stream/weir/host/option"

// statements are those that SQL would have in the place of the document. What is wrong with the SQL in it is told to r, and
// so is nothing where the document is whole.
func (d *document) statements(r *yamlReader) (list []*statement) {
	if len(r.errs) > 0 {
		return nil
	}
	for _, t := range d.Tables {
		list = append(list, &statement{Create: &create{Table: t.statement(r)}})
	}
	for _, f := range d.Functions {
		list = append(list, &statement{Create: &create{Function: f.statement(r)}})
	}
	for _, p := range d.Pipelines {
		list = append(list, &statement{Create: &create{Pipeline: p.statement(r)}})
	}
	return list
}

// name is a text that is a name as it is, without quotes of SQL.
func (d *textDoc) name() name {
	if d.scalar == nil {
		return name{}
	}
	return name{Pos: d.at.at, Word: inDouble(d.text)}
}

// path is a text where SQL has text in single quotes.
func (d *textDoc) path() path { return path{Pos: d.at.at, Text: inSingle(d.text)} }

func (t *tableDoc) statement(r *yamlReader) *table {
	s := &table{Name: t.Name.name(), Options: t.With}
	for _, c := range t.Columns {
		if s.Columns == nil {
			s.Columns = &columns{}
		}
		if column := c.column(r); column != nil {
			s.Columns.Elements = append(s.Columns.Elements, &element{Column: column})
		}
	}
	return s
}

func (c *columnDoc) column(r *yamlReader) *column {
	if c.short != nil {
		s, err := columnGrammar.read(c.short.text, c.short.inside)
		r.fail(err)
		return s
	}
	declared, err := typeGrammar.read(c.Type.text, c.Type.inside)
	if err != nil {
		r.fail(err)
		return nil
	}
	s := &column{Name: c.Name.name(), Type: *declared}
	if c.NotNull.true() {
		s.Constraints = append(s.Constraints, &constraint{Pos: c.NotNull.at.at, NotNull: true})
	}
	if c.PrimaryKey.true() {
		if c.NotNull.scalar != nil && !c.NotNull.true() {
			r.fail(c.NotNull.at.errorf("column %s: what is part of the primary key is not null", option.Show(c.Name.text)))
		}
		s.Constraints = append(s.Constraints, &constraint{Pos: c.PrimaryKey.at.at, Primary: true})
	}
	if c.Metadata.scalar != nil {
		key := inSingle(c.Metadata.text)
		s.Constraints = append(s.Constraints, &constraint{Pos: c.Metadata.at.at, Metadata: &key})
	}
	return s
}

func (f *functionDoc) statement(r *yamlReader) *function {
	if f.Language.scalar != nil && f.Language.text != "wasm" {
		r.fail(f.Language.at.errorf("language: want wasm, got %s", option.Show(f.Language.text)))
	}
	return &function{Name: f.Name.name(), Path: f.Module.path(), Options: f.With}
}

func (p *pipelineDoc) statement(r *yamlReader) *pipeline {
	s := &pipeline{Name: p.Name.name()}
	from, err := callGrammar.read(p.From.text, p.From.inside)
	if err != nil {
		r.fail(err)
		from = &call{}
	}
	for _, sink := range p.Into {
		in := &insert{Pos: p.From.at.at, Sink: sink.Table.name(), From: *from, All: sink.Columns == nil}
		for _, c := range sink.Columns {
			n := c.name()
			in.Columns = append(in.Columns, &n)
		}
		if sink.Output.scalar != nil {
			output := sink.Output.path()
			in.Output = &output
		}
		s.Inserts = append(s.Inserts, in)
	}
	return s
}
