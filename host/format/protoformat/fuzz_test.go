package protoformat

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// FuzzSource compiles any text. Every message type of what compiles gives columns that a table can have, or says why it has none.
func FuzzSource(f *testing.F) {
	for _, name := range []string{"all.proto", "flights.proto"} {
		source, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source))
	}
	f.Add(`syntax = "proto2"; package a.b; message M { required int32 x = 1; optional group G = 2 { repeated M m = 3; } extensions 100 to max; } extend M { optional int32 e = 100; }`)
	f.Add(`import "google/protobuf/descriptor.proto"; import "other.proto"; message M { option (o) = { a: 1 }; map<string, M> m = 1 [default = 1]; }`)
	f.Add(`syntax = "proto3"; message A { B b = 1; } message B { C c = 1; C d = 2; } message C { A a = 1; oneof o { string x = 2; bytes y = 536870911; } }`)
	f.Fuzz(func(t *testing.T, text string) {
		const main = "main.proto"
		doc, err := compileSource(main, text, nil, nil)
		if err == nil {
			checkColumns(t, doc.main.Messages(), 0)
		}
	})
}

// checkColumns checks the columns of a few message types, those inside others too.
func checkColumns(t *testing.T, messages protoreflect.MessageDescriptors, depth int) {
	for i := range min(messages.Len(), 4) {
		m := messages.Get(i)
		if depth < 3 {
			checkColumns(t, m.Messages(), depth+1)
		}
		columns, err := ToColumns(m)
		if err != nil {
			continue
		}
		if err := types.CheckAll(columns); err != nil || len(columns) == 0 {
			t.Fatalf("%s has the columns %v: %v", m.FullName(), columns, err)
		}
	}
}

// FuzzDescriptorSet loads any bytes as a descriptor set. A message type of what loads decodes frames, or says why it does not.
func FuzzDescriptorSet(f *testing.F) {
	source, err := os.ReadFile(filepath.Join("testdata", "all.proto"))
	if err != nil {
		f.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		protodesc.ToFileDescriptorProto(messageOf(f, string(source), "All").ParentFile()),
	}}
	for _, text := range []string{``, `syntax = "proto3"; message A { A a = 1; int32 x = 2; map<string, A> m = 3; enum E { Z = 0; } E e = 4; }`} {
		if text != "" {
			doc, err := compileSource("a.proto", text, nil, nil)
			if err != nil {
				f.Fatal(err)
			}
			set = &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(doc.main)}}
		}
		b, err := proto.Marshal(set)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, []byte("\x08\x01\x12\x02\x08\x01"))
	}
	path := filepath.Join(f.TempDir(), "set")
	f.Fuzz(func(t *testing.T, set, frame []byte) {
		doc, err := loadSet(set)
		if err != nil || doc.main.Messages().Len() == 0 {
			return
		}
		m := doc.main.Messages().Get(0)
		columns, err := ToColumns(m)
		if err != nil {
			return
		}
		if err := os.WriteFile(path, set, 0o600); err != nil {
			t.Fatal(err)
		}
		var fields []format.Field
		for i, c := range columns {
			fields = append(fields, format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i})
		}
		d, err := New(Config{DescriptorSet: path, Message: string(m.FullName())}).NewDecoder(fields)
		if err != nil {
			return // deeper than limit.depth
		}
		b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
		defer b.Release()
		err = d.Decode(frame, b)
		if bad := (*format.DataError)(nil); err != nil && !errors.As(err, &bad) {
			t.Fatalf("%x: %v", frame, err)
		}
	})
}
