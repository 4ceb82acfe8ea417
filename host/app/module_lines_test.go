package app

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/internal/fault"
)

// TestLinesAreTheSameHoweverTheyAreCut holds chunks against the lines of the text.
func TestLinesAreTheSameHoweverTheyAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching("([a-c]{0,3}\r?\n){0,40}[a-c]{0,3}").Draw(t, "text")
		var cuts *rand.Rand
		if rapid.Bool().Draw(t, "cut") {
			cuts = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		}
		c := ModuleRun{Input: standardInput, In: strings.NewReader(text)}
		r, err := openLines(c.Input, c.In, cuts)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for r.err == nil {
			for _, m := range r.chunk() {
				if m.Offset != int64(len(got)) || m.Time != -1 || m.Key != nil {
					t.Fatalf("%+v behind %d lines", m, len(got))
				}
				got = append(got, string(m.Value))
			}
		}
		var want []string
		for line := range strings.Lines(text) {
			want = append(want, string(withoutNewline([]byte(line))))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || len(got) != len(want) || r.failed() != nil {
			t.Fatalf("%q, want %q, %v", got, want, r.err)
		}
	})
}

// brokenReader fails behind its text.
type brokenReader struct{ text io.Reader }

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("the disk is gone")
	}
	return n, err
}

func TestLinesSayWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		in    io.Reader
		class fault.Class
		want  string
		lines int
	}{
		"long line": {io.MultiReader(strings.NewReader("a\n"), bytes.NewReader(make([]byte, mostLine+1))), fault.Input, "stdin:2: the line is longer", 1},
		"failing":   {brokenReader{strings.NewReader("a\nb\n")}, fault.Environment, "stdin:3: the disk is gone", 2},
	} {
		t.Run(name, func(t *testing.T) {
			c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, all(0))), Out: new(bytes.Buffer), Err: new(bytes.Buffer)}
			c.Input, c.In = standardInput, tc.in
			got, err := TestModule(t.Context(), c)
			if fault.Of(err) != tc.class || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
			if got == nil || got.Rejected != int64(tc.lines) { // those before it went through
				t.Errorf("%+v", got)
			}
		})
	}
}
