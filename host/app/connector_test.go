package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/internal/fault"
)

var quiet = slog.New(slog.DiscardHandler)

// put makes or replaces a file of a test's folder.
func put(t testing.TB, folder, name, content string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, folder, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

const copyRows = `
CREATE TABLE rows (n BIGINT NOT NULL, at BIGINT METADATA FROM 'offset')
  WITH (connector = 'file', path = 'rows', type = 'source', format = 'json', bad_data = 'dead_letter', bad_data.topic = 'bad');
CREATE TABLE out (n BIGINT NOT NULL, at BIGINT) WITH (connector = 'file', path = 'out', type = 'sink', format = 'json');
INSERT INTO out SELECT * FROM rows;
`

func runFile(ctx context.Context, file, state string) error {
	return Run(ctx, nil, RunConfig{
		File: file, State: state, UntilEnd: true, Worker: "0/1", CheckpointInterval: time.Millisecond, Log: quiet, Out: io.Discard, Err: io.Discard,
	})
}

func TestAFileIsCopiedAndGoneOnWith(t *testing.T) {
	folder := t.TempDir()
	sql, state := put(t, folder, "copy.sql", copyRows), filepath.Join(folder, "state")
	put(t, folder, "rows", "{\"n\":1}\n{\"n\":\"x\"}\n{\"n\":2}\n")
	if err := runFile(t.Context(), sql, state); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, folder, "out"), "{\"n\":1,\"at\":0}\n{\"n\":2,\"at\":18}\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var letter struct {
		Topic, Code, Path, Value string
		Offset                   int64
	}
	if err := json.Unmarshal([]byte(read(t, folder, "bad")), &letter); err != nil || letter.Value != `{"n":"x"}` || letter.Offset != 8 || letter.Path != "n" || letter.Topic != "rows" || letter.Code == "" {
		t.Errorf("%+v, %v", letter, err)
	}
	put(t, folder, "rows", read(t, folder, "rows")+"{\"n\":3}")
	if err := runFile(t.Context(), sql, state); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, folder, "out"), "{\"n\":1,\"at\":0}\n{\"n\":2,\"at\":18}\n{\"n\":3,\"at\":26}\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	put(t, folder, "rows", strings.Replace(read(t, folder, "rows"), "3", "4", 1)+"\n")
	if err := runFile(t.Context(), sql, state); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "not the one that was read before") {
		t.Errorf("another line where the checkpoint is: %v", err)
	}
}

// TestARunThatIsBrokenOffLosesNothing breaks runs off anywhere, without a last checkpoint.
func TestARunThatIsBrokenOffLosesNothing(t *testing.T) {
	folder := t.TempDir()
	sql, state := put(t, folder, "copy.sql", copyRows), filepath.Join(folder, "state")
	var rows strings.Builder
	const lines = 20_000
	for n := range lines {
		fmt.Fprintf(&rows, "{\"n\":%d}\n", n)
	}
	put(t, folder, "rows", rows.String())
	for round := range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(round*5)*time.Millisecond, cancel)
		_ = runFile(ctx, sql, state) // it may have come to its end
		cancel()
	}
	if err := runFile(t.Context(), sql, state); err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, lines)
	next := 0
	for line := range strings.Lines(read(t, folder, "out")) {
		var row struct{ N int }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if row.N > next {
			t.Fatalf("row %d comes before row %d", row.N, next)
		}
		seen[row.N] = true
		next = max(next, row.N+1)
	}
	if next != lines {
		t.Errorf("%d rows, want %d", next, lines)
	}
}

func TestAFileSinkIsRefusedForExactlyOnce(t *testing.T) {
	folder := t.TempDir()
	sql := put(t, folder, "copy.sql", strings.Replace(copyRows, "path = 'out'", "path = 'out', delivery = 'exactly_once'", 1))
	if err := runFile(t.Context(), sql, filepath.Join(folder, "state")); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "producer sequences") {
		t.Errorf("%v", err)
	}
}

func TestDeadLettersInTheSourcesOwnFileAreRefused(t *testing.T) {
	folder := t.TempDir()
	sql := put(t, folder, "copy.sql", strings.Replace(copyRows, "'bad'", "'../"+filepath.Base(folder)+"/rows'", 1))
	if err := runFile(t.Context(), sql, ""); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "round without end") {
		t.Errorf("%v", err)
	}
}

func tryTable(t *testing.T, file, table, endpoint string, asJSON bool) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := TryTable{File: file, Table: table, Records: 10, Wait: 5 * time.Second, Endpoint: endpoint, Log: quiet}
	err := c.Try(t.Context(), Output{W: &out, JSON: asJSON})
	return out.String(), err
}

