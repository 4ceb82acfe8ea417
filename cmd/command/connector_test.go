package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes a folder of files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConnectorsAreListedAndDescribed(t *testing.T) {
	code, out, errs := weir("connector", "list")
	if code != 0 || strings.Count(out, "\n") != 4 || !strings.Contains(out, "source, sink") {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
	code, out, errs = weir("connector", "list", "--json")
	var names []string
	for line := range strings.Lines(out) {
		var c struct {
			Name, Description string
			Roles             []string
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil || c.Description == "" || len(c.Roles) != 2 {
			t.Errorf("%s%v", line, err)
		}
		names = append(names, c.Name)
	}
	if strings.Join(names, " ") != "file fluvio stdio" || code != 0 {
		t.Errorf("code %d, %q, %s", code, names, errs)
	}
	code, out, errs = weir("connector", "describe", "fluvio")
	for _, want := range []string{"exactly_once", "METADATA FROM 'offset'", "source.isolation", "text, required", "avro, debezium_json, json", "bad_data.topic", "framing.delimiter", "sink.key_field"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("code %d, no %s in %s%s", code, want, out, errs)
		}
	}
	code, out, _ = weir("connector", "describe", "file", "--json")
	var described struct {
		Options map[string]struct {
			Properties map[string]any
			Required   []string
		}
		Delivery []string
	}
	if err := json.Unmarshal([]byte(out), &described); err != nil || code != 0 || len(described.Options) != 2 || described.Options["source"].Properties["avro.schema"] == nil {
		t.Errorf("code %d, %v, %+v", code, err, described)
	}
	if got := strings.Join(described.Options["sink"].Required, " ") + "; " + strings.Join(described.Delivery, " "); got != "connector type format path; at_least_once at_most_once" {
		t.Error(got)
	}
	if code, _, errs := weir("connector", "describe", "fille"); code != 2 || !strings.Contains(errs, "did you mean file?") {
		t.Errorf("code %d, %s", code, errs)
	}
}

func TestTablesAreTried(t *testing.T) {
	dir := folder(t, map[string]string{
		"rows": "{\"n\":1}\n{\"n\":\"secret\"}\nsecret\n",
		"good": "n: 1\nn: 2\n",
		"f.yaml": `
tables:
  - {name: rows, columns: [n BIGINT NOT NULL], with: {connector: file, path: rows, type: source, format: json}}
  - {name: good, with: {connector: file, path: good, type: source, format: raw_string}}
  - {name: none, with: {connector: file, path: none, type: source, format: raw_string}}
  - {name: out, columns: [n BIGINT], with: {connector: file, path: out, type: sink, format: json}}
  - {name: nowhere, columns: [n BIGINT], with: {connector: file, path: no/where, type: sink, format: json}}
  - {name: wrong, columns: [n BIGINT], with: {connector: file, pth: rows, type: source, format: json}}
  - {name: parquet, columns: [n BIGINT], with: {connector: file, path: rows, type: source, format: parquet}}
`,
	})
	file := filepath.Join(dir, "f.yaml")
	for _, tc := range []struct {
		args []string
		code int
		says string // on either stream
	}{
		{[]string{file, "rows"}, 2, "offset 8 frame 0: json."},
		{[]string{file, "rows"}, 2, "3 records read, 1 rows decoded, 2 rejected"},
		{[]string{file, "rows", "--records", "1"}, 0, "1 records read, 1 rows decoded, 0 rejected"},
		{[]string{file, "rows", "--json"}, 2, `"ok":false`},
		{[]string{file, "good"}, 0, "2 records read, 2 rows decoded"},
		{[]string{file, "none"}, 3, "no such file"},
		{[]string{file, "out"}, 0, "nothing was written"},
		{[]string{file, "nowhere"}, 3, "no such file"},
		{[]string{file, "wrong"}, 2, "did you mean it by 'pth'?"},
		{[]string{file, "parquet"}, 2, "column by column"},
		{[]string{file, "rowss"}, 2, "did you mean 'rows'?"},
		{[]string{file}, 2, "want FILE TABLE"},
		{[]string{file, "rows", "--records", "0"}, 2, "--records"},
		{[]string{file, "rows", "--wait", "0s"}, 2, "--wait"},
	} {
		code, out, errs := weir(append([]string{"connector", "test"}, tc.args...)...)
		if code != tc.code || !strings.Contains(out+errs, tc.says) || strings.Contains(out+errs, "secret") {
			t.Errorf("%q: code %d, %s%s", tc.args[1:], code, out, errs)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("a test made a file: %v, %v", entries, err)
	}
}

// fed runs a command that has this input.
func fed(in string, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = Run("test", args, strings.NewReader(in), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestLinesGoThroughAPipelineFromStreamToStream(t *testing.T) {
	dir := folder(t, map[string]string{"f.sql": `
CREATE TABLE lines (n BIGINT NOT NULL, at BIGINT METADATA FROM 'offset') WITH (connector = 'stdio', type = 'source', format = 'json', bad_data = 'drop');
CREATE TABLE out (n BIGINT NOT NULL, at BIGINT) WITH (connector = 'stdio', type = 'sink', format = 'json');
CREATE TABLE copies (n BIGINT NOT NULL) WITH (connector = 'file', path = 'copies', type = 'sink', format = 'json');
INSERT INTO out SELECT n, at FROM lines;
INSERT INTO copies SELECT n FROM lines;
`, "two.sql": `
CREATE TABLE a (v TEXT) WITH (connector = 'stdio', type = 'source', format = 'raw_string');
CREATE TABLE b (v TEXT) WITH (connector = 'stdio', type = 'source', format = 'raw_string');
CREATE TABLE x (v TEXT) WITH (connector = 'stdio', type = 'sink', format = 'raw_string');
CREATE PIPELINE one AS INSERT INTO x SELECT v FROM a;
CREATE PIPELINE two AS INSERT INTO x SELECT v FROM b;
`})
	const in = "{\"n\":1}\nbad\n{\"n\":2}"
	code, out, errs := fed(in, "run", filepath.Join(dir, "f.sql"))
	if want := "{\"n\":1,\"at\":0}\n{\"n\":2,\"at\":2}\n"; code != 0 || out != want {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
	if copies, err := os.ReadFile(filepath.Join(dir, "copies")); err != nil || string(copies) != "{\"n\":1}\n{\"n\":2}\n" {
		t.Errorf("%s%v", copies, err)
	}
	code, _, errs = fed(in, "run", filepath.Join(dir, "two.sql"))
	if code != 2 || !strings.Contains(errs, "only one can read it") {
		t.Errorf("code %d, %s", code, errs)
	}
	code, _, errs = fed(in, "connector", "test", filepath.Join(dir, "f.sql"), "lines")
	if code != 2 || !strings.Contains(errs, "1 of 3 rows cannot be decoded") {
		t.Errorf("code %d, %s", code, errs)
	}
}
