package avroformat

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

type avroFormat struct {
	Config
	schema *schema // of Config.Schema; nil: none
	reader *schema // of Config.Reader; nil: none
	client *schemaregistry.Client
	print  uint64 // the fingerprint of schema
}

var (
	_ format.Format = (*avroFormat)(nil)
	_ format.Shaper = (*avroFormat)(nil)
)

// New makes an Avro format. It fails on schemas that are none, and on a registry that is not configured so that it could be
// asked.
func New(c Config) (format.Format, error) {
	if c.MaxUncompressed == 0 {
		c.MaxUncompressed = DefaultMaxUncompressed
	}
	if c.RecordName == "" {
		c.RecordName = DefaultRecordName
	}
	c.Limits = c.Limits.OrDefault(format.DefaultDepth)
	f := &avroFormat{Config: c}
	var err error
	if f.schema, err = optional(c.Schema); err != nil {
		return nil, fmt.Errorf("avro: the schema: %w", err)
	}
	if f.reader, err = optional(c.Reader); err != nil {
		return nil, fmt.Errorf("avro: the reader's schema: %w", err)
	}
	if f.schema == nil && (c.Mode == Raw || c.Mode == Single) {
		f.schema = f.reader // nothing says that datums were written otherwise than they are read
	}
	if f.schema != nil {
		f.print = fingerprint(f.schema)
	}
	if c.Registry != nil {
		f.client, err = schemaregistry.New(*c.Registry)
	}
	return f, err
}

// optional parses a schema if there is one.
func optional(text string) (*schema, error) {
	if text == "" {
		return nil, nil
	}
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	return s, checkDefaults(s)
}

// NewDecoder implements format.Format. In container mode the decoder is a format.Unpacker.
func (f *avroFormat) NewDecoder(fields []format.Field) (format.Decoder, error) {
	if err := f.check(fields); err != nil {
		return nil, err
	}
	if err := f.Limits.Fit(fields); err != nil {
		return nil, fault.Inputf("avro: %w", err)
	}
	d := &decoder{f: f, m: machine{most: f.Limits, seed: maphash.MakeSeed()}, row: rowTarget(fields), programs: map[uint64]*program{}}
	known := f.schema
	if known == nil {
		known = f.reader // at least what the reader makes of its own datums must fit
	}
	if known != nil {
		if p := compile(known, f.as(known), d.row, f.Unstructured); p.problem != nil {
			return nil, fault.Inputf("avro: the schema does not fit the table: %s", p.problem)
		}
	} else if f.Mode == Raw || f.Mode == Single {
		return nil, fault.Inputf("avro: datums without a schema beside them need 'avro.schema' or 'avro.schema_file'")
	}
	if f.Mode == Container {
		return &unpacker{decoder: d}, nil
	}
	return d, nil
}

// as is the schema that datums of w are read as.
func (f *avroFormat) as(w *schema) *schema {
	if f.reader != nil {
		return f.reader
	}
	return w
}

// check refuses tables that no Avro record can be.
func (f *avroFormat) check(fields []format.Field) error {
	if f.Unstructured && (len(fields) != 1 || !isText(fields[0].Type)) {
		return fault.Inputf("avro: with 'avro.into_unstructured_json' a table has one column, of type JSON or TEXT")
	}
	names := map[string]bool{}
	for _, c := range fields {
		if names[c.Name] {
			return fmt.Errorf("avro: two columns are named %q", c.Name)
		}
		names[c.Name] = true
		if _, err := batch.KindOf(c.Type); err != nil {
			return fmt.Errorf("avro: column %q: %w", c.Name, err)
		}
	}
	return nil
}

func isText(t arrow.DataType) bool { return types.IsJSON(t) || t.ID() == arrow.STRING }

// Shape implements format.Shaper: a table that declares no columns has the fields of the reader's schema, of the schema, or
// of the registry's.
func (f *avroFormat) Shape(ctx context.Context, declared []arrow.Field) ([]arrow.Field, error) {
	switch {
	case len(declared) > 0:
		return declared, nil
	case f.Unstructured:
		return []arrow.Field{{Name: "value", Type: types.JSON()}}, nil
	case f.reader != nil:
		return columnsOf(f.reader)
	case f.schema != nil:
		return columnsOf(f.schema)
	case f.client == nil:
		return nil, fault.Inputf("avro: a table without columns needs 'avro.schema', 'avro.schema_file' or a registry to take them from")
	}
	_, s, err := f.registered(ctx)
	if err != nil {
		return nil, err
	}
	return columnsOf(s)
}

// registered is the schema that the options name in the registry: by its id, or the subject's.
func (f *avroFormat) registered(ctx context.Context) (schemaregistry.Schema, *schema, error) {
	var found schemaregistry.Schema
	var err error
	subject := f.client.Subject(f.RecordName)
	switch {
	case f.Registry.SchemaID != 0:
		found, err = f.client.ByID(ctx, f.Registry.SchemaID)
	case f.Registry.SchemaVersion != 0:
		found, err = f.client.Version(ctx, subject, f.Registry.SchemaVersion)
	default:
		found, err = f.client.Latest(ctx, subject)
	}
	if errors.Is(err, schemaregistry.ErrNotFound) {
		return found, nil, fault.InputError(fmt.Errorf("avro: %w", err))
	}
	if err != nil {
		return found, nil, err
	}
	s, err := f.parseRegistered(ctx, found)
	return found, s, err
}

// parseRegistered parses a registered schema with those that it refers to.
func (f *avroFormat) parseRegistered(ctx context.Context, found schemaregistry.Schema) (*schema, error) {
	if found.Type != schemaregistry.Avro {
		return nil, fault.Inputf("avro: the registered schema is of type %s", found.Type)
	}
	var needed []string
	if len(found.References) > 0 {
		all, err := f.client.References(ctx, found)
		if err != nil {
			return nil, err
		}
		needed = inOrder(found, all)
	}
	s, err := parse(found.Text, needed...)
	if err != nil {
		return nil, fault.InputError(fmt.Errorf("avro: the registered schema: %w", err))
	}
	return s, nil
}

// inOrder lists the texts that a schema refers to, each behind those that it refers to itself.
func inOrder(s schemaregistry.Schema, all map[string]schemaregistry.Schema) []string {
	var texts []string
	seen := map[string]bool{}
	var visit func(s schemaregistry.Schema)
	visit = func(s schemaregistry.Schema) {
		for _, r := range s.References {
			if next, ok := all[r.Name]; ok && !seen[r.Name] {
				seen[r.Name] = true
				visit(next)
				texts = append(texts, next.Text)
			}
		}
	}
	visit(s)
	return texts
}
