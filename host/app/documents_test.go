package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// documentRun is a pipeline whose plans are kept in a folder, over and over.
type documentRun struct {
	t      *testing.T
	folder string // of the configuration and what it names
	state  string
	sql    string
}

func (r *documentRun) write(name, content string) {
	r.t.Helper()
	file := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		r.t.Fatal(err)
	}
	mustWrite(r.t, file, []byte(content))
}

// plan plans the pipeline as its files are now, and keeps that.
func (r *documentRun) plan() (*plan, *planKeeper) {
	r.t.Helper()
	cfg, err := config.Parse(filepath.Join(r.folder, "run.sql"), []byte(r.sql), os.LookupEnv)
	if err != nil {
		r.t.Fatal(err)
	}
	p := newPlanner(nil, nil, slog.New(slog.DiscardHandler))
	plans, closePlans, err := p.plan(r.t.Context(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(closePlans)
	k, err := newPlanKeeper(checkpoint.Dir{Path: r.state}, p, plans[0])
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(k.end)
	if err := k.keep(); err != nil {
		r.t.Fatal(err)
	}
	return plans[0], k
}

// decoded is the row of a frame as a pipeline reads it, as JSON.
func (r *documentRun) decoded(c *pipeline.Config, frame string) string {
	r.t.Helper()
	d, err := c.Source.Decoder()
	if err != nil {
		r.t.Fatal(err)
	}
	b := batch.NewBuilder(c.Source.Schema, batch.NewPool(memory.DefaultAllocator, 0))
	defer b.Release()
	if err := d.Decode([]byte(frame), b); err != nil {
		r.t.Fatal(err)
	}
	b.EndRow()
	rec := b.NewRecord()
	defer rec.Release()
	text, err := rec.MarshalJSON()
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

const readDocument = `CREATE TABLE src (a BIGINT, b BIGINT) WITH (connector = 'fluvio', topic = 'src', type = 'source', %s);
CREATE TABLE out (a BIGINT, b BIGINT) WITH (connector = 'fluvio', topic = 'out', type = 'sink', format = 'json', delivery = 'exactly_once');
INSERT INTO out SELECT a, b FROM src;`

func avroRecord(fields ...string) string {
	for i, f := range fields {
		fields[i] = fmt.Sprintf(`{"name":%q,"type":"long"}`, f)
	}
	return `{"type":"record","name":"Row","fields":[` + strings.Join(fields, ",") + `]}`
}

func protoFile(a, b int, rest string) string {
	return fmt.Sprintf("syntax = \"proto3\"; %s message Row { int64 a = %d; int64 b = %d; }", rest, a, b)
}

func descriptorSet(t *testing.T, a, b int32) string {
	field := func(name string, number int32) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{
			Name: &name, Number: &number, Type: descriptorpb.FieldDescriptorProto_TYPE_INT64.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}
	}
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("row.proto"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Row"), Field: []*descriptorpb.FieldDescriptorProto{field("a", a), field("b", b)}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}

// TestKeptPlansReadByTheDocumentsTheyHad changes what a table's options name, and the folder of all of it, after a plan was kept.
func TestKeptPlansReadByTheDocumentsTheyHad(t *testing.T) {
	const order, swapped = `[{"a":1,"b":2}`, `[{"a":2,"b":1}`
	for name, c := range map[string]struct {
		options, file, was, is string
		more                   map[string]string // files that stay
		frame                  string
	}{
		"avro": {"format = 'avro', 'avro.raw_datums' = true, 'avro.schema_file' = 'in/row.avsc'", "in/row.avsc", avroRecord("a", "b"), avroRecord("b", "a"), nil, "\x02\x04"},
		"avro reader": {"format = 'avro', 'avro.raw_datums' = true, 'avro.schema_file' = 'w.avsc', 'avro.reader_schema_file' = 'r.avsc'", "w.avsc",
			avroRecord("a", "b"), avroRecord("b", "a"), map[string]string{"r.avsc": avroRecord("b", "a")}, "\x02\x04"},
		"proto": {"format = 'protobuf', 'protobuf.file' = 'row.proto'", "row.proto", protoFile(1, 2, ""), protoFile(2, 1, ""), nil, "\x08\x01\x10\x02"},
		"proto import": {"format = 'protobuf', 'protobuf.file' = 'in/main.proto', 'protobuf.import_path' = 'lib, other'", "other/deep/row.proto",
			protoFile(1, 2, "package p;"), protoFile(2, 1, "package p;"), map[string]string{
				"in/main.proto": `syntax = "proto3"; import /* "x */ "near.proto"; message M { p.Row row = 1; }`,
				"in/near.proto": `syntax = "proto3"; import public 'deep/row.proto'; import "google/protobuf/timestamp.proto"; message Near { google.protobuf.Timestamp at = 1; }`,
			}, "\x08\x01\x10\x02"},
		"proto source": {`format = 'protobuf', 'protobuf.message' = 'p.Row', 'protobuf.import_path' = 'lib',
			'protobuf.source' = 'syntax = "proto3"; import "row.proto"; message M { p.Row row = 1; }'`, "lib/row.proto",
			protoFile(1, 2, "package p;"), protoFile(2, 1, "package p;"), nil, "\x08\x01\x10\x02"},
		"descriptor set": {"format = 'protobuf', 'protobuf.descriptor_set' = 'row.bin'", "row.bin", descriptorSet(t, 1, 2), descriptorSet(t, 2, 1), nil, "\x08\x01\x10\x02"},
	} {
		t.Run(name, func(t *testing.T) {
			options := c.options
			if name == "proto import" {
				options += ", 'protobuf.message' = 'p.Row'"
			}
			r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir(), sql: fmt.Sprintf(readDocument, options)}
			for file, content := range c.more {
				r.write(file, content)
			}
			r.write(c.file, c.was)
			first, was := r.plan()
			if got := r.decoded(&first.Config, c.frame); !strings.HasPrefix(got, order) {
				t.Fatalf("%s", got)
			}
			r.folder = t.TempDir() // with nothing in it that was there
			for file, content := range c.more {
				r.write(file, content)
			}
			r.write(c.file, c.is)
			second, is := r.plan()
			if got := r.decoded(&second.Config, c.frame); !strings.HasPrefix(got, swapped) {
				t.Errorf("the new plan reads %s", got)
			}
			if was.id == is.id {
				t.Error("the plans have one id")
			}
			earlier, err := is.plan(t.Context(), was.id)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.decoded(earlier, c.frame); !strings.HasPrefix(got, order) {
				t.Errorf("the earlier plan reads %s", got)
			}
		})
	}
}

// TestDocumentsThatStayAreNoChange moves everything, and touches nothing.
func TestDocumentsThatStayAreNoChange(t *testing.T) {
	r := &documentRun{t: t, state: t.TempDir(), sql: fmt.Sprintf(readDocument, "format = 'avro', 'avro.raw_datums' = true, 'avro.schema_file' = 'row.avsc'")}
	ids := map[string]bool{}
	for range 2 {
		r.folder = t.TempDir()
		r.write("row.avsc", avroRecord("a", "b"))
		_, k := r.plan()
		ids[k.id] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d plans", len(ids))
	}
}

// TestAKeptPlanWithoutItsDocumentIsRefused removes a document from the folder of states.
func TestAKeptPlanWithoutItsDocumentIsRefused(t *testing.T) {
	r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir(), sql: fmt.Sprintf(readDocument, "format = 'protobuf', 'protobuf.file' = 'row.proto'")}
	r.write("row.proto", protoFile(1, 2, ""))
	_, was := r.plan()
	for hash := range was.files {
		if err := os.Remove(filepath.Join(r.state, "blobs", "sha256-"+hash)); err != nil {
			t.Fatal(err)
		}
	}
	r.write("row.proto", protoFile(2, 1, ""))
	_, is := r.plan()
	if _, err := is.plan(t.Context(), was.id); err == nil || !strings.Contains(err.Error(), "document 0/protobuf/row.proto: no such blob") {
		t.Errorf("%v", err)
	}
}

// TestPathsOfKeptPlansAreAbsolute keeps a file source.
func TestPathsOfKeptPlansAreAbsolute(t *testing.T) {
	r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir(), sql: `
CREATE TABLE src (a BIGINT) WITH (connector = 'file', path = 'in/src.json', type = 'source', format = 'json');
CREATE TABLE out (a BIGINT) WITH (connector = 'fluvio', topic = 'out', type = 'sink', format = 'json', delivery = 'exactly_once');
INSERT INTO out SELECT a FROM src;`}
	_, k := r.plan()
	if want := filepath.Join(r.folder, "in", "src.json"); !strings.Contains(string(k.text), want) {
		t.Errorf("%s has no %s", k.text, want)
	}
	if _, err := k.plan(t.Context(), k.id); err != nil {
		t.Error(err)
	}
}

// TestADocumentThatChangesWhileItIsReadIsRefused writes one between planning and keeping.
func TestADocumentThatChangesWhileItIsReadIsRefused(t *testing.T) {
	r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir(), sql: fmt.Sprintf(readDocument, "format = 'protobuf', 'protobuf.file' = 'row.proto'")}
	r.write("row.proto", protoFile(1, 2, ""))
	_, k := r.plan()
	r.write("row.proto", protoFile(2, 1, ""))
	if err := k.keep(); err != nil {
		t.Errorf("once it is kept files may change: %v", err)
	}
	k.kept = false
	if err := k.keep(); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "protobuf/row.proto has changed") {
		t.Errorf("%v", err)
	}
}

