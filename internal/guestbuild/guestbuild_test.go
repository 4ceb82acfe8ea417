package guestbuild

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func root(parts ...string) string { return filepath.Join(append([]string{"..", ".."}, parts...)...) }

func TestShippedGuestsBuildAsReactorsOfTheABI(t *testing.T) {
	for _, folder := range []string{
		root("modules", "late_flights"), root("modules", "gain"), root("examples", "wasm", "go_filter"),
	} {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			wasm, err := Build(folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"weir_abi_v1", "_initialize", "weir_arena", "weir_open", "weir_progress", "weir_process"} {
				if !bytes.Contains(wasm, []byte(name)) {
					t.Errorf("does not export %s", name)
				}
			}
			if bytes.Contains(wasm, []byte("fmt.Sprintf")) {
				t.Error("carries package fmt")
			}
			if limit := 5 << 19; len(wasm) > limit {
				t.Errorf("has %d bytes, more than %d", len(wasm), limit)
			}
		})
	}
}

func TestBuildIsDoneOnceInAProcess(t *testing.T) {
	folder := guest(t, "package main\n\nfunc main() {}\n")
	results := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			wasm, err := Build(folder)
			if err != nil {
				t.Error(err)
			}
			results[i] = wasm
		})
	}
	all.Wait()
	if err := os.Remove(filepath.Join(folder, "main.go")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "g.wasm")
	if err := BuildFile(folder, file); err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, wasm := range results {
		if !bytes.Equal(wasm, stored) {
			t.Fatal("builds differ")
		}
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	tests := []struct{ name, folder, want string }{
		{"no folder", filepath.Join(t.TempDir(), "none"), "it has no go.mod"},
		{"no module", t.TempDir(), "it has no go.mod"},
		{"does not compile", guest(t, "package main\n\nfunc main() { nothing() }\n"), "undefined: nothing"},
		{"not a main package", guest(t, "package other\n"), "requires exactly one main package"},
		{"needs a module that is not there", guest(t, "package main\n\nimport _ \"example.com/x\"\n\nfunc main() {}\n"), "example.com/x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Build(test.folder)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.folder) {
				t.Fatalf("error %v, want one with %q and the folder", err, test.want)
			}
		})
	}
}

func TestWithoutAToolchainTheErrorSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Build(guest(t, "package main\n\nfunc main() {}\n")); !errors.Is(err, ErrNoToolchain) {
		t.Errorf("error %v, want %v", err, ErrNoToolchain)
	}
}

// guest writes a module with one file.
func guest(t *testing.T, source string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range map[string]string{"go.mod": "module guest\n\ngo 1.26.0\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
