// Package e2e drives the real binary: broker, producers, pipelines and consumers as processes of their own.
package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/guestbuild"
)

const repository = "../.."

// weirBinary is the binary under test, lateFlights the module built with it.
var weirBinary, lateFlights string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "weir-e2e-")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func build(dir string) error {
	weirBinary = filepath.Join(dir, "weir")
	cmd := exec.Command("go", "build", "-o", weirBinary, repository+"/cmd/weir")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build weir: %w\n%s", err, out)
	}
	raw := filepath.Join(dir, "late_flights.raw.wasm")
	source := repository + "/modules/late_flights"
	if err := guestbuild.BuildFile(source, raw); err != nil {
		return err
	}
	lateFlights = filepath.Join(dir, "late_flights.wasm")
	cmd = exec.Command(weirBinary, "module", "build", raw, "--manifest", source+"/manifest.json", "--out", lateFlights)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("append the manifest: %w\n%s", err, out)
	}
	return nil
}

// result is what a process that ended left behind.
type result struct {
	code        int
	out, errOut string
}

// weir runs a command to its end, which it must reach within two minutes.
func weir(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	cmd := exec.Command(weirBinary, args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
	if strings.Contains(r.errOut, "goroutine ") {
		t.Errorf("weir %v shows a Go stack trace:\n%s", args, r.errOut)
	}
	return r
}

// must runs a command that has to end with code 0 and returns its standard output.
func must(t *testing.T, stdin io.Reader, args ...string) string {
	t.Helper()
	r := weir(t, stdin, args...)
	if r.code != 0 {
		t.Fatalf("weir %s: code %d\n%s", strings.Join(args, " "), r.code, r.errOut)
	}
	return r.out
}

// process is a running weir.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu     sync.Mutex
	errOut bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errOut.Write(b)
}

func (p *process) talk() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errOut.String()
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// terminate asks it to end in good order and returns its exit code.
func (p *process) terminate(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("no end within 30 s of SIGTERM:\n%s", p.talk())
	}
	return p.cmd.ProcessState.ExitCode()
}

// start runs a command in the background. It is killed when the test ends, if it still runs.
func start(t *testing.T, stdout io.Writer, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(weirBinary, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = stdout, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state says how it ended
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// cluster is a broker process and where it listens.
type cluster struct {
	*process
	dir, sc, spu string
	flags        []string // of the broker, besides those
}

func startBroker(t *testing.T, flags ...string) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir(), sc: "127.0.0.1:0", spu: "127.0.0.1:0", flags: flags}
	c.start(t)
	return c
}

// start starts the broker, again on the ports it had.
func (c *cluster) start(t *testing.T) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.process = start(t, w, append([]string{"broker", "--data", c.dir, "--sc", c.sc, "--spu", c.spu}, c.flags...)...)
	_ = w.Close() // the child has its own
	defer r.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		<-c.ended
		t.Fatalf("the broker does not serve: %v\n%s", err, c.talk())
	}
	if _, err := fmt.Sscanf(line, "ready sc=%s spu=%s\n", &c.sc, &c.spu); err != nil {
		t.Fatalf("the broker's line %q: %v", line, err)
	}
}

func (c *cluster) topic(t *testing.T, name string, partitions int) {
	t.Helper()
	must(t, nil, "topic", "create", name, "--partitions", fmt.Sprint(partitions), "--endpoint", c.sc)
}

func (c *cluster) consume(t *testing.T, topic string, more ...string) []string {
	t.Helper()
	return lines(must(t, nil, append([]string{"consume", topic, "--until-end", "--endpoint", c.sc}, more...)...))
}

// send sends one record as it is, without a key.
func (c *cluster) send(t *testing.T, topic, value string) {
	t.Helper()
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	producer, err := client.Producer(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if err := producer.Produce(t.Context(), fluvio.Record{Value: []byte(value)}); err != nil {
		t.Fatal(err)
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// summary is the object that weir run --json ends with.
type summary struct {
	Pipeline   string `json:"pipeline"`
	RecordsIn  int64  `json:"records_in"`
	RowsIn     int64  `json:"rows_in"`
	RowsOut    int64  `json:"rows_out"`
	RecordsOut int64  `json:"records_out"`
	Rejected   int64  `json:"rejected"`
}

// run runs a pipeline to its end and returns its summary.
func (c *cluster) run(t *testing.T, sql string, more ...string) summary {
	t.Helper()
	out := must(t, nil, append([]string{"run", sql, "--until-end", "--json", "--endpoint", c.sc}, more...)...)
	var s summary
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("summary %q: %v", out, err)
	}
	return s
}

// flights returns the first n of the flight records, one a line.
func flights(t *testing.T, n int) []string {
	t.Helper()
	f, err := os.Open(repository + "/examples/data/flights.ndjson.zst")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer unpacked.Close()
	var out []string
	for in := bufio.NewScanner(unpacked); len(out) < n && in.Scan(); {
		out = append(out, in.Text())
	}
	if len(out) != n {
		t.Fatalf("%d flights, want %d", len(out), n)
	}
	return out
}

// file writes a file in a folder of the test's own.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
