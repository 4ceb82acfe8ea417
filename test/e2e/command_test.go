package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cmd runs a command against the cluster, which must end with code 0, and returns its standard output.
func (c *cluster) cmd(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	return must(t, strings.NewReader(stdin), append(args, "--endpoint", c.sc)...)
}

// refuse runs a command that has to fail, with a code and a text.
func (c *cluster) refuse(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	r := weir(t, strings.NewReader(""), append(args, "--endpoint", c.sc)...)
	if r.code != code || !strings.Contains(r.errOut, want) || r.out != "" {
		t.Errorf("weir %s: code %d, want %d, with %q in:\n%s\nstdout: %s", strings.Join(args, " "), r.code, code, want, r.errOut, r.out)
	}
}

// objects decodes what a command prints with --json.
func (c *cluster) objects(t *testing.T, args ...string) (all []map[string]any) {
	t.Helper()
	for _, line := range lines(c.cmd(t, "", append(args, "--json")...)) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("weir %v: %q: %v", args, line, err)
		}
		all = append(all, object)
	}
	return all
}

func TestTopicCommands(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.cmd(t, "", "topic", "create", "plain")
	c.cmd(t, "", "topic", "create", "full", "-p", "2", "-r", "1", "-i", "--retention-time", "2d 12h", "--segment-size", "1 MiB",
		"--max-partition-size", "1GB", "--compression-type", "zstd")
	c.cmd(t, "", "topic", "create", "placed", "-f", file(t, "assign.json", `[{"id": 0, "replicas": [5001]}, {"id": 1, "replicas": [5001]}]`))
	if out := c.cmd(t, "", "topic", "create", "dry", "--dry-run"); !strings.Contains(out, "could be") {
		t.Errorf("a dry run says %q", out)
	}
	if out := c.cmd(t, "", "topic", "create", "json", "--partitions", "4", "--json"); strings.TrimSpace(out) != `{"partitions":4,"topic":"json"}` {
		t.Errorf("%s", out)
	}
	topics := c.objects(t, "topic", "list")
	var names []string
	for _, topic := range topics {
		names = append(names, topic["topic"].(string))
	}
	if !slices.Equal(names, []string{"full", "json", "placed", "plain"}) {
		t.Fatalf("topics %v", names)
	}
	full := topics[0]
	for key, want := range map[string]any{
		"type": "computed", "partitions": 2.0, "replication": 1.0, "ignore_rack_assignment": true, "retention_seconds": 216000.0,
		"segment_size": 1048576.0, "max_partition_size": 1073741824.0, "compression": "zstd", "system": false, "status": "Provisioned",
	} {
		if full[key] != want {
			t.Errorf("%s is %v, want %v", key, full[key], want)
		}
	}
	if described := c.objects(t, "topic", "describe", "full"); len(described) != 1 || !reflect.DeepEqual(described[0], full) {
		t.Errorf("described as %v, listed as %v", described, full)
	}
	table := lines(c.cmd(t, "", "topic", "list"))
	if len(table) != 5 || !strings.HasPrefix(table[0], "NAME ") || !strings.HasPrefix(table[1], "full ") || !strings.Contains(table[1], "60h0m0s") {
		t.Errorf("the table:\n%s", strings.Join(table, "\n"))
	}
	if text := c.cmd(t, "", "topic", "describe", "full"); !strings.Contains(text, "compression") || !strings.Contains(text, "zstd") {
		t.Errorf("described as:\n%s", text)
	}
	if system := c.objects(t, "topic", "list", "--system"); len(system) != 1 || system[0]["topic"] != "consumer-offset" {
		t.Errorf("system topics %v", system)
	}

	c.cmd(t, "", "topic", "add-partition", "plain")
	if out := c.objects(t, "topic", "add-partition", "plain", "--count", "2"); out[0]["partitions"] != 4.0 {
		t.Errorf("%v", out)
	}
	if partitions := c.objects(t, "partition", "list", "plain"); len(partitions) != 4 || partitions[3]["partition"] != 3.0 || partitions[3]["leader"] != 5001.0 {
		t.Errorf("partitions %v", partitions)
	}
	if n := len(lines(c.cmd(t, "", "partition", "list"))); n != 1+2+4+2+4 {
		t.Errorf("a table of %d lines", n)
	}
	if partitions := c.objects(t, "partition", "list", "--system"); len(partitions) != 1 || partitions[0]["topic"] != "consumer-offset" {
		t.Errorf("system partitions %v", partitions)
	}

	c.refuse(t, 2, "full", "topic", "create", "full")
	c.refuse(t, 2, "Not Good", "topic", "create", "Not Good")
	c.refuse(t, 2, "retention", "topic", "create", "x", "--retention-time", "1s")
	c.refuse(t, 2, "retention-time", "topic", "create", "x", "--retention-time", "soon")
	c.refuse(t, 2, "replica-assignment", "topic", "create", "x", "-f", "a.json", "-p", "2")
	c.refuse(t, 2, "no-such.json", "topic", "create", "x", "-f", "no-such.json")
	c.refuse(t, 2, "entry 0", "topic", "create", "x", "-f", file(t, "bad.json", `[{"id": 1, "replicas": [5001]}]`))
	c.refuse(t, 2, "--dedup", "topic", "create", "x", "--dedup-count", "3")
	c.refuse(t, 2, "dedup-bloom-filter", "topic", "create", "x", "--dedup")
	c.refuse(t, 2, "rar", "topic", "create", "x", "--compression-type", "rar")
	c.refuse(t, 3, "weir topic create", "topic", "describe", "absent")
	c.refuse(t, 2, "placed", "topic", "add-partition", "placed")
	c.refuse(t, 3, "absent", "topic", "add-partition", "absent")
	c.refuse(t, 3, "absent", "partition", "list", "absent")

	c.refuse(t, 2, "--system", "topic", "delete", "consumer-offset")
	c.refuse(t, 2, "not confirmed", "topic", "delete", "consumer-offset", "--system")
	r := weir(t, nil, "topic", "delete", "-c", "absent", "json", "gone", "--endpoint", c.sc)
	if r.code != 3 || r.out != "topic json deleted\n" || !strings.Contains(r.errOut, "absent") || !strings.Contains(r.errOut, "2 of 3") {
		t.Errorf("code %d, %q, %s", r.code, r.out, r.errOut)
	}
	c.cmd(t, "", "topic", "delete", "plain", "placed")
	c.cmd(t, "y\n", "topic", "delete", "--system", "consumer-offset")
	if n := len(c.objects(t, "topic", "list")); n != 1 {
		t.Errorf("%d topics are left", n)
	}
}