// changing is a registry that can become another one.
type changing struct {
	t    *testing.T
	fake *srfake.Registry
	url  string
}

func newChanging(t *testing.T) *changing {
	c := &changing{t: t}
	c.anew()
	server := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		to, err := url.Parse(c.fake.URL())
		if err != nil {
			t.Error(err)
		}
		r.SetURL(to)
	}})
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *changing) anew() {
	c.fake = srfake.New()
	c.t.Cleanup(c.fake.Close)
}

const writeSubject = `CREATE TABLE src (a BIGINT NOT NULL, b BIGINT NOT NULL) WITH (connector = 'fluvio', topic = 'src', type = 'source', format = 'json');
CREATE TABLE out (a BIGINT NOT NULL, b BIGINT NOT NULL) WITH (connector = 'fluvio', topic = 'out', type = 'sink', delivery = 'exactly_once', %s);
INSERT INTO out SELECT a, b FROM src;`

// encoded is the message of the row {a: 1, b: 2}, in hex.
func (r *documentRun) encoded(c *pipeline.Config) string {
	r.t.Helper()
	e, err := c.Sinks[0].Encoder()
	if err != nil {
		r.t.Fatal(err)
	}
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, c.Source.Schema, strings.NewReader(`[{"a":1,"b":2}]`))
	if err != nil {
		r.t.Fatal(err)
	}
	defer rec.Release()
	if err := e.Bind(rec.Columns()); err != nil {
		r.t.Fatal(err)
	}
	out, err := e.Append(nil, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return hex.EncodeToString(out)
}

