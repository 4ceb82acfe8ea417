package protoformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

var scalarNames = []string{"double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
	"sfixed32", "sfixed64", "bool", "string", "bytes"}

// drawSource draws a .proto file of a few message types, of which M0 is the first; each may hold those behind it and itself.
func drawSource(t *rapid.T) string {
	var s strings.Builder
	syntax := rapid.SampledFrom([]string{`syntax = "proto2";`, `syntax = "proto3";`, `edition = "2023";`}).Draw(t, "syntax")
	s.WriteString(syntax + `
import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
enum E { ZERO = 0; ONE = 1; TWO = 2; MINUS = -1; }
`)
	count := rapid.IntRange(1, 4).Draw(t, "types")
	for i := range count {
		fmt.Fprintf(&s, "message M%d {\n", i)
		used := map[int]bool{}
		number := func() int {
			for {
				n := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1, 3000), rapid.Just(536870911)).Draw(t, "number")
				if !used[n] {
					used[n] = true
					return n
				}
			}
		}
		element := func(messages bool) string {
			switch k := rapid.IntRange(0, 9).Draw(t, "type"); {
			case messages && k == 0 && i+1 < count:
				return fmt.Sprintf("M%d", rapid.IntRange(i+1, count-1).Draw(t, "which"))
			case messages && k == 1:
				return rapid.SampledFrom([]string{"google.protobuf.Timestamp", "google.protobuf.Duration",
					"google.protobuf.Int64Value", "google.protobuf.StringValue", "google.protobuf.BytesValue", "google.protobuf.DoubleValue",
					"google.protobuf.UInt32Value", "google.protobuf.BoolValue", "google.protobuf.Struct"}).Draw(t, "known")
			case messages && k == 2 && i == 0:
				return "M0"
			case k == 3:
				return "E"
			}
			return rapid.SampledFrom(scalarNames).Draw(t, "scalar")
		}
		for f := range rapid.IntRange(1, 8).Draw(t, "fields") {
			switch shape := rapid.IntRange(0, 9).Draw(t, "shape"); {
			case shape == 0:
				key := rapid.SampledFrom([]string{"int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "bool", "string"}).Draw(t,
					"key")
				fmt.Fprintf(&s, "  map<%s, %s> f%d = %d;\n", key, element(true), f, number())
			case shape <= 2:
				fmt.Fprintf(&s, "  oneof o%d { %s f%d_a = %d; %s f%d_b = %d; }\n", f, element(true), f, number(), element(true), f, number())
			case shape <= 4:
				fmt.Fprintf(&s, "  repeated %s f%d = %d;\n", element(true), f, number())
			case strings.Contains(syntax, "proto2") || strings.Contains(syntax, "proto3") && shape == 5:
				fmt.Fprintf(&s, "  optional %s f%d = %d;\n", element(true), f, number())
			default:
				fmt.Fprintf(&s, "  %s f%d = %d;\n", element(true), f, number())
			}
		}
		s.WriteString("}\n")
	}
	return s.String()
}

// drawMessage fills m.
func drawMessage(t *rapid.T, m protoreflect.Message, depth int) {
	fds := m.Descriptor().Fields()
	switch m.Descriptor().FullName() {
	case "google.protobuf.Timestamp":
		m.Set(fds.ByNumber(1), protoreflect.ValueOfInt64(rapid.Int64Range(-9223372036, 9223372035).Draw(t, "seconds")))
		m.Set(fds.ByNumber(2), protoreflect.ValueOfInt32(rapid.Int32Range(0, 999999999).Draw(t, "nanos")))
		return
	case "google.protobuf.Duration":
		n := rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "nanoseconds") // of one sign, as two may merge
		m.Set(fds.ByNumber(1), protoreflect.ValueOfInt64(n/1e9))
		m.Set(fds.ByNumber(2), protoreflect.ValueOfInt32(int32(n%1e9)))
		return
	case "google.protobuf.Value":
		m.Set(fds.ByName("number_value"), protoreflect.ValueOfFloat64(float64(rapid.Int16().Draw(t, "number"))))
		return
	}
	for i := range fds.Len() {
		fd := fds.Get(i)
		if !rapid.Bool().Draw(t, "present") || depth > 4 {
			continue
		}
		switch {
		case fd.IsMap():
			values := m.Mutable(fd).Map()
			for range rapid.IntRange(0, 3).Draw(t, "entries") {
				key := drawValue(t, m, fd.MapKey(), depth).MapKey()
				if fd.MapValue().Message() != nil {
					drawMessage(t, values.Mutable(key).Message(), depth+1)
				} else {
					values.Set(key, drawValue(t, m, fd.MapValue(), depth))
				}
			}
		case fd.IsList():
			items := m.Mutable(fd).List()
			for range rapid.IntRange(0, 4).Draw(t, "items") {
				if fd.Message() != nil {
					drawMessage(t, items.AppendMutable().Message(), depth+1)
				} else {
					items.Append(drawValue(t, m, fd, depth))
				}
			}
		case fd.Message() != nil:
			drawMessage(t, m.Mutable(fd).Message(), depth+1)
		default:
			m.Set(fd, drawValue(t, m, fd, depth))
		}
	}
}

