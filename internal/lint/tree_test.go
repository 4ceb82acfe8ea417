package lint

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// module is the path of the module that this tree is.
const module = "github.com/weir-stream/weir"

// source is one text file of the tree.
type source struct {
	path string // relative to the root, with slashes
	text string
	fset *token.FileSet
	file *ast.File // nil for anything but Go
	err  error     // why a Go file cannot be parsed
}

func newSource(path, text string) *source {
	s := &source{path: path, text: text}
	if strings.HasSuffix(path, ".go") {
		s.fset = token.NewFileSet()
		s.file, s.err = parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	}
	return s
}

func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s *source) line(p token.Pos) int { return s.fset.Position(p).Line }

// in tells whether the file is in one of the folders, at any depth.
func (s *source) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(s.path, f+"/") })
}

// root is the folder with the module's go.mod, above this package.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// skipped are folders that hold nothing written by hand for this tree: what tools make, and inputs and outputs of tests.
var skipped = []string{".git", "bin", "build", "dist", "target", "node_modules", "testdata"}

const largestText = 1 << 20

var readTree = sync.OnceValues(func() ([]*source, error) {
	dir, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	var tree []*source
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(skipped, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > largestText {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			tree = append(tree, newSource(filepath.ToSlash(rel), string(text)))
		}
		return err
	})
	return tree, err
})

// tree is every text file below the root, of nested modules too.
func tree(t *testing.T) []*source {
	t.Helper()
	root(t)
	files, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files found", len(files))
	}
	return files
}
