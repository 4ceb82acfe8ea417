//go:build clients

// Package clients runs the official Fluvio clients against the embedded broker, in both directions. README.md tells what the
// clients' programs do and print.
package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// client is an official client as a program, and what its API can do.
type client struct {
	name    string
	install func() (program, error)

	keyless       bool   // sends records without a key
	noKey         string // what it says of a record without a key
	compresses    bool   // chooses the compression
	absolute      bool   // starts at an offset
	tellsPosition bool   // offset and timestamp of what it reads, partition and offset of what it sends
	storesOffsets bool
	stops         bool // at the end of a topic
	reconnects    bool
}

// program is how a client is started: in front of its arguments, and beside the environment of the tests.
type program struct{ command, env []string }

var (
	rust = &client{
		name: "rust", install: sync.OnceValues(installRust), keyless: true, noKey: "-",
		compresses: true, absolute: true, tellsPosition: true, storesOffsets: true, stops: true, reconnects: true,
	}
	python = &client{
		name: "python", install: sync.OnceValues(installPython), noKey: hex.EncodeToString([]byte("No key")),
		compresses: true, absolute: true, tellsPosition: true, storesOffsets: true, stops: true, reconnects: true,
	}
	npm = &client{name: "npm", install: sync.OnceValues(installNPM), noKey: "-"}
)

var compressions = []fluvio.Compression{fluvio.NoCompression, fluvio.Gzip, fluvio.Snappy, fluvio.LZ4, fluvio.Zstd}

// each runs a test with every client that can do what it is about, each with a broker of its own.
func each(t *testing.T, can func(*client) bool, test func(*testing.T, *session)) {
	for _, c := range []*client{rust, python, npm} {
		if can(c) {
			t.Run(c.name, func(t *testing.T) { test(t, newSession(t, c, startBroker(t))) })
		}
	}
}

func every(*client) bool { return true }

// patience is when a client that does not end is taken for stuck.
const patience = 2 * time.Minute

// session is a client, and our own, at a broker.
type session struct {
	*client
	program
	broker *broker
	ours   *fluvio.Client
	env    []string // more of it
}

func newSession(t *testing.T, c *client, b *broker) *session {
	t.Helper()
	return newSessionAs(t, c, b, connect(t, b))
}

func newSessionAs(t *testing.T, c *client, b *broker, ours *fluvio.Client) *session {
	t.Helper()
	p, err := c.install()
	if err != nil {
		t.Fatal(err)
	}
	return &session{client: c, program: p, broker: b, ours: ours}
}

// start begins a step of the client.
func (s *session) start(t *testing.T, args ...string) *step {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	args = append(append(s.command[1:len(s.command):len(s.command)], s.broker.sc), args...)
	cmd := exec.CommandContext(ctx, s.command[0], args...)
	cmd.Env = append(append(os.Environ(), "RUST_BACKTRACE=0"), append(s.program.env, s.env...)...)
	p := &step{cmd: cmd, name: s.name + " " + strings.Join(args[len(s.command):], " ")}
	cmd.Stderr = &p.errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p
}

// do runs a step that must succeed and returns the lines it prints.
func (s *session) do(t *testing.T, args ...string) []string {
	t.Helper()
	return s.start(t, args...).end(t)
}

// fail runs a step that must fail, and returns what it says.
func (s *session) fail(t *testing.T, args ...string) string {
	t.Helper()
	p := s.start(t, args...)
	if lines, err := p.wait(); err == nil {
		t.Fatalf("%s succeeded and printed %q", p.name, lines)
	}
	return p.errs.String()
}

// produce sends records and returns what the client prints of their acknowledgement.
func (s *session) produce(t *testing.T, topic, compression string, records []fluvio.Record) []string {
	t.Helper()
	p := s.start(t, "produce", topic, compression)
	for _, r := range records {
		p.write(t, s.input(r))
	}
	return p.end(t)
}

// input is a record as the client's step reads it.
func (s *session) input(r fluvio.Record) string {
	return keyText(r.Key, "-") + "\t" + hex.EncodeToString(r.Value) + "\n"
}

// line is a record as the client's step prints it.
func (s *session) line(r fluvio.Record) string {
	position := "?\t?"
	if s.tellsPosition {
		position = fmt.Sprintf("%d\t%d", r.Offset, r.Timestamp)
	}
	return position + "\t" + keyText(r.Key, s.noKey) + "\t" + hex.EncodeToString(r.Value)
}

func (s *session) lines(records []fluvio.Record) []string {
	lines := make([]string, len(records))
	for i, r := range records {
		lines[i] = s.line(r)
	}
	return lines
}

func keyText(key []byte, none string) string {
	if key == nil {
		return none
	}
	return hex.EncodeToString(key)
}

// consume reads count records; a client that can is asked to stop at the end.
func (s *session) consume(t *testing.T, topic string, partition uint32, start string, count int) []string {
	t.Helper()
	args := []string{"consume", topic, fmt.Sprint(partition), start}
	switch {
	case s.stops:
	case count == 0:
		return nil
	default:
		args = append(args, fmt.Sprint(count))
	}
	return s.do(t, args...)
}

// step is a running program.
type step struct {
	cmd  *exec.Cmd
	name string
	in   io.WriteCloser
	out  *bufio.Reader
	errs bytes.Buffer
}

func (p *step) write(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p.in, text); err != nil {
		_, _ = p.wait()
		t.Fatalf("%s: %v\n%s", p.name, err, p.errs.String())
	}
}

// next waits for a line.
func (p *step) next(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		t.Fatalf("%s: no line comes: %v\n%s", p.name, err, p.errs.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// end closes the input and returns the lines that are left.
func (p *step) end(t *testing.T) []string {
	t.Helper()
	lines, err := p.wait()
	if err != nil {
		t.Fatalf("%s: %v\n%s", p.name, err, p.errs.String())
	}
	return lines
}

func (p *step) wait() ([]string, error) {
	_ = p.in.Close()
	text, _ := io.ReadAll(p.out) // what goes wrong here, Wait says too
	err := p.cmd.Wait()
	if len(text) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), err
}
