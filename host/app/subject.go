package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// subject is what the registry had, when a pipeline was planned, for the subject that a table's format asks for.
type subject struct {
	Table   string `json:"table"`
	Name    string `json:"subject"`
	Version int    `json:"version"`
	ID      int    `json:"id"`
	Text    string `json:"text"` // its SHA-256 in hex
}

// registryNames are, by the format, the prefix of the registry's options, the name of a record, and the options that give it another one.
var registryNames = map[string]struct {
	prefix, record string
	options        []string
}{
	"json":          {"json", "record", nil},
	"debezium_json": {"json", "record", nil},
	"avro":          {"avro", "Row", []string{"avro.record_name"}},
	"protobuf":      {"protobuf", "", []string{"protobuf.message", "protobuf.message_name"}},
}

// pinSubject is a table with the version of its subject written down, where its format would ask for the newest one: all lanes use that, now
// and when they go on after a crash. s is nil where the format asks for none. What is wrong with the options their format says.
func pinSubject(ctx context.Context, def *config.Table) (_ *config.Table, s *subject, err error) {
	kind, _ := def.Options.Peek("format")
	names, ok := registryNames[kind.Text]
	if !ok || !asksForSubject(def, names.prefix) {
		return def, nil, nil
	}
	client, c := registryOf(def, names.prefix)
	if client == nil || c.SchemaID != 0 || c.Register {
		return def, nil, nil // an id names one schema for good, and what is registered follows from the columns or a file
	}
	record := names.record
	for _, key := range names.options {
		if v, ok := def.Options.Peek(key); ok {
			record = v.Text
			break
		}
	}
	s = &subject{Table: def.Name, Name: client.Subject(record), Version: c.SchemaVersion}
	found, err := s.find(ctx, client)
	switch {
	case errors.Is(err, schemaregistry.ErrNotFound) || fault.Of(err) == fault.Input:
		return def, nil, nil
	case err != nil:
		return def, nil, fmt.Errorf("%s: table %s: %w", def.Pos, def.Name, err)
	}
	if *s = found; c.SchemaVersion != 0 || s.Version == 0 {
		return def, s, nil
	}
	pinned := *def
	pinned.Options = def.Options.Clone()
	at, _ := def.Options.Peek(names.prefix + ".registry")
	_ = pinned.Options.Set(names.prefix+".schema_version", at.Pos, option.Value{Text: strconv.Itoa(s.Version), Pos: at.Pos}) // it was not set
	return &pinned, s, nil
}

// registryOf is a client of the registry that a table names; nil where it names none, or its options are wrong.
func registryOf(def *config.Table, prefix string) (*schemaregistry.Client, schemaregistry.Config) {
	bag := def.Options.Clone()
	c, given := schemaregistry.FromOptions(bag, prefix)
	if !given || bag.Err() != nil {
		return nil, c
	}
	client, err := schemaregistry.New(c)
	if err != nil {
		return nil, c
	}
	return client, c
}

// asksForSubject tells whether the format of a table asks a registry for a schema of its own, beside those that records name.
func asksForSubject(def *config.Table, prefix string) bool {
	given := func(keys ...string) bool {
		for _, key := range keys {
			if v, ok := def.Options.Peek(prefix + "." + key); ok && v.Text != "" {
				return true
			}
		}
		return false
	}
	if role, _ := def.Options.Peek("type"); role.Text == connector.RoleSink.String() {
		return prefix == "json" || !given("schema", "schema_file", "file", "source", "descriptor_set")
	}
	headers := prefix != "json"
	if v, ok := def.Options.Peek(prefix + ".confluent_schema_registry"); ok {
		headers = v.Text == "true" || v.Text == "yes"
	}
	return !headers || len(def.Columns) == 0
}

// find asks for the version, the newest where that is 0.
func (s *subject) find(ctx context.Context, client *schemaregistry.Client) (found subject, err error) {
	var schema schemaregistry.Schema
	if s.Version == 0 {
		schema, err = client.Latest(ctx, s.Name)
	} else {
		schema, err = client.Version(ctx, s.Name, s.Version)
	}
	sum := sha256.Sum256([]byte(schema.Text))
	return subject{Table: s.Table, Name: s.Name, Version: schema.Version, ID: schema.ID, Text: hex.EncodeToString(sum[:])}, err
}

// same refuses a registry that has another schema where a kept plan had this one.
func (s *subject) same(ctx context.Context, def *config.Table) error {
	kind, _ := def.Options.Peek("format")
	client, _ := registryOf(def, registryNames[kind.Text].prefix)
	if client == nil {
		return fault.Inputf("table %s: its registry can't be asked as it was then", s.Table)
	}
	found, err := s.find(ctx, client)
	switch {
	case errors.Is(err, schemaregistry.ErrNotFound):
		return fault.Inputf("table %s: the schema registry has no version %d of subject %q any more; restore it", s.Table, s.Version, s.Name)
	case err != nil:
		return fmt.Errorf("table %s: %w", s.Table, err)
	case found.ID != s.ID || found.Text != s.Text:
		return fault.Inputf("table %s: version %d of subject %q was schema %d of the registry and is schema %d now, or another text; restore the registry as it was",
			s.Table, s.Version, s.Name, s.ID, found.ID)
	}
	return nil
}
