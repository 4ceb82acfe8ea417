package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, f.source) {
			t.Errorf("%s is not what abi.json says; run go generate ./host/abi", f.path)
		}
		if !strings.HasPrefix(string(f.source), "// Code generated ") {
			t.Errorf("%s does not begin with the marker of generated files", f.path)
		}
	}
}

func TestUnknownKeysAreRefused(t *testing.T) {
	if _, err := parse([]byte(`{"version": 1, "verzion": 2}`)); err == nil {
		t.Fatal("a key that nothing reads was accepted")
	}
}

func TestEveryNameIsListedOnce(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "guest-abi", "abi.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	once := func(name string) {
		if seen[name] {
			t.Errorf("%q is listed twice", name)
		}
		seen[name] = true
	}
	for _, f := range append(s.WASI.Served, s.WASI.Inert...) {
		once("wasi " + f.Name)
	}
	for _, name := range s.WASI.Refused {
		once("wasi " + name)
	}
	for _, c := range append(s.Violations, s.Refusals...) {
		once("code " + c.Code)
	}
}

func TestSignature(t *testing.T) {
	for want, f := range map[string]function{
		"()":                {},
		"() -> i32":         {Results: []string{"i32"}},
		"(i32, i64) -> i32": {Params: []string{"i32", "i64"}, Results: []string{"i32"}},
	} {
		if got := f.signature(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
