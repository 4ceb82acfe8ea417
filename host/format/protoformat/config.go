package protoformat

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/plainfile"
)

// Config is what a Protobuf format is made from. The schema comes from File, Source or DescriptorSet, of which at most one is
// given, or from Registry.
type Config struct {
	File          string   // path of a .proto file
	Source        string   // text of one
	DescriptorSet string   // path of a file as protoc --descriptor_set_out writes it
	ImportPath    []string // folders for what is imported, behind the folder of File
	Message       string   // full name, or its last part where only one type has it; empty: the schema's only type

	Delimited    bool // a frame holds any number of messages, each behind its length
	Confluent    bool // records begin with the header of a schema registry
	Unstructured bool // a record is one JSON column
	EnumNumbers  bool // enums are numbers in TEXT columns too
	Arroyo       bool // an absent field is NULL, whatever its presence

	Limits   format.Limits          // of what is read, and of the depth of JSON columns that are written
	Registry *schemaregistry.Config // nil: none
	SchemaID int                    // for the header of written records without a registry; 0: none
}

// FromOptions takes protobuf.file or protobuf.source (text) or protobuf.descriptor_set, protobuf.import_path (folders with
// commas between), protobuf.message (or message_name), protobuf.length_delimited, protobuf.into_unstructured_json (bools,
// default false), protobuf.enums ('name', the default, or 'number'), protobuf.defaults ('presence', the default, or 'arroyo'),
// the options of a registry, protobuf.confluent_schema_registry (a bool, by default whether there is a registry), and without a
// registry protobuf.schema_id out of the bag, which keeps what is wrong with them. Paths are relative to the folder of the file
// that the options are in.
func FromOptions(bag *option.Bag) Config {
	c := Config{
		File: path(bag, "protobuf.file"), Source: bag.String("protobuf.source", ""), DescriptorSet: path(bag, "protobuf.descriptor_set"),
		Message:      bag.String("protobuf.message", ""),
		Delimited:    bag.Bool("protobuf.length_delimited", false),
		Unstructured: bag.Bool("protobuf.into_unstructured_json", false),
		EnumNumbers:  bag.Enum("protobuf.enums", "name", "name", "number") == "number",
		Arroyo:       bag.Enum("protobuf.defaults", "presence", "presence", "arroyo") == "arroyo",
	}
	if folders, ok := bag.Peek("protobuf.import_path"); ok {
		for _, folder := range strings.Split(bag.String("protobuf.import_path", ""), ",") {
			c.ImportPath = append(c.ImportPath, beside(folders.Pos.File, strings.TrimSpace(folder)))
		}
	} else {
		bag.Lookup("protobuf.import_path") // so that it is known, should somebody have mistyped it
	}
	registry, given := schemaregistry.FromOptions(bag, "protobuf")
	if given {
		c.Registry = &registry
	}
	c.Confluent = bag.Bool("protobuf.confluent_schema_registry", given)
	switch {
	case given:
	case c.Confluent:
		c.SchemaID = schemaregistry.NumberOption(bag, "protobuf.schema_id")
	default:
		bag.Unread("protobuf.schema_id", "needs 'protobuf.confluent_schema_registry', as it is what the header holds")
	}
	if other := bag.String("protobuf.message_name", c.Message); c.Message == "" {
		c.Message = other
	} else if other != c.Message {
		bag.Reject("protobuf.message_name", "what 'protobuf.message' says, or only one of them")
	}
	c.Limits = format.LimitOptions(bag)
	c.check(bag)
	return c
}

// check refuses options that do not go together.
func (c Config) check(bag *option.Bag) {
	sources := 0
	for _, s := range []struct{ key, value string }{
		{"protobuf.file", c.File}, {"protobuf.source", c.Source}, {"protobuf.descriptor_set", c.DescriptorSet},
	} {
		if s.value == "" {
			continue
		}
		if sources++; sources > 1 {
			bag.Reject(s.key, "only one of protobuf.file, protobuf.source and protobuf.descriptor_set")
		}
	}
	if c.Delimited && c.Confluent {
		bag.Reject("protobuf.length_delimited", "it not beside protobuf.confluent_schema_registry, as the header says nothing about lengths")
	}
}

// path takes a path out of the bag.
func path(bag *option.Bag, key string) string {
	v, ok := bag.Peek(key)
	text := bag.String(key, "")
	if !ok || text == "" {
		return text
	}
	return beside(v.Pos.File, text)
}

