package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// demo is a demo over the first flights, with a folder for temporary files that must be empty when it has ended.
type demo struct {
	t           *testing.T
	temporary   string
	sql, packed string
}

func newDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{t: t, temporary: t.TempDir(), sql: file(t, "late.sql", pipelineSQL("", "", ""))}
	d.packed = file(t, "flights.zst", packed(t, flights(t, 2000)))
	return d
}

// packed is records as the demo reads them.
func packed(t *testing.T, records []string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Join(records, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// start starts it over a file of records.
func (d *demo) start(data string, stdout, stderr io.Writer) *exec.Cmd {
	d.t.Helper()
	cmd := exec.Command(weirBinary, "demo", "--data", data, "--sql", d.sql)
	cmd.Env = append(os.Environ(), "TMPDIR="+d.temporary)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// ended waits for its end and returns its exit code.
func (d *demo) ended(cmd *exec.Cmd) int {
	d.t.Helper()
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	_ = cmd.Wait() // its state says how it ended
	if left, err := os.ReadDir(d.temporary); err != nil || len(left) > 0 {
		d.t.Errorf("left behind: %v, %v", left, err)
	}
	return cmd.ProcessState.ExitCode()
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	t.Run("to the end", func(t *testing.T) {
		d := newDemo(t)
		var out, errOut bytes.Buffer
		if code := d.ended(d.start(d.packed, &out, &errOut)); code != 0 || !strings.Contains(out.String(), "rows out") {
			t.Errorf("code %d\n%s%s", code, &out, &errOut)
		}
	})
	t.Run("nobody reads", func(t *testing.T) {
		d := newDemo(t)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		defer w.Close()
		var errOut bytes.Buffer
		if code := d.ended(d.start(d.packed, w, &errOut)); code != 3 || strings.Contains(errOut.String(), "broken pipe") {
			t.Errorf("code %d, want 3 and no word of it\n%s", code, &errOut)
		}
	})
	t.Run("nobody reads the talk", func(t *testing.T) {
		d := newDemo(t)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		defer w.Close()
		if code := d.ended(d.start(d.packed, w, w)); code != 3 {
			t.Errorf("code %d, want 3", code)
		}
	})
	t.Run("no room for the results", func(t *testing.T) {
		d := newDemo(t)
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer full.Close()
		var errOut bytes.Buffer
		if code := d.ended(d.start(d.packed, full, &errOut)); code != 3 || !strings.Contains(errOut.String(), "no space left") {
			t.Errorf("code %d\n%s", code, &errOut)
		}
	})
	t.Run("not packed", func(t *testing.T) {
		d := newDemo(t)
		var errOut bytes.Buffer
		if code := d.ended(d.start(d.sql, io.Discard, &errOut)); code != 2 || !strings.Contains(errOut.String(), "zstd") {
			t.Errorf("code %d\n%s", code, &errOut)
		}
	})
}

// TestDemoStopsWhileItLoads has records that do not end.
func TestDemoStopsWhileItLoads(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	pipe := filepath.Join(t.TempDir(), "flights.zst")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	errOut := &process{}
	cmd := d.start(pipe, &out, errOut)
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := io.WriteString(w, packed(t, flights(t, 2000))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the broker", func() bool { return strings.Contains(errOut.talk(), "broker: ") })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := d.ended(cmd); code != 0 || !strings.Contains(errOut.talk(), "stopped while it loaded") || out.Len() > 0 {
		t.Errorf("code %d\n%s%s", code, &out, errOut.talk())
	}
}

// lingering is a pipeline into two topics, the first of which is sent nothing before a checkpoint.
const lingering = `
CREATE TABLE flights (carrier TEXT, flight INT) WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json');
CREATE TABLE slow (carrier TEXT, flight INT) WITH (connector = 'fluvio', topic = 'slow', type = 'sink', format = 'json', sink.linger = '10m');
CREATE TABLE quick (carrier TEXT, flight INT) WITH (connector = 'fluvio', topic = 'quick', type = 'sink', format = 'json');
INSERT INTO slow SELECT * FROM flights;
INSERT INTO quick SELECT * FROM flights;
`

// lingerer runs it until some records are on their way.
func lingerer(t *testing.T, more ...string) (*cluster, *process) {
	t.Helper()
	c := startBroker(t)
	for _, topic := range []string{"flights", "slow", "quick"} {
		c.topic(t, topic, 1)
	}
	must(t, strings.NewReader(strings.Join(flights(t, 100), "\n")), "produce", "flights", "--endpoint", c.sc)
	p := start(t, nil, append([]string{"run", file(t, "linger.sql", lingering), "--endpoint", c.sc, "--checkpoint-interval", "1h"}, more...)...)
	eventually(t, "some output", func() bool { return len(c.consume(t, "quick")) > 0 })
	return c, p
}

// TestSIGTERMDoesNotWaitForABrokerThatIsGone ends a run whose records can't be confirmed.
func TestSIGTERMDoesNotWaitForABrokerThatIsGone(t *testing.T) {
	t.Parallel()
	c, p := lingerer(t, "--retry-budget", "10m")
	c.kill()
	eventually(t, "a second try", func() bool { return strings.Contains(p.talk(), "trying again") })
	if code := p.terminate(t); code != 3 || !strings.Contains(p.talk(), "the last checkpoint stands") {
		t.Errorf("code %d\n%s", code, p.talk())
	}
}

// TestASignalThatComesTwiceIsOne sends SIGTERM as GNU timeout does.
func TestASignalThatComesTwiceIsOne(t *testing.T) {
	t.Parallel()
	c, p := lingerer(t)
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 || strings.Contains(p.talk(), "again") || len(c.consume(t, "slow")) != 100 {
		t.Errorf("code %d, %d records through\n%s", code, len(c.consume(t, "slow")), p.talk())
	}
}

// TestFinalCountsAreInTheLog runs a pipeline whose error stream is for machines.
func TestFinalCountsAreInTheLog(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	must(t, strings.NewReader(strings.Join(flights(t, 100), "\n")), "produce", "flights", "--endpoint", c.sc)
	r := weir(t, nil, "run", file(t, "late.sql", pipelineSQL("", "", "")), "--until-end", "--log-format", "json", "--endpoint", c.sc)
	found := 0
	for _, line := range lines(r.errOut) {
		var entry struct {
			Msg     string
			Summary summary
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if entry.Msg == "pipeline ended" && entry.Summary.Pipeline == "late" && entry.Summary.RecordsIn == 100 {
			found++
		}
	}
	if r.code != 0 || r.out != "" || found != 1 {
		t.Errorf("code %d, %d lines with the counts\n%s", r.code, found, r.errOut)
	}
}

// TestARowThatNoBatchCarriesIsNamed has a row that is larger in the sink than in the source.
func TestARowThatNoBatchCarriesIsNamed(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "in", 1)
	c.topic(t, "out", 1)
	records := fmt.Sprintf("{\"s\":\"ok\",\"n\":1}\n{\"s\":\"%s\",\"n\":2}\n{\"s\":\"ok\",\"n\":3}\n", strings.Repeat("x", 17<<20))
	must(t, strings.NewReader(records), "produce", "in", "--max-request-size", "30MB", "--endpoint", c.sc)
	sql := file(t, "twice.sql", `
CREATE TABLE i (s TEXT, n BIGINT)
  WITH (connector = 'fluvio', topic = 'in', type = 'source', 'source.offset' = 'earliest', format = 'json', 'limit.string' = '32MB');
CREATE TABLE o (s TEXT, n BIGINT, s2 TEXT) WITH (connector = 'fluvio', topic = 'out', type = 'sink', format = 'json');
INSERT INTO o SELECT s, n, s FROM i;
`)
	r := weir(t, nil, "run", sql, "--until-end", "--json", "--endpoint", c.sc)
	var s summary
	if err := json.Unmarshal([]byte(r.out), &s); err != nil {
		t.Fatalf("%q: %v", r.out, err)
	}
	const want = "a row made of topic in partition 0 offset 1 frame 0: record too large"
	if r.code != 2 || !strings.Contains(r.errOut, want) || !strings.Contains(r.errOut, "leave such rows out") {
		t.Errorf("code %d, want 2 with %q in:\n%s", r.code, want, r.errOut)
	}
	if got := c.consume(t, "out"); len(got) != 1 || s.RowsOut != 1 || s.RecordsOut != 1 {
		t.Errorf("%d records are there, counted are %+v", len(got), s)
	}
}
