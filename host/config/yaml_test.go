package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// example is the block of docs/configuration.md in a language: the first one, which is whole.
func example(t testing.TB, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+language+"\n")
	block, _, ends := strings.Cut(rest, "```\n")
	if !found || !ends {
		t.Fatalf("docs/configuration.md has no example in %s", language)
	}
	return block
}

// TestTheGuidesExamplesAreOne reads both forms of the example, which say the same.
func TestTheGuidesExamplesAreOne(t *testing.T) {
	sql, err := config.Parse("dir/f.sql", []byte(example(t, "sql")), environment)
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := config.ParseYAML("dir/f.yaml", []byte(example(t, "yaml")), environment)
	if err != nil {
		t.Fatal(err)
	}
	if len(sql.Tables) != 3 || len(sql.Functions) != 1 || len(sql.Pipelines) != 1 || len(sql.Pipelines[0].Sinks) != 2 {
		t.Errorf("the example has %d tables, %d functions and %d pipelines", len(sql.Tables), len(sql.Functions), len(sql.Pipelines))
	}
	if err := yaml.Difference(sql, nil); err != nil {
		t.Error(err)
	}
	checkSQL(t, yaml.Pipelines[0])
	if a, b := meaning(sql), meaning(yaml); a != b {
		t.Errorf("SQL says\n%s\nYAML says\n%s", a, b)
	}
}

var places = regexp.MustCompile(`(?m) at \d+:\d+(:|$)`)

// meaning is a configuration without the places of its file.
func meaning(c *config.Config) string { return places.ReplaceAllString(dump(c), "$1") }

func TestLoadChoosesByTheFilesName(t *testing.T) {
	for name, src := range map[string]string{
		"a.sql": "CREATE TABLE t WITH ()", "a": "CREATE TABLE t WITH ()", "a.yaml": "tables: [{name: t}]", "a.YML": "tables: [{name: t}]",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		if cfg, err := config.Load(path); err != nil || len(cfg.Tables) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestYAMLIsBounded has what the library would need a lot of time or stack for.
func TestYAMLIsBounded(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tc := range []struct{ name, src, err string }{
		{"too large", strings.Repeat(" ", config.MaxFileBytes+1), "f.yaml: the file is larger than 1 MiB, the most that is read"},
		{"as large as may be", strings.Repeat(" ", config.MaxFileBytes), ""},
		{"as many columns as may be", "tables:\n- name: t\n  columns:\n" + many(4096, "  - {name: c%d, type: TEXT}\n"), ""},
		{"too many columns", "tables:\n- name: t\n  columns:\n" + many(4097, "  - c%d TEXT\n"),
			"f.yaml:4100:11: the table has more than 4096 columns, items and fields in all"},
		{"many keys in a block", many(1025, "k%d: 1\n"), "f.yaml:1025:6: a mapping has more than 1024 keys, the most that is read"},
		{"many keys in braces", "{" + many(1025, "k%d: 1, ") + "}", "a mapping has more than 1024 keys, the most that is read"},
		{"many keys in a list's entry", "- a: 1\n" + many(1025, "  k%d: 1\n"), "a mapping has more than 1024 keys, the most that is read"},
		{"a long key", strings.Repeat("k", 257) + ": 1", "f.yaml:1:258: a key has more than 256 bytes, the most that is read"},
		{"many tokens", "[" + strings.Repeat("a,", 100_000) + "]", "the file has more than 100000 keys, values and signs, the most that is read"},
		{"many small mappings", strings.Repeat("- {a: b}\n", 50_000), "the file has more than 100000 keys, values and signs, the most that is read"},
		{"deep brackets", strings.Repeat("[", 100_000), "f.yaml:1:17: lists and mappings nest deeper than 16, the most that is read"},
		{"deep braces", strings.Repeat("{a: ", 100_000), "lists and mappings nest deeper than 16, the most that is read"},
		{"deep entries", strings.Repeat("- ", 100_000), "lists and mappings nest deeper than 16, the most that is read"},
		{"deep blocks", stairs(200), "lists and mappings nest deeper than 16, the most that is read"},
		{"endless calls", "tables: [{name: t}]\npipelines: [{into: t, from: '" + strings.Repeat("f(", 1000) + "'}]",
			"f.yaml:2:63: parentheses nest deeper than 16, the most that calls may"},
		{"not UTF-8", "# ä\n  \xff", "f.yaml:2:3: the file is not UTF-8 text: byte 0xff"},
		{"marked as UTF-8", "\ufefftables: [{name: t}]", ""},
		{"lines of Windows", "tables:\r\n  - name: t\r\n    columns:\r\n      - a TEXT\r\n      - b BIGNT\r\n",
			"f.yaml:5:11: unexpected 'BIGNT', expected a type; did you mean BIGINT?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := config.ParseYAML("f.yaml", []byte(tc.src), environment)
			if got := fmt.Sprint(err); tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(got, tc.err)) {
				t.Errorf("got %.300s\nwant %s", got, tc.err)
			}
		})
	}
}

// stairs are n mappings in one another.
func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "k:\n")
	}
	return b.String()
}

