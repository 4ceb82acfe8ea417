package evil

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/test/evil/internal/wat"
)

var update = flag.Bool("update", false, "write what is made from the guests' text")

// TestMessagesAreFresh compares the messages in the guests' data segments with the comments that describe them.
func TestMessagesAreFresh(t *testing.T) {
	for _, path := range texts(t) {
		text := readFile(t, path)
		want, err := wat.Fill(text)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		fresh(t, path, text, want)
	}
}

// TestTableIsFresh compares ATTACKS.md with the guests.
func TestTableIsFresh(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The attacks\n\nEach guest in `testdata`, and those that `generated.go` makes. What they mean is in [doc.go](doc.go). Made by `go test ./test/evil -run Fresh -update`.\n\n" +
		"| guest | what it tries | what stops it | what the host says |\n|---|---|---|---|\n")
	for _, a := range attacks(t) {
		fmt.Fprintf(&b, "| %s | %s | %s | `%s` |\n", a.Name, a.Does, a.Rule, a.Expect())
	}
	got, err := os.ReadFile("ATTACKS.md")
	if err != nil && !*update {
		t.Fatal(err)
	}
	fresh(t, "ATTACKS.md", string(got), b.String())
}

func fresh(t *testing.T, path, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s is not what it is made from: go test ./test/evil -run Fresh -update", path)
		return
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func texts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.wat")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d guests: %v", len(paths), err)
	}
	return paths
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func attacks(t *testing.T) []Attack {
	t.Helper()
	all, err := Attacks()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEveryCodeIsExpected wants an attack for each way in which the host says no to a guest.
func TestEveryCodeIsExpected(t *testing.T) {
	var spec map[string]json.RawMessage
	if err := json.Unmarshal([]byte(readFile(t, "../../guest-abi/abi.json")), &spec); err != nil {
		t.Fatal(err)
	}
	expected := map[string]bool{}
	for _, a := range attacks(t) {
		expected[a.Code] = true
	}
	codes := []string{sandbox.CodeMalformed, sandbox.CodeInvalid, sandbox.CodeUnsupported, sandbox.CodeLimit, sandbox.CodeReserved}
	for _, list := range []string{"violations", "exhaustions", "refusals"} {
		var entries []struct{ Code string }
		if err := json.Unmarshal(spec[list], &entries); err != nil || len(entries) == 0 {
			t.Fatalf("abi.json, %s: %v", list, err)
		}
		for _, e := range entries {
			codes = append(codes, e.Code)
		}
	}
	for _, code := range codes {
		if !expected[code] {
			t.Errorf("no attack expects %s", code)
		}
	}
}
