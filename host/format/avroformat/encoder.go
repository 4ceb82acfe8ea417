package avroformat

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// encoder writes rows as one datum a message.
type encoder struct {
	f      *avroFormat
	fields []format.Field
	text   string // of the schema
	schema *schema
	row    *writer

	header  []byte // what stands before the datum; nil: the schema's id is not known yet
	pack    *deflater
	sync    []byte
	scratch []byte
}

// NewEncoder implements format.Format. Where rows are written with a schema of the registry it asks for it; where one has to
// be registered, or looked up, that is done for the first row.
func (f *avroFormat) NewEncoder(fields []format.Field) (format.Encoder, error) {
	if f.Unstructured {
		return nil, fault.Inputf("avro: 'avro.into_unstructured_json' is for reading only")
	}
	if err := f.check(fields); err != nil {
		return nil, err
	}
	e := &encoder{f: f, fields: fields}
	if err := e.choose(context.Background()); err != nil {
		return nil, err
	}
	columns := arrow.StructOf(arrowFields(fields)...)
	var err error
	if e.row, err = newWriter(e.schema, columns, false); err != nil {
		return nil, fault.InputError(fmt.Errorf("avro: the schema does not fit the table: %w", err))
	}
	return e, e.frame()
}

func arrowFields(fields []format.Field) []arrow.Field {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	return out
}

// choose finds the schema that rows are written with, and its id where that is known already.
func (e *encoder) choose(ctx context.Context) error {
	f := e.f
	if f.client != nil && (f.Registry.SchemaID != 0 || f.schema == nil && (f.Registry.SchemaVersion != 0 || !f.Registry.Register)) {
		found, s, err := f.registered(ctx)
		if err != nil {
			return err
		}
		if f.schema != nil && fingerprint(s) != f.print {
			return fault.Inputf("avro: the option avro.schema is another schema than the registry's with the id %d", found.ID)
		}
		e.text, e.schema = found.Text, s
		e.header = schemaregistry.AppendHeader(nil, found.ID)
		return nil
	}
	if f.schema != nil {
		e.text, e.schema = f.Schema, f.schema
		return nil
	}
	text, err := derive(arrowFields(e.fields), f.RecordName, f.Nanos)
	if err != nil {
		return fault.InputError(err)
	}
	e.text = text
	e.schema, err = parse(text)
	return err
}

// frame prepares what stands around datums.
func (e *encoder) frame() error {
	switch e.f.Mode {
	case Raw:
		e.header = []byte{}
	case Single:
		e.header = binary.LittleEndian.AppendUint64([]byte{0xc3, 0x01}, fingerprint(e.schema))
	case Confluent:
		if e.f.client == nil {
			e.header = schemaregistry.AppendHeader(nil, e.f.SchemaID)
		}
	case Container:
		c, ok := codecByName(e.f.Compression)
		if !ok {
			return fault.Inputf("avro: a compression %q is not known", e.f.Compression)
		}
		// The marker is the schema's and not random, so that equal rows are equal messages.
		text := compact(e.text)
		sum := sha256.Sum256([]byte(codecNames[c] + "\x00" + text))
		e.sync = sum[:syncSize]
		e.header = appendHeader(nil, []byte(text), c, e.sync)
		var err error
		e.pack, err = newDeflater(c)
		return err
	}
	return nil
}

// identify asks the registry for the id of the schema, and registers it where the options say so.
func (e *encoder) identify() error {
	ctx := context.Background() // requests have the client's timeout
	f := e.f
	subject := f.client.Subject(e.schema.name)
	s := schemaregistry.Schema{Text: e.text, Type: schemaregistry.Avro}
	var id int
	var err error
	if f.Registry.Register {
		id, err = f.client.Register(ctx, subject, s)
	} else {
		id, err = f.client.Find(ctx, subject, s)
		if errors.Is(err, schemaregistry.ErrNotFound) {
			err = fault.InputError(fmt.Errorf("avro: %w: register the schema, or set 'avro.register' = true", err))
		}
	}
	if err == nil {
		e.header = schemaregistry.AppendHeader(nil, id)
	}
	return err
}

// Bind implements format.Encoder.
func (e *encoder) Bind(columns []arrow.Array) error {
	if len(columns) != len(e.fields) {
		return fmt.Errorf("avro: %d columns for a table with %d fields", len(columns), len(e.fields))
	}
	for i, a := range columns {
		if f := &e.fields[i]; !arrow.TypeEqual(a.DataType(), f.Type) {
			return fmt.Errorf("avro: column %q is a %s, the table's field a %s", f.Name, a.DataType(), f.Type)
		}
	}
	for _, w := range e.row.kids {
		if w.from >= 0 {
			w.bind(columns[w.from])
		}
	}
	return nil
}

// Append implements format.Encoder. An error that is no *format.DataError is the registry's.
func (e *encoder) Append(dst []byte, row int) ([]byte, error) {
	if e.header == nil {
		if err := e.identify(); err != nil {
			return dst, err
		}
	}
	start := len(dst)
	out := append(dst, e.header...)
	r := run{}
	if e.pack == nil {
		if out = r.fields(out, e.row, row); r.problem != nil {
			return dst[:start], r.problem
		}
		return out, nil
	}
	if e.scratch = r.fields(e.scratch[:0], e.row, row); r.problem != nil {
		return dst[:start], r.problem
	}
	block, err := e.pack.pack(e.scratch)
	if err != nil {
		return dst[:start], err
	}
	out = appendLong(appendLong(out, 1), int64(len(block)))
	return append(append(out, block...), e.sync...), nil
}
