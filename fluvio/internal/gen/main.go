// Command gen turns the definitions of Fluvio's messages into the Go of package
// protocol.
//
//	gen -definitions ../definitions -out .
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	definitions := flag.String("definitions", "../definitions", "folder of the .def files")
	out := flag.String("out", ".", "folder to write .gen.go files to")
	flag.Parse()
	if err := run(*definitions, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(definitions, out string) error {
	files, err := Generate(definitions)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(out, "*.gen*.go"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Generate reads the definitions in a folder and returns Go files by name: one
// per definition file, the registry of requests, and tables for tests.
func Generate(folder string) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.def"))
	if err != nil {
		return nil, err
	}
	byFile := map[string][]*Item{}
	var all []*Item
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		if byFile[name], err = Parse(name, string(text)); err != nil {
			return nil, err
		}
		all = append(all, byFile[name]...)
	}
	set, err := Check(all)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	emit := func(name, from string, write func(*emitter)) {
		e := &emitter{set: set}
		write(e)
		content, failed := e.source(from)
		if failed != nil && err == nil {
			err = failed
		}
		files[name] = content
	}
	for name, items := range byFile {
		emit(strings.TrimSuffix(name, ".def")+".gen.go", name, func(e *emitter) {
			for _, it := range items {
				e.item(it)
			}
		})
	}
	emit("registry.gen.go", "*.def", (*emitter).registry)
	emit("tables.gen_test.go", "*.def", (*emitter).tables)
	return files, err
}

func itoa(n int) string { return strconv.Itoa(n) }
