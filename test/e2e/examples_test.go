package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/internal/guestbuild"
)

// TestGoFilterExample follows the example's README in a copy of its folder.
func TestGoFilterExample(t *testing.T) {
	t.Parallel()
	const example = repository + "/examples/wasm/go_filter"
	dir := t.TempDir()
	raw := filepath.Join(dir, "go_filter.raw.wasm")
	if err := guestbuild.BuildFile(example, raw); err != nil {
		t.Fatal(err)
	}
	must(t, nil, "module", "build", raw, "--manifest", example+"/manifest.json", "--out", filepath.Join(dir, "go_filter.wasm"))
	sql, err := os.ReadFile(example + "/pipeline.sql")
	if err != nil {
		t.Fatal(err)
	}
	pipeline := filepath.Join(dir, "pipeline.sql")
	if err := os.WriteFile(pipeline, sql, 0o644); err != nil {
		t.Fatal(err)
	}
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	must(t, nil, "produce", "flights", "-f", example+"/flights.ndjson", "--endpoint", c.sc)
	c.run(t, pipeline)
	want, err := os.ReadFile(example + "/expected.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, c.consume(t, "late", "--from", "earliest"), lines(string(want)), true)
}

// TestModuleCheckSaysWhy checks good and bad files as scripts do.
func TestModuleCheckSaysWhy(t *testing.T) {
	t.Parallel()
	write := func(name, content string) string { return file(t, name, content) }
	for name, tc := range map[string]struct {
		path string
		code string
	}{
		"good":      {lateFlights, ""},
		"text":      {write("a.wasm", "hello"), "module.not_wasm"},
		"empty":     {write("b.wasm", ""), "module.not_wasm"},
		"command":   {command(t), "module.command"},
		"component": {write("c.wasm", "\x00asm\x0d\x00\x01\x00"), "module.component"},
		"no marker": {write("d.wasm", "\x00asm\x01\x00\x00\x00"), "module.version"},
	} {
		r := weir(t, nil, "module", "check", "--json", tc.path)
		var verdict struct {
			Accepted bool
			Reasons  []struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(r.out), &verdict); err != nil {
			t.Errorf("%s: %q: %v", name, r.out, err)
			continue
		}
		if tc.code == "" {
			if r.code != 0 || !verdict.Accepted || len(verdict.Reasons) != 0 {
				t.Errorf("%s: code %d, %+v", name, r.code, verdict)
			}
			continue
		}
		if r.code != 2 || verdict.Accepted || len(verdict.Reasons) == 0 || !strings.HasPrefix(verdict.Reasons[0].Code, tc.code) || verdict.Reasons[0].Message == "" {
			t.Errorf("%s: code %d, %+v, want %s", name, r.code, verdict, tc.code)
		}
	}
	if r := weir(t, nil, "module", "check", "no-such.wasm"); r.code != 2 || r.out != "" {
		t.Errorf("a file that is not there: code %d, %q", r.code, r.out)
	}
}

// command is the smallest filter built as a program, without -buildmode=c-shared.
func command(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "command.wasm")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir, cmd.Env = repository+"/examples/wasm/go_filter", append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestFramesAndMetadata reads records of several lines with every metadata column.
func TestFramesAndMetadata(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "in", 1)
	c.topic(t, "out", 1)
	sql := file(t, "meta.sql", `
CREATE TABLE i (a BIGINT, o BIGINT METADATA FROM 'offset', p INT METADATA FROM 'partition', t TEXT METADATA FROM 'topic',
  at BIGINT METADATA FROM 'timestamp', k TEXT METADATA FROM 'key', f INT METADATA FROM 'frame')
  WITH (connector = 'fluvio', topic = 'in', type = 'source', 'source.offset' = 'earliest', format = 'json', framing = 'newline');
CREATE TABLE o (a BIGINT, o BIGINT, p INT, t TEXT, k TEXT, f INT) WITH (connector = 'fluvio', topic = 'out', type = 'sink', format = 'json', 'sink.key_field' = 't');
INSERT INTO o SELECT a, o, p, t, k, f FROM i;
`)
	must(t, strings.NewReader("k1|{\"a\":1}\nk2|{\"a\":2}\r\n"), "produce", "in", "--key-separator", "|", "--endpoint", c.sc)
	c.send(t, "in", "{\"a\":3}\n\n{\"a\":4}\n") // weir produce sends one line a record
	s := c.run(t, sql)
	if s.RecordsIn != 3 || s.RowsIn != 4 || s.RowsOut != 4 {
		t.Errorf("%+v", s)
	}
	sameRows(t, c.consume(t, "out"), []string{
		`{"a":1,"o":0,"p":0,"t":"in","k":"k1","f":0}`,
		`{"a":2,"o":1,"p":0,"t":"in","k":"k2","f":0}`,
		`{"a":3,"o":2,"p":0,"t":"in","k":null,"f":0}`,
		`{"a":4,"o":2,"p":0,"t":"in","k":null,"f":1}`,
	}, true)
	var first struct{ Key string }
	if err := json.Unmarshal([]byte(c.consume(t, "out", "--json")[0]), &first); err != nil || first.Key != "in" {
		t.Errorf("key %q (%v), want in", first.Key, err)
	}
}

// TestSeveralSinksOfOneCallAndExplain runs one call into two sinks and asks for the plan.
func TestSeveralSinksOfOneCallAndExplain(t *testing.T) {
	t.Parallel()
	records := flights(t, 3000)
	c := startBroker(t)
	for _, topic := range []string{"flights", "late", "carriers"} {
		c.topic(t, topic, 1)
	}
	must(t, strings.NewReader(strings.Join(records, "\n")), "produce", "flights", "--endpoint", c.sc)
	sql := file(t, "two.sql", pipelineSQL("", "", "")+`
CREATE TABLE carriers (carrier TEXT) WITH (connector = 'fluvio', topic = 'carriers', type = 'sink', format = 'json');
INSERT INTO carriers SELECT carrier FROM late_flights(flights);
`)
	s := c.run(t, sql)
	want := lateRows(t, records)
	if s.Pipeline != "late" || s.RowsOut != 2*int64(len(want)) {
		t.Errorf("%+v, want %d rows in each of two sinks", s, len(want))
	}
	sameRows(t, c.consume(t, "late"), want, true)
	if got := len(c.consume(t, "carriers")); got != len(want) {
		t.Errorf("%d carriers, want %d", got, len(want))
	}
	plan := must(t, nil, "run", sql, "--explain", "--json")
	var explained struct {
		Pipeline     string
		Decoded      []string
		Checked      []string `json:"checked_only"`
		Sinks, Calls []json.RawMessage
	}
	if err := json.Unmarshal([]byte(plan), &explained); err != nil {
		t.Fatalf("%q: %v", plan, err)
	}
	if len(explained.Sinks) != 2 || len(explained.Calls) != 1 || strings.Join(explained.Checked, " ") != "origin dest time_hour" {
		t.Errorf("%+v", explained)
	}
}
