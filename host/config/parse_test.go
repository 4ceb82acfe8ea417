package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/internal/fault"
)

func TestFilesAreBounded(t *testing.T) {
	columns := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("c%d TEXT", i)
		}
		return "CREATE TABLE t (" + strings.Join(list, ",") + ") WITH ()"
	}
	large := func(string) (string, bool) { return strings.Repeat("x", config.MaxFileBytes/2), true }
	for _, tc := range []struct {
		name, sql, err string
		lookup         func(string) (string, bool)
	}{
		{"as large as may be", strings.Repeat(" ", config.MaxFileBytes), "", nil},
		{"too large", strings.Repeat(" ", config.MaxFileBytes+1), "f.sql: the file is larger than 1 MiB, the most that is read", nil},
		{"as many columns as may be", columns(config.MaxColumns), "", nil},
		{"too many columns", columns(config.MaxColumns + 1), "f.sql:1:43969: the table has more than 4096 columns, items and fields in all", nil},
		{"environment as large as may be", "CREATE TABLE t (a TEXT) WITH (a = '${A}${A}')", "", large},
		{"environment too large", "CREATE TABLE t (a TEXT) WITH (a = '${A}', b = '${A}', c = '${A}')",
			"f.sql:1:60: the environment's values in this file have more than 1 MiB together", large},
		{"endless calls", strings.Repeat("f(", 100_000), "f.sql:1:34: parentheses nest deeper than 16, the most that calls may", nil},
		{"an error late in a long statement", columns(config.MaxColumns) + " x", `f.sql:1:43972: unexpected 'x', expected ';'`, nil},
		{"an error late in a long type", "CREATE TABLE t (a STRUCT<" + manyFields(1000) + " x>",
			`f.sql:1:9915: unexpected 'x' in a statement too long to tell what is expected`, nil},
		{"an error in the last of many columns",
			"CREATE TABLE t (a MAP<INT, DECIMAL(1, 2)>," + strings.Repeat("b STRUCT<a INT, b INT>, ", 1000) + "c BIGNT",
			"f.sql:1:24045: unexpected 'BIGNT', expected a type; did you mean BIGINT?", nil},
		{"an error in the last of many options", columns(5)[:len(columns(5))-1] + strings.Repeat("a = 1, ", 1000) + "b = -x",
			"f.sql:1:7069: unexpected 'x', expected a number", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := config.Parse("f.sql", []byte(tc.sql), tc.lookup)
			if got := fmt.Sprint(err); err != nil && got != tc.err || err == nil && tc.err != "" {
				t.Errorf("got %s\nwant %s", got, tc.err)
			}
		})
	}
}

func TestManyMistakesAreCutShort(t *testing.T) {
	_, err := config.Parse("f.sql", []byte(strings.Repeat("INSERT INTO a SELECT * FROM b;\n", 1000)), environment)
	if n := strings.Count(fmt.Sprint(err), "\n") + 1; n != 20 {
		t.Errorf("%d mistakes are reported, want the first 20", n)
	}
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	_, err := config.Parse("f.sql", []byte("-- ä\n  \xff"), environment)
	if want := "f.sql:2:3: the file is not UTF-8 text: byte 0xff"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := config.Parse("f.sql", []byte("\ufeff-- marked as UTF-8; \ufffd is a character like others"), environment); err != nil {
		t.Error(err)
	}
}

func TestLoadReadsAFileAndItsEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.sql")
	sql := "CREATE FUNCTION f LANGUAGE wasm AS 'm.wasm' WITH (a = '${WEIR_CONFIG_TEST}')"
	if err := os.WriteFile(path, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEIR_CONFIG_TEST", "x")
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Functions[0]
	if f.Parameters["a"].Text != "x" || f.Path != filepath.Join(filepath.Dir(path), "m.wasm") {
		t.Errorf("loaded %+v", f)
	}
	if _, err := config.Load(path + "x"); fault.Of(err) != fault.Input {
		t.Errorf("a missing file is reported as %v, class %d", err, fault.Of(err))
	}
}

// Names and values survive quoting, whatever they are made of.
func TestQuotedTextIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.StringN(1, 20, 80)
		name, key, value := some.Draw(t, "name"), some.Draw(t, "key"), some.Draw(t, "value")
		double := func(s, quote string) string { return quote + strings.ReplaceAll(s, quote, quote+quote) + quote }
		sql := fmt.Sprintf("CREATE TABLE %s (%s TEXT) WITH (%s = %s)", double(name, `"`), double(value, `"`), double(key, "'"),
			double(strings.ReplaceAll(value, "${", "$${"), "'"))
		cfg, err := config.Parse("f.sql", []byte(sql), environment)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		table := cfg.Tables[0]
		if got, _ := table.Options.Peek(key); got.Text != value || table.Name != name || table.Columns[0].Name != value {
			t.Fatalf("%s: read %q, %q, %q", sql, table.Name, table.Columns[0].Name, got.Text)
		}
	})
}

// checkSQL writes a pipeline as SQL and reads that: it is the same, and is written the same.
func checkSQL(t *testing.T, p *config.Pipeline) {
	path := func(f *config.Function) string { return f.Path }
	text := p.SQL(path)
	cfg, err := config.Parse("f.sql", []byte(text), environment)
	if err != nil || len(cfg.Pipelines) != 1 {
		t.Fatalf("pipeline %s was written as\n%s\nwhich reads as %v", p.Name, text, err)
	}
	was := &config.Config{Tables: tablesOf(p), Functions: functionsOf(p), Pipelines: []*config.Pipeline{p}}
	if err := cfg.Difference(was, nil); err != nil {
		t.Errorf("pipeline %s was written as\n%s\nwhich is another one: %v", p.Name, text, err)
	}
	if again := cfg.Pipelines[0].SQL(path); again != text {
		t.Errorf("pipeline %s was written as\n%s\nand then as\n%s", p.Name, text, again)
	}
}

func tablesOf(p *config.Pipeline) []*config.Table {
	tables := []*config.Table{p.Source}
	for _, in := range p.Sinks {
		if !slices.Contains(tables, in.Sink) {
			tables = append(tables, in.Sink)
		}
	}
	return tables
}

func functionsOf(p *config.Pipeline) (functions []*config.Function) {
	for _, c := range p.Calls {
		if !slices.Contains(functions, c.Function) {
			functions = append(functions, c.Function)
		}
	}
	return functions
}

func FuzzParse(f *testing.F) {
	for _, c := range scripts(f) {
		if !c.yaml() {
			f.Add(c.src)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) {
		cfg, err := config.Parse("f.sql", []byte(sql), environment)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f.sql:") {
					t.Errorf("an error without its place: %q", line)
				}
			}
			if cfg != nil || fault.Of(err) != fault.Input {
				t.Errorf("error %v comes with %v and class %d", err, cfg, fault.Of(err))
			}
			return
		}
		for _, p := range cfg.Pipelines {
			checkSQL(t, p)
		}
		first := dump(cfg)
		again, err := config.Parse("f.sql", []byte(sql), environment)
		if err != nil || dump(again) != first {
			t.Errorf("read again it differs: %v", err)
		}
	})
}
