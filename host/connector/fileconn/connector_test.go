package fileconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/connector/fileconn"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// configured makes a table, with options as pairs.
func configured(role connector.Role, pairs ...string) (connector.Config, error) {
	bag := option.New(option.Pos{File: "t.sql", Line: 1, Col: 1})
	for i := 0; i < len(pairs); i += 2 {
		at := option.Pos{File: "t.sql", Line: 2 + i/2, Col: 1}
		if err := bag.Set(pairs[i], at, option.Value{Text: pairs[i+1], Quoted: true, Pos: at}); err != nil {
			return nil, err
		}
	}
	c, err := fileconn.Connector{}.Configure(role, bag)
	return c, errors.Join(err, bag.Done())
}

func must(t testing.TB, role connector.Role, pairs ...string) connector.Config {
	t.Helper()
	c, err := configured(role, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBank(t *testing.T) {
	folder, n := t.TempDir(), 0
	for _, encoding := range []string{"text", "base64"} {
		t.Run(encoding, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{OnePartition: true, Topic: func(int) (*connectortest.Topic, error) {
				n++
				path := filepath.Join(folder, fmt.Sprint(n))
				var topic connectortest.Topic
				var errs [3]error
				topic.Earliest, errs[0] = configured(connector.RoleSource, "path", path, "line.encoding", encoding)
				topic.Latest, errs[1] = configured(connector.RoleSource, "path", path, "line.encoding", encoding, "source.offset", "latest")
				topic.Sink, errs[2] = configured(connector.RoleSink, "path", path, "line.encoding", encoding)
				return &topic, errors.Join(append(errs[:], os.WriteFile(path, nil, 0o600))...)
			}})
		})
	}
}

// file makes a file of a test.
func file(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openSource(t testing.TB, c connector.Config) connector.Source {
	t.Helper()
	s, err := c.OpenSource(t.Context(), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// readUntil reads what there is between two offsets; the error is the last Read's where that is not the end.
func readUntil(ctx context.Context, s connector.Source, offset, until int64) (all []connector.Message, err error) {
	r, err := s.Open(ctx, 0, offset, until, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		got, err := r.Read(ctx)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, got...)
	}
}

// shown is offsets and values.
func shown(messages []connector.Message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "%d:%q ", m.Offset, m.Value)
	}
	return strings.TrimSpace(b.String())
}

func TestLinesAreRecordsAtTheirPositions(t *testing.T) {
	for _, tc := range []struct {
		content       string
		offset, until int64 // until -1: the file's end
		want          string
	}{
		{"", 0, -1, ""},
		{"a\nbc\n", 0, -1, `0:"a" 2:"bc"`},
		{"a\r\n\r\n\nb", 0, -1, `0:"a" 3:"" 5:"" 6:"b"`},
		{"a\nbc\nd\n", 1, -1, `2:"bc" 5:"d"`}, // behind the record at 0
		{"a\nbc\nd\n", 2, -1, `2:"bc" 5:"d"`},
		{"a\nbc\nd\n", 3, -1, `5:"d"`}, // behind the record at 2
		{"\n\n\n", 1, -1, `1:"" 2:""`},
		{"\n\n\n", 3, -1, ``},
		{"a\nbc", 3, -1, ``},
		{"a\nbc\nd\n", 2, 3, `2:"bc"`}, // the one record
		{"a\nbc\nd\n", 0, 2, `0:"a"`},
		{"a\nbc\nd\n", 0, 4, `0:"a" 2:"bc"`},
		{"x\r", 0, -1, `0:"x\r"`},
	} {
		s := openSource(t, must(t, connector.RoleSource, "path", file(t, tc.content)))
		until := tc.until
		if end, err := s.End(t.Context(), 0); err != nil || end != int64(len(tc.content)) {
			t.Errorf("%q ends at %d, %v", tc.content, end, err)
		} else if until < 0 {
			until = end
		}
		got, err := readUntil(t.Context(), s, tc.offset, until)
		if err != nil || shown(got) != tc.want {
			t.Errorf("%q from %d: %s, %v, want %s", tc.content, tc.offset, shown(got), err, tc.want)
		}
	}
}

