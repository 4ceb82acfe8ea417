//go:build differential

package differential

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/bufbuild/protocompile"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
)

// protoFiles are what the registry has of Protobuf: a file with types within types, which imports another one.
var protoFiles = map[string]string{
	"shared/point.proto": `syntax = "proto3"; package shared; message Unused { int32 a = 1; } message Point { double x = 1; double y = 2; string note = 3; }`,
	"order.proto": `syntax = "proto3"; package shop; import "shared/point.proto"; import "google/protobuf/timestamp.proto";
message First { int64 a = 1; repeated string b = 2; }
message Order {
  message Line { string sku = 1; message Deep { int64 n = 1; shared.Point at = 2; } Deep deep = 2; }
  message Other { sint32 z = 1; google.protobuf.Timestamp at = 2; }
  repeated Line lines = 1; shared.Point where = 2; google.protobuf.Timestamp at = 3; optional string note = 4;
}`,
	"alone.proto": `syntax = "proto3"; package alone; import "google/protobuf/timestamp.proto";
message First { int64 a = 1; } message Outer { message Before { int64 b = 1; } message Inner { string c = 1; google.protobuf.Timestamp d = 2; } }`,
}

// registry is franz-go's, and before it what a registry does with Protobuf that this one does not: texts become descriptors for
// clients that ask for them (format=serialized), and descriptors that clients register become texts.
type registry struct {
	handler http.Handler
	set     *descriptorpb.FileDescriptorSet
	texts   map[string]string // of the files, by name
}

func startRegistry(t *testing.T, texts map[string]string) (url string, r *registry) {
	t.Helper()
	fake := srfake.New()
	t.Cleanup(fake.Close)
	r = &registry{handler: fake.Handler(), set: compiled(t, texts, "order.proto", "alone.proto"), texts: texts}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL, r
}

// compiled are files and those that they import, each behind its imports.
func compiled(t *testing.T, texts map[string]string, names ...string) *descriptorpb.FileDescriptorSet {
	t.Helper()
	resolver := &protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(texts)}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(resolver)}
	files, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(file protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	for _, file := range files {
		add(file)
	}
	return set
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodPost {
		body, err := rewritten(req.Body, r.text)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	if req.URL.Query().Get("format") != "serialized" {
		r.handler.ServeHTTP(w, req)
		return
	}
	answer := httptest.NewRecorder()
	r.handler.ServeHTTP(answer, req)
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	if body, err := rewritten(answer.Body, r.descriptor); err == nil {
		_, _ = io.WriteString(w, body) // a client that went away has seen what it wanted
	}
}

// rewritten is a JSON object whose schema was changed.
func rewritten(body io.Reader, change func(string) string) (string, error) {
	var object map[string]any
	if err := json.NewDecoder(body).Decode(&object); err != nil {
		return "", err
	}
	if text, ok := object["schema"].(string); ok && object["schemaType"] == "PROTOBUF" {
		object["schema"] = change(text)
	}
	out, err := json.Marshal(object)
	return string(out), err
}

// text is that of a file whose descriptor is given in base64; anything else stays.
func (r *registry) text(schema string) string {
	file := &descriptorpb.FileDescriptorProto{}
	raw, err := base64.StdEncoding.DecodeString(schema)
	if err != nil || proto.Unmarshal(raw, file) != nil {
		return schema
	}
	return r.texts[file.GetName()]
}

// descriptor is that of a text in base64.
func (r *registry) descriptor(text string) string {
	for _, file := range r.set.File {
		if r.texts[file.GetName()] == text {
			if raw, err := proto.Marshal(file); err == nil {
				return base64.StdEncoding.EncodeToString(raw)
			}
		}
	}
	return ""
}

// records decodes records of a topic with what the registry says alone.
func records(t *testing.T, name string, frames [][]byte, options map[string]string) arrow.RecordBatch {
	t.Helper()
	f := newFormat(t, name, options)
	rows := newTable(t, f, shape(t, f))
	for i, frame := range frames {
		if bad := rows.decode(t, frame); bad != nil {
			t.Fatalf("record %d, %x: %v", i, frame, bad)
		}
	}
	return rows.record(t)
}

func registryOptions(name, url, topic string, more ...string) map[string]string {
	options := map[string]string{name + ".registry": url, name + ".topic": topic}
	if name == "json" {
		options["json.confluent_schema_registry"] = "true"
	}
	for i := 0; i < len(more); i += 2 {
		options[more[i]] = more[i+1]
	}
	return options
}

// TestRegistryFromConfluent decodes records of confluent-kafka's serializers, which register their schemas.
func TestRegistryFromConfluent(t *testing.T) {
	url, r := startRegistry(t, protoFiles)
	p, drawn := startPeer(t), newRandom(t)
	t.Run("avro", func(t *testing.T) {
		for n := range 20 {
			topic := "avro" + strconv.Itoa(n)
			p.ask(t, "avro.draw", []byte(strconv.FormatUint(drawn.Uint64(), 10)), []byte("any"))
			frames := p.ask(t, "registry.write_avro", []byte(url), []byte(topic))
			noComplaints(t, p.ask(t, "avro.compare", stream(t, records(t, "avro", frames, registryOptions("avro", url, topic)))))
		}
	})
	t.Run("json", func(t *testing.T) {
		frames := p.ask(t, "registry.write_json", []byte(url), []byte("json"))
		noComplaints(t, p.ask(t, "registry.compare_json", stream(t, records(t, "json", frames, registryOptions("json", url, "json")))))
	})
	set, err := proto.Marshal(r.set)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shop.First", "shop.Order", "shop.Order.Line", "shop.Order.Other", "shop.Order.Line.Deep"} {
		t.Run(name, func(t *testing.T) {
			frames := p.ask(t, "registry.write_protobuf", []byte(url), []byte(name), set, []byte(name))
			options := registryOptions("protobuf", url, name, "protobuf.message", name)
			record := records(t, "protobuf", frames, options)
			noComplaints(t, p.ask(t, "protobuf.compare", stream(t, record)))
			// Back with the schema that is registered, and by its nested name's indexes.
			written := encode(t, newFormat(t, "protobuf", options), record)
			noComplaints(t, p.ask(t, "registry.read_protobuf", append([][]byte{[]byte(url), []byte(name)}, written...)...))
		})
	}
}

