package protoformat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// encoder writes rows by the plan that a decoder of the same columns has.
type encoder struct {
	format  *protoFormat
	fields  []format.Field
	message protoreflect.MessageDescriptor
	text    string // of the schema, for looking it up in the registry or registering it
	id      int    // in the registry, 0: not known

	plan     *plan
	whole    arrow.Array // of protobuf.into_unstructured_json
	header   []byte      // nil: not made, or none is to be
	types    *dynamicpb.Types
	document []byte // scratch: JSON for a field
	trail
}

var _ format.Encoder = (*encoder)(nil)

func (f *protoFormat) NewEncoder(fields []format.Field) (format.Encoder, error) {
	e := &encoder{format: f, fields: fields}
	doc, err := e.schema()
	if err != nil {
		return nil, err
	}
	if f.config.Confluent && f.client == nil && f.config.SchemaID == 0 {
		return nil, fault.Inputf("protobuf: records with a registry header need the schema's id: give protobuf.schema_id or protobuf.registry")
	}
	if err := e.registrable(doc); err != nil {
		return nil, err
	}
	e.types = dynamicpb.NewTypes(doc.files)
	if f.config.Unstructured {
		return e, unstructured(fields)
	}
	p := planner{config: f.config, document: doc, json: map[protoreflect.FullName]*jsonType{}}
	if e.plan, err = p.plan(e.message, fields, false); err == nil {
		err = e.plan.required(e.message)
	}
	if err != nil {
		return nil, fault.Inputf("protobuf: %w", err)
	}
	return e, nil
}

// schema finds the schema and the message type to write: the local one, one made from the columns if that may be registered, or
// the registry's.
func (e *encoder) schema() (doc *document, err error) {
	ctx, f := context.Background(), e.format // requests end with the client's timeout
	derive := f.document == nil && f.client != nil && f.config.Registry.Register && !f.config.Unstructured
	if !derive {
		if doc, e.message, err = f.latest(ctx); err == nil && f.document == nil {
			_, e.id, err = f.schema(ctx)
		}
		return doc, err
	}
	name := f.config.Message
	if name == "" {
		name = DefaultMessage
	}
	columns := make([]arrow.Field, len(e.fields))
	for i, c := range e.fields {
		columns[i] = arrow.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable}
	}
	if e.text, err = FromColumns(name, columns); err != nil {
		return nil, fault.InputError(err)
	}
	if doc, err = compileSource("schema", e.text, nil, nil); err != nil {
		return nil, err
	}
	e.message = doc.main.Messages().Get(0)
	return doc, nil
}

// required refuses a plan without a column for a required field, as its messages could not be read.
func (p *plan) required(m protoreflect.MessageDescriptor) error {
	has := map[protoreflect.FieldNumber]bool{}
	for i := range p.columns {
		c := &p.columns[i]
		has[c.fd.Number()] = true
		if c.value.sub != nil {
			if err := c.value.sub.required(c.value.fd.Message()); err != nil {
				return err
			}
		}
	}
	for i := range m.Fields().Len() {
		if fd := m.Fields().Get(i); fd.Cardinality() == protoreflect.Required && !has[fd.Number()] {
			return fmt.Errorf("field %s is required and the table has no column for it", fd.FullName())
		}
	}
	return nil
}

// Bind implements format.Encoder.
func (e *encoder) Bind(columns []arrow.Array) error {
	if len(columns) != len(e.fields) {
		return fmt.Errorf("protobuf: %d columns for a table with %d fields", len(columns), len(e.fields))
	}
	byName := map[string]arrow.Array{}
	for i, a := range columns {
		if f := e.fields[i]; !arrow.TypeEqual(a.DataType(), f.Type) {
			return fmt.Errorf("protobuf: column %q is a %s, the table's field a %s", f.Name, a.DataType(), f.Type)
		}
		byName[e.fields[i].Name] = a
	}
	if e.plan == nil {
		e.whole = columns[0]
		return nil
	}
	for i := range e.plan.columns {
		c := &e.plan.columns[i]
		c.read(byName[c.name])
	}
	return nil
}