func TestSPUCommands(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	spus := c.objects(t, "spu", "list")
	if len(spus) != 1 || spus[0]["id"] != 5001.0 || spus[0]["public_endpoint"] != c.spu || spus[0]["status"] != "Online" {
		t.Errorf("%v", spus)
	}
	if custom := lines(c.cmd(t, "", "spu", "list", "--custom")); len(custom) != 2 || !strings.Contains(custom[1], c.spu) {
		t.Errorf("%v", custom)
	}
	// The embedded broker has an SPU of its own and takes no others.
	c.refuse(t, 2, "custom-spu-7", "spu", "register", "-i", "7", "-p", "a:1", "-v", "b:1")
	c.refuse(t, 2, "HOST:PORT", "spu", "register", "-i", "7", "-p", "a", "-v", "b:1")
	c.refuse(t, 2, "required", "spu", "register", "-i", "7")
	c.refuse(t, 2, "5001", "spu", "unregister", "--id", "5001")
	c.refuse(t, 2, "id", "spu", "unregister")
	c.refuse(t, 2, "name", "spu", "unregister", "--id", "1", "--name", "x")
}

func TestSmartModuleCommands(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	const tiny = "\x00asm\x01\x00\x00\x00"
	wasm := file(t, "tiny.wasm", tiny)
	packageFile := file(t, "SmartModule.toml", `
[package]
name = "jolt"
group = "infinyon"
version = "0.4.1"
apiVersion = "0.1.0"
description = "reshapes"
license = "Apache-2.0"
visibility = "public"

[[params]]
name = "spec"
description = "what to do"
optional = true
`)
	c.cmd(t, "", "smartmodule", "create", "tiny", "--wasm-file", wasm)
	c.cmd(t, "", "smartmodule", "create", "jolt", "--wasm-file", wasm, "--package", packageFile)
	modules := c.objects(t, "smartmodule", "list")
	if len(modules) != 2 || modules[0]["smartmodule"] != "infinyon/jolt@0.4.1" || modules[1]["smartmodule"] != "tiny" {
		t.Fatalf("%v", modules)
	}
	if table := lines(c.cmd(t, "", "smartmodule", "list", "--filter", "infinyon/jolt")); len(table) != 2 {
		t.Errorf("%v", table)
	}
	if table := lines(c.cmd(t, "", "smartmodule", "list", "--filter", "nobody")); len(table) != 1 {
		t.Errorf("%v", table)
	}
	jolt := c.objects(t, "smartmodule", "describe", "jolt")[0]
	described, _ := jolt["package"].(map[string]any)
	if described["version"] != "0.4.1" || described["public"] != true || described["description"] != "reshapes" ||
		!reflect.DeepEqual(jolt["params"], map[string]any{"spec": map[string]any{"description": "what to do", "optional": true}}) {
		t.Errorf("%v", jolt)
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	c.cmd(t, "", "smartmodule", "download", "infinyon/jolt@0.4.1", "-o", out)
	if got, err := os.ReadFile(out); err != nil || string(got) != tiny {
		t.Errorf("%q, %v", got, err)
	}
	c.refuse(t, 2, "--force", "smartmodule", "download", "tiny", "-o", out)
	c.cmd(t, "", "smartmodule", "download", "tiny", "-o", out, "--force")

	c.refuse(t, 2, "wasm-file", "smartmodule", "create", "x")
	c.refuse(t, 2, "wasm", "smartmodule", "create", "x", "--wasm-file", packageFile)
	c.refuse(t, 2, "no-such", "smartmodule", "create", "x", "--wasm-file", "no-such")
	c.refuse(t, 2, "line 3", "smartmodule", "create", "x", "--wasm-file", wasm, "--package", file(t, "p.toml", "[package]\nname = \"a\"\ncolour = 1\n"))
	c.refuse(t, 2, "semantic", "smartmodule", "create", "x", "--wasm-file", wasm, "--package", file(t, "p.toml", "[package]\nname = \"a\"\ngroup = \"g\"\n"))
	c.refuse(t, 2, "weir smartmodule", "smartmodule", "describe", "nobody")
	c.refuse(t, 2, "nobody", "smartmodule", "delete", "nobody")
	c.cmd(t, "", "smartmodule", "delete", "tiny", "infinyon/jolt@0.4.1")
	if left := c.objects(t, "smartmodule", "list"); len(left) != 0 {
		t.Errorf("%v", left)
	}
}

func TestConsumeStartsAndEndsWhereItIsTold(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "t", 1)
	c.topic(t, "three", 3)
	c.cmd(t, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", "produce", "t")
	c.cmd(t, "a:0\nb:1\nc:2\nd:3\ne:4\nf:5\n", "produce", "three", "--key-separator", ":")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-d"}, "0123456789"},
		{[]string{"-B", "-d"}, "0123456789"},
		{[]string{"--from", "earliest", "--until-end"}, "0123456789"},
		{[]string{"--from", "4", "--until-end"}, "456789"},
		{[]string{"--from", "latest", "--until-end"}, ""},
		{[]string{"--beginning", "--disable-continuous"}, "0123456789"},
		{[]string{"-H", "7", "-d"}, "789"},
		{[]string{"--head", "70", "-d"}, ""},
		{[]string{"-T", "3", "-d"}, "789"},
		{[]string{"--tail", "300", "-d"}, "0123456789"},
		{[]string{"--start", "5", "-d"}, "56789"},
		{[]string{"--start", "5", "--end", "7"}, "567"},
		{[]string{"--start", "9", "--end", "9"}, "9"},
		{[]string{"-B", "--end", "100", "-d"}, "0123456789"},
		{[]string{"-T", "2", "--end", "3"}, ""},
		{[]string{"-B", "-n", "4"}, "0123"},
		{[]string{"-B", "-n", "4", "--end", "1"}, "01"},
		{[]string{"-B", "-n", "40", "-d"}, "0123456789"},
		{[]string{"-B", "-d", "--max-bytes", "1KB"}, "0123456789"},
		{[]string{"-B", "-d", "--maxbytes", "2048"}, "0123456789"},
		{[]string{"-B", "-d", "--isolation", "ReadUncommitted"}, "0123456789"},
		{[]string{"-B", "-d", "--drop-stale"}, "0123456789"},
		{[]string{"-B", "-d", "-p", "0"}, "0123456789"},
		{[]string{"-B", "-d", "-p", "-1"}, "0123456789"},
		{[]string{"-B", "-d", "-A"}, "0123456789"},
	} {
		if got := strings.ReplaceAll(c.cmd(t, "", append([]string{"consume", "t"}, tc.args...)...), "\n", ""); got != tc.want {
			t.Errorf("consume %v: %q, want %q", tc.args, got, tc.want)
		}
	}
	whole := c.consume(t, "three")
	var parts []string
	for p := range 3 {
		parts = append(parts, c.consume(t, "three", "-p", fmt.Sprint(p))...)
	}
	two := append(c.consume(t, "three", "-p", "0", "--partition", "2"), c.consume(t, "three", "-p", "1")...)
	for _, got := range [][]string{whole, parts, two, c.consume(t, "three", "-p", "2,0,1")} {
		if slices.Sort(got); strings.Join(got, "") != "012345" {
			t.Errorf("%v", got)
		}
	}
	ended := c.consume(t, "three", "--end", "0", "-A")
	if len(ended) != 3 && len(ended) != 2 { // six keys do not reach every partition for sure
		t.Errorf("%d records at offset 0", len(ended))
	}

	c.refuse(t, 2, "partition", "consume", "t", "-p", "1", "-d")
	c.refuse(t, 2, "offset", "consume", "t", "--start", "11")
	for _, args := range [][]string{
		{"-B", "-H", "1"}, {"--from", "1", "--start", "1"}, {"-p", "0", "-A"}, {"-p", "-1,0"}, {"-k", "--json"}, {"--format", "x", "--json"},
		{"--format", "{{what}}"}, {"--format", "{{key"}, {"-n", "0"}, {"--start", "4", "--end", "3"}, {"--isolation", "loose"}, {"-c", ""},
		{"--tail", "-1"}, {"--params", "a=b"}, {"--lookback-last", "1"}, {"--smartmodule", "a", "--params", "b"},
		{"--smartmodule", "a", "--smartmodule-path", "b"}, {"--smartmodule-path", "no-such"},
	} {
		c.refuse(t, 2, "", append([]string{"consume", "t", "-d"}, args...)...)
	}
	c.refuse(t, 2, "nobody", "consume", "t", "-B", "-d", "--smartmodule", "nobody", "--params", "a=b", "--lookback-age", "1m")
}