func TestATableIsTriedOnWhatIsThere(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 2)
	b.topic("empty", 1)
	var good []fluvio.Record
	for range 20 {
		good = append(good, fluvio.Record{Value: []byte(`{"n":1}`)})
	}
	b.put("flights", 0, fluvio.Record{Value: []byte(`{"n":"secret"}`)}, fluvio.Record{Value: []byte("{\"n\":1}\n{\"n\":")})
	b.put("flights", 1, good...)
	table := func(name, topic, more string) string {
		return fmt.Sprintf("CREATE TABLE %s (n BIGINT NOT NULL) WITH (connector = 'fluvio', topic = '%s', format = 'json', %s);\n", name, topic, more)
	}
	file := put(t, t.TempDir(), "f.sql",
		table("flights", "flights", "type = 'source', framing = 'newline', bad_data = 'dead_letter', bad_data.topic = 'none', source.consumer = 'c'")+
			table("empty", "empty", "type = 'source'")+table("gone", "gone", "type = 'source'")+
			table("late", "flights", "type = 'sink', delivery = 'exactly_once'")+table("lost", "gone", "type = 'sink'"))
	out, err := tryTable(t, file, "flights", b.Endpoint, true)
	var tried triedTable
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if fault.Of(err) != fault.Input || len(lines) != 3 || json.Unmarshal([]byte(lines[2]), &tried) != nil {
		t.Fatalf("%s%v", out, err)
	}
	if tried.OK || tried.Partitions != 2 || tried.Records != 7 || tried.Rejected != 2 || tried.Rows != 6 || tried.Connector != "fluvio" || tried.Type != "source" {
		t.Errorf("%+v", tried)
	}
	if strings.Contains(out+err.Error(), "secret") {
		t.Errorf("a value is shown: %s%v", out, err)
	}
	var row triedRow
	if err := json.Unmarshal([]byte(lines[1]), &row); err != nil || row.Offset != 1 || row.Frame != 1 || row.Partition != 0 || row.Code == "" {
		t.Errorf("%+v, %v", row, err)
	}
	if out, err := tryTable(t, file, "empty", b.Endpoint, false); err != nil || !strings.Contains(out, "0 records read") {
		t.Errorf("%s%v", out, err)
	}
	if out, err := tryTable(t, file, "late", b.Endpoint, false); err != nil || !strings.Contains(out, "nothing was written") {
		t.Errorf("%s%v", out, err)
	}
	for _, name := range []string{"gone", "lost"} {
		if out, err := tryTable(t, file, name, b.Endpoint, false); fault.Of(err) != fault.Environment || out != "" || !strings.Contains(err.Error(), "gone") {
			t.Errorf("%s: %s%v", name, out, err)
		}
	}
	if _, err := tryTable(t, file, "flight", b.Endpoint, false); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "did you mean 'flights'?") {
		t.Errorf("%v", err)
	}
	if _, err := tryTable(t, file, "flights", "127.0.0.1:1", false); fault.Of(err) != fault.Environment {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAFileIsTried(t *testing.T) {
	folder := t.TempDir()
	sql := put(t, folder, "copy.sql", copyRows)
	put(t, folder, "rows", strings.Repeat("{\"n\":1}\n", 30))
	if out, err := tryTable(t, sql, "rows", "", false); err != nil || !strings.Contains(out, "10 records read, 10 rows decoded, 0 rejected") {
		t.Errorf("%s%v", out, err)
	}
	if out, err := tryTable(t, sql, "out", "", true); err != nil || !strings.Contains(out, `"ok":true`) {
		t.Errorf("%s%v", out, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "out")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the sink was made: %v", err)
	}
}

// TestUnknownOptionsAreRefusedAlike says the same in SQL, in YAML and on the command line.
func TestUnknownOptionsAreRefusedAlike(t *testing.T) {
	const want = "unknown options: 'jsn.strict'; did you mean 'json.strict' for 'jsn.strict'?"
	folder := t.TempDir()
	sql := put(t, folder, "f.sql", `CREATE TABLE rows (n BIGINT) WITH (connector = 'file', path = 'rows', type = 'source', format = 'json', jsn.strict = true);`)
	yaml := put(t, folder, "f.yaml", `tables:
  - name: rows
    columns: [n BIGINT]
    with: {connector: file, path: rows, type: source, format: json, jsn.strict: true}
`)
	ways := map[string]error{}
	_, ways["sql"] = tryTable(t, sql, "rows", "", false)
	_, ways["yaml"] = tryTable(t, yaml, "rows", "", false)
	ways["run"] = runFile(t.Context(), yaml, "")
	line := Convert{Schema: "n BIGINT", Options: []string{"jsn.strict=true"}, In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Log: quiet}
	ways["decode"] = Decode(t.Context(), line)
	ways["encode"] = Encode(t.Context(), line)
	ways["schema"] = Schema{Convert: line}.Print(t.Context(), Output{W: io.Discard})
	for way, err := range ways {
		if fault.Of(err) != fault.Input || !strings.HasSuffix(strings.TrimSpace(err.Error()), want) {
			t.Errorf("%s: %v, want %s", way, err, want)
		}
	}
}

// TestDescriptionsAreSchemasOfTables compiles the JSON Schemas, and holds tables against them and against the planner.
func TestDescriptionsAreSchemasOfTables(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{}
	for _, name := range ConnectorNames() {
		var out bytes.Buffer
		if err := DescribeConnector(Output{W: &out, JSON: true}, name); err != nil {
			t.Fatal(err)
		}
		var described struct{ Options map[string]any }
		if err := json.Unmarshal(out.Bytes(), &described); err != nil {
			t.Fatal(err)
		}
		for role, document := range described.Options {
			compiler := jsonschema.NewCompiler()
			if err := compiler.AddResource("options", document); err != nil {
				t.Fatal(err)
			}
			schema, err := compiler.Compile("options")
			if err != nil {
				t.Fatalf("%s %s: %v", name, role, err)
			}
			schemas[name+" "+role] = schema
		}
		var text bytes.Buffer
		if err := DescribeConnector(Output{W: &text}, name); err != nil || !strings.Contains(text.String(), "source options") {
			t.Errorf("%s%v", &text, err)
		}
	}
	for _, tc := range []struct {
		schema, options string
		good            bool
	}{
		{"file source", `{"connector":"file", "type":"source", "path":"f", "format":"json", "json.strict":true, "framing":"newline"}`, true},
		{"file source", `{"connector":"file", "type":"source", "path":"f", "format":"avro", "avro.raw_datums":"yes", "line.max_length":"1 KB"}`, true},
		{"file source", `{"connector":"file", "type":"source", "format":"json"}`, false},
		{"file source", `{"connector":"file", "type":"source", "path":"f", "format":"json", "topic":"t"}`, false},
		{"file source", `{"connector":"file", "type":"source", "path":"f", "format":"json", "bad_data":"drop", "bad_data.max_ratio":0.5}`, true},
		{"file sink", `{"connector":"file", "type":"sink", "path":"f", "format":"json", "sink.key_field":"n"}`, false},
		{"file sink", `{"connector":"file", "type":"sink", "path":"f", "format":"json", "delivery":"exactly_once"}`, false},
		{"fluvio sink", `{"connector":"fluvio", "type":"sink", "topic":"t", "format":"json", "delivery":"exactly_once", "sink.linger":"1m30s", "sink.batch_size":4096}`, true},
		{"fluvio sink", `{"connector":"fluvio", "type":"sink", "topic":"t", "format":"json", "sink.linger":"soon"}`, false},
		{"fluvio sink", `{"connector":"fluvio", "type":"sink", "topic":"t", "format":"json", "sink.batch_size":"much"}`, false},
		{"fluvio source", `{"connector":"fluvio", "type":"source", "topic":"t", "format":"json", "source.drop_stale":"maybe"}`, false},
		{"stdio sink", `{"connector":"stdio", "type":"sink", "format":"raw_bytes", "line.encoding":"base64"}`, false}, // of the columns, not by the schema
		{"stdio source", `{"connector":"stdio", "type":"source", "format":"json", "bad_data":"dead_letter", "bad_data.topic":"stderr"}`, true},
	} {
		folder := t.TempDir()
		put(t, folder, "f", "")
		file := put(t, folder, "f.yaml", "tables:\n  - name: t\n    columns: [n BIGINT]\n    with: "+tc.options+"\n")
		_, err := (&Schema{File: file, Table: "t", Convert: Convert{Log: quiet}}).configured(t.Context())
		if (err == nil) != tc.good {
			t.Errorf("%s: %v", tc.options, err)
		}
		if strings.Contains(tc.options, "raw_bytes") {
			continue
		}
		options, err := jsonschema.UnmarshalJSON(strings.NewReader(tc.options))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas[tc.schema].Validate(options); (err == nil) != tc.good {
			t.Errorf("%s by its schema: %v", tc.options, err)
		}
	}
}

func TestEveryOptionThatIsDescribedIsKnown(t *testing.T) {
	for name, c := range builtin.Connectors() {
		for _, role := range c.Roles() {
			d := c.Describe()
			for _, s := range roleOptions(&d, role) {
				table := fmt.Sprintf("connector: %s, type: %s, format: json, %q: \"\\0\"", name, role, s.Key)
				for _, own := range d.Options(role) {
					if own.Required {
						table += ", " + own.Key + ": x"
					}
				}
				file := put(t, t.TempDir(), "f.yaml", "tables:\n  - {name: t, columns: [n BIGINT], with: {"+table+"}}\n")
				_, err := (&Schema{File: file, Table: "t", Convert: Convert{Log: quiet}}).configured(t.Context())
				if err == nil || strings.Contains(err.Error(), "unknown option") || !strings.Contains(err.Error(), s.Key) {
					t.Errorf("%s %s: %s: %v", name, role, s.Key, err)
				}
			}
		}
	}
}
