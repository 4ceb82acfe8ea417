package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/checkpoint"
)

// weir runs a command without input.
func weir(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = Run("test", args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// stateFolder has lanes of two pipelines.
func stateFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for pipeline, partitions := range map[string]uint32{"early": 1, "late": 12} {
		for p := range partitions {
			l, err := checkpoint.Dir{Path: dir}.Open(pipeline, "flights", p)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Save(checkpoint.Checkpoint{Pipeline: pipeline, Topic: "flights", Partition: p, Next: 7}); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestLanesAreCompleted(t *testing.T) {
	dir := stateFolder(t)
	for args, want := range map[string]string{
		"show --state DIR ":            "early late",
		"show --state DIR l":           "late",
		"show --state DIR late 1":      "1 10 11",
		"show --state DIR late 1 ":     "",
		"show --state DIR none ":       "",
		"show --state DIR/none l":      "",
		"show l":                       "",
		"rewind --state=DIR ":          "early late",
		"rewind --state=DIR l":         "late",
		"rewind --state=DIR early ":    "0",
		"rewind --state=DIR late 11":   "11",
		"rewind --state=DIR late 0 1":  "",
		"rewind --state=DIR late 0 1 ": "",
	} {
		words := strings.Split("__complete state "+strings.ReplaceAll(args, "DIR", dir), " ")
		code, out, errs := weir(words...)
		names, directive, _ := strings.Cut(out, ":")
		got := strings.Join(strings.Fields(names), " ")
		if code != 0 || got != want || strings.TrimSpace(directive) != "4" { // and no files
			t.Errorf("weir state %q: %d, %q, %s; want %q", args, code, out, errs, want)
		}
	}
}

func TestAStateFolderThatIsNotThereIsBadInput(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	for _, args := range []string{"list", "show late", "rewind late 0 --to-offset 3"} {
		code, out, errs := weir(append([]string{"state", "--state", dir}, strings.Fields(args)...)...)
		if code != 2 || out != "" || !strings.Contains(errs, dir) || !strings.Contains(errs, "weir run --state") {
			t.Errorf("weir state %s: code %d, %q, %q", args, code, out, errs)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it was made")
	}
}
