package protoformat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/weir-stream/weir/internal/plainfile"
)

// Bounds on what is compiled: files, bytes of all of them, and braces open at once in one of them.
const (
	maxFiles  = 512
	maxSource = 16 << 20
	maxBraces = 64
)

// document is a compiled schema: the file that was named and all it imports.
type document struct {
	files *protoregistry.Files
	main  protoreflect.FileDescriptor
	text  string // of main; empty: it is a descriptor set's, or the registry has it
	size  int    // bytes of the texts it was compiled from; 0: of a descriptor set
}

// compileFile compiles a .proto file, whose imports are looked for in its own folder and then in folders.
func compileFile(path string, folders []string) (*document, error) {
	folders = append([]string{filepath.Dir(path)}, folders...)
	return compile(filepath.Base(path), func(name string) ([]byte, error) { return readFrom(folders, name) })
}

// compileSource compiles the text of a .proto file. Its imports come from sources, by name, and then from folders.
func compileSource(name, text string, sources map[string]string, folders []string) (*document, error) {
	return compile(name, func(wanted string) ([]byte, error) {
		if wanted == name {
			return []byte(text), nil
		}
		if source, ok := sources[wanted]; ok {
			return []byte(source), nil
		}
		return readFrom(folders, wanted)
	})
}

// readFrom reads the file from the first folder that has it.
func readFrom(folders []string, name string) ([]byte, error) {
	for _, folder := range folders {
		text, err := plainfile.Read(filepath.Join(folder, filepath.FromSlash(name)), maxSource)
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return nil, fmt.Errorf("%s: %w in its import folders", name, fs.ErrNotExist)
}

// budget counts what a compilation reads. The compiler asks for files from several goroutines.
type budget struct {
	mu           sync.Mutex
	files, bytes int
}

func (b *budget) take(name string, text []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files++
	b.bytes += len(text)
	if b.files > maxFiles || b.bytes > maxSource {
		return fmt.Errorf("more than %d files or %d bytes with %s", maxFiles, maxSource, name)
	}
	depth := 0
	for _, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth > maxBraces {
			return fmt.Errorf("%s nests deeper than %d braces", name, maxBraces)
		}
	}
	return nil
}

// compile compiles the file called main and what it imports; read gives their texts. Google's own files are built in.
func compile(main string, read func(name string) ([]byte, error)) (*document, error) {
	var spent budget
	var source string
	resolver := protocompile.ResolverFunc(func(name string) (protocompile.SearchResult, error) {
		if !fs.ValidPath(name) {
			return protocompile.SearchResult{}, fmt.Errorf("import %q: want a relative path that has no . or .. in it", name)
		}
		text, err := read(name)
		if err == nil {
			err = spent.take(name, text)
		}
		if err != nil {
			return protocompile.SearchResult{}, err
		}
		if name == main {
			source = string(text)
		}
		return protocompile.SearchResult{Source: bytes.NewReader(text)}, nil
	})
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(resolver), MaxParallelism: 1}
	compiled, err := compiler.Compile(context.Background(), main)
	if err != nil {
		return nil, err
	}
	doc, err := newDocument(setOf(compiled), main)
	if err == nil {
		doc.text, doc.size = source, spent.bytes
	}
	return doc, err
}

// setOf gathers the files and what they import, each behind its imports.
func setOf(compiled linker.Files) *descriptorpb.FileDescriptorSet {
	set, have := &descriptorpb.FileDescriptorSet{}, map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if have[f.Path()] {
			return
		}
		have[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
	}
	for _, f := range compiled {
		add(f)
	}
	return set
}

// loadSet reads a descriptor set as protoc --descriptor_set_out writes it. Its last file is the main one. Google's own files
// need not be in it.
func loadSet(b []byte) (*document, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(b, set); err != nil {
		return nil, errors.New("not a descriptor set, as protoc --descriptor_set_out writes them")
	}
	if len(set.File) == 0 || len(set.File) > maxFiles {
		return nil, fmt.Errorf("a descriptor set of %d files, want 1 to %d", len(set.File), maxFiles)
	}
	name := set.File[len(set.File)-1].GetName()
	have := map[string]bool{}
	for _, f := range set.File {
		have[f.GetName()] = true
	}
	for i := 0; i < len(set.File); i++ {
		for _, name := range set.File[i].Dependency {
			known, err := protoregistry.GlobalFiles.FindFileByPath(name)
			if err == nil && !have[name] && strings.HasPrefix(name, "google/protobuf/") {
				have[name] = true
				set.File = append(set.File, protodesc.ToFileDescriptorProto(known))
			}
		}
	}
	return newDocument(set, name)
}

func newDocument(set *descriptorpb.FileDescriptorSet, main string) (*document, error) {
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	file, err := files.FindFileByPath(main)
	if err != nil {
		return nil, err
	}
	return &document{files: files, main: file}, nil
}

// message finds a message type by its full name, or by the last part of it where only one has that. Without a name it is the
// one message type of the main file.
func (d *document) message(name string) (protoreflect.MessageDescriptor, error) {
	if name == "" {
		if all := d.main.Messages(); all.Len() == 1 {
			return all.Get(0), nil
		}
		if d.main.Messages().Len() == 0 {
			return nil, errors.New("the schema has no message type")
		}
		return nil, fmt.Errorf("the schema has %d message types: name one with protobuf.message: %s", d.main.Messages().Len(), d.names())
	}
	name = strings.TrimPrefix(name, ".")
	if found, err := d.files.FindDescriptorByName(protoreflect.FullName(name)); err == nil {
		if m, ok := found.(protoreflect.MessageDescriptor); ok {
			return m, nil
		}
		return nil, fmt.Errorf("%q is no message type", name)
	}
	var found []protoreflect.MessageDescriptor
	d.files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		eachMessage(f.Messages(), func(m protoreflect.MessageDescriptor) {
			if string(m.Name()) == name {
				found = append(found, m)
			}
		})
		return true
	})
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no message type %q in the schema, which has %s", name, d.names())
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d message types are named %q: use the full name, such as %q", len(found), name, found[0].FullName())
}

// eachMessage visits message types and those within them; the entries of maps are none.
func eachMessage(all protoreflect.MessageDescriptors, visit func(protoreflect.MessageDescriptor)) {
	for i := range all.Len() {
		if m := all.Get(i); !m.IsMapEntry() {
			visit(m)
			eachMessage(m.Messages(), visit)
		}
	}
}

// names lists some message types of the main file, for error messages.
func (d *document) names() string {
	const most = 10
	var names []string
	eachMessage(d.main.Messages(), func(m protoreflect.MessageDescriptor) { names = append(names, string(m.FullName())) })
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// at finds a message type by Confluent's message indexes: the index of a type in the main file, of one within that, and so
// on. It is nil if there is none.
func (d *document) at(indexes []int) protoreflect.MessageDescriptor {
	var found protoreflect.MessageDescriptor
	within := d.main.Messages()
	for _, i := range indexes {
		if i < 0 || i >= within.Len() {
			return nil
		}
		found = within.Get(i)
		within = found.Messages()
	}
	if found != nil && found.IsMapEntry() {
		return nil
	}
	return found
}

// indexesOf are the indexes by which at finds m.
func indexesOf(m protoreflect.MessageDescriptor) []int {
	var indexes []int
	for d := protoreflect.Descriptor(m); ; d = d.Parent() {
		if _, ok := d.(protoreflect.MessageDescriptor); !ok {
			break
		}
		indexes = append([]int{d.Index()}, indexes...)
	}
	return indexes
}