func drawValue(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.IntRange(-1, 2).Draw(t, "enum")))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)),
			float32(math.Inf(1))})).Draw(t, "float"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(),
			math.Inf(-1)})).Draw(t, "double"))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, "string"))
	}
	return protoreflect.ValueOfBytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"))
}

// drawFrame draws a record: one message, or two that a parser merges, written by the library.
func drawFrame(t *rapid.T, m protoreflect.MessageDescriptor) []byte {
	var frame []byte
	for range rapid.IntRange(1, 2).Draw(t, "merged") {
		message := dynamicpb.NewMessage(m)
		drawMessage(t, message, 0)
		b, err := proto.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		frame = append(frame, b...)
	}
	return frame
}

// mapsAsMaps makes MAP columns of the maps, where ToColumns has JSON.
func mapsAsMaps(m protoreflect.MessageDescriptor, columns []arrow.Field) {
	for i := range columns {
		fd := m.Fields().ByName(protoreflect.Name(columns[i].Name))
		if !fd.IsMap() {
			continue
		}
		s := shaper{left: types.MaxFields}
		columns[i].Type = types.Map(s.column(fd.MapKey(), 8), s.column(fd.MapValue(), 8), true)
		if types.Check(columns[i].Type) != nil {
			columns[i].Type = types.JSON()
		}
	}
}

// What dynamicpb reads from a record it reads as well from what came of the record's columns.
func TestColumnsAgainstDynamicpb(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := drawSource(t)
		doc, err := compileSource("test.proto", source, nil, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		m, err := doc.message("M0")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := ToColumns(m)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "maps") {
			mapsAsMaps(m, columns)
		}
		f := New(Config{Source: source, Message: "M0"})
		d, err := f.NewDecoder(fieldsFor(columns))
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		e, err := f.NewEncoder(fieldsFor(columns))
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
		defer b.Release()
		var frames [][]byte
		for range rapid.IntRange(1, 4).Draw(t, "records") {
			frame := drawFrame(t, m)
			if err := d.Decode(frame, b); err != nil {
				t.Fatalf("%v: %x\n%s", err, frame, source)
			}
			b.EndRow()
			frames = append(frames, frame)
		}
		record := b.NewRecord()
		defer record.Release()
		if err := e.Bind(record.Columns()); err != nil {
			t.Fatal(err)
		}
		for row, frame := range frames {
			out, err := e.Append(nil, row)
			if err != nil {
				t.Fatalf("%v: %x\n%s", err, frame, source)
			}
			want, got := dynamicpb.NewMessage(m), dynamicpb.NewMessage(m)
			if err := errors.Join(proto.Unmarshal(frame, want), proto.Unmarshal(out, got)); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(want, got) {
				t.Fatalf("%x became %x\nwant %v\ngot  %v\n%s", frame, out, want, got, source)
			}
		}
	})
}

