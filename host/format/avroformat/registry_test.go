package avroformat

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func registry(t testing.TB) (*srfake.Registry, schemaregistry.Config) {
	t.Helper()
	r := srfake.New()
	t.Cleanup(r.Close)
	return r, schemaregistry.Config{URL: r.URL(), Topic: "t", Timeout: time.Second}
}

func avroText(text string) sr.Schema { return sr.Schema{Schema: text, Type: sr.TypeAvro} }

func TestWriterSchemasComeFromTheRegistry(t *testing.T) {
	r, config := registry(t)
	newer := `{"type":"record","name":"P","fields":[{"name":"s","type":"string"},{"name":"extra","type":"long"},{"name":"a","type":"long"}]}`
	const first = 1
	r.SeedSchema("t-value", 1, first, avroText(pairSchema))
	r.SeedSchema("t-value", 2, first+1, avroText(newer))
	b := newBench(t, Config{Mode: Confluent, Registry: &config}, pairColumns)
	head := func(id int) []byte { return schemaregistry.AppendHeader(nil, id) }
	for i, c := range []struct {
		frame []byte
		want  string
	}{
		{append(head(first), pair(1, "x")...), `{"a":1,"s":"x"}`},
		{append(head(first+1), append(textual("y"), 8, 10)...), `{"a":5,"s":"y"}`},
		{append(head(first), pair(2, "z")...), `{"a":2,"s":"z"}`},
		{head(9999), "avro.unknown_schema"}, {nil, "avro.registry_header"}, {[]byte{1, 0, 0, 0, 1, 2}, "avro.registry_header"},
		{append(head(first), append(pair(1, "x"), 0)...), "avro.trailing"},
		{append(head(first), pair(3, "w")...), `{"a":3,"s":"w"}`},
	} {
		if got := b.row(c.frame); !strings.HasPrefix(got, c.want) {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
	r.Close()
	err := b.Decode(append(head(77), pair(1, "x")...), b.Builder)
	if fault.Of(err) != fault.Environment {
		t.Errorf("without a registry: %v", err)
	}
	if got := b.row(append(head(first), pair(3, "w")...)); got != `{"a":3,"s":"w"}` {
		t.Errorf("a schema that is known needs no registry: %s", got)
	}
}

func TestReferredSchemas(t *testing.T) {
	r, config := registry(t)
	r.SeedSchema("side", 1, 1, avroText(`{"type":"enum","name":"n.Side","symbols":["L","R"]}`))
	r.SeedSchema("t-value", 1, 2, sr.Schema{Schema: `{"type":"record","name":"n.P","fields":[{"name":"s","type":"n.Side"}]}`, Type: sr.TypeAvro,
		References: []sr.SchemaReference{{Name: "n.Side", Subject: "side", Version: 1}}})
	f, err := New(Config{Mode: Confluent, Registry: &config})
	if err != nil {
		t.Fatal(err)
	}
	columns, err := f.(format.Shaper).Shape(t.Context(), nil)
	if err != nil || len(columns) != 1 || columns[0].Type != arrow.BinaryTypes.String {
		t.Fatal(columns, err)
	}
	b := newBench(t, Config{Mode: Confluent, Registry: &config}, columns)
	if got := b.row(append(schemaregistry.AppendHeader(nil, 2), 2)); got != `{"s":"R"}` {
		t.Error(got)
	}
}

func TestSchemaIsRegisteredForTheFirstRow(t *testing.T) {
	r, config := registry(t)
	config.Register = true
	row := one(t, declared("a", arrow.PrimitiveTypes.Int64, false), func(c *batch.Column) { c.AppendInt64(2) })
	f, err := New(Config{Mode: Confluent, Registry: &config})
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.NewEncoder(fieldsFor(row.Schema().Fields()))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(row.Columns()); err != nil {
		t.Fatal(err)
	}
	if r.SubjectExists("t-value") {
		t.Error("registered before there was a row")
	}
	m, err := e.Append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := newBench(t, Config{Mode: Confluent, Registry: &config}, row.Schema().Fields()).row(m); got != `{"a":2}` {
		t.Error(got)
	}
	// A writer that may not register takes the subject's schema, and checks that its columns fit.
	config.Register = false
	if again := encoded(t, Config{Mode: Confluent, Registry: &config}, row); string(again[0]) != string(m) {
		t.Errorf("%x, want %x", again[0], m)
	}
	f, _ = New(Config{Mode: Confluent, Registry: &config})
	if _, err := f.NewEncoder(fieldsFor(pairColumns)); fault.Of(err) != fault.Input {
		t.Errorf("other columns: %v", err)
	}
	// A schema that is given has to be registered.
	f, _ = New(Config{Mode: Confluent, Registry: &config, Schema: pairSchema})
	e, err = f.NewEncoder(fieldsFor(pairColumns))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Append(nil, 0); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "avro.register") {
		t.Errorf("%v", err)
	}
	config.Subject = "nothing"
	f, _ = New(Config{Mode: Confluent, Registry: &config})
	if _, err := f.NewEncoder(fieldsFor(pairColumns)); fault.Of(err) != fault.Input {
		t.Errorf("no subject: %v", err)
	}
}

// TestBadSchemasAreCheap: what is wrong with a registered schema is found out once and not with every record.
func TestBadSchemasAreCheap(t *testing.T) {
	r, config := registry(t)
	var long strings.Builder
	long.WriteString(`{"type":"record","name":"P","fields":[{"name":"x","type":"Unknown"}`)
	for i := range 500 {
		fmt.Fprintf(&long, `,{"name":"f%d","type":"long"}`, i)
	}
	r.SeedSchema("t-value", 1, 1, avroText(long.String()+`]}`))
	r.SeedSchema("t-value", 2, 2, sr.Schema{Schema: `syntax = "proto3";`, Type: sr.TypeProtobuf})
	b := newBench(t, Config{Mode: Confluent, Registry: &config}, pairColumns)
	for id, code := range map[int]string{1: "avro.schema", 2: "avro.schema"} {
		frame := append(schemaregistry.AppendHeader(nil, id), pair(1, "x")...)
		decode := func() {
			err := b.Decode(frame, b.Builder)
			if bad := (*format.DataError)(nil); !errors.As(err, &bad) || bad.Code != code {
				t.Fatalf("%d: %v, want %s", id, err, code)
			}
		}
		decode()
		if allocs := testing.AllocsPerRun(50, decode); allocs > 5 {
			t.Errorf("%d: %.0f allocations a record", id, allocs)
		}
	}
}