func TestRecordsArePrintedAsAsked(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "t", 1)
	c.cmd(t, "one\n", "produce", "t", "--key", "k")
	c.cmd(t, "line 1\nline 2\n", "produce", "t", "--raw")
	c.cmd(t, "three", "produce", "t", "--key", "", "--partition", "0")
	if got, want := c.cmd(t, "", "consume", "t", "-d", "-k"), "[k] one\n[null] line 1\nline 2\n\n[] three\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got := c.cmd(t, "", "consume", "t", "-d", "--format", "{{topic}}-{{partition}}@{{ offset }} {{key}}={{value}}; {not}")
	if want := "t-0@0 k=one; {not}\nt-0@1 null=line 1\nline 2\n; {not}\nt-0@2 =three; {not}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	first := lines(c.cmd(t, "", "consume", "t", "-d", "-n", "1", "--format", "{{time}}"))[0]
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", first); err != nil || time.Since(at) > time.Hour {
		t.Errorf("time %q: %v", first, err)
	}
	c.refuse(t, 2, "lines:1:", "produce", "t", "--key-separator", "=", "-f", file(t, "lines", "no separator\n"))
}

func TestProduceFlags(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "t", 2)
	large := strings.Repeat("x", 3<<20)
	c.cmd(t, large, "produce", "t", "--raw", "--max-request-size", "4MB", "-p", "1", "--compression", "lz4")
	if got := c.consume(t, "t", "-p", "1"); len(got) != 1 || got[0] != large {
		t.Errorf("%d records", len(got))
	}
	for _, args := range [][]string{
		{"--linger", "20ms", "--batch-size", "2MB"}, {"--isolation", "read_uncommitted"}, {"--delivery-semantic", "at-most-once"},
		{"--delivery-semantic", "AtLeastOnce", "--no-sequence"}, {"--compression", "zstd"},
	} {
		c.cmd(t, "a\nb\n", append([]string{"produce", "t", "-p", "0"}, args...)...)
	}
	if got := c.consume(t, "t", "-p", "0"); strings.Join(got, "") != strings.Repeat("ab", 5) {
		t.Errorf("%v", got)
	}
	var done struct{ Records, Bytes int }
	if err := json.Unmarshal([]byte(c.cmd(t, "a\nbcd\n", "produce", "t", "--json")), &done); err != nil || done.Records != 2 || done.Bytes != 4 {
		t.Errorf("%+v, %v", done, err)
	}
	c.refuse(t, 2, "larger than a record", "produce", "t", "--raw", "-f", file(t, "large", large))
	c.refuse(t, 2, "partition", "produce", "t", "-p", "9", "-f", file(t, "x", "x"))
	c.refuse(t, 2, "SmartModule", "produce", "t", "-f", file(t, "x", "x"), "--smartmodule", "nobody", "--params", "a=b", "--aggregate-initial", "")
	c.refuse(t, 2, "SmartModule", "produce", "t", "-f", file(t, "x", "x"), "--smartmodule-path", file(t, "x.wasm", "\x00asm\x01\x00\x00\x00"))
	for _, args := range [][]string{
		{"--key", "a", "--key-separator", "b"}, {"--raw", "--key-separator", "b"}, {"--key-separator", ""}, {"--linger", "-1s"},
		{"--max-request-size", "64MB"}, {"--max-request-size", "1"}, {"--batch-size", "2MB", "--max-request-size", "1MB"},
		{"--isolation", "x"}, {"--delivery-semantic", "exactly-once"}, {"--params", "a=b"}, {"--compression", "rar"},
	} {
		c.refuse(t, 2, "", append([]string{"produce", "t"}, args...)...)
	}
}