// TestRegistryToConfluent has confluent-kafka's deserializers read records whose schemas weir makes from columns and registers.
func TestRegistryToConfluent(t *testing.T) {
	d := documents{newRandom(t), true}
	columns := []arrow.Field{
		{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "c", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "d", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "e", Type: types.List(arrow.BinaryTypes.String, false)},
		{Name: "f", Type: types.Struct(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int32}), Nullable: true},
	}
	rows := newTable(t, newFormat(t, "json", nil), columns)
	for rows.rows.Rows() < 50 {
		_ = rows.decode(t, []byte(d.object(columns)))
	}
	record := rows.record(t)
	for _, name := range []string{"avro", "json", "protobuf"} {
		t.Run(name, func(t *testing.T) {
			texts := maps.Clone(protoFiles)
			url, r := startRegistry(t, texts)
			written := encode(t, newFormat(t, name, registryOptions(name, url, "topic", name+".register", "true")), record)
			var set []byte
			if name == "protobuf" {
				texts["topic"] = latest(t, url, "topic-value").Text
				r.set = compiled(t, texts, "topic")
				raw, err := proto.Marshal(r.set)
				if err != nil {
					t.Fatal(err)
				}
				set = raw
			}
			question := [][]byte{[]byte(name), []byte(url), []byte("topic"), stream(t, record), set}
			noComplaints(t, startPeer(t).ask(t, "registry.read_rows", append(question, written...)...))
		})
	}
}

func latest(t *testing.T, url, subject string) schemaregistry.Schema {
	t.Helper()
	client, err := schemaregistry.New(schemaregistry.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := client.Latest(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestRegistryHasWeirsFile has weir register a file that it is given, and write a message within another one.
func TestRegistryHasWeirsFile(t *testing.T) {
	url, r := startRegistry(t, protoFiles)
	file := filepath.Join(t.TempDir(), "alone.proto")
	if err := os.WriteFile(file, []byte(protoFiles["alone.proto"]), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := proto.Marshal(r.set)
	if err != nil {
		t.Fatal(err)
	}
	p, name := startPeer(t), "alone.Outer.Inner"
	frames := p.ask(t, "registry.write_protobuf", []byte(url), []byte("theirs"), set, []byte(name))
	record := records(t, "protobuf", frames, registryOptions("protobuf", url, "theirs", "protobuf.message", name))
	options := registryOptions("protobuf", url, "ours", "protobuf.message", name, "protobuf.register", "true", "protobuf.file", file)
	written := encode(t, newFormat(t, "protobuf", options), record)
	noComplaints(t, p.ask(t, "registry.read_protobuf", append([][]byte{[]byte(url), []byte("ours")}, written...)...))
}