// beside is a path as it is relative to the folder of file.
func beside(file, path string) string {
	if file == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

type protoFormat struct {
	config   Config
	document func() (*document, error)              // of File, Source or DescriptorSet; nil: none
	client   func() (*schemaregistry.Client, error) // nil: no registry

	documents documents // of records
}

var (
	_ format.Format = (*protoFormat)(nil)
	_ format.Shaper = (*protoFormat)(nil)
)

// New makes a Protobuf format. The schema is compiled, and the registry asked, when it is first needed.
func New(c Config) format.Format {
	c.Limits = c.Limits.OrDefault(DefaultDepth)
	f := &protoFormat{config: c}
	if c.File != "" || c.Source != "" || c.DescriptorSet != "" {
		f.document = sync.OnceValues(func() (*document, error) {
			d, err := c.load()
			if err != nil {
				err = fault.Inputf("protobuf: the schema does not compile: %w", err)
			}
			return d, err
		})
	}
	if c.Registry != nil {
		f.client = sync.OnceValues(func() (*schemaregistry.Client, error) { return schemaregistry.New(*c.Registry) })
	}
	return f
}

// load compiles the schema that the options name.
func (c Config) load() (*document, error) {
	switch {
	case c.File != "":
		return compileFile(c.File, c.ImportPath)
	case c.Source != "":
		return compileSource("protobuf.source", c.Source, nil, c.ImportPath)
	}
	b, err := plainfile.Read(c.DescriptorSet, maxSource)
	if err != nil {
		return nil, err
	}
	return loadSet(b)
}

var errNoSchema = fault.Inputf("protobuf: no schema: give protobuf.file, protobuf.source, protobuf.descriptor_set or protobuf.registry")

// latest is the message type that the format's options name: of the local schema, or of the registry's for the subject.
func (f *protoFormat) latest(ctx context.Context) (*document, protoreflect.MessageDescriptor, error) {
	doc, _, err := f.schema(ctx)
	if err != nil {
		return nil, nil, err
	}
	name := f.config.Message
	if name == "" && f.document == nil && doc.main.Messages().Len() > 0 {
		return doc, doc.main.Messages().Get(0), nil // what index 0 in a header would say
	}
	m, err := doc.message(name)
	if err != nil {
		return nil, nil, fault.Inputf("protobuf: %w", err)
	}
	return doc, m, nil
}

// schema is the document that the options name, and the id that the registry gave it, 0 for a local one.
func (f *protoFormat) schema(ctx context.Context) (*document, int, error) {
	if f.document != nil {
		doc, err := f.document()
		return doc, 0, err
	}
	if f.client == nil {
		return nil, 0, errNoSchema
	}
	client, err := f.client()
	if err != nil {
		return nil, 0, err
	}
	r := f.config.Registry
	var s schemaregistry.Schema
	switch subject := client.Subject(f.config.Message); {
	case r.SchemaID > 0:
		s, err = client.ByID(ctx, r.SchemaID)
	case r.SchemaVersion > 0:
		s, err = client.Version(ctx, subject, r.SchemaVersion)
	default:
		s, err = client.Latest(ctx, subject)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("protobuf: %w", err)
	}
	doc, err := fetched(ctx, client, s)
	return doc, s.ID, err
}

// fetched compiles a schema of the registry with what it refers to.
func fetched(ctx context.Context, client *schemaregistry.Client, s schemaregistry.Schema) (*document, error) {
	if s.Type != schemaregistry.Protobuf {
		return nil, fault.Inputf("protobuf: schema %d of the registry is of another type", s.ID)
	}
	references, err := client.References(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("protobuf: %w", err)
	}
	sources := map[string]string{}
	for name, r := range references {
		sources[name] = r.Text
	}
	doc, err := compileSource("schema", s.Text, sources, nil)
	if err != nil {
		return nil, fault.Inputf("protobuf: schema %d of the registry does not compile: %w", s.ID, err)
	}
	doc.text = ""
	return doc, nil
}

// Shape implements format.Shaper: where the table declares no columns they are the message's, see ToColumns.
func (f *protoFormat) Shape(ctx context.Context, declared []arrow.Field) ([]arrow.Field, error) {
	if len(declared) > 0 {
		return declared, nil
	}
	if f.config.Unstructured {
		return []arrow.Field{{Name: "value", Type: types.JSON()}}, nil
	}
	_, m, err := f.latest(ctx)
	if err != nil {
		return nil, err
	}
	return ToColumns(m)
}

func (f *protoFormat) NewDecoder(fields []format.Field) (format.Decoder, error) {
	if err := f.config.Limits.Fit(fields); err != nil {
		return nil, fault.Inputf("protobuf: %w", err)
	}
	source, err := f.newPlans(fields)
	if err != nil {
		return nil, err
	}
	d := &decoder{fields: fields, source: source, limits: f.config.Limits}
	if f.config.Delimited {
		return &stream{decoder: d}, nil
	}
	return d, nil
}

// unstructured checks the column of into_unstructured_json.
func unstructured(fields []format.Field) error {
	if len(fields) != 1 || !types.IsJSON(fields[0].Type) {
		return errors.New("protobuf: with protobuf.into_unstructured_json a table has a single column, of type JSON")
	}
	return nil
}