func TestProduceTakesAnyInputAndStopsWhenAsked(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "t", 1)
	c.cmd(t, "a\r\nb\n", "produce", "t", "-f", "/dev/stdin")
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "produce", "t", "-f", pipe, "--linger", "0s", "--endpoint", c.sc)
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteString("c\nd\nhalf"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is produced", func() bool { return len(c.consume(t, "t")) == 4 })
	if code := p.terminate(t); code != 0 || !strings.Contains(p.talk(), "2 records are sent") {
		t.Errorf("code %d\n%s", code, p.talk())
	}
	if got := c.consume(t, "t"); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("%q", got)
	}
	for _, args := range [][]string{{"--start", "5", "-d"}, {"--from", "5"}} {
		c.refuse(t, 2, "out of range", append([]string{"consume", "t"}, args...)...)
	}
	c.refuse(t, 2, "255", "consume", "t", "-d", "-c", strings.Repeat("x", 256))
}

func TestConsumersGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "t", 1)
	c.cmd(t, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", "produce", "t")
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"-B", "-n", "3"}, "012"},
		{[]string{"-B", "-n", "2"}, "34"},
		{[]string{"-B", "--end", "6"}, "56"},
		{[]string{"--start", "1", "--end", "1"}, "1"}, // as it says, and stored
		{[]string{"-B", "-d"}, "23456789"},
		{[]string{"-B", "-d"}, ""},
	} {
		if got := strings.Join(c.consume(t, "t", append([]string{"--consumer", "me"}, step.args...)...), ""); got != step.want {
			t.Errorf("%v: %q, want %q", step.args, got, step.want)
		}
	}
	stored := c.objects(t, "consumer", "list")
	if len(stored) != 1 || stored[0]["consumer"] != "me" || stored[0]["topic"] != "t" || stored[0]["offset"] != 9.0 {
		t.Errorf("%v", stored)
	}
	if table := lines(c.cmd(t, "", "consumer", "list")); len(table) != 2 || !strings.HasPrefix(table[0], "CONSUMER ") {
		t.Errorf("%v", table)
	}
	// A consumer that is asked to end stores what it has printed.
	out := new(process) // only to write to
	p := start(t, out, "consume", "t", "-c", "other", "-B", "--endpoint", c.sc)
	eventually(t, "ten records", func() bool { return strings.Count(out.talk(), "\n") == 10 })
	if code := p.terminate(t); code != 0 {
		t.Errorf("code %d\n%s", code, p.talk())
	}
	if got := c.consume(t, "t", "-c", "other", "-B"); len(got) != 0 {
		t.Errorf("%v come again", got)
	}
	c.refuse(t, 2, "--topic", "consumer", "delete", "me", "--partition", "0")
	c.cmd(t, "", "consumer", "delete", "me", "--topic", "t", "--partition", "0")
	c.refuse(t, 2, "me", "consumer", "delete", "me")
	c.cmd(t, "", "consumer", "delete", "other")
	if stored := c.objects(t, "consumer", "list"); len(stored) != 0 {
		t.Errorf("%v", stored)
	}
	c.topic(t, "two", 2)
	c.refuse(t, 2, "--partition", "consume", "two", "-c", "me", "-B", "--end", "1")
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "flowers", 1)
	c.cmd(t, "x\n", "produce", "flights")
	c.consume(t, "flights", "-c", "me")
	for _, tc := range []struct{ args, want string }{
		{"consume --endpoint SC fl", "flights flowers"},
		{"consume --endpoint SC fli", "flights"},
		{"topic describe --endpoint SC ", "flights flowers"},
		{"topic describe --endpoint SC flights ", ""},
		{"topic delete --endpoint SC flights ", "flowers"},
		{"consumer delete --endpoint SC ", "me"},
		{"produce --compression ", "none gzip snappy lz4 zstd"},
		{"consume --endpoint 127.0.0.1:1 ", ""},
		{"consume --endpoint nonsense ", ""},
		{"completion ", "bash zsh fish powershell"},
	} {
		args := strings.Split(strings.ReplaceAll(tc.args, "SC", c.sc), " ")
		r := weir(t, nil, append([]string{"__complete"}, args...)...)
		var words []string
		for _, line := range lines(r.out) {
			if word, _, _ := strings.Cut(line, "\t"); !strings.HasPrefix(word, ":") {
				words = append(words, word)
			}
		}
		if got := strings.Join(words, " "); r.code != 0 || got != tc.want {
			t.Errorf("%s: %q, want %q\n%s", tc.args, got, tc.want, r.errOut)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		script := must(t, nil, "completion", shell)
		if !strings.Contains(script, "__complete") {
			t.Errorf("the script for %s asks nobody", shell)
		}
		var object struct{ Shell, Script string }
		if err := json.Unmarshal([]byte(must(t, nil, "completion", shell, "--json")), &object); err != nil || object.Script != script {
			t.Errorf("%s: %v", shell, err)
		}
	}
	if r := weir(t, nil, "completion", "tcsh"); r.code != 2 || !strings.Contains(r.errOut, "zsh") {
		t.Errorf("code %d, %s", r.code, r.errOut)
	}
}

