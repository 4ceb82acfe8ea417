package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// vector is a message as the published crates of Fluvio write it (tools/vectors), and what they read it as. In a file it
// is a line of what it is, a line of hex (- for no bytes) and a line of JSON.
type vector struct {
	what        string // "SC Create request", "SPU Produce response" or "value ErrorCode"
	first, last int16  // versions with the same bytes and meaning
	raw         []byte
	want        any // the JSON, numbers as json.Number
}

// readVectors returns the vectors by the names of their files: those that the crates have written, and those of weir's own messages, written
// by hand from the definitions.
func readVectors(t testing.TB) map[string][]vector {
	t.Helper()
	paths, err := filepath.Glob("testdata/vectors/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no vectors", err)
	}
	own, err := filepath.Glob("testdata/own/*.txt")
	if err != nil || len(own) == 0 {
		t.Fatal("no vectors of weir's own messages", err)
	}
	paths = append(paths, own...)
	files := map[string][]vector{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sections := strings.Split(strings.TrimSpace(string(text)), "\n\n")
		for _, section := range sections[1:] {
			files[filepath.Base(path)] = append(files[filepath.Base(path)], parseVector(t, section))
		}
	}
	return files
}

func parseVector(t testing.TB, section string) vector {
	t.Helper()
	lines := strings.Split(section, "\n")
	if len(lines) != 3 {
		t.Fatalf("not a vector: %.200s", section)
	}
	what, versions, _ := cutLast(lines[0], " v")
	v := vector{what: what, raw: unhex(t, strings.Trim(lines[1], "-"))}
	if n, _ := fmt.Sscanf(versions, "%d-%d", &v.first, &v.last); n == 1 {
		v.last = v.first
	} else if n != 2 {
		t.Fatalf("no versions in %q", lines[0])
	}
	d := json.NewDecoder(strings.NewReader(lines[2]))
	d.UseNumber()
	if err := d.Decode(&v.want); err != nil {
		t.Fatalf("%s: %v", lines[0], err)
	}
	return v
}

func cutLast(s, sep string) (before, after string, ok bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// vectorValues are the vectors that are no message of the registry.
var vectorValues = map[string]func() Message{
	"value ErrorCode":     empty[ErrorCode],
	"value RequestHeader": empty[RequestHeader],
}

// vectorMessages makes an empty message for everything that there must be vectors of.
func vectorMessages() map[string]func() Message {
	messages := maps.Clone(vectorValues)
	for _, api := range apis {
		name := fmt.Sprintf("%v %s ", api.Server, api.Name)
		messages[name+"request"] = func() Message { return api.NewRequest() }
		messages[name+"response"] = func() Message { return api.NewRequest().NewResponse() }
	}
	return messages
}

// TestVectorsAreReadAndWrittenAlike decodes what official crates have encoded, compares every field with what they read
// themselves, and encodes it again.
func TestVectorsAreReadAndWrittenAlike(t *testing.T) {
	messages := vectorMessages()
	for name, vectors := range readVectors(t) {
		t.Run(name, func(t *testing.T) {
			for _, v := range vectors {
				if messages[v.what] == nil {
					t.Fatalf("%s: there is no such message", v.what)
				}
				for version := v.first; version <= v.last; version++ {
					v.check(t, messages[v.what](), version)
				}
			}
		})
	}
}

func (v vector) check(t *testing.T, m Message, version int16) {
	t.Helper()
	r := wire.NewReader(v.raw)
	m.ReadFrom(r, version)
	if r.Err() != nil || r.Len() > 0 {
		t.Errorf("%s v%d: %v, %d bytes left of %x", v.what, version, r.Err(), r.Len(), v.raw)
		return
	}
	if got := shownMessage(m); !sameJSON(got, v.want) {
		t.Errorf("%s v%d: %x\nis read as\n%s\nofficially as\n%s", v.what, version, v.raw, asJSON(t, got), asJSON(t, v.want))
	}
	if again := m.AppendTo(nil, version); !bytes.Equal(again, v.raw) {
		t.Errorf("%s v%d: encodes as\n%x, officially\n%x", v.what, version, again, v.raw)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestVectorsCoverTheWindow fails for a message and version of the registry without vectors, and for vectors outside of it.
func TestVectorsCoverTheWindow(t *testing.T) {
	type edition struct {
		what    string
		version int16
	}
	have := map[edition]int{}
	for _, vectors := range readVectors(t) {
		for _, v := range vectors {
			for version := v.first; version <= v.last; version++ {
				have[edition{v.what, version}]++
			}
		}
	}
	want := map[edition]bool{}
	for what := range vectorValues {
		want[edition{what, 0}] = true
	}
	for _, api := range apis {
		for version := api.MinVersion; version <= api.MaxVersion; version++ {
			for _, direction := range []string{"request", "response"} {
				want[edition{fmt.Sprintf("%v %s %s", api.Server, api.Name, direction), version}] = true
			}
		}
	}
	for e := range want {
		if have[e] == 0 {
			t.Errorf("no vector of %s v%d", e.what, e.version)
		}
	}
	for e := range have {
		if !want[e] {
			t.Errorf("%d vectors of %s v%d, which is outside of the window", have[e], e.what, e.version)
		}
	}
	t.Logf("%d messages at %d versions in all", len(vectorMessages()), len(want))
}

// TestVectorsShowEveryShape fails if a variant of a union, a value of an enum, or the presence or absence of a field's
// content occurs in no vector.
func TestVectorsShowEveryShape(t *testing.T) {
	messages := vectorMessages()
	seen := shapes{}
	for _, vectors := range readVectors(t) {
		for _, v := range vectors {
			m := messages[v.what]()
			m.ReadFrom(wire.NewReader(v.raw), v.last)
			seen.note(m)
		}
	}
	for _, missing := range slices.Sorted(maps.Keys(seen.missing())) {
		t.Errorf("no vector has %s", missing)
	}
}

// TestReadmeShowsTheWindow compares the table in the definitions' README with the registry.
func TestReadmeShowsTheWindow(t *testing.T) {
	text, err := os.ReadFile("../definitions/README.md")
	if err != nil {
		t.Fatal(err)
	}
	table := "| server | key | request | versions |\n|---|---|---|---|\n"
	for _, server := range []Server{SC, SPU} {
		for _, api := range APIs(server) {
			versions := fmt.Sprint(api.MinVersion)
			if api.MaxVersion > api.MinVersion {
				versions += fmt.Sprintf("-%d", api.MaxVersion)
			}
			table += fmt.Sprintf("| %v | %d | %s | %s |\n", server, api.Key, api.Name, versions)
		}
	}
	if !strings.Contains(string(text), table) {
		t.Errorf("the README lacks\n%s", table)
	}
}