// inYAML writes a configuration as YAML, every text in double quotes.
func inYAML(c *config.Config) string {
	quoted := func(s string) string {
		text, _ := json.Marshal(s)
		return string(text)
	}
	var b strings.Builder
	options := func(of map[string]option.Value) {
		if len(of) == 0 {
			return
		}
		b.WriteString("    with:\n")
		for key, v := range of {
			text := v.Text
			if v.Quoted {
				text = quoted(strings.ReplaceAll(text, "${", "$${"))
			}
			fmt.Fprintf(&b, "      %s: %s\n", quoted(key), text)
		}
	}
	section := func(name string, n int) {
		if n > 0 {
			fmt.Fprintf(&b, "%s:\n", name)
		}
	}
	section("tables", len(c.Tables))
	for _, t := range c.Tables {
		fmt.Fprintf(&b, "  - name: %s\n", quoted(t.Name))
		if len(t.Columns) > 0 {
			b.WriteString("    columns:\n")
		}
		for _, col := range t.Columns {
			fmt.Fprintf(&b, "      - {name: %s, type: %s, not_null: %t, primary_key: %t",
				quoted(col.Name), quoted(config.TypeName(col.Type)), col.NotNull, col.PrimaryKey)
			if col.Metadata != "" {
				fmt.Fprintf(&b, ", metadata: %s", quoted(col.Metadata))
			}
			b.WriteString("}\n")
		}
		options(t.Options.Clone().Rest())
	}
	section("functions", len(c.Functions))
	for _, f := range c.Functions {
		fmt.Fprintf(&b, "  - name: %s\n    module: %s\n", quoted(f.Name), quoted(f.Path))
		all := f.Host.Clone().Rest()
		for key, v := range f.Parameters {
			all[key] = v
		}
		options(all)
	}
	section("pipelines", len(c.Pipelines))
	for _, p := range c.Pipelines {
		from := double(p.Source.Name, `"`)
		for _, call := range p.Calls {
			from = double(call.Function.Name, `"`) + "(" + from + ")"
		}
		fmt.Fprintf(&b, "  - name: %s\n    from: %s\n    into:\n", quoted(p.Name), quoted(from))
		for _, in := range p.Sinks {
			fmt.Fprintf(&b, "      - table: %s\n", quoted(in.Sink.Name))
			for i, col := range in.Columns {
				b.WriteString(map[bool]string{true: "        columns:\n"}[i == 0])
				fmt.Fprintf(&b, "          - %s\n", quoted(col.Name))
			}
			if in.Output != "" {
				fmt.Fprintf(&b, "        output: %s\n", quoted(in.Output))
			}
		}
	}
	return b.String()
}

func double(s, quote string) string { return quote + strings.ReplaceAll(s, quote, quote+quote) + quote }

// checkYAML writes a configuration as YAML and reads that: it is the same.
func checkYAML(t rapid.TB, c *config.Config) {
	t.Helper()
	text := inYAML(c)
	again, err := config.ParseYAML("f.yaml", []byte(text), environment)
	if err != nil {
		t.Fatalf("written as\n%s\nit reads as %v", text, err)
	}
	if err := again.Difference(c, nil); err != nil {
		t.Fatalf("written as\n%s\nit is another one: %v", text, err)
	}
}

// TestEveryScriptIsTheSameInYAML writes what the scripts configure as YAML. Relative paths of modules are joined to a folder by
// reading them, so those of the scripts are made absolute.
func TestEveryScriptIsTheSameInYAML(t *testing.T) {
	n := 0
	for _, c := range scripts(t) {
		cfg, err := c.parse()
		if err != nil {
			continue
		}
		n++
		for _, f := range cfg.Functions {
			f.Path = "/" + strings.TrimPrefix(f.Path, "/")
		}
		checkYAML(t, cfg)
	}
	if n < 10 {
		t.Errorf("%d scripts only are valid", n)
	}
}

func TestYAMLTextIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.StringN(1, 20, 80)
		name, key, value := some.Draw(t, "name"), some.Draw(t, "key"), some.Draw(t, "value")
		sql := fmt.Sprintf("CREATE TABLE %s (%s TEXT METADATA FROM %s) WITH (%s = %s)", double(name, `"`), double(value, `"`), double(value, "'"),
			double(key, "'"), double(strings.ReplaceAll(value, "${", "$${"), "'"))
		cfg, err := config.Parse("f.sql", []byte(sql), environment)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		checkYAML(t, cfg)
	})
}

func FuzzParseYAML(f *testing.F) {
	for _, c := range scripts(f) {
		if c.yaml() {
			f.Add(c.src)
		}
	}
	f.Add(example(f, "yaml"))
	f.Fuzz(func(t *testing.T, src string) {
		cfg, err := config.ParseYAML("f.yaml", []byte(src), environment)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f.yaml:") {
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
		if !slices.ContainsFunc(cfg.Functions, func(f *config.Function) bool { return !filepath.IsAbs(f.Path) }) {
			checkYAML(t, cfg)
		}
	})
}