// read gives an encoder's column its array.
func (c *column) read(from arrow.Array) {
	c.from = from
	switch c.shape {
	case shapeSingle:
		c.value.read(from)
	case shapeList:
		c.value.read(from.(*array.List).ListValues())
	case shapeMap:
		c.key.read(from.(*array.Map).Keys())
		c.value.read(from.(*array.Map).Items())
	}
}

func (v *value) read(from arrow.Array) {
	v.from = from
	switch v.op {
	case opStruct:
		for i := range v.sub.columns {
			c := &v.sub.columns[i]
			c.read(from.(*array.Struct).Field(c.target))
		}
	case opWrapper:
		v.inner.read(from)
	}
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, row int) ([]byte, error) {
	if e.header == nil && e.format.config.Confluent {
		if err := e.makeHeader(); err != nil {
			return dst, err
		}
	}
	out := append(dst, e.header...)
	start := len(out)
	if e.format.config.Delimited {
		out, _ = beginLength(out)
	}
	ok := false
	if e.plan != nil {
		out, ok = e.fieldsOf(out, e.plan, row)
	} else {
		out, ok = e.unstructured(out, row)
	}
	if !ok {
		err := e.err
		e.err = nil
		return dst, err
	}
	if e.format.config.Delimited {
		out = endLength(out, start)
	}
	return out, nil
}

// makeHeader asks the registry for the schema's id, having registered it where it may.
func (e *encoder) makeHeader() error {
	id, err := e.schemaID()
	if err != nil {
		return err
	}
	e.header = appendIndexes(schemaregistry.AppendHeader(nil, id), indexesOf(e.message))
	return nil
}

func (e *encoder) schemaID() (int, error) {
	ctx, f := context.Background(), e.format // requests end with the client's timeout
	if f.client == nil {
		return f.config.SchemaID, nil
	}
	if e.id > 0 {
		return e.id, nil
	}
	if f.config.Registry.SchemaID > 0 {
		return f.config.Registry.SchemaID, nil
	}
	client, err := f.client()
	if err != nil {
		return 0, err
	}
	subject, schema := client.Subject(string(e.message.FullName())), schemaregistry.Schema{Text: e.text, Type: schemaregistry.Protobuf}
	if f.config.Registry.Register {
		e.id, err = client.Register(ctx, subject, schema)
	} else if e.id, err = client.Find(ctx, subject, schema); errors.Is(err, schemaregistry.ErrNotFound) {
		const hint = "register it, or let this table do so with protobuf.register = true"
		err = fault.Inputf("protobuf: subject %q does not have the schema: %s: %w", subject, hint, err)
	}
	if err != nil {
		return 0, fmt.Errorf("protobuf: %w", err)
	}
	return e.id, nil
}

// registrable notes the text of a local schema whose id the registry is to be asked for, and refuses one that it cannot have.
func (e *encoder) registrable(doc *document) error {
	f := e.format
	if file := e.message.ParentFile().Path(); f.config.Confluent && file != doc.main.Path() {
		return fault.Inputf("protobuf: message %s is of %q, which the schema imports: message indexes lead to types of the schema itself",
			e.message.FullName(), file)
	}
	if !f.config.Confluent || f.client == nil || f.document == nil || f.config.Registry.SchemaID > 0 {
		return nil
	}
	if e.text = doc.text; e.text == "" {
		const hint = "use protobuf.file, or give the id that it has there with protobuf.schema_id"
		return fault.Inputf("protobuf: a descriptor set has no text that a registry could have: %s", hint)
	}
	return selfContained(doc.main)
}

// selfContained refuses a file whose imports the registry would have to know as well.
func selfContained(file protoreflect.FileDescriptor) error {
	for i := range file.Imports().Len() {
		if name := file.Imports().Get(i).Path(); !strings.HasPrefix(name, "google/protobuf/") {
			const hint = "register both there, the file with a reference to what it imports, and give its id with protobuf.schema_id"
			return fault.Inputf("protobuf: the schema imports %q, which has a subject of its own in a registry: %s", name, hint)
		}
	}
	return nil
}