func TestClustersAreNamedByProfileOrEndpoint(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	profiles := file(t, "config", fmt.Sprintf(`version = "2.0"
current_profile = "wrong"
[profile.wrong]
cluster = "wrong"
[profile.right]
cluster = "right"
[cluster.wrong]
endpoint = "127.0.0.1:1"
[cluster.right]
endpoint = %q
`, c.sc))
	withProfiles := func(args ...string) (string, error) {
		cmd := exec.Command(weirBinary, args...)
		cmd.Env = append(os.Environ(), "FLV_PROFILE_PATH="+profiles)
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		return out.String(), err
	}
	if out, err := withProfiles("topic", "create", "t", "--profile", "right"); err != nil || out != "topic t created\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := withProfiles("topic", "list", "--retry-budget", "0s"); err == nil {
		t.Error("the wrong cluster has answered")
	}
	for _, args := range [][]string{
		{"--profile", "a", "--endpoint", "b:1"}, {"--domain", "x"}, {"--tls", "--domain", "x"}, {"--tls", "--client-cert", "x", "--ca-cert", "x"},
		{"--tls", "--enable-client-cert"}, {"--tls", "--ca-cert", "no-such-file", "--endpoint", "127.0.0.1:1"},
	} {
		if r := weir(t, nil, append([]string{"topic", "list"}, args...)...); r.code != 2 || r.errOut == "" {
			t.Errorf("%v: code %d, %s", args, r.code, r.errOut)
		}
	}
}
