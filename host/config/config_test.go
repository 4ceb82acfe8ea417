package config_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

var update = flag.Bool("update", false, "write what the parser says into testdata")

// environment is what ${NAME} stands for in the tests.
func environment(name string) (string, bool) {
	value, ok := map[string]string{"TOPIC": "flights", "EMPTY": "", "TRICKY": "it's ${TOPIC}", "PORT": "many"}[name]
	return value, ok
}

// TestScripts runs the cases of testdata/*.txt. A case is a name after "=== ", the SQL of a file dir/f.sql, a line of four
// dashes, and the configuration it gives or its error.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		script, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var now strings.Builder
		for _, c := range strings.Split("\n"+string(script), "\n=== ")[1:] {
			name, rest, _ := strings.Cut(c, "\n")
			sql, want, ok := strings.Cut("\n"+rest, "\n----\n")
			sql = strings.TrimPrefix(sql, "\n")
			if !ok {
				t.Fatalf("%s: case %q has no line of four dashes", path, name)
			}
			got := outcome(t, sql)
			fmt.Fprintf(&now, "=== %s\n%s\n----\n%s\n\n", name, sql, got)
			if want := strings.TrimSpace(want); got != want && !*update {
				t.Errorf("%s: %s: got\n%s\nwant\n%s", path, name, got, want)
			}
		}
		if *update {
			if err := os.WriteFile(path, []byte(now.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func outcome(t *testing.T, sql string) string {
	t.Helper()
	cfg, err := config.Parse("dir/f.sql", []byte(sql), environment)
	if err == nil {
		return strings.TrimSpace(dump(cfg))
	}
	if cfg != nil || fault.Of(err) != fault.Input {
		t.Errorf("error %q comes with %v and class %d", err, cfg, fault.Of(err))
	}
	return err.Error()
}

func dump(cfg *config.Config) string {
	var b strings.Builder
	for _, t := range cfg.Tables {
		fmt.Fprintf(&b, "table %s at %d:%d\n", t.Name, t.Pos.Line, t.Pos.Col)
		for _, c := range t.Columns {
			fmt.Fprintf(&b, "  %s %s (%s)", c.Name, config.TypeName(c.Type), c.Type)
			if c.NotNull {
				b.WriteString(" NOT NULL")
			}
			if c.Metadata != "" {
				fmt.Fprintf(&b, " METADATA FROM '%s'", c.Metadata)
			}
			b.WriteByte('\n')
		}
		dumpOptions(&b, "option", t.Options.Rest())
	}
	for _, f := range cfg.Functions {
		fmt.Fprintf(&b, "function %s at %d:%d: %s\n", f.Name, f.Pos.Line, f.Pos.Col, f.Path)
		dumpOptions(&b, "host", f.Host.Rest())
		dumpOptions(&b, "parameter", f.Parameters)
	}
	for _, p := range cfg.Pipelines {
		fmt.Fprintf(&b, "pipeline %s at %d:%d: %s", p.Name, p.Pos.Line, p.Pos.Col, p.Source.Name)
		for _, c := range p.Calls {
			fmt.Fprintf(&b, " → %s", c.Function.Name)
		}
		b.WriteByte('\n')
		for _, s := range p.Sinks {
			columns := []string{"*"}
			if s.Columns != nil {
				columns = nil
			}
			for _, c := range s.Columns {
				columns = append(columns, c.Name)
			}
			fmt.Fprintf(&b, "  into %s: %s", s.Sink.Name, strings.Join(columns, ", "))
			if s.Output != "" {
				fmt.Fprintf(&b, " of output '%s'", s.Output)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func dumpOptions(b *strings.Builder, kind string, options map[string]option.Value) {
	keys := make([]string, 0, len(options))
	for k := range options {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		v := options[k]
		text := v.Text
		if v.Quoted {
			text = fmt.Sprintf("'%s'", text)
		}
		fmt.Fprintf(b, "  %s %s = %s at %d:%d\n", kind, k, text, v.Pos.Line, v.Pos.Col)
	}
}
