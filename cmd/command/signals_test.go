package command

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestASignalBeforeMainDrains has one waiting when a pipeline begins that would go on without end.
func TestASignalBeforeMainDrains(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "copy.sql")
	if err := os.WriteFile(file, []byte(`
CREATE TABLE src (a BIGINT) WITH (connector = 'file', path = 'in.jsonl', type = 'source', format = 'json');
CREATE TABLE out (a BIGINT) WITH (connector = 'file', path = 'out.jsonl', type = 'sink', format = 'json');
INSERT INTO out SELECT a FROM src;`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte("{\"a\":1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	received := make(chan os.Signal, 2)
	received <- syscall.SIGTERM
	said := filepath.Join(dir, "said")
	errs, err := os.Create(said) // a file, as stderr is: several goroutines write to it
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	sh := &shell{in: strings.NewReader(""), out: io.Discard, err: errs, received: received}
	code := sh.run([]string{"run", file})
	if text, err := os.ReadFile(said); err != nil || code != 0 || !strings.Contains(string(text), "draining") {
		t.Errorf("code %d, %v\n%s", code, err, text)
	}
}

// TestSignalsEndOtherCommands gives them back before a command begins that doesn't drain.
func TestSignalsEndOtherCommands(t *testing.T) {
	sh := &shell{in: strings.NewReader(""), out: io.Discard, err: io.Discard, received: make(chan os.Signal, 2)}
	if code := sh.run([]string{"connector", "list"}); code != 0 || sh.received != nil {
		t.Errorf("code %d, %v", code, sh.received)
	}
}
