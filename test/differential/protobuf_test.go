//go:build differential

package differential

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/weir-stream/weir/host/types"
)

// protobufCases is how many message types there are.
const protobufCases = 100

// protobufCase is a message type that the peer drew, and messages that Google's runtime wrote.
type protobufCase struct {
	*peer
	set      string // path of the descriptor set
	columns  []arrow.Field
	messages [][]byte
}

// eachProtobuf runs a test with every message type, of a kind: any, or writable.
func eachProtobuf(t *testing.T, kind string, test func(t *testing.T, c protobufCase)) {
	r, p := newRandom(t), startPeer(t)
	for range protobufCases {
		answer := p.ask(t, "protobuf.draw", []byte(strconv.FormatUint(r.Uint64(), 10)), []byte(kind))
		c := protobufCase{p, filepath.Join(t.TempDir(), "set"), nil, answer[1:]}
		if err := os.WriteFile(c.set, answer[0], 0o644); err != nil {
			t.Fatal(err)
		}
		c.columns = shape(t, newFormat(t, "protobuf", c.options()))
		if r.oneIn(2) {
			c.columns = withMaps(t, answer[0], c.columns)
		}
		if test(t, c); t.Failed() {
			return // others would most often fail for the same reason
		}
	}
}

// options say where the message type is, and more.
func (c protobufCase) options(more ...string) map[string]string {
	options := map[string]string{"protobuf.descriptor_set": c.set, "protobuf.message": "drawn.Row"}
	for i := 0; i < len(more); i += 2 {
		options[more[i]] = more[i+1]
	}
	return options
}

// withMaps has MAP columns in place of the JSON that a table without columns has for maps.
func withMaps(t *testing.T, set []byte, columns []arrow.Field) []arrow.Field {
	t.Helper()
	files := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(set, files); err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(files.File[0], protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	fields := file.Messages().ByName("Row").Fields()
	for i := range columns {
		field := fields.ByName(protoreflect.Name(columns[i].Name))
		if !field.IsMap() {
			continue
		}
		key, value := mapTypes[field.MapKey().Kind()], mapTypes[field.MapValue().Kind()]
		if value == nil {
			value = types.JSON()
		}
		columns[i].Type = types.Map(key, value, true)
	}
	return columns
}

// mapTypes are the columns for keys and values of maps; messages become JSON.
var mapTypes = map[protoreflect.Kind]arrow.DataType{
	protoreflect.BoolKind: arrow.FixedWidthTypes.Boolean, protoreflect.StringKind: arrow.BinaryTypes.String,
	protoreflect.BytesKind: arrow.BinaryTypes.String, protoreflect.EnumKind: arrow.BinaryTypes.String,
	protoreflect.Int32Kind: arrow.PrimitiveTypes.Int32, protoreflect.Sint32Kind: arrow.PrimitiveTypes.Int32,
	protoreflect.Sfixed32Kind: arrow.PrimitiveTypes.Int32, protoreflect.Uint32Kind: arrow.PrimitiveTypes.Uint32,
	protoreflect.Fixed32Kind: arrow.PrimitiveTypes.Uint32, protoreflect.Int64Kind: arrow.PrimitiveTypes.Int64,
	protoreflect.Sint64Kind: arrow.PrimitiveTypes.Int64, protoreflect.Sfixed64Kind: arrow.PrimitiveTypes.Int64,
	protoreflect.Uint64Kind: arrow.PrimitiveTypes.Uint64, protoreflect.Fixed64Kind: arrow.PrimitiveTypes.Uint64,
	protoreflect.FloatKind: arrow.PrimitiveTypes.Float32, protoreflect.DoubleKind: arrow.PrimitiveTypes.Float64,
}

// decode decodes frames of messages into columns.
func (c protobufCase) decode(t *testing.T, columns []arrow.Field, frames [][]byte, options map[string]string) arrow.RecordBatch {
	t.Helper()
	rows := newTable(t, newFormat(t, "protobuf", options), columns)
	for i, frame := range frames {
		if bad := rows.decode(t, frame); bad != nil {
			t.Fatalf("frame %d, %v: %v\n%x", i, options, bad, frame)
		}
	}
	return rows.record(t)
}

// TestProtobufFromGoogle decodes what Google's runtime writes: as it writes it, numbers packed or not, in pieces, with lengths, as JSON.
func TestProtobufFromGoogle(t *testing.T) {
	eachProtobuf(t, "any", func(t *testing.T, c protobufCase) {
		frames := slices.Concat(c.messages, c.ask(t, "protobuf.variants"))
		noComplaints(t, c.ask(t, "protobuf.compare", stream(t, c.decode(t, c.columns, frames, c.options()))))

		frame := c.ask(t, "protobuf.delimited")
		noComplaints(t, c.ask(t, "protobuf.compare", stream(t, c.decode(t, c.columns, frame, c.options("protobuf.length_delimited", "true")))))

		options := c.options("protobuf.into_unstructured_json", "true")
		column := shape(t, newFormat(t, "protobuf", options))
		noComplaints(t, c.ask(t, "protobuf.texts", stream(t, c.decode(t, column, c.messages, options))))
	})
}

// TestProtobufToGoogle has Google's runtime read what weir writes.
func TestProtobufToGoogle(t *testing.T) {
	equal, all := 0, 0
	eachProtobuf(t, "writable", func(t *testing.T, c protobufCase) {
		record := c.decode(t, c.columns, c.messages, c.options())
		written := encode(t, newFormat(t, "protobuf", c.options()), record)
		report := c.ask(t, "protobuf.written", written...)
		n, err := strconv.Atoi(string(report[0]))
		if err != nil {
			t.Fatal(err)
		}
		equal, all = equal+n, all+len(written)
		noComplaints(t, report[1:])

		delimited := encode(t, newFormat(t, "protobuf", c.options("protobuf.length_delimited", "true")), record)
		noComplaints(t, c.ask(t, "protobuf.written_delimited", bytes.Join(delimited, nil)))

		options := c.options("protobuf.into_unstructured_json", "true")
		column := shape(t, newFormat(t, "protobuf", options))
		texts := c.decode(t, column, c.messages, options)
		for i, message := range encode(t, newFormat(t, "protobuf", options), texts) {
			if message == nil {
				t.Fatalf("row %d, %s, is not written", i, texts.Column(0).ValueStr(i))
			}
			written[i] = message
		}
		noComplaints(t, c.ask(t, "protobuf.written_texts", written...))
	})
	t.Logf("%d of %d messages have the runtime's bytes", equal, all)
}
