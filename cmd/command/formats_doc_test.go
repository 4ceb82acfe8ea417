package command

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asCommand in the environment makes the test binary the command itself, for a shell to run.
const asCommand = "WEIR_TEST_IS_WEIR"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(Run("test", os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const formatsPage = "../../docs/formats.md"

// pages are those with examples, and how many there are at least.
var pages = map[string]int{formatsPage: 20, "../../README.md": 2}

// example is a command of the page, with what it prints.
type example struct {
	line    int
	command string
	want    string
}

// examplesOf are the blocks of a page that begin with a command.
func examplesOf(page string) (all []example) {
	within := false
	for i, line := range strings.Split(page, "\n") {
		text, indented := strings.CutPrefix(line, "    ")
		command, isCommand := strings.CutPrefix(text, "$ ")
		switch {
		case !indented:
			within = false
		case isCommand:
			within = true
			all = append(all, example{line: i + 1, command: command})
		case within:
			all[len(all)-1].want += text + "\n"
		}
	}
	return all
}

// TestExamples runs a page's commands in a shell, as its readers would, one behind the other in one folder.
func TestExamples(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "weir")); err != nil {
		t.Fatal(err)
	}
	for path, least := range pages {
		t.Run(filepath.Base(path), func(t *testing.T) {
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			examples := examplesOf(string(page))
			if len(examples) < least {
				t.Fatalf("only %d examples found", len(examples))
			}
			folder := t.TempDir()
			for _, e := range examples {
				e.run(t, folder, bin)
			}
		})
	}
}

func (e example) run(t *testing.T, folder, bin string) {
	cmd := exec.Command("sh", "-c", e.command)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), asCommand+"=yes")
	out, err := cmd.CombinedOutput()
	if failed := strings.Contains(e.want, "weir: "); string(out) != e.want || (err != nil) != (failed && !strings.Contains(e.command, ";")) {
		t.Errorf("line %d: %s\nprints %swant   %s%v", e.line, e.command, out, e.want, err)
	}
}

// TestFormatsPageHasEveryOption holds the page against what a connector is described with, which lists the options of formats.
func TestFormatsPageHasEveryOption(t *testing.T) {
	page, err := os.ReadFile(formatsPage)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := weir("connector", "describe", "stdio", "--json")
	if code != 0 {
		t.Fatal(code, errs)
	}
	var described any
	if err := json.Unmarshal([]byte(out), &described); err != nil {
		t.Fatal(err)
	}
	found := 0
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				visit(item)
			}
		case map[string]any:
			for key, member := range v {
				format, rest, _ := strings.Cut(key, ".")
				switch format {
				case "json", "avro", "protobuf", "limit", "framing", "bad_data":
					found++
					if !strings.Contains(string(page), "`"+key+"`") && !strings.Contains(string(page), "`P."+rest+"`") {
						t.Errorf("no word of %s", key)
					}
				}
				visit(member)
			}
		}
	}
	visit(described)
	if found < 50 {
		t.Errorf("only %d options found in %s", found, out)
	}
}
