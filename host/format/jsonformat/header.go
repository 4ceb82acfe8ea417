package jsonformat

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// headerEncoder writes messages with a registry header in front. It asks the registry for the schema id when it writes the
// first one.
type headerEncoder struct {
	format.Encoder
	config schemaregistry.Config
	client *schemaregistry.Client // nil: the id is given
	schema string                 // of the rows, to register
	header []byte                 // empty: the id is not known yet
}

func newHeaderEncoder(c Config, fields []format.Field, behind format.Encoder) (format.Encoder, error) {
	e := &headerEncoder{Encoder: behind, config: c.Registry}
	if c.Registry.SchemaID != 0 {
		e.header = schemaregistry.AppendHeader(nil, c.Registry.SchemaID)
		return e, nil
	}
	if c.Registry.URL == "" {
		return nil, fault.Inputf("json: no schema id to write into the header: set json.schema_id, or json.registry to have it from a registry")
	}
	var err error
	if e.client, err = schemaregistry.New(c.Registry); err != nil {
		return nil, err
	}
	if e.schema = c.Schema; e.schema != "" {
		return e, nil
	}
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		columns[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	e.schema, err = documentOf(c, columns)
	return e, err
}

// Append implements format.Encoder. A registry that cannot be reached is an error of class fault.Environment; the next
// Append asks again.
func (e *headerEncoder) Append(dst []byte, row int) ([]byte, error) {
	if len(e.header) == 0 {
		id, err := e.id(context.Background()) // the client gives up by itself
		if err != nil {
			return dst, err
		}
		e.header = schemaregistry.AppendHeader(nil, id)
	}
	start := len(dst)
	dst, err := e.Encoder.Append(append(dst, e.header...), row)
	if err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// recordName is the title of schemas, for subjects that are named by it.
const recordName = "record"

// id is the schema's: newly registered, or what the subject has.
func (e *headerEncoder) id(ctx context.Context) (int, error) {
	subject := e.client.Subject(recordName)
	if e.config.Register {
		return e.client.Register(ctx, subject, schemaregistry.Schema{Text: e.schema, Type: schemaregistry.JSON})
	}
	s, err := registered(ctx, e.client, e.config, subject)
	return s.ID, err
}
