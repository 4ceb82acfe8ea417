package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// table is a table whose options are checked.
type table struct {
	def       *config.Table // with the columns that the format makes of what is declared
	connector connector.Config
	format    format.Format
	framing   framing.Config
	badData   format.BadData // sources
	badTopic  deadTopic      // sources: the dead letters of badData
	keyField  string         // sinks: the column that becomes the record's key, "" for none

	pruning            bool // sources: columns that nothing reads are not stored
	verbatim, patching bool // sinks: records, and values of records, may go out as they came
	passthrough        bool // sinks: what records hold beside the sink's columns goes with them
	passthroughAt      option.Pos

	notes     []string  // what the schema that the columns come from says that they can't
	documents documents // what its options name
	subject   *subject  // what its format asks a registry for; nil: nothing
}

// prepare is configure for a table of a pipeline that runs: what its options name is settled, so that a lane that goes on after a crash
// reads and writes as it did before.
func (p *planner) prepare(ctx context.Context, def *config.Table) (*table, error) {
	documents := readDocuments(def.Options)
	pinned, subject, err := pinSubject(ctx, def)
	if err != nil {
		return nil, err
	}
	t, err := p.configure(ctx, pinned)
	if t != nil {
		t.documents, t.subject = documents, subject
	}
	return t, err
}

// configure checks a table's options and asks its format for its columns. What it finds wrong it reports all at once, with positions.
func (p *planner) configure(ctx context.Context, def *config.Table) (*table, error) {
	bag := def.Options.Clone()
	conn, err := p.connectors.Find(bag)
	if err != nil {
		return nil, err
	}
	role, err := connector.RoleOption(conn, bag)
	if err != nil {
		return nil, err
	}
	t := &table{}
	var errs []error
	t.format = p.formats.Find(bag) // first: where there is a schema registry its subject may follow from the topic
	broken := bag.Err()
	t.connector, err = conn.Configure(role, bag)
	errs = append(errs, broken, err)
	if t.def = def; broken == nil || len(def.Columns) > 0 { // else there may be no columns because of what is broken
		t.def, err = shape(ctx, def, t.format)
		errs = append(errs, err)
	}
	if n, ok := t.format.(noter); ok && err == nil && len(def.Columns) == 0 {
		t.notes, _ = n.Notes(ctx) // shape has had the same schema
	}
	switch role {
	case connector.RoleSource:
		t.framing = framing.FromOptions(bag)
		if f, ok := t.format.(format.Blanks); ok {
			t.framing.KeepBlank = f.BlanksAreRows()
			t.framing.SkipBlank = !t.framing.KeepBlank
		}
		t.pruning = bag.Bool("source.pruning", true)
		t.badTopic.option = "bad_data.topic"
		t.badData = format.BadDataOptions(bag)
		t.badTopic.name, t.badTopic.at = t.badData.Topic, t.badData.At
		errs = append(errs, connector.CheckMetadata(conn, def.Name, metadata(t.def)))
	case connector.RoleSink:
		t.framing = framing.SinkFromOptions(bag)
		t.keyField = bag.String("sink.key_field", "")
		v, _ := bag.Peek("passthrough")
		t.passthrough, t.passthroughAt = bag.Bool("passthrough", false), v.Pos
		t.verbatim, t.patching = bag.Bool("sink.verbatim", true), bag.Bool("sink.patching", true)
		errs = append(errs, checkSink(t, bag))
	}
	return t, errors.Join(append(errs, bag.Done())...)
}

// shape returns a table with the columns that its format makes of the declared ones, in front of those of metadata; f is nil where the format
// is not known.
func shape(ctx context.Context, def *config.Table, f format.Format) (*config.Table, error) {
	shaper, ok := f.(format.Shaper)
	if !ok {
		if len(def.Columns) == 0 && f != nil {
			return def, def.Pos.Errorf("table %s has no columns, and its format doesn't know them either: declare them", def.Name)
		}
		return def, nil
	}
	var declared []arrow.Field
	var columns, metadata []config.Column
	for _, c := range def.Columns {
		if c.Metadata != "" {
			metadata = append(metadata, c)
			continue
		}
		declared = append(declared, columnField(c))
		columns = append(columns, c)
	}
	fields, err := shaper.Shape(ctx, declared)
	if err != nil {
		return def, fmt.Errorf("%s: table %s: %w", def.Pos, def.Name, ofFormat(err))
	}
	if len(fields)+len(metadata) == 0 {
		return def, def.Pos.Errorf("table %s has no columns: declare them, or name a schema document that its format takes them from", def.Name)
	}
	if slices.EqualFunc(fields, columns, func(f arrow.Field, c config.Column) bool { return f.Equal(columnField(c)) }) {
		return def, nil
	}
	shaped := *def
	shaped.Columns = nil
	for _, f := range fields {
		shaped.Columns = append(shaped.Columns, config.Column{Name: f.Name, Pos: def.Pos, Type: f.Type, NotNull: !f.Nullable})
	}
	shaped.Columns = append(shaped.Columns, metadata...)
	return &shaped, nil
}

// noter is implemented by formats whose schemas can say more than columns.
type noter interface {
	// Notes has one for each column that is JSON because no other type holds what the schema allows.
	Notes(ctx context.Context) ([]string, error)
}

// ofFormat is an error of a format, which is about the configuration unless it says otherwise.
func ofFormat(err error) error {
	if fault.Of(err) == fault.Bug {
		return fault.InputError(err)
	}
	return err
}

func columnField(c config.Column) arrow.Field {
	return arrow.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull}
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
	if v, ok := t.def.Options.Peek("json.strict"); ok && v.Text != "false" && v.Text != "no" {
		bag.Reject("json.strict", "it only of tables that are read, as nothing is written leniently")
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
		fields[i] = columnField(c)
	}
	return arrow.NewSchema(fields, nil)
}