// TestAnyOffsetBehindARecordGoesOnWithTheNext is what a checkpoint relies on: a record's offset and one is where the next is
// found.
func TestAnyOffsetBehindARecordGoesOnWithTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.StringMatching("[ab\r\n]{0,300}").Draw(t, "content")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := configured(connector.RoleSource, "path", path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.OpenSource(context.Background(), connector.Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		all, err := readUntil(context.Background(), s, 0, int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		if content != "" {
			lines = strings.SplitAfter(strings.TrimSuffix(content, "\n"), "\n")
		}
		if len(lines) != len(all) {
			t.Fatalf("%d records of %d lines", len(all), len(lines))
		}
		at := 0
		for i, line := range lines {
			if all[i].Offset != int64(at) || !strings.HasPrefix(content[at:], string(all[i].Value)) {
				t.Fatalf("record %d is %s, want it at %d", i, shown(all[i:i+1]), at)
			}
			at += len(line)
			next, err := readUntil(context.Background(), s, all[i].Offset+1, int64(len(content)))
			if err != nil || shown(next) != shown(all[i+1:]) {
				t.Fatalf("behind record %d: %s, %v, want %s", i, shown(next), err, shown(all[i+1:]))
			}
		}
	})
}

func TestALineThatGrowsIsReadWhenItEnds(t *testing.T) {
	path := file(t, "a\nb")
	s := openSource(t, must(t, connector.RoleSource, "path", path))
	r, err := s.Open(t.Context(), 0, 0, connector.NoEnd, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := r.Read(t.Context()); err != nil || shown(got) != `0:"a"` {
		t.Fatalf("%s, %v", shown(got), err)
	}
	if r.Buffered() {
		t.Error("half a line is buffered")
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("c\nd\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Read(t.Context()); err != nil || shown(got) != `2:"bc" 5:"d"` {
		t.Errorf("%s, %v", shown(got), err)
	}
}

func TestLongLinesAndWrongBase64AreBadRecords(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	for content, tc := range map[string]struct {
		options []string
		bad     string // the codes of the records, with commas between
	}{
		"a\n" + long + "\nb\n": {nil, ",,"},
		"a\nbcd\n":             {[]string{"line.max_length", "2"}, ",line.too_long"},
		"ab\r\ncd":             {[]string{"line.max_length", "2"}, ","},
		"a\n" + long:           {[]string{"line.max_length", "1000"}, ",line.too_long"},
		long + "\nb\n":         {[]string{"line.max_length", "1000"}, "line.too_long,"},
		"YQ==\nYQ\nYQ==":       {[]string{"line.encoding", "base64"}, ",line.base64,"},
	} {
		s := openSource(t, must(t, connector.RoleSource, append([]string{"path", file(t, content)}, tc.options...)...))
		got, err := readUntil(t.Context(), s, 0, int64(len(content)))
		var bad []string
		for _, m := range got {
			code := ""
			if m.Bad != nil {
				code = m.Bad.Code
			}
			if m.Offset > 0 && content[m.Offset-1] != '\n' {
				t.Errorf("%.20q: a record at %d", content, m.Offset)
			}
			bad = append(bad, code)
		}
		if strings.Join(bad, ",") != tc.bad || err != nil {
			t.Errorf("%.20q: %q, %v, want %q", content, bad, err, tc.bad)
		}
	}
}

func TestAWholeFileIsOneRecord(t *testing.T) {
	for content, want := range map[string]string{"": "", "a\nb\n": `0:"a\nb\n"`} {
		s := openSource(t, must(t, connector.RoleSource, "path", file(t, content), "file.records", "whole"))
		end, err := s.End(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readUntil(t.Context(), s, 0, end); err != nil || shown(got) != want {
			t.Errorf("%q: %s, %v", content, shown(got), err)
		}
		if got, err := readUntil(t.Context(), s, end, end); err != nil || len(got) > 0 {
			t.Errorf("%q once more: %s, %v", content, shown(got), err)
		}
	}
	s := openSource(t, must(t, connector.RoleSource, "path", file(t, "abc"), "file.records", "whole", "file.max_length", "2"))
	if _, err := readUntil(t.Context(), s, 0, 1); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "raise 'file.max_length'") {
		t.Errorf("%v", err)
	}
	r, err := s.Open(t.Context(), 0, 1, connector.NoEnd, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := r.Read(ctx); !errors.Is(err, context.DeadlineExceeded) || r.Buffered() {
		t.Errorf("behind the file: %v", err)
	}
}

func TestAFileThatIsNotTheSameIsNotReadOn(t *testing.T) {
	path := file(t, "a\nb\nc\n")
	s := openSource(t, must(t, connector.RoleSource, "path", path))
	if err := s.Same(); err != nil {
		t.Error(err)
	}
	r, err := s.Open(t.Context(), 0, 4, connector.NoEnd, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 2); err != nil {
		t.Fatal(err)
	}
	var gone *connector.OutOfRangeError
	if _, err := s.Open(t.Context(), 0, 4, connector.NoEnd, nil); !errors.As(err, &gone) || gone.End != 2 || fault.Of(err) != fault.Input {
		t.Errorf("a new reader of what was cut: %v", err)
	}
	if got, err := r.Read(t.Context()); !errors.As(err, &gone) {
		t.Errorf("a reader of what was cut: %s, %v", shown(got), err)
	}
	if err := os.Rename(file(t, "a\n"), path); err != nil {
		t.Fatal(err)
	}
	if err := s.Same(); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("a file in its place: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Same(); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "removed") {
		t.Errorf("no file in its place: %v", err)
	}
}

func write(t *testing.T, c connector.Config, messages ...connector.Message) error {
	t.Helper()
	s, err := c.OpenSink(t.Context(), connector.Env{})
	if err != nil {
		return err
	}
	defer s.Close()
	w, err := s.Open(t.Context(), "lane", nil)
	if err != nil {
		return err
	}
	defer w.Close()
	for _, m := range messages {
		if err := w.Write(t.Context(), 0, m); err != nil {
			return err
		}
	}
	return w.Flush(t.Context())
}

func TestASinkAppendsWholeLines(t *testing.T) {
	value := func(s string) connector.Message { return connector.Message{Time: -1, Value: []byte(s)} }
	for _, tc := range []struct {
		before, encoding, value, after, err string
	}{
		{"", "text", "a", "a\n", ""},
		{"a\n", "text", "b", "a\nb\n", ""},
		{"cut", "text", "b", "cut\nb\n", ""}, // what a crash left
		{"", "text", "", "\n", ""},
		{"", "text", "a\nb", "", "'line.encoding' = 'base64'"},
		{"", "text", "a\r", "", "'line.encoding' = 'base64'"},
		{"", "base64", "a\nb", "YQpi\n", ""},
	} {
		path := file(t, tc.before)
		err := write(t, must(t, connector.RoleSink, "path", path, "line.encoding", tc.encoding), value(tc.value))
		after, read := os.ReadFile(path)
		if read != nil || string(after) != tc.after || (err == nil) != (tc.err == "") || err != nil && (fault.Of(err) != fault.Input || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%q and %q: %q, %v", tc.before, tc.value, after, err)
		}
	}
}

func TestOpeningASinkMakesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "new")
	s, err := must(t, connector.RoleSink, "path", path).OpenSink(t.Context(), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if end, err := s.End(t.Context(), 0); err != nil || end != 0 || s.Same() != nil || s.Close() != nil {
		t.Errorf("%d, %v", end, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	for path, class := range map[string]fault.Class{
		filepath.Join(folder, "none", "f"): fault.Environment, folder: fault.Input, filepath.Join(file(t, ""), "f"): fault.Environment,
	} {
		if _, err := must(t, connector.RoleSink, "path", path).OpenSink(t.Context(), connector.Env{}); fault.Of(err) != class {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := must(t, connector.RoleSource, "path", path).OpenSource(t.Context(), connector.Env{}); fault.Of(err) != class {
			t.Errorf("%s as a source: %v", path, err)
		}
	}
}

func TestDeadLettersAreLinesOfJSON(t *testing.T) {
	folder := t.TempDir()
	source := must(t, connector.RoleSource, "path", filepath.Join(folder, "rows"))
	c, err := source.DeadLetters(filepath.Join(folder, "bad"), connector.AtLeastOnce)
	if err != nil {
		t.Fatal(err)
	}
	err = write(t, c,
		connector.Message{Key: []byte(`{"offset":7,"code":"json.type"}`), Value: []byte("{\"a\":\n<1>}")},
		connector.Message{Key: []byte(`{}`), Value: []byte("\xff")},
		connector.Message{Key: []byte(`[1]`), Value: nil}, connector.Message{Value: []byte{}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(folder, "bad"))
	want := `{"offset":7,"code":"json.type","value":"{\"a\":\n<1>}"}` + "\n" + `{"value_b64":"/w=="}` + "\n" + `{"key":"[1]","value":""}` + "\n" + `{"value":""}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
	if _, err := source.DeadLetters("bad", connector.ExactlyOnce); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "producer sequences") {
		t.Errorf("exactly once: %v", err)
	}
}

func TestTheDescriptionIsWhatIsConfigured(t *testing.T) {
	connectortest.CheckOptions(t, fileconn.Connector{}, connector.RoleSource, map[string]string{"path": "f"}, map[string]string{"path": "f", "file.records": "whole"})
	connectortest.CheckOptions(t, fileconn.Connector{}, connector.RoleSink, map[string]string{"path": "f"})
}

func TestOptionsAreChecked(t *testing.T) {
	for _, tc := range []struct {
		role    connector.Role
		options []string
		err     string
	}{
		{connector.RoleSource, []string{"path", "f"}, ""},
		{connector.RoleSource, nil, "t.sql:1:1: required option 'path' is not set"},
		{connector.RoleSource, []string{"path", "f", "file.max_length", "1MB"}, "t.sql:3:1: unknown options: 'file.max_length'; did you mean 'line.max_length' for 'file.max_length'?"},
		{connector.RoleSource, []string{"path", "f", "file.records", "whole", "line.max_length", "1MB"}, "unknown options: 'line.max_length'"},
		{connector.RoleSource, []string{"path", "f", "line.max_length", "0"}, "t.sql:3:1: option 'line.max_length': want a size from 1 byte to 2GB, got '0'"},
		{connector.RoleSink, []string{"path", "f", "delivery", "exactly_once"}, "t.sql:3:1: option 'delivery': want 'at_least_once' or 'at_most_once', as a file cannot carry producer sequences"},
		{connector.RoleSink, []string{"path", "f", "sink.key_field", "a"}, "t.sql:3:1: option 'sink.key_field': want no key, as a line is the value of a record alone, got 'a'"},
	} {
		_, err := configured(tc.role, tc.options...)
		if (err == nil) != (tc.err == "") || err != nil && (!strings.Contains(err.Error(), tc.err) || fault.Of(err) != fault.Input) {
			t.Errorf("%v: %v, want %q", tc.options, err, tc.err)
		}
	}
}

func TestPathsBeginAtTheFolderOfTheirFile(t *testing.T) {
	bag := option.New(option.Pos{})
	at := option.Pos{File: "some/where/t.sql", Line: 1, Col: 1}
	if err := bag.Set("path", at, option.Value{Text: "rows", Quoted: true, Pos: at}); err != nil {
		t.Fatal(err)
	}
	c, err := fileconn.Connector{}.Configure(connector.RoleSource, bag)
	if err != nil {
		t.Fatal(err)
	}
	letters, err := c.DeadLetters("../bad", connector.AtLeastOnce)
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for c, want := range map[connector.Config]string{c: "some/where/rows", letters: "some/bad"} {
		if got := c.Place(connector.Env{}); got != "file "+filepath.Join(here, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