// TestKeptPlansWriteByTheVersionTheyHad registers another version after a plan was kept, and has the registry filled anew at last.
func TestKeptPlansWriteByTheVersionTheyHad(t *testing.T) {
	const jsonSchema = `{"type":"object","title":%q,"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}`
	for name, c := range map[string]struct {
		options, subject, was, is string
		kind                      sr.SchemaType
		first, second             string
	}{
		"avro": {"format = 'avro', 'avro.registry' = '%s'", "out-value", avroRecord("a", "b"), avroRecord("b", "a"), sr.TypeAvro, "00000000010204", "00000000020402"},
		"avro by record": {"format = 'avro', 'avro.registry' = '%s', 'avro.subject_strategy' = 'record_name'", "Row",
			avroRecord("a", "b"), avroRecord("b", "a"), sr.TypeAvro, "00000000010204", "00000000020402"},
		"protobuf": {"format = 'protobuf', 'protobuf.registry' = '%s'", "out-value", protoFile(1, 2, ""), protoFile(2, 1, ""), sr.TypeProtobuf,
			"00000000010008011002", "000000000200"},
		"protobuf by record": {"format = 'protobuf', 'protobuf.registry' = '%s', 'protobuf.message_name' = 'Row', 'protobuf.subject_strategy' = 'topic_record_name'", "out-Row",
			protoFile(1, 2, ""), protoFile(2, 1, ""), sr.TypeProtobuf, "00000000010008011002", "000000000200"},
		"json": {"format = 'json', 'json.registry' = '%s', 'json.confluent_schema_registry' = true, 'json.subject_strategy' = 'record_name'", "record",
			fmt.Sprintf(jsonSchema, "1"), fmt.Sprintf(jsonSchema, "2"), sr.TypeJSON, "00000000017b", "00000000027b"},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newChanging(t)
			r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir(), sql: fmt.Sprintf(writeSubject, fmt.Sprintf(c.options, registry.url))}
			registry.fake.SeedSchema(c.subject, 1, 1, sr.Schema{Schema: c.was, Type: c.kind})
			first, was := r.plan()
			registry.fake.SeedSchema(c.subject, 2, 2, sr.Schema{Schema: c.is, Type: c.kind})
			if got := r.encoded(&first.Config); !strings.HasPrefix(got, c.first) {
				t.Errorf("a lane that opens later writes %s", got)
			}
			second, is := r.plan()
			if got := r.encoded(&second.Config); !strings.HasPrefix(got, c.second) {
				t.Errorf("the new plan writes %s", got)
			}
			earlier, err := is.plan(t.Context(), was.id)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.encoded(earlier); !strings.HasPrefix(got, c.first) {
				t.Errorf("the earlier plan writes %s", got)
			}
			registry.anew()
			registry.fake.SeedSchema(c.subject, 1, 1, sr.Schema{Schema: c.is, Type: c.kind})
			_, anew := r.plan()
			if _, err := anew.plan(t.Context(), was.id); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), fmt.Sprintf("version 1 of subject %q", c.subject)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestASourceByHeadersAsksForNoSubject reads records that say themselves by which schema they were written.
