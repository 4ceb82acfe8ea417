//go:build clients

// Package clients runs official Fluvio clients against the embedded broker. They are installed, pinned, by the tests.
package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	weir         = "../../bin/weir"
	pythonClient = "fluvio==0.21.0"
	records      = 10_000
)

// python makes a throw-away environment with the official client and returns its interpreter.
func python(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "venv")
	if out, err := exec.Command("python3", "-m", "venv", dir).CombinedOutput(); err != nil {
		t.Fatalf("python3 -m venv: %v\n%s\nthe test needs Python 3 with venv (Debian: python3 python3-venv)", err, out)
	}
	interpreter := filepath.Join(dir, "bin", "python")
	if out, err := exec.Command(interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pythonClient).CombinedOutput(); err != nil {
		t.Fatalf("pip install %s: %v\n%s", pythonClient, err, out)
	}
	return interpreter
}

// broker starts weir broker and returns its SC's address.
func broker(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(weir, "broker", "--data", t.TempDir(), "--sc", "127.0.0.1:0", "--spu", "127.0.0.1:0")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the broker: %v\n%s", err, errs.String())
		}
	})
	var sc, spu string
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscanf(line, "ready sc=%s spu=%s\n", &sc, &spu)
	}
	if err != nil {
		t.Fatalf("the broker's line %q: %v", line, err)
	}
	return sc
}

// output runs a command that must succeed and returns the lines it prints.
func output(t *testing.T, stdin string, name string, args ...string) []string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, errs.String())
	}
	if out.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestPythonClient(t *testing.T) {
	if _, err := os.Stat(weir); err != nil {
		t.Fatalf("%v; run make build first", err)
	}
	interpreter, sc := python(t), broker(t)
	client := func(args ...string) []string {
		t.Helper()
		return output(t, "", interpreter, append([]string{"python_client.py", sc}, args...)...)
	}

	client("create", "theirs", "1")
	if got := client("list"); len(got) != 1 || got[0] != "theirs" {
		t.Errorf("topics %q, want theirs", got)
	}
	client("produce", "theirs", fmt.Sprint(records))
	want := func(from, offset int) string {
		return fmt.Sprintf("%d\tkey-%d\tvalue-%d", offset, from+offset, from+offset)
	}
	got := client("consume", "theirs", "0", "beginning")
	if len(got) != records {
		t.Fatalf("it consumed %d of its own %d records", len(got), records)
	}
	for i, line := range got {
		if line != want(0, i) {
			t.Fatalf("record %d: %q, want %q", i, line, want(0, i))
		}
	}
	got = client("consume", "theirs", "0", fmt.Sprint(records-7))
	if len(got) != 7 || got[0] != want(0, records-7) {
		t.Errorf("from an offset it consumed %q", got)
	}

	lines := output(t, "", weir, "consume", "theirs", "--until-end", "--json", "--endpoint", sc)
	if len(lines) != records {
		t.Fatalf("weir consumed %d of its %d records", len(lines), records)
	}
	for i, line := range lines {
		var r struct {
			Offset     int
			Key, Value string
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d\t%s\t%s", r.Offset, r.Key, r.Value); got != want(0, i) {
			t.Fatalf("weir's record %d: %q, want %q", i, got, want(0, i))
		}
	}

	output(t, "", weir, "topic", "create", "ours", "--partitions", "2", "--endpoint", sc)
	var in strings.Builder
	for i := range records {
		fmt.Fprintf(&in, "key-%d=value-%d\n", i, i)
	}
	output(t, in.String(), weir, "produce", "ours", "--key-separator", "=", "--compression", "gzip", "--endpoint", sc)
	seen := map[string]bool{}
	for _, partition := range []string{"0", "1"} {
		for _, line := range client("consume", "ours", partition, "beginning") {
			_, record, _ := strings.Cut(line, "\t")
			seen[record] = true
		}
	}
	for i := range records {
		if record := fmt.Sprintf("key-%d\tvalue-%d", i, i); !seen[record] {
			t.Fatalf("the client does not see weir's record %q", record)
		}
	}
}
