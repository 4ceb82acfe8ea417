package app

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
)

// table is a table whose options are checked.
type table struct {
	def       *config.Table
	connector connector.Config
	format    format.Format
	framing   framing.Config // sources
	badData   format.Policy  // sources
	badTopic  deadTopic      // sources: the dead letters of badData
	keyField  string         // sinks: the column that becomes the record's key, "" for none
}

// configure checks a table's options. What it finds wrong it reports all at once, with positions.
func (p *planner) configure(def *config.Table) (*table, error) {
	bag := def.Options.Clone()
	conn, err := p.connectors.Find(bag)
	if err != nil {
		return nil, err
	}
	role, err := connector.RoleOption(conn, bag)
	if err != nil {
		return nil, err
	}
	t := &table{def: def}
	var errs []error
	t.connector, err = conn.Configure(role, bag)
	errs = append(errs, err)
	t.format = p.formats.Find(bag)
	switch role {
	case connector.RoleSource:
		t.framing = framing.FromOptions(bag)
		t.badTopic.option = "bad_data.topic"
		t.badData, t.badTopic.name, t.badTopic.at = format.PolicyOption(bag)
		errs = append(errs, connector.CheckMetadata(conn, def.Name, metadata(def)))
	case connector.RoleSink:
		t.keyField = bag.String("sink.key_field", "")
		errs = append(errs, checkSink(t, bag))
	}
	return t, errors.Join(append(errs, bag.Done())...)
}

// checkSink checks what only sinks must satisfy.
func checkSink(t *table, bag *option.Bag) error {
	var errs []error
	for _, c := range t.def.Columns {
		if c.Metadata != "" {
			errs = append(errs, c.Pos.Errorf("column %s: a sink has no metadata columns", c.Name))
		}
	}
	if i := columnIndex(t.def, t.keyField); t.keyField != "" && (i < 0 || t.def.Columns[i].Type.ID() != arrow.STRING) {
		bag.Reject("sink.key_field", "the name of a TEXT column of the table")
	}
	return errors.Join(errs...)
}

func columnIndex(def *config.Table, name string) int {
	for i, c := range def.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// metadata lists a table's metadata columns for the connector to check.
func metadata(def *config.Table) (out []connector.Declared) {
	for _, c := range def.Columns {
		if c.Metadata != "" {
			out = append(out, connector.Declared{Name: c.Name, Key: c.Metadata, Type: config.TypeName(c.Type), Pos: c.Pos})
		}
	}
	return out
}

// schema is the table's columns as an Arrow schema, in table order, metadata columns included.
func schema(def *config.Table) *arrow.Schema {
	fields := make([]arrow.Field, len(def.Columns))
	for i, c := range def.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull}
	}
	return arrow.NewSchema(fields, nil)
}