func TestASourceByHeadersAsksForNoSubject(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the registry was asked") }))
	defer server.Close()
	for _, format := range []string{"avro", "protobuf"} {
		r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir(), sql: fmt.Sprintf(readDocument, fmt.Sprintf("format = '%s', '%[1]s.registry' = '%s'", format, server.URL))}
		r.plan()
	}
}

// TestASchemaFileChangesBetweenCrashAndRestart finishes what is in the sink as the file was, and goes on as it is.
func TestASchemaFileChangesBetweenCrashAndRestart(t *testing.T) {
	const before, behind, frame = 100, 50, "\x08\x01\x10\x02"
	b := newLetterBox(t)
	r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir()}
	r.write("run.sql", fmt.Sprintf(readDocument, "'source.offset' = 'earliest', format = 'protobuf', 'protobuf.file' = 'row.proto'"))
	r.write("row.proto", protoFile(1, 2, ""))
	b.topic("src", 1)
	b.topic("out", 1)
	put := func(n int) {
		for range n {
			b.put("src", 0, fluvio.Record{Value: []byte(frame)})
		}
	}
	put(before)
	var log bytes.Buffer
	run := func(ctx context.Context, untilEnd bool) error {
		return Run(ctx, make(chan struct{}), RunConfig{
			File: filepath.Join(r.folder, "run.sql"), State: r.state, CheckpointInterval: time.Hour, UntilEnd: untilEnd, Worker: "0/1",
			RetryBudget: 10 * time.Second, Endpoint: b.Endpoint, Log: slog.New(slog.NewTextHandler(&log, nil)), Out: io.Discard, Err: io.Discard,
		})
	}
	ctx, crash := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- run(ctx, false) }()
	for len(b.records("out", 0)) < before {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	crash()
	<-ended
	r.write("row.proto", protoFile(2, 1, ""))
	put(behind)
	if err := run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "plan has changed") {
		t.Error("nothing was finished")
	}
	put(behind)
	if err := run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	rows := b.values("out", 0)
	was := 0 // the earlier plan may go on to the end of a batch
	for was < len(rows) && rows[was] == `{"a":1,"b":2}` {
		was++
	}
	is := strings.Count(strings.Join(rows[was:], "\n"), `{"a":2,"b":1}`)
	if was < before || is < behind || was+is != before+2*behind || len(rows) != was+is {
		t.Errorf("%d rows, %d as the file was, then %d as it is", len(rows), was, is)
	}
}

// TestAKeptPlanHoldsReferencesAndNoSecrets reads a password and a token from the environment: neither gets into the state folder.
func TestAKeptPlanHoldsReferencesAndNoSecrets(t *testing.T) {
	t.Setenv("REGISTRY_PASSWORD", "open sesame")
	t.Setenv("REGISTRY_TOKEN", "open barley")
	for name, options := range map[string]string{
		"REGISTRY_PASSWORD": "'avro.registry.user' = 'me', 'avro.registry.password' = '${REGISTRY_PASSWORD}'",
		"REGISTRY_TOKEN":    "'avro.registry.token' = 'x${REGISTRY_TOKEN}'",
	} {
		r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir()}
		r.sql = fmt.Sprintf(readDocument, "format = 'avro', 'avro.registry' = 'http://localhost:1', "+options)
		if _, k := r.plan(); len(k.secrets()) > 0 {
			t.Errorf("%q are told of", k.secrets())
		}
		named := false
		blobs, err := filepath.Glob(filepath.Join(r.state, "blobs", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, blob := range blobs {
			text, err := os.ReadFile(blob)
			if err != nil {
				t.Fatal(err)
			}
			named = named || strings.Contains(string(text), "${"+name+"}")
			if strings.Contains(string(text), "open ") {
				t.Errorf("%s holds the value of %s: %s", blob, name, text)
			}
		}
		if !named {
			t.Errorf("no plan among %d blobs names %s", len(blobs), name)
		}
	}
}

// TestSecretsInAFileAreToldOf has a password in the file itself, where the plan keeps it.
func TestSecretsInAFileAreToldOf(t *testing.T) {
	r := &documentRun{t: t, folder: t.TempDir(), state: t.TempDir()}
	r.sql = fmt.Sprintf(readDocument, "format = 'avro', 'avro.registry' = 'http://localhost:1', 'avro.registry.user' = 'me', 'avro.registry.password' = 'open sesame'")
	_, k := r.plan()
	if got := strings.Join(k.secrets(), ", "); got != "table src: avro.registry.password" {
		t.Errorf("%q are told of", got)
	}
}
