package app

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/fault"
)

var update = flag.Bool("update", false, "write what came out into the files of cases")

// planModules are the modules that the cases name.
var planModules = map[string]declared{
	// sent b only; adds d
	"adds": {input: []string{"b"}, outputs: []declaredOutput{{"", abi.OutputPatch, []arrow.Field{field("d", false)}}}},
	// sent everything; replaces a, which may be null then
	"replaces": {outputs: []declaredOutput{{"", abi.OutputPatch, []arrow.Field{field("a", true)}}}},
	// sent c and a, in this order; adds nothing
	"filters": {input: []string{"c", "a"}, outputs: []declaredOutput{{"", abi.OutputPatch, nil}}},
	// sent nothing
	"blind": {input: []string{}, outputs: []declaredOutput{{"", abi.OutputPatch, []arrow.Field{field("d", false)}}}},
	// gives batches
	"makes": {input: []string{"a"}, outputs: []declaredOutput{{"", abi.OutputBatch, []arrow.Field{field("y", false), field("x", true)}}}},
	// has two outputs, none the default
	"forks": {input: []string{"a"}, outputs: []declaredOutput{
		{"left", abi.OutputPatch, []arrow.Field{field("l", false)}}, {"right", abi.OutputBatch, []arrow.Field{field("x", false), field("r", false)}},
	}},
	// takes a parameter, and a as a BIGINT
	"takes": {
		input: []string{"a BIGINT"}, outputs: []declaredOutput{{"", abi.OutputPatch, nil}},
		parameters: `{"properties": {"level": {"type": "integer"}}, "required": ["level"]}`,
	},
	// has one output, which is named
	"named": {input: []string{"a"}, outputs: []declaredOutput{{"only", abi.OutputPatch, []arrow.Field{field("d", false)}}}},
}

// prelude is before each case's own text.
const prelude = `
CREATE TABLE src (a BIGINT NOT NULL, b BIGINT, c BIGINT NOT NULL, o BIGINT NOT NULL METADATA FROM 'offset', k TEXT METADATA FROM 'key')
  WITH (connector = 'memory', type = 'source', topic = 'src', format = 'json');
`

// TestPlans plans the cases of testdata/plans.txt: SQL, a line "----", and the plan or the error.
func TestPlans(t *testing.T) {
	const path = "testdata/plans.txt"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for _, one := range strings.Split("\n"+string(data), "\n=== ")[1:] {
		name, rest, _ := strings.Cut(one, "\n")
		sql, want, _ := strings.Cut(rest, "----\n")
		t.Run(name, func(t *testing.T) {
			plans, err := planSQL(t, prelude+functions(sql)+sink(sql), planModules)
			got := planText(t, plans, err)
			if want = strings.TrimSpace(want); got != want && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			fmt.Fprintf(&file, "=== %s\n%s----\n%s\n\n", name, sql, got)
		})
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.TrimSuffix(file.String(), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// functions declares the modules that a case names and does not declare itself.
func functions(sql string) (out string) {
	for name := range planModules {
		if strings.Contains(sql, name+"(") && !strings.Contains(sql, "CREATE FUNCTION "+name) {
			out += fmt.Sprintf("CREATE FUNCTION %s LANGUAGE wasm AS '%s.wasm';\n", name, name)
		}
	}
	return out
}

var sinkLine = regexp.MustCompile(`(?m)^sink (\w+)( \(.*\))((?: \S+ = \S+)*)$`)

// sink writes lines such as "sink out (a BIGINT) option = 'value'" as CREATE TABLE.
func sink(sql string) string {
	return sinkLine.ReplaceAllStringFunc(sql, func(line string) string {
		m := sinkLine.FindStringSubmatch(line)
		options := strings.ReplaceAll(m[3], " sink.", ", sink.")
		return fmt.Sprintf("CREATE TABLE %s%s WITH (connector = 'memory', type = 'sink', topic = '%s', format = 'json'%s);", m[1], m[2], m[1], options)
	})
}

// What differs from one run, or one prelude, to the next: the folder, and the line.
var (
	inFolder = regexp.MustCompile(`/\S*/(plan\.sql|\w+\.wasm)`)
	onLine   = regexp.MustCompile(`plan\.sql:\d+:`)
)

func planText(t *testing.T, plans []*plan, err error) string {
	if err != nil {
		if fault.Of(err) != fault.Input {
			t.Errorf("class %d: %v", fault.Of(err), err)
		}
		text := inFolder.ReplaceAllString(err.Error(), "$1")
		return "error " + onLine.ReplaceAllString(text, "plan.sql:N:")
	}
	var out strings.Builder
	for _, pl := range plans {
		if err := consistent(pl); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(&out, "pipeline %s\n  decodes %s\n", pl.Config.Name, columns(pl.Config.Source.Schema))
		for _, m := range pl.Config.Source.Metadata {
			if m.Column < 0 {
				continue // only checked
			}
			fmt.Fprintf(&out, "  metadata %s at %d\n", m.Key, m.Column)
		}
		if n := pl.Config.Source.Letters; n >= 0 {
			fmt.Fprintf(&out, "  bad data to %s\n", pl.Config.Letters[n].Name)
		}
		for i, s := range pl.stages {
			fmt.Fprintf(&out, "  %s is sent %s from %v%s\n", s.Function, columns(s.Input), s.Send, onReject(pl, i))
			if s.OnError != operator.Fail {
				fmt.Fprintf(&out, "    on error %s\n", explainFailure(&s))
			}
			for _, o := range s.Outputs {
				fmt.Fprintf(&out, "    %s\n", outputText(o))
			}
		}
		for _, s := range pl.Config.Sinks {
			fmt.Fprintf(&out, "  %s gets %v of output %d", s.Table, s.Columns, s.Output)
			if s.Key >= 0 {
				fmt.Fprintf(&out, ", key %d", s.Key)
			}
			out.WriteString("\n")
		}
	}
	return strings.TrimSpace(out.String())
}

func onReject(pl *plan, i int) string {
	r := pl.Config.OnReject[i]
	text := ""
	if r.Letters >= 0 {
		text = ", rejects to " + pl.Config.Letters[r.Letters].Name
	}
	if r.Drop {
		text += ", drops"
	}
	return text
}

func outputText(o operator.Output) string {
	kind := map[bool]string{true: "patch", false: "batch"}[o.Patch]
	to := map[operator.Destination]string{operator.Unread: "unread", operator.Next: "next", operator.Sinks: "sinks"}[o.To]
	var from []string
	for _, c := range o.Columns {
		from = append(from, fmt.Sprintf("%s %d", map[bool]string{true: "emitted", false: "input"}[c.Emitted], c.Index))
	}
	return fmt.Sprintf("output %d, %s, %s: %s from %v", o.Index, kind, to, columns(o.Schema), from)
}

func columns(s *arrow.Schema) string {
	var out []string
	for _, f := range s.Fields() {
		text := f.Name + " " + config.TypeName(f.Type)
		if !f.Nullable {
			text += " NOT NULL"
		}
		out = append(out, text)
	}
	return "(" + strings.Join(out, ", ") + ")"
}
