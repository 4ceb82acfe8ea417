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
	value, ok := map[string]string{"TOPIC": "flights", "EMPTY": "", "TRICKY": "it's ${TOPIC}", "PORT": "many", "ORDERS_TOPIC": "orders"}[name]
	return value, ok
}

// TestScripts runs the cases of testdata/*.txt, which are SQL, and of testdata/yaml/*.txt. A case is a name after "=== ", the
// text of a file dir/f.sql or dir/f.yaml, a line of four dashes, and the configuration it gives or its error.
func TestScripts(t *testing.T) {
	for _, c := range scripts(t) {
		got := outcome(t, c)
		if got != c.want && !*update {
			t.Errorf("%s: %s: got\n%s\nwant\n%s", c.script, c.name, got, c.want)
		}
		if *update {
			write(t, c, got)
		}
	}
}

// script is one case.
type script struct{ script, name, src, want string }

func (c script) yaml() bool { return strings.HasPrefix(c.script, "testdata/yaml/") }

func (c script) parse() (*config.Config, error) {
	if c.yaml() {
		return config.ParseYAML("dir/f.yaml", []byte(c.src), environment)
	}
	return config.Parse("dir/f.sql", []byte(c.src), environment)
}

func scripts(t testing.TB) (list []script) {
	t.Helper()
	for _, pattern := range []string{"testdata/*.txt", "testdata/yaml/*.txt"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal("no scripts", err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range strings.Split("\n"+string(text), "\n=== ")[1:] {
				name, rest, _ := strings.Cut(c, "\n")
				src, want, ok := strings.Cut("\n"+rest, "\n----\n")
				if !ok {
					t.Fatalf("%s: case %q has no line of four dashes", path, name)
				}
				list = append(list, script{path, name, strings.TrimPrefix(src, "\n"), strings.TrimSpace(want)})
			}
		}
	}
	return list
}

// write puts the outcome of a case into its script. An empty text is a line there.
func write(t *testing.T, c script, got string) {
	t.Helper()
	text, err := os.ReadFile(c.script)
	if err != nil {
		t.Fatal(err)
	}
	begin, rest, _ := strings.Cut(string(text), "=== "+c.name+"\n"+c.src+"\n----\n")
	_, end, more := strings.Cut(rest, "\n=== ")
	now := begin + "=== " + c.name + "\n" + c.src + "\n----\n" + got + "\n"
	if more {
		now += "\n=== " + end
	}
	if err := os.WriteFile(c.script, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

func outcome(t *testing.T, c script) string {
	t.Helper()
	cfg, err := c.parse()
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
			if c.PrimaryKey {
				b.WriteString(" PRIMARY KEY")
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
