package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/option"
)

// SQL writes the pipeline as a file of its own: the tables and functions that it uses, each once, and its INSERTs. However the file that
// it was read from is laid out, equal pipelines have equal text. ${NAME} stays as it was written. module names the module of a
// function in the place of its path; no option of a table or function has been read.
func (p *Pipeline) SQL(module func(*Function) string) string {
	var b strings.Builder
	tables := []*Table{p.Source}
	for _, in := range p.Sinks {
		if !slices.Contains(tables, in.Sink) {
			tables = append(tables, in.Sink)
		}
	}
	for _, t := range tables {
		t.sql(&b)
	}
	var functions []*Function
	for _, c := range p.Calls {
		if !slices.Contains(functions, c.Function) {
			functions = append(functions, c.Function)
			c.Function.sql(&b, module(c.Function))
		}
	}
	fmt.Fprintf(&b, "CREATE PIPELINE %s AS ", inDouble(p.Name))
	for i, in := range p.Sinks {
		if i > 0 {
			b.WriteString("\nAND ")
		}
		in.sql(&b, p)
	}
	b.WriteString(";\n")
	return b.String()
}

func (t *Table) sql(b *strings.Builder) {
	fmt.Fprintf(b, "CREATE TABLE %s", inDouble(t.Name))
	for i, c := range t.Columns {
		b.WriteString([]string{" (", ", "}[min(i, 1)])
		c.sql(b)
	}
	if len(t.Columns) > 0 {
		b.WriteString(")")
	}
	with(b, values(t.Options, nil))
	b.WriteString(";\n")
}

func (c Column) sql(b *strings.Builder) {
	fmt.Fprintf(b, "%s %s", inDouble(c.Name), TypeName(c.Type))
	switch {
	case c.PrimaryKey: // which is NOT NULL
		b.WriteString(" PRIMARY KEY")
	case c.NotNull:
		b.WriteString(" NOT NULL")
	}
	if c.Metadata != "" {
		fmt.Fprintf(b, " METADATA FROM %s", inSingle(c.Metadata))
	}
}

func (f *Function) sql(b *strings.Builder, module string) {
	fmt.Fprintf(b, "CREATE FUNCTION %s LANGUAGE wasm AS %s", inDouble(f.Name), inSingle(module))
	options := values(f.Host, nil)
	for key, v := range f.Parameters {
		options[key] = v
	}
	with(b, options)
	b.WriteString(";\n")
}

func (in Insert) sql(b *strings.Builder, p *Pipeline) {
	fmt.Fprintf(b, "INSERT INTO %s SELECT ", inDouble(in.Sink.Name))
	for i, c := range in.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(inDouble(c.Name))
	}
	if in.Columns == nil {
		b.WriteString("*")
	}
	b.WriteString(" FROM ")
	for _, c := range slices.Backward(p.Calls) {
		b.WriteString(inDouble(c.Function.Name) + "(")
	}
	b.WriteString(inDouble(p.Source.Name) + strings.Repeat(")", len(p.Calls)))
	if in.Output != "" {
		fmt.Fprintf(b, " OUTPUT %s", inSingle(in.Output))
	}
}

// with writes options in the order of their keys.
func with(b *strings.Builder, options map[string]option.Value) {
	b.WriteString(" WITH (")
	for i, key := range sortedNames(options) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "%s = %s", inSingle(key), written(options[key]))
	}
	b.WriteString(")")
}

// written is a value as a file has it.
func written(v option.Value) string {
	switch {
	case !v.Quoted:
		return v.Text
	case v.Written != "":
		return inSingle(v.Written)
	}
	return inSingle(strings.ReplaceAll(v.Text, "${", "$${"))
}

func inDouble(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func inSingle(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