// The JSON of a record is what protojson writes, numbers aside, which are numbers here.
func TestJSONAgainstProtojson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := drawSource(t)
		doc, err := compileSource("test.proto", source, nil, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		m, err := doc.message("M0")
		if err != nil {
			t.Fatal(err)
		}
		column := []format.Field{{Name: "value", Type: types.JSON()}}
		d, err := New(Config{Source: source, Message: "M0", Unstructured: true}).NewDecoder(column)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "value", Type: types.JSON()}}, nil), memory.DefaultAllocator)
		defer b.Release()
		frame := drawFrame(t, m)
		if err := d.Decode(frame, b); err != nil {
			t.Fatalf("%v: %x\n%s", err, frame, source)
		}
		b.EndRow()
		record := b.NewRecord()
		defer record.Release()
		message := dynamicpb.NewMessage(m)
		if err := proto.Unmarshal(frame, message); err != nil {
			t.Fatal(err)
		}
		want, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		got := textAt(record.Column(0), 0)
		if a, b := plainJSON(t, got), plainJSON(t, string(want)); a != b {
			t.Fatalf("%s\nwant %s\n%x\n%s", a, b, frame, source)
		}
		back := dynamicpb.NewMessage(m)
		if err := protojson.Unmarshal([]byte(got), back); err != nil || !proto.Equal(message, back) {
			t.Fatalf("%s does not read back: %v", got, err)
		}
	})
}

// plainJSON is a document with sorted keys and every number as a string.
func plainJSON(t interface{ Fatalf(string, ...any) }, text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var plain func(any) any
	plain = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = plain(v[k])
			}
		case []any:
			for i := range v {
				v[i] = plain(v[i])
			}
		case json.Number:
			f, err := v.Float64()
			switch {
			case err == nil && math.Abs(f) < math.SmallestNonzeroFloat32*(1<<23):
				return fmt.Sprint(float32(f)) // a float with few digits, of which the runtime may write more
			case err == nil && strings.ContainsAny(v.String(), ".eE"):
				return fmt.Sprint(f)
			}
			return strings.TrimSuffix(v.String(), ".0")
		}
		return v
	}
	out, err := json.Marshal(plain(v))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(out)
}

// Whatever the bytes, a row or a DataError comes, dynamicpb agrees on what is no message, and a good record decodes behind it.
func FuzzDecode(f *testing.F) {
	source, err := os.ReadFile(filepath.Join("testdata", "all.proto"))
	if err != nil {
		f.Fatal(err)
	}
	m := messageOf(f, string(source), "All")
	columns, err := ToColumns(m)
	if err != nil {
		f.Fatal(err)
	}
	mapsAsMaps(m, columns)
	for _, seed := range allSeeds(f, m) {
		f.Add(seed)
	}
	good := allSeeds(f, m)[0]
	t0 := newTable(f, Config{Source: string(source), Message: "All"}, columns...)
	unstructured := newTable(f, Config{Source: string(source), Message: "All", Unstructured: true}, arrow.Field{Name: "value", Type: types.JSON()})
	want := t0.row(f, good)
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, table := range []*table{t0, unstructured} {
			before := bytes.Clone(frame)
			err := table.Decode(frame, table.Builder)
			var bad *format.DataError
			if err != nil && !errors.As(err, &bad) {
				t.Fatalf("%x: %v", frame, err)
			}
			if err == nil {
				table.Rollback()
			}
			if !bytes.Equal(frame, before) {
				t.Fatal("the frame was changed")
			}
		}
		if got := t0.row(t, good); got != want {
			t.Fatalf("behind %x a good record is %s", frame, got)
		}
	})
}

// allSeeds are messages of a type, one with everything first.
func allSeeds(tb testing.TB, m protoreflect.MessageDescriptor) [][]byte {
	tb.Helper()
	var seeds [][]byte
	files := new(protoregistry.Files)
	if err := files.RegisterFile(m.ParentFile()); err != nil {
		tb.Fatal(err)
	}
	lines, err := os.ReadFile(filepath.Join("testdata", "all.json"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
		message := dynamicpb.NewMessage(m)
		if err := (protojson.UnmarshalOptions{Resolver: dynamicpb.NewTypes(files)}).Unmarshal(line, message); err != nil {
			tb.Fatalf("%v: %s", err, line)
		}
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			tb.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	return seeds
}
