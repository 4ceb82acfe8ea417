package protoformat

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRegistry(t *testing.T) {
	server := srfake.New()
	t.Cleanup(server.Close)
	client, err := schemaregistry.New(schemaregistry.Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	register := func(subject, text string, references ...schemaregistry.Reference) int {
		id, err := client.Register(t.Context(), subject, schemaregistry.Schema{Text: text, Type: schemaregistry.Protobuf, References: references})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	register("point", `syntax = "proto3"; message Point { int64 x = 1; }`)
	one := register("t-value", `syntax = "proto3"; import "point.proto"; message M { int64 a = 1; Point p = 2; message Inner { string a = 1;
		} message Other { int64 a = 3; } } message N { int64 b = 1; }`,
		schemaregistry.Reference{Name: "point.proto", Subject: "point", Version: 1})
	avro, err := client.Register(t.Context(), "avro", schemaregistry.Schema{Text: `"long"`, Type: schemaregistry.Avro})
	if err != nil {
		t.Fatal(err)
	}
	header := func(id int, indexes, message string) []byte {
		b, err := hex.DecodeString(indexes + message)
		if err != nil {
			t.Fatal(err)
		}
		return append(schemaregistry.AppendHeader(nil, id), b...)
	}
	config := Config{Confluent: true, Registry: &schemaregistry.Config{URL: server.URL(), Topic: "t"}}
	table := newTable(t, config, nullable("a", bigint))
	for _, c := range []struct {
		frame []byte
		want  string
	}{
		{header(one, "00", "0805"), `{"a":5}`}, {header(one, "0200", "0806"), `{"a":6}`}, {header(one, "040002", "1807"), `{"a":7}`},
		{header(one, "040000", "0a0178"), "protobuf.schema"}, {header(one, "0202", "0805"), `{"a":null}`}, {header(one, "0204", ""),
			"protobuf.message_index"},
		{header(one, "00", "0805"), `{"a":5}`}, {header(one, "", ""), "protobuf.registry_header"}, {header(one, "0201", ""), "protobuf.registry_header"},
		{header(one, "ffffffff0f", ""), "protobuf.registry_header"}, {[]byte{0, 0, 0}, "protobuf.registry_header"}, {[]byte{1, 0, 0, 0, 1, 0},
			"protobuf.registry_header"},
		{header(99, "00", ""), "protobuf.unknown_schema"}, {header(avro, "00", ""), "protobuf.schema"}, {header(one, "00", "08"), "protobuf.truncated"},
	} {
		if got := table.result(t, c.frame); got != c.want {
			t.Errorf("%x: got %s, want %s", c.frame, got, c.want)
		}
	}
	named := config
	named.Message = "N"
	if got := newTable(t, named, nullable("b", bigint)).result(t, header(one, "00", "0805")); got != "protobuf.message_index" {
		t.Errorf("a record of another type: %s", got)
	}
	shape, err := New(config).(format.Shaper).Shape(t.Context(), nil)
	if err != nil || len(shape) != 2 || typeName(shape[1].Type) != "STRUCT<x BIGINT>" {
		t.Errorf("%v, %v", shape, err)
	}
	written := config
	written.Registry = &schemaregistry.Config{URL: server.URL(), Topic: "new", Register: true}
	columns := shape[:1]
	e, err := New(written).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	message, err := hex.DecodeString(encoded(t, e, columns, `{"a":3}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := table.result(t, message); got != `{"a":3}` {
		t.Errorf("a record with its own schema: %s", got)
	}
	if s, err := client.Latest(t.Context(), "new-value"); err != nil || s.ID == one {
		t.Errorf("%v, %v", s, err)
	}
	e, err = New(config).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, e, columns, `{"a":3}`); got != hex.EncodeToString(header(one, "00", "0803")) {
		t.Errorf("with the registry's schema: %s", got)
	}
	server.Close()
	if _, _, err := newTable(t, config, nullable("a", bigint)).Decoder.(*decoder).source.planFor(header(one, "00",
		"0805")); fault.Of(err) != fault.Environment {
		t.Errorf("no registry: %v", err)
	}
}

// A header without a registry is checked against the local schema.
func TestHeaderWithoutRegistry(t *testing.T) {
	config := Config{Source: `syntax = "proto3"; message M { int64 a = 1; } message N { int64 a = 2; }`, Confluent: true, SchemaID: 9}
	table := newTable(t, config, nullable("a", bigint))
	for frame, want := range map[string]string{"00000000ff00" + "0805": `{"a":5}`, "0000000001" + "0202" + "1006": `{"a":6}`,
		"0000000001" + "0206": "protobuf.message_index"} {
		b, err := hex.DecodeString(frame)
		if err != nil {
			t.Fatal(err)
		}
		if got := table.result(t, b); got != want {
			t.Errorf("%s: got %s, want %s", frame, got, want)
		}
	}
	config.Message = "N"
	columns := table.columns
	e, err := New(config).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, e, columns, `{"a":5}`); got != "0000000009"+"0202"+"1005" {
		t.Error(got)
	}
}

// TestBadHeadersAreCheap: what is wrong with a schema, or with a record's place in it, is found out once and not with every record.
func TestBadHeadersAreCheap(t *testing.T) {
	server := srfake.New()
	t.Cleanup(server.Close)
	protobuf := func(text string) sr.Schema { return sr.Schema{Schema: text, Type: sr.TypeProtobuf} }
	var many strings.Builder
	many.WriteString(`syntax = "proto3"; message M { int64 a = 1; } message Other { string a = 1; }`)
	for i := range 200 {
		fmt.Fprintf(&many, "message N%d { int64 a = 1; }", i)
	}
	server.SeedSchema("t-value", 1, 1, protobuf(many.String()))
	server.SeedSchema("t-value", 2, 2, protobuf(`syntax = "proto3"; message M { Nothing n = 1; }`))
	server.SeedSchema("x", 1, 4, protobuf(`syntax = "proto3"; message X { Y y = 1; }`))
	server.SeedSchema("t-value", 3, 3, sr.Schema{Schema: `syntax = "proto3"; import "x.proto"; message M { X x = 1; }`, Type: sr.TypeProtobuf,
		References: []sr.SchemaReference{{Name: "x.proto", Subject: "x", Version: 1}}})
	registry := &schemaregistry.Config{URL: server.URL(), Topic: "t"}
	local := Config{Source: many.String(), Confluent: true, SchemaID: 9}
	for name, c := range map[string]struct {
		config  Config
		indexes string // of record i: its hexadecimal digits
		id      int
		code    string
	}{
		"no such type":            {Config{Confluent: true, Registry: registry}, "02%04x", 1, "protobuf.message_index"},
		"another type":            {Config{Confluent: true, Registry: registry, Message: "M"}, "0204", 1, "protobuf.message_index"},
		"columns that do not fit": {Config{Confluent: true, Registry: registry}, "0202", 1, "protobuf.schema"},
		"does not compile":        {Config{Confluent: true, Registry: registry}, "00", 2, "protobuf.schema"},
		"reference does not":      {Config{Confluent: true, Registry: registry}, "00", 3, "protobuf.schema"},
		"local, no such type":     {local, "02%04x", 1, "protobuf.message_index"},
		"local, does not fit":     {local, "0202", 1, "protobuf.schema"},
	} {
		table := newTable(t, c.config, nullable("a", bigint))
		var frames [][]byte
		for i := range 64 {
			indexes := c.indexes
			if strings.Contains(indexes, "%") {
				indexes = fmt.Sprintf(indexes, 0xfe06+i) // of two bytes, 447 and up
			}
			b, err := hex.DecodeString(indexes + "0801")
			if err != nil {
				t.Fatal(err)
			}
			frames = append(frames, append(schemaregistry.AppendHeader(nil, c.id), b...))
		}
		i := 0
		decode := func() {
			err := table.Decode(frames[i%len(frames)], table.Builder)
			i++
			if bad := (*format.DataError)(nil); !errors.As(err, &bad) || bad.Code != c.code {
				t.Fatalf("%s: %v, want %s", name, err, c.code)
			}
		}
		decode()
		if allocs := testing.AllocsPerRun(50, decode); allocs > 20 {
			t.Errorf("%s: %.0f allocations a record", name, allocs)
		}
	}
}

// TestHeadersAreKnownHoweverSpelled: indexes can be written in many ways, of which each would otherwise be a plan of its own.
func TestHeadersAreKnownHoweverSpelled(t *testing.T) {
	table := newTable(t, Config{Source: `syntax = "proto3"; message M { int64 a = 1; } message N { int64 a = 1; }`, Confluent: true, SchemaID: 9},
		nullable("a", bigint))
	for _, indexes := range []string{"00", "0200", "8000", "028000", "82808000808000", "0202", "028200"} {
		b, err := hex.DecodeString(indexes + "0805")
		if err != nil {
			t.Fatal(err)
		}
		if got := table.result(t, append(schemaregistry.AppendHeader(nil, 1), b...)); got != `{"a":5}` {
			t.Errorf("%s: %s", indexes, got)
		}
	}
	if known := len(table.Decoder.(*decoder).source.byHeader); known != 2 {
		t.Errorf("%d plans for two types", known)
	}
	first, second := append(schemaregistry.AppendHeader(nil, 1), 0, 8, 5), append(schemaregistry.AppendHeader(nil, 1), 2, 2, 8, 5)
	if allocs := testing.AllocsPerRun(100, func() {
		for _, frame := range [][]byte{first, second} {
			if err := table.Decode(frame, table.Builder); err != nil {
				t.Fatal(err)
			}
			table.Rollback()
		}
	}); allocs > 0 {
		t.Errorf("%.0f allocations where types take turns", allocs)
	}
}

// writer makes an encoder whose schema is a local file and whose ids are a registry's.
func writer(t *testing.T, c Config) (*srfake.Registry, format.Encoder, error) {
	t.Helper()
	server := srfake.New()
	t.Cleanup(server.Close)
	c.Confluent, c.Registry = true, &schemaregistry.Config{URL: server.URL(), Topic: "t", Register: true}
	e, err := New(c).NewEncoder(fieldsFor([]arrow.Field{nullable("a", bigint)}))
	return server, e, err
}

// TestTheCompiledTextIsRegistered: the file may have become another one by the time that the first record is written.
func TestTheCompiledTextIsRegistered(t *testing.T) {
	const text = `syntax = "proto3"; message M { int64 a = 1; }`
	folder := write(t, map[string]string{"m.proto": text})
	path := filepath.Join(folder, "m.proto")
	server, e, err := writer(t, Config{File: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`syntax = "proto3"; message M { int64 a = 2; }`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, e, []arrow.Field{nullable("a", bigint)}, `{"a":3}`); got != "0000000001"+"00"+"0803" {
		t.Error(got)
	}
	if s, ok := server.GetSchema("t-value", 1); !ok || s.Schema.Schema != text {
		t.Errorf("registered %q", s.Schema.Schema)
	}
}

// TestWhatCannotBeRegisteredIsSaidAtOnce and not when the first record is written.
func TestWhatCannotBeRegisteredIsSaidAtOnce(t *testing.T) {
	folder := write(t, map[string]string{
		"m.proto": `syntax = "proto3"; import "p.proto"; import "google/protobuf/any.proto"; message M { int64 a = 1; P p = 2; }`,
		"p.proto": `syntax = "proto3"; message P { int64 x = 1; }`,
	})
	_, _, err := writer(t, Config{File: filepath.Join(folder, "m.proto")})
	if fault.Of(err) != fault.Input || !strings.Contains(fmt.Sprint(err), `imports "p.proto"`) || !strings.Contains(fmt.Sprint(err), "protobuf.schema_id") {
		t.Errorf("a file with imports: %v", err)
	}
	for _, c := range []Config{{File: filepath.Join(folder, "m.proto"), Message: "P"}, {File: filepath.Join(folder, "m.proto"), Message: "P", SchemaID: 7}} {
		c.Confluent = true
		if c.SchemaID == 0 {
			c.Registry = &schemaregistry.Config{URL: "http://localhost:1", Topic: "t", SchemaID: 7}
		}
		_, err := New(c).NewEncoder(fieldsFor([]arrow.Field{nullable("x", bigint)}))
		if fault.Of(err) != fault.Input || !strings.Contains(fmt.Sprint(err), "message indexes") {
			t.Errorf("a message of an imported file: %v", err)
		}
	}
	doc, err := compileFile(filepath.Join(folder, "p.proto"), nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(doc.main)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "set"), set, 0o600); err != nil {
		t.Fatal(err)
	}
	config := Config{DescriptorSet: filepath.Join(folder, "set"), Confluent: true, Registry: &schemaregistry.Config{URL: "http://localhost:1", Topic: "t"}}
	fields := fieldsFor([]arrow.Field{nullable("x", bigint)})
	if _, err := New(config).NewEncoder(fields); fault.Of(err) != fault.Input || !strings.Contains(fmt.Sprint(err), "protobuf.file") {
		t.Errorf("a descriptor set: %v", err)
	}
	config.Registry.SchemaID = 7
	if _, err := New(config).NewEncoder(fields); err != nil {
		t.Errorf("with the id: %v", err)
	}
}
