package stdioconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/connector/stdioconn"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func configured(role connector.Role, pairs ...string) (connector.Config, error) {
	bag := option.New(option.Pos{File: "t.sql", Line: 1, Col: 1})
	for i := 0; i < len(pairs); i += 2 {
		at := option.Pos{File: "t.sql", Line: 2 + i/2, Col: 1}
		if err := bag.Set(pairs[i], at, option.Value{Text: pairs[i+1], Quoted: true, Pos: at}); err != nil {
			return nil, err
		}
	}
	made, err := stdioconn.Connector{}.Configure(role, bag)
	return made, errors.Join(err, bag.Done())
}

func must(t *testing.T, role connector.Role, pairs ...string) connector.Config {
	t.Helper()
	made, err := configured(role, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func streams(in io.Reader, out, err io.Writer) connector.Env {
	return connector.Env{Streams: &connector.Streams{In: in, Out: out, Err: err}}
}

// reader opens a reader of an input, up to its end or for ever.
func reader(t *testing.T, in io.Reader, toEnd bool, pairs ...string) connector.Reader {
	t.Helper()
	s, err := must(t, connector.RoleSource, pairs...).OpenSource(t.Context(), streams(in, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	until := connector.NoEnd
	if toEnd {
		if until, err = s.End(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Open(t.Context(), 0, 0, until, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func readAll(ctx context.Context, r connector.Reader) (shown string, err error) {
	var b strings.Builder
	for {
		got, err := r.Read(ctx)
		for _, m := range got {
			fmt.Fprintf(&b, "%d:%.8q ", m.Offset, m.Value)
			if m.Bad != nil {
				fmt.Fprintf(&b, "(%s) ", m.Bad.Code)
			}
		}
		if err != nil {
			return strings.TrimSpace(b.String()), err
		}
	}
}

func TestEachLineOfTheInputIsARecord(t *testing.T) {
	long := strings.Repeat("long", 100_000)
	for _, tc := range []struct {
		in      string
		options []string
		want    string
	}{
		{"", nil, ""},
		{"a\nb\r\n\nc", nil, `0:"a" 1:"b" 2:"" 3:"c"`},
		{"a\n", nil, `0:"a"`},
		{long + "\nb\n", nil, `0:"longlong" 1:"b"`},
		{"YQo=\n", []string{"line.encoding", "base64"}, `0:"a\n"`},
		{"YQ==\n%\nYQ==", []string{"line.encoding", "base64"}, `0:"a" 1:"%" (line.base64) 2:"a"`},
		{"a\n" + long + "\nb\n", []string{"line.max_length", "100"}, `0:"a" 1:"longlong" (line.too_long) 2:"b"`},
		{"a\nbcd", []string{"line.max_length", "2"}, `0:"a" 1:"bc" (line.too_long)`},
	} {
		r := reader(t, strings.NewReader(tc.in), true, tc.options...)
		got, err := readAll(t.Context(), r)
		if got != tc.want || err != io.EOF {
			t.Errorf("%.20q: %s, %v", tc.in, got, err)
		}
	}
}

func TestAReadThatWaitsEndsWithItsContext(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	r := reader(t, in, false)
	for round := range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		if got, err := r.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", got, err)
		}
		cancel()
		if r.Buffered() {
			t.Error("nothing is buffered")
		}
		if _, err := fmt.Fprintf(out, "%d\n", round); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Read(t.Context()); err != nil || len(got) != 1 || got[0].Offset != int64(round) || string(got[0].Value) != fmt.Sprint(round) {
			t.Errorf("%v, %v", got, err)
		}
	}
	if err := out.Close(); err != nil { // without an end behind it nothing is over
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if got, err := r.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("behind the end: %v, %v", got, err)
	}
}

func TestAnInputThatFailsIsOfTheEnvironment(t *testing.T) {
	broken := errors.New("broken")
	in, out := io.Pipe()
	go func() {
		_, _ = out.Write([]byte("a\nb"))
		_ = out.CloseWithError(broken)
	}()
	if got, err := readAll(t.Context(), reader(t, in, true)); got != `0:"a"` || !errors.Is(err, broken) || fault.Of(err) != fault.Environment {
		t.Errorf("%s, %v", got, err)
	}
}

func TestOnePipelineReadsTheInputOnce(t *testing.T) {
	env := streams(strings.NewReader("a\n"), nil, nil)
	table := must(t, connector.RoleSource)
	s, err := table.OpenSource(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.OpenSource(t.Context(), env); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "another pipeline") {
		t.Errorf("opened twice: %v", err)
	}
	r, err := s.Open(t.Context(), 0, 0, connector.NoEnd, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Read(t.Context()); err != nil {
		t.Error(err)
	}
	if end, err := s.End(t.Context(), 0); err != nil || end != 1 {
		t.Errorf("behind the one line: %d, %v", end, err)
	}
	if _, err := s.Open(t.Context(), 0, 7, connector.NoEnd, nil); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "--state") {
		t.Errorf("behind a checkpoint: %v", err)
	}
}

func TestWritersWriteWholeLinesSideBySide(t *testing.T) {
	var out bytes.Buffer
	s, err := must(t, connector.RoleSink).OpenSink(t.Context(), streams(nil, &out, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for lane := range 4 {
		w, err := s.Open(t.Context(), fmt.Sprint(lane), nil)
		if err != nil {
			t.Fatal(err)
		}
		writers.Go(func() {
			for i := range 2000 {
				value := strings.Repeat(fmt.Sprint(lane), i%100)
				if err := w.Write(t.Context(), 0, connector.Message{Time: -1, Value: []byte(value)}); err != nil {
					t.Error(err)
				}
			}
			if err := w.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, line := range lines {
		if line != "" && strings.Trim(line, line[:1]) != "" {
			t.Fatalf("a line of several writers: %s", line)
		}
	}
	if len(lines) != 8000 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestDeadLettersGoToAStream(t *testing.T) {
	var out, errs bytes.Buffer
	source := must(t, connector.RoleSource)
	for _, name := range []string{"stdout", "stderr"} {
		c, err := source.DeadLetters(name, connector.AtLeastOnce)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.OpenSink(t.Context(), streams(nil, &out, &errs))
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Open(t.Context(), "lane", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(t.Context(), 0, connector.Message{Key: []byte(`{"code":"c"}`), Value: []byte(name)}), w.Flush(t.Context()), w.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		if c.Place(connector.Env{}) != "stream "+name {
			t.Error(c.Place(connector.Env{}))
		}
	}
	if want := `{"code":"c","value":"stdout"}` + "\n"; out.String() != want || errs.String() != strings.Replace(want, "stdout", "stderr", 1) {
		t.Errorf("%s, %s", &out, &errs)
	}
	for name, d := range map[string]connector.Delivery{"letters": connector.AtLeastOnce, "stdout": connector.ExactlyOnce} {
		if _, err := source.DeadLetters(name, d); fault.Of(err) != fault.Input {
			t.Errorf("%s, %s: %v", name, d, err)
		}
	}
}

func TestTheDescriptionIsWhatIsConfigured(t *testing.T) {
	c := stdioconn.Connector{}
	connectortest.CheckOptions(t, c, connector.RoleSource, nil)
	connectortest.CheckOptions(t, c, connector.RoleSink, nil)
}

func TestOptionsAreChecked(t *testing.T) {
	for _, tc := range []struct {
		role    connector.Role
		options []string
		err     string
	}{
		{connector.RoleSource, nil, ""},
		{connector.RoleSink, nil, ""},
		{connector.RoleSink, []string{"delivery", "at_most_once", "line.encoding", "base64"}, ""},
		{connector.RoleSource, []string{"path", "f"}, "unknown options: 'path'; known are 'line.encoding', 'line.max_length'"},
		{connector.RoleSink, []string{"delivery", "exactly_once"}, "t.sql:2:1: option 'delivery': want 'at_least_once' or 'at_most_once', as a stream of lines cannot carry"},
		{connector.RoleSink, []string{"sink.key_field", "a"}, "option 'sink.key_field': want no key"},
	} {
		c, err := configured(tc.role, tc.options...)
		if (err == nil) != (tc.err == "") || err != nil && (!strings.Contains(err.Error(), tc.err) || fault.Of(err) != fault.Input) {
			t.Errorf("%v: %v, want %q", tc.options, err, tc.err)
		}
		if err == nil && (c.Role() != tc.role || c.Describe() == "") {
			t.Errorf("%v: %s", c.Role(), c.Describe())
		}
	}
}

func TestATableIsOpenedAsWhatItIs(t *testing.T) {
	env := streams(nil, io.Discard, io.Discard)
	if _, err := must(t, connector.RoleSource).OpenSink(t.Context(), env); err == nil {
		t.Error("a source was opened as a sink")
	}
	if _, err := must(t, connector.RoleSink).OpenSource(t.Context(), env); err == nil {
		t.Error("a sink was opened as a source")
	}
	if _, err := must(t, connector.RoleSink).OpenSink(t.Context(), connector.Env{}); fault.Of(err) != fault.Input {
		t.Errorf("without streams: %v", err)
	}
	s, err := must(t, connector.RoleSink).OpenSink(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "lane", &connector.Sequence{Writer: 1}); fault.Of(err) != fault.Input || fault.Of(s.ExactlyOnce(t.Context())) != fault.Input {
		t.Errorf("a sequence: %v", err)
	}
}
