package app

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/plainfile"
)

// documents are the files that a table's options name and that decide what its bytes mean, as they are when the pipeline is planned, and
// where its other files are.
type documents struct {
	files   map[string][]byte // by the names that they are kept under, below a folder of the table's
	options map[string]string // options that name them there, in the place of those that were given
	paths   map[string]string // options that are paths of other files, made absolute
	dropped []string          // options that nothing of options needs beside it
}

// What is kept of a table at most; formats refuse what is larger.
const (
	mostDocuments     = 512
	mostDocumentBytes = 16 << 20
)

// documentOptions name a file with a schema each.
var documentOptions = []string{"avro.schema_file", "avro.reader_schema_file", "json.schema_file", "protobuf.descriptor_set"}

// absoluteOptions name files whose content decides nothing, with what their relative paths begin at: the folder of the configuration, or
// the working folder.
var absoluteOptions = map[string]bool{"path": true, "avro.registry.ca_file": false, "json.registry.ca_file": false, "protobuf.registry.ca_file": false}

// readDocuments reads what a table's options name. What can't be read is left out: its format says so.
func readDocuments(options *option.Bag) documents {
	d := documents{files: map[string][]byte{}, options: map[string]string{}, paths: map[string]string{}}
	for _, key := range documentOptions {
		if v, ok := options.Peek(key); ok && v.Text != "" && d.add(key, beside(v)) {
			d.options[key] = key
		}
	}
	d.protobuf(options)
	for key, inFolder := range absoluteOptions {
		v, ok := options.Peek(key)
		if !ok || v.Text == "" {
			continue
		}
		file := v.Text
		if inFolder {
			file = beside(v)
		}
		if absolute, err := filepath.Abs(file); err == nil {
			d.paths[key] = absolute
		}
	}
	return d
}

// beside is a path as it is relative to the folder of the file that it stands in.
func beside(v option.Value) string {
	if filepath.IsAbs(v.Text) {
		return v.Text
	}
	return filepath.Join(filepath.Dir(v.Pos.File), v.Text)
}

// add keeps a file under a name.
func (d *documents) add(name, file string) bool {
	left := mostDocumentBytes
	for _, b := range d.files {
		left -= len(b)
	}
	b, err := plainfile.Read(file, left)
	if err != nil || len(d.files) == mostDocuments {
		return false
	}
	d.files[name] = b
	return true
}

// protoFolder is where the .proto files of a table are kept, under the names that they import each other by.
const protoFolder = "protobuf"

// protobuf keeps a .proto file, or the text of one, with all that it imports from its folder and the folders of protobuf.import_path.
func (d *documents) protobuf(options *option.Bag) {
	const fileKey, sourceKey, pathKey = "protobuf.file", "protobuf.source", "protobuf.import_path"
	var folders []string
	file, isFile := options.Peek(fileKey)
	source, isSource := options.Peek(sourceKey)
	var open []string
	switch {
	case isFile && file.Text != "":
		main := beside(file)
		folders, open = []string{filepath.Dir(main)}, []string{filepath.Base(main)}
	case isSource:
		open = imports([]byte(source.Text))
	}
	list, given := options.Peek(pathKey)
	if given {
		for folder := range strings.SplitSeq(list.Text, ",") {
			folders = append(folders, beside(option.Value{Text: strings.TrimSpace(folder), Pos: list.Pos}))
		}
	}
	for seen := map[string]bool{}; len(open) > 0; open = open[1:] {
		if name := open[0]; !seen[name] {
			seen[name] = true
			open = append(open, d.imported(name, folders)...)
		}
	}
	if isFile && len(d.files) > 0 && d.files[path.Join(protoFolder, filepath.Base(beside(file)))] != nil {
		d.options[fileKey] = path.Join(protoFolder, filepath.Base(beside(file)))
		if given {
			d.dropped = append(d.dropped, pathKey)
		}
	} else if given {
		d.options[pathKey] = protoFolder
	}
}

// imported keeps the file that an import names, from the first folder that has it, and lists what that imports.
func (d *documents) imported(name string, folders []string) []string {
	if !fs.ValidPath(name) || len(name) > 255 {
		return nil
	}
	kept := path.Join(protoFolder, name)
	for _, folder := range folders {
		if d.add(kept, filepath.Join(folder, filepath.FromSlash(name))) {
			return imports(d.files[kept])
		}
	}
	return nil // one of Google's own, or the format says that it is missing
}

var (
	// protoWord is a comment or a text of a .proto file; comments have nothing in the first group.
	protoWord = regexp.MustCompile(`//[^\n]*|/\*(?s:.*?)\*/|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')`)
	// anImport is an import without the comments in it.
	anImport = regexp.MustCompile(`\bimport\b[^;"']*["']([^"'\n]*)["']`)
)

// imports lists what a .proto file imports.
func imports(source []byte) (names []string) {
	for _, m := range anImport.FindAllSubmatch(protoWord.ReplaceAll(source, []byte("$1 ")), mostDocuments) {
		names = append(names, string(m[1]))
	}
	return names
}

// apply is a table that names the kept files, in a folder, in the place of those that it was given.
func (d *documents) apply(def *config.Table, folder string) *config.Table {
	if len(d.options)+len(d.paths) == 0 {
		return def
	}
	out := *def
	out.Options = def.Options.Clone()
	for key, name := range d.options {
		replace(out.Options, key, option.Value{Text: path.Join(folder, name), Quoted: true})
	}
	for key, absolute := range d.paths {
		replace(out.Options, key, option.Value{Text: absolute, Quoted: true})
	}
	for _, key := range d.dropped {
		out.Options.Lookup(key)
	}
	return &out
}

// replace sets an option that may be there already.
func replace(options *option.Bag, key string, v option.Value) {
	before, _ := options.Lookup(key)
	v.Pos = before.Pos
	_ = options.Set(key, v.Pos, v) // it was taken out
}

// changed names a file that is another one, or not there, in the documents read later; "": all are the same.
func (d *documents) changed(later documents) string {
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		if !bytes.Equal(d.files[name], later.files[name]) {
			return name
		}
	}
	if len(later.files) != len(d.files) {
		return fmt.Sprintf("one of the files of %s", protoFolder)
	}
	return ""
}
