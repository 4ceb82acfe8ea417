//go:build toolchains

package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the guests that are prebuilt")

// prebuilt are the guests whose binaries are in the tree, by folder. How each is built stands in the first lines of its source.
var prebuilt = []struct{ folder, source, binary string }{
	{".", "c/programs.c", "testdata/c/programs.wasm"},
	{".", "c/shapes.c", "testdata/c/shapes.wasm"},
	{".", "c/identity.c", "testdata/c/identity.wasm"},
	{".", "c/gcd.c", "testdata/c/gcd.wasm"},
	{".", "c/poison.c", "testdata/c/poison.wasm"},
	{".", "rust/programs.rs", "testdata/rust/programs.wasm"},
	{".", "as/programs.ts", "testdata/as/programs.wasm"},
	{"../../modules/late_flights_c", "late_flights.c", "testdata/late_flights.wasm"},
	{"../../modules/gain_c", "gain.c", "testdata/gain.wasm"},
	{"../peers-go", "plugin/echo.c", "plugin/testdata/echo.wasm"},
}

// tools are the compilers that made them: what tells the version, what it must say, and where to get it.
var tools = map[string]struct{ path, version, from string }{
	"clang-14":       {"clang-14", "clang version 14.0.6", "Debian 12's clang-14 and lld-14"},
	"/usr/bin/rustc": {"/usr/bin/rustc", "rustc 1.63.0", "Debian 12's rustc, libstd-rust-dev-wasm32 and lld-14"},
	"asc":            {"../../build/as/node_modules/.bin/asc", "Version 0.28.20", "bench/guest/as/package-lock.json, installed in build/as"},
}

// TestRebuild compares the binaries with what their sources make. It needs each compiler in the version that made them; a wasm-opt in
// PATH changes what clang-14 makes.
func TestRebuild(t *testing.T) {
	for _, p := range prebuilt {
		source, err := os.ReadFile(filepath.Join(p.folder, p.source))
		if err != nil {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(string(source), "// build: ")
		line, _, _ = strings.Cut(line, "\n")
		words := strings.Fields(line)
		if len(words) == 0 {
			t.Errorf("%s does not say how it is built", p.source)
			continue
		}
		tool := tools[words[0]]
		if said, err := exec.CommandContext(t.Context(), tool.path, "--version").CombinedOutput(); err != nil || !strings.Contains(string(said), tool.version) {
			t.Errorf("%s needs %s, from %s", p.source, tool.version, tool.from)
			continue
		}
		made := build(t, p.folder, tool.path, words[1:])
		binary := filepath.Join(p.folder, p.binary)
		have, err := os.ReadFile(binary)
		switch {
		case err == nil && bytes.Equal(have, made):
		case *update:
			if err := os.WriteFile(binary, made, 0o644); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s is not what its source makes (%v): go test -tags toolchains ./bench/guest -run Rebuild -update", binary, err)
		}
	}
}

// build runs a compiler in the source's folder, since some put the source's path into the binary.
func build(t *testing.T, folder, tool string, arguments []string) []byte {
	t.Helper()
	made := filepath.Join(t.TempDir(), "made.wasm")
	for i, a := range arguments {
		if a == "OUT" {
			arguments[i] = made
		}
	}
	if strings.HasPrefix(tool, "..") { // relative to here, not to the folder
		absolute, err := filepath.Abs(tool)
		if err != nil {
			t.Fatal(err)
		}
		tool = absolute
	}
	cmd := exec.CommandContext(t.Context(), tool, arguments...)
	cmd.Dir = folder
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", tool, arguments, err, said)
	}
	wasm, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
