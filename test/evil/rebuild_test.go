//go:build wabt

package evil

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRebuild compares the binaries with what wat2wasm makes of the text. It needs wabt 1.0.32 or later, and the build tag wabt.
func TestRebuild(t *testing.T) {
	for _, path := range texts(t) {
		a, err := parse(path, readFile(t, path))
		if err != nil && !strings.HasSuffix(path, neighbourName+".wat") {
			t.Errorf("%s: %v", path, err)
		}
		made := filepath.Join(t.TempDir(), "made.wasm")
		cmd := exec.CommandContext(t.Context(), "wat2wasm", append(a.Flags, path, "-o", made)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
			continue
		}
		want := []byte(readFile(t, made))
		binary := strings.TrimSuffix(path, ".wat") + ".wasm"
		got, err := os.ReadFile(binary)
		if err == nil && bytes.Equal(got, want) {
			continue
		}
		if !*update {
			t.Errorf("%s is not what wat2wasm makes of its text (%v): go test -tags wabt ./test/evil -run Rebuild -update", binary, err)
			continue
		}
		if err := os.WriteFile(binary, want, 0o644); err != nil {
			t.Error(err)
		}
	}
}
