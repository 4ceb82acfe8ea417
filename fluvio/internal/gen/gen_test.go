package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := Generate("../../definitions")
	if err != nil {
		t.Fatal(err)
	}
	const folder = "../../protocol"
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not what its definition makes (%v): run go generate ./fluvio/protocol", name, err)
		}
		if !strings.HasPrefix(string(want), marker) {
			t.Errorf("%s does not start with the marker of generated files", name)
		}
	}
	present, err := filepath.Glob(filepath.Join(folder, "*.gen*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range present {
		if files[filepath.Base(path)] == nil {
			t.Errorf("%s has no definition any more: run go generate ./fluvio/protocol", path)
		}
	}
}

func TestEveryDefinitionNamesItsSource(t *testing.T) {
	paths, _ := filepath.Glob("../../definitions/*.def")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		items, err := Parse(path, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			last := it.Doc[len(it.Doc)-1]
			if it.What != "custom" && !strings.HasPrefix(last, "source: fluvio-") && !strings.HasPrefix(last, "source: weir's own") {
				t.Errorf("%s:%d: %s says neither which Rust file it follows nor that it follows none", path, it.Pos.Line, it.Name)
			}
		}
	}
}

// TestMistakesAreRefused reads testdata/mistakes.txt: definitions, ----, and what
// is said about them.
func TestMistakesAreRefused(t *testing.T) {
	text, err := os.ReadFile("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for section := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n====\n") {
		in, want, ok := strings.Cut(section, "\n----\n")
		if !ok {
			t.Fatalf("no ---- in\n%s", section)
		}
		items, err := Parse("x.def", in)
		if err == nil {
			_, err = Check(items)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n---- says\n%v\nwant\n%s", in, err, want)
		}
	}
}

// TestGrammar generates from definitions that use all of the grammar, some of
// which no message needs, and looks for the lines that matter.
func TestGrammar(t *testing.T) {
	dir := t.TempDir()
	in, err := os.ReadFile("testdata/grammar.def")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "grammar.def"), in, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, dir); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(filepath.Join(dir, "grammar.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.Join(strings.Fields(string(out)), " ")
	want, err := os.ReadFile("testdata/grammar.want")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(want)) {
		if line = strings.TrimSpace(line); !strings.Contains(flat, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

func FuzzParse(f *testing.F) {
	in, err := os.ReadFile("testdata/grammar.def")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(in))
	f.Fuzz(func(t *testing.T, text string) {
		if items, err := Parse("x.def", text); err == nil {
			_, _ = Check(items) // must not panic
		}
	})
}
