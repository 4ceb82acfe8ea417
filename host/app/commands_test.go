package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/internal/fault"
)

func written(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTablesAreFitForTerminals(t *testing.T) {
	type pair struct {
		A string `json:"a"`
		B string `json:"b"`
	}
	columns := []column[pair]{{"FIRST", func(p pair) string { return p.A }}, {"B", func(p pair) string { return p.B }}}
	items := []pair{{"x\x1b[31m", ""}, {"a long one", "b"}}
	var out bytes.Buffer
	if err := printList(Output{W: &out}, items, columns); err != nil {
		t.Fatal(err)
	}
	if want := "FIRST       B\nx\\x1b[31m   -\na long one  b\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	if err := printList(Output{W: &out, JSON: true}, items, columns); err != nil || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	if err := printDetail(Output{W: &out}, items[0], columns); err != nil || out.String() != "first  x\\x1b[31m\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestAssignmentsAreRead(t *testing.T) {
	got, err := ReadAssignment(written(t, "a.json", `[{"id": 0, "replicas": [5001, 5002]}, {"id": 1, "replicas": [5002]}]`))
	if err != nil || !reflect.DeepEqual(got, [][]int32{{5001, 5002}, {5002}}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{
		``, `{}`, `[]`, `[{"id": 1, "replicas": [1]}]`, `[{"replicas": [1]}]`, `[{"id": 0, "replicas": []}]`, `[{"id": 0, "replica": [1]}]`,
		`[{"id": 0, "replicas": [99999999999]}]`,
	} {
		if got, err := ReadAssignment(written(t, "a.json", text)); fault.Of(err) != fault.Input {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func FuzzReadAssignment(f *testing.F) {
	f.Add(`[{"id": 0, "replicas": [5001]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadAssignment(written(t, "a.json", text))
		if (err == nil) == (len(got) == 0) || err != nil && fault.Of(err) != fault.Input {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestPackagesAreRead(t *testing.T) {
	const good = "[package]\nname = 'n'\ngroup = 'g'\nversion = '1.0.0'\napiVersion = '0.1.0'\n[[params]]\nname = 'p'\noptional = true\n"
	got, err := readPackage(written(t, "p.toml", good))
	want := admin.SmartModuleConfig{
		Package: &admin.SmartModulePackage{Name: "n", Group: "g", Version: "1.0.0", APIVersion: "0.1.0"},
		Params:  map[string]admin.SmartModuleParam{"p": {Optional: true}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for text, want := range map[string]string{
		"[package":                           "line 1",
		good + "[[params]]\nname = 'p'\n":    "'p'",
		good + "[[params]]\n":                "parameter ''",
		"[package]\nvisibility = 'secret'\n": "secret",
		"[package]\nvesion = '1.0.0'\n":      "package.vesion",
		"[package]\nname = 1\n":              "line 2",
	} {
		if _, err := readPackage(written(t, "p.toml", text)); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}

func TestDeletingGoesOnOnlyIfTold(t *testing.T) {
	bad := errors.New("bad")
	for _, goOn := range []bool{false, true} {
		var tried []string
		told := 0
		d := DeleteConfig{Names: []string{"a", "b", "c"}, ContinueOnError: goOn, Failed: func(error) { told++ }}
		err := d.each(func(name string) error {
			if tried = append(tried, name); name == "b" {
				return bad
			}
			return nil
		})
		if goOn && (len(tried) != 3 || told != 1 || !strings.Contains(err.Error(), "1 of 3") || fault.Of(err) != fault.Environment) {
			t.Errorf("%v, %d, %v", tried, told, err)
		}
		if !goOn && (len(tried) != 2 || told != 0 || !errors.Is(err, bad)) {
			t.Errorf("%v, %d, %v", tried, told, err)
		}
	}
}

func TestLinesAndWholesKeepToTheLimit(t *testing.T) {
	collect := func(each func(r *strings.Reader, do func([]byte, int64) error) error, text string) (got []string, err error) {
		err = each(strings.NewReader(text), func(b []byte, number int64) error {
			if int(number) != len(got)+1 {
				t.Errorf("number %d after %d", number, len(got))
			}
			got = append(got, string(b))
			return nil
		})
		return got, err
	}
	lines := func(r *strings.Reader, do func([]byte, int64) error) error { return eachLine(r, "f", 16, do) }
	all := func(r *strings.Reader, do func([]byte, int64) error) error { return whole(r, "f", 16, do) }
	for text, want := range map[string][]string{"": nil, "a": {"a"}, "a\n": {"a"}, "\n\nb": {"", "", "b"}, "a\r\nb\r\r\nc\r": {"a", "b\r", "c\r"}, strings.Repeat("x", 16) + "\n": {strings.Repeat("x", 16)}} {
		if got, err := collect(lines, text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		if got, err := collect(all, text); len(text) <= 16 && (err != nil || got[0] != text) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got, err := collect(lines, "a\n"+strings.Repeat("x", 18)); fault.Of(err) != fault.Input || len(got) != 1 || !strings.Contains(err.Error(), "f:2:") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := collect(all, strings.Repeat("x", 17)); fault.Of(err) != fault.Input || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
}
