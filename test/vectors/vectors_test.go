// Package vectors holds weir against what Arroyo does with whole statements, and with what surrounds formats: plans and the
// engine. What both do with bytes and rows is in host/format.
package vectors

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/app"
)

// plans are the statements of the vectors with a plan, as weir has them, and what weir says of them; "": it plans them.
var plans = map[string]struct{ sql, says string }{
	"opt-001": {source("", "format = 'xml'"), "got 'xml'"},
	"opt-003": {source("", "bad_data = 'ignore'"), "option 'bad_data': want one of 'fail', 'drop', 'dead_letter', got 'ignore'"},
	"opt-005": {source("", "json.timestamp_format = 'rfc3339'"), "option 'json.timestamp_format': want one of 'RFC3339', 'unix_millis'"},
	"opt-007": {source("", "json.include_schema = true, json.confluent_schema_registry = true"),
		"at most one of `json.confluent_schema_registry` and `json.include_schema` may be set"},
	"opt-009": {source("", "json.compression = 'gzip'"), "unknown options: 'json.compression'"},
	"opt-010": {source("", "json.unstructured = 'maybe'"), "option 'json.unstructured': want true or false, got 'maybe'"},
	"opt-012": {source("", "framing.newline.max_length = 10"), "option 'framing.newline.max_length' needs 'framing' = 'newline'"},
	"opt-013": {strings.Replace(source("", ""), "topic = 'in', ", "", 1), "required option 'topic' is not set"},
	"opt-016": {strings.Replace(source("", ""), "format = 'json'", "bad_data = 'fail'", 1), "required option 'format' is not set"},
	"opt-020": {source("", "format = 'parquet', parquet.row_group_size = 0"), "option 'format': want a format of single records"},
	"opt-032": {source("msg TEXT", "format = 'raw_string'"), ""}, // any name will do
	"opt-034": {source("d DATE", ""), ""},                        // dates are columns

	"plan-004": {source("", "") + "INSERT INTO a SELECT * FROM a;", "cannot insert into 'a': it is a source"},
	"plan-006": {source("", "") + "CREATE TABLE m (x INT); INSERT INTO m SELECT * FROM a;", "expected WITH"},
	"plan-007": {source("", "") + "CREATE TABLE r (k TEXT) WITH (connector = 'redis', type = 'lookup', format = 'json');", "connector"},
	"plan-008": {source("", "") + "INSERT INTO b SELECT * FROM a JOIN r ON a.x = r.value;", "vectors.sql:"},
	"plan-021": {source("x INT, o BIGINT METADATA FROM 'offset', p INT METADATA FROM 'partition', t TIMESTAMP METADATA FROM 'timestamp'", ""), ""},
	"plan-024": {source("x STRUCT<a INT, b STRUCT<c TEXT, d BIGINT[]>>", ""), ""},
	"plan-029": {source("id BIGINT PRIMARY KEY, v TEXT", "format = 'debezium_json'"), ""},
	"plan-030": {strings.Replace(source("x INT, y TEXT", ""), "TABLE b (x INT, y TEXT)", "TABLE b (x INT, z DOUBLE)", 1),
		"column 2 of table b, z, is DOUBLE, but y of table a is TEXT"},
}

// source is a pipeline whose source has the columns and options, and a sink of the same columns.
func source(columns, options string) string {
	if columns == "" {
		columns = "x BIGINT"
	}
	const end = "format = 'json'"
	table := "CREATE TABLE a (" + columns + ") WITH (connector = 'fluvio', type = 'source', topic = 'in', " + end + ");\n"
	if strings.Contains(options, "format = ") && !strings.Contains(options, "_format = ") {
		table = strings.Replace(table, end, options, 1)
	} else if options != "" {
		table = strings.Replace(table, end, end+", "+options, 1)
	}
	sink := columns
	if at := strings.Index(columns, ", o BIGINT METADATA"); at >= 0 {
		sink = strings.Join([]string{columns[:at], "o BIGINT", "p INT", "t TIMESTAMP"}, ", ")
	}
	if strings.Contains(options, "debezium_json") { // its rows are the events
		sink = "before STRUCT<id BIGINT NOT NULL, v TEXT>, after STRUCT<id BIGINT NOT NULL, v TEXT>, op TEXT NOT NULL"
	}
	return table + "CREATE TABLE b (" + sink + ") WITH (connector = 'fluvio', type = 'sink', topic = 'out', format = 'json');\n" +
		"CREATE PIPELINE p AS INSERT INTO b SELECT * FROM a;\n"
}

// others are the vectors about what weir has not, or has otherwise; DEVIATIONS.md beside the formats says how.
var others = []string{"wm-001", "wm-003", "queue-001", "kafka-001", "kafka-002", "fluvio-004", "gzip-001", "gzip-002"}

// different are plans of which weir makes something else than Arroyo, and says why in DEVIATIONS.md.
var different = []string{"opt-032", "opt-034", "plan-030"}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile("../../host/format/DEVIATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		ID     string
		Expect struct{ Error string }
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != len(plans)+len(others) || len(vectors) != 28 {
		t.Errorf("%d vectors, want 28: %d plans and %d others", len(vectors), len(plans), len(others))
	}
	for _, id := range append(different, others...) {
		if !bytes.Contains(reasons, []byte(id)) {
			t.Errorf("%s has no reason in DEVIATIONS.md", id)
		}
	}
	for _, v := range vectors {
		p, planned := plans[v.ID]
		if !planned {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			says := explain(t, p.sql)
			switch {
			case p.says == "" && says != "":
				t.Errorf("%s\nis refused: %s", p.sql, says)
			case !strings.Contains(says, p.says):
				t.Errorf("%s\nis refused with %q, want %q", p.sql, says, p.says)
			case (p.says == "") != (v.Expect.Error == "") && !listed(v.ID):
				t.Errorf("Arroyo has it otherwise, and the vector is not listed as different")
			}
		})
	}
}

func listed(id string) bool {
	for _, one := range different {
		if one == id {
			return true
		}
	}
	return false
}

// explain returns what is wrong with a file.
func explain(t *testing.T, sql string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "vectors.sql")
	if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	err := app.Run(t.Context(), nil, app.RunConfig{
		File: file, Worker: "0/1", Explain: true, CheckpointInterval: time.Second, Log: slog.New(slog.DiscardHandler), Out: &out, Err: &errs,
	})
	if err != nil {
		return err.Error()
	}
	if out.Len() == 0 {
		t.Error("nothing is explained")
	}
	return ""
}
