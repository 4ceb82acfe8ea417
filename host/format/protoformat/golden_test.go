package protoformat

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// Google's Python runtime is the judge of records that it wrote itself, of two in one, and of damaged ones. The schema comes
// from the descriptor set of Google's compiler.
func TestGolden(t *testing.T) {
	lines, err := os.ReadFile("testdata/golden.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	config := Config{DescriptorSet: "testdata/all.binpb", Message: "All"}
	set, err := config.load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := set.message("All")
	if err != nil {
		t.Fatal(err)
	}
	columns, err := ToColumns(m)
	if err != nil {
		t.Fatal(err)
	}
	whole := config
	whole.Unstructured = true
	asJSON := newTable(t, whole, notNull("value", types.JSON()))
	asColumns := newTable(t, config, columns...)
	columns = slices.Clone(columns)
	mapsAsMaps(m, columns)
	asMaps := newTable(t, config, columns...)
	asWritten := config
	asWritten.Arroyo = true // a default in a column would be written
	asPresent := newTable(t, asWritten, columns...)
	e, err := New(config).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(bytes.NewReader(lines))
	scanner.Buffer(nil, 1<<20)
	for n := 1; scanner.Scan(); n++ {
		var line struct {
			Hex, JSON      string
			Written, Reads bool
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		frame, err := hex.DecodeString(line.Hex)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []*table{asJSON, asColumns, asMaps, asPresent} {
			err := table.Decode(frame, table.Builder)
			var bad *format.DataError
			if err != nil && !errors.As(err, &bad) {
				t.Fatalf("line %d: %v", n, err)
			}
			// Beyond the runtime columns refuse numbers and times that they cannot hold.
			beyond := err != nil && slices.Contains([]string{"protobuf.range", "protobuf.parse"}, bad.Code)
			if !line.Reads && err == nil || line.Written && err != nil || line.Reads && err != nil && !beyond {
				t.Errorf("line %d: %v, and the runtime reads it: %v", n, err, line.Reads)
			}
			if err != nil {
				continue
			}
			table.EndRow()
			record := table.NewRecord()
			if table == asJSON && line.JSON != "" && plainJSON(t, textAt(record.Column(0), 0)) != plainJSON(t, line.JSON) &&
				!agrees(t, m, frame, textAt(record.Column(0), 0)) {
				t.Errorf("line %d: got\n%s\nwant\n%s", n, textAt(record.Column(0), 0), line.JSON)
			}
			if table == asPresent {
				if err := e.Bind(record.Columns()); err != nil {
					t.Fatal(err)
				}
				out, err := e.Append(nil, 0)
				if err != nil && !line.Written {
					// A name that an open enum does not have, say: there is no way back from it.
				} else if err != nil {
					t.Errorf("line %d: %v", n, err)
				} else if line.Written && !bytes.Equal(out, frame) {
					t.Errorf("line %d: written\n%x\nwant\n%x", n, out, frame)
				}
			}
			record.Release()
		}
	}
}

// agrees asks the Go library where the Python runtime differs: it takes a map's entry with an unknown field in it for an unknown
// field as a whole, which no other runtime does.
func agrees(t *testing.T, m protoreflect.MessageDescriptor, frame []byte, text string) bool {
	files := new(protoregistry.Files)
	if err := files.RegisterFile(m.ParentFile()); err != nil {
		t.Fatal(err)
	}
	message := dynamicpb.NewMessage(m)
	if err := proto.Unmarshal(frame, message); err != nil {
		t.Fatal(err)
	}
	want, err := protojson.MarshalOptions{UseProtoNames: true, Resolver: dynamicpb.NewTypes(files)}.Marshal(message)
	return err == nil && plainJSON(t, text) == plainJSON(t, string(want))
}
