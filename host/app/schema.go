package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// Schema says which columns are to be shown: those of a table of a file, or those of a format and its options.
type Schema struct {
	File, Table string // "": Convert says
	Convert            // Schema, Format and Options of it
	To          string // kind of schema document to print in their place; "": none
}

// schemaColumn is a column as --json prints it.
type schemaColumn struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Nullable   bool   `json:"nullable"`
	PrimaryKey bool   `json:"primary_key,omitempty"`
	Metadata   string `json:"metadata,omitempty"`
}

// Print prints the columns that the rows of a table have, those that its format gives among them, or a schema document for
// them.
func (s Schema) Print(ctx context.Context, o Output) error {
	t, err := s.configured(ctx)
	if err != nil {
		return err
	}
	columns := t.def.Columns
	for _, note := range t.notes {
		s.Log.Warn("a column is JSON, as the schema allows what no other type holds", "column", note)
	}
	if s.To != "" {
		return s.document(o, t.def)
	}
	if !o.JSON {
		return o.print(nil, "%s", columnList(columns))
	}
	for _, c := range columns {
		shown := schemaColumn{Name: c.Name, Type: types.Name(c.Type), Nullable: !c.NotNull, PrimaryKey: c.PrimaryKey, Metadata: c.Metadata}
		if err := o.printJSON(shown); err != nil {
			return err
		}
	}
	return nil
}

// configured is the table that is asked for.
func (s *Schema) configured(ctx context.Context) (*table, error) {
	p := newPlanner(nil, nil, s.Log)
	var def *config.Table
	if s.File == "" {
		p.connectors = connector.Registry{localName: &lineEnds{localEnds: new(localEnds)}}
		columns, err := s.columns()
		if err != nil {
			return nil, err
		}
		given, err := s.options()
		if err != nil {
			return nil, err
		}
		if def, err = s.source(given, columns); err != nil {
			return nil, err
		}
	} else {
		cfg, err := config.Load(s.File)
		if err != nil {
			return nil, err
		}
		if def, err = findTable(cfg, s.Table); err != nil {
			return nil, err
		}
	}
	t, err := p.configure(ctx, def)
	if err != nil {
		return nil, err
	}
	if len(t.def.Columns) == 0 {
		return nil, fault.Inputf("there are no columns: the format doesn't know them, and none are declared")
	}
	return t, nil
}

// columnList is columns as CREATE TABLE has them between its parentheses.
func columnList(columns []config.Column) string {
	var list []string
	for _, c := range columns {
		text := `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `" ` + types.Name(c.Type)
		switch {
		case c.PrimaryKey:
			text += " PRIMARY KEY"
		case c.NotNull:
			text += " NOT NULL"
		}
		if c.Metadata != "" {
			text += " METADATA FROM '" + strings.ReplaceAll(c.Metadata, "'", "''") + "'"
		}
		list = append(list, text)
	}
	return strings.Join(list, ",\n")
}

// document prints a schema document. Columns of metadata are no part of a record.
func (s *Schema) document(o Output, def *config.Table) error {
	document, ok := builtin.SchemaDocuments()[s.To]
	if !ok {
		return fault.Inputf("--to: want one of %s, got %s", option.ShowAll(DocumentNames()), option.Show(s.To))
	}
	var fields []arrow.Field
	for _, c := range def.Columns {
		if c.Metadata == "" {
			fields = append(fields, columnField(c))
		}
	}
	text, err := document(def.Options.Clone(), fields)
	if err != nil {
		return fault.InputError(fmt.Errorf("--to %s: %w", s.To, err))
	}
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(text), "", "  ") == nil && !o.JSON {
		text = indented.String()
	}
	shown := struct {
		Kind   string `json:"kind"`
		Schema string `json:"schema"`
	}{s.To, text}
	return o.print(shown, "%s", strings.TrimSuffix(text, "\n"))
}

// DocumentNames are the kinds of schema documents that can be made, sorted.
func DocumentNames() []string { return slices.Sorted(maps.Keys(builtin.SchemaDocuments())) }
