package framing

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
)

// split collects the frames of a value; a line that is too long as "too long: …".
func split(t *testing.T, s Splitter, value []byte) []string {
	t.Helper()
	frames := []string{}
	for rest := value; ; {
		frame, remaining, ok, err := s.Next(rest)
		if !ok {
			return frames
		}
		text := string(frame)
		if errors.Is(err, ErrTooLong) {
			text = "too long: " + text
		} else if err != nil {
			t.Fatal(err)
		}
		frames, rest = append(frames, text), remaining
	}
}

func TestFrames(t *testing.T) {
	newline := Config{Method: Newline}
	blanks := Config{Method: Newline, KeepBlank: true}
	short := Config{Method: Newline, MaxLength: 3}
	cut := Config{Method: Newline, MaxLength: 3, Truncate: true}
	for _, c := range []struct {
		config Config
		value  string
		want   []string
	}{
		{Config{}, "", []string{""}},
		{Config{}, "a\nb\n", []string{"a\nb\n"}},
		{newline, "", []string{}},
		{newline, "a", []string{"a"}},
		{newline, "a\n", []string{"a"}},
		{newline, "a\nb", []string{"a", "b"}},
		{newline, "a\r\nb\r\n", []string{"a\r", "b\r"}},
		{newline, "\n", []string{}},
		{newline, "\r\n \t\n\n", []string{}},
		{newline, "a\n\n\nb\n\n", []string{"a", "b"}},
		{newline, " a \n", []string{" a "}},
		{blanks, "", []string{}},
		{blanks, "\n\n", []string{"", ""}},
		{blanks, "a\n\nb\r\n\r\n", []string{"a", "", "b\r", "\r"}},
		{short, "abc\nabcd\n\nab", []string{"abc", "too long: abcd", "ab"}},
		{short, "      \nabcd", []string{"too long: abcd"}},
		{cut, "abc\nabcd\n\nab", []string{"abc", "abc", "ab"}},
	} {
		s := New(c.config)
		for range 2 { // a splitter serves one record after the other
			if got := split(t, s, []byte(c.value)); !slices.Equal(got, c.want) {
				t.Errorf("%+v: %q gives %q, want %q", c.config, c.value, got, c.want)
			}
		}
	}
	if got := split(t, New(Config{}), nil); !slices.Equal(got, []string{""}) {
		t.Errorf("no framing: no bytes give %q", got)
	}
}

// Whoever appends to a frame must not write over the next one.
func TestFramesDoNotReachIntoEachOther(t *testing.T) {
	value := []byte("a\nb")
	frame, _, _, _ := New(Config{Method: Newline}).Next(value)
	if _ = append(frame, 'x'); string(value) != "a\nb" {
		t.Errorf("the value is now %q", value)
	}
}

func options(t *testing.T, pairs ...string) *option.Bag {
	t.Helper()
	bag := option.New(option.Pos{})
	for i := 0; i < len(pairs); i += 2 {
		if err := bag.Set(pairs[i], option.Pos{}, option.Value{Text: pairs[i+1], Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	return bag
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options []string
		want    Config
		err     string // part of it
	}{
		{nil, Config{}, ""},
		{[]string{"framing", "newline"}, Config{Method: Newline}, ""},
		{[]string{"framing", "newline", "framing.newline.max_length", "64KB"}, Config{Method: Newline, MaxLength: 65536}, ""},
		{[]string{"framing", "newline", "framing.newline.on_long", "truncate"}, Config{Method: Newline, Truncate: true}, ""},
		{[]string{"framing", "newline", "framing.newline.on_long", "reject"}, Config{Method: Newline}, ""},
		{[]string{"framing", "newline", "framing.newline.on_long", "drop"}, Config{}, "framing.newline.on_long"},
		{[]string{"framing", "newline", "framing.newline.max_length", "0"}, Config{}, "framing.newline.max_length"},
		{[]string{"framing", "newline", "framing.newline.max_length", "-1"}, Config{}, "framing.newline.max_length"},
		{[]string{"framing", "newline", "framing.newline.max_length", "4GB"}, Config{}, "framing.newline.max_length"},
		{[]string{"framing", "lines"}, Config{}, "'newline'"},
		{[]string{"framing.newline.max_length", "5"}, Config{}, "unknown option"},
	} {
		bag := options(t, c.options...)
		got, err := FromOptions(bag), bag.Done()
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%q: %+v, %v; want %+v", c.options, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: %v; want an error with %q", c.options, err, c.err)
		}
	}
}

// TestVectors runs the cases of ../format/testdata/vectors.json, which say what Arroyo does; ../format/DEVIATIONS.md says
// what they need here. blank and long are those that need KeepBlank and Truncate.
func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("../format/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		ID, Area, Input string
		Options         map[string]any
		Expect          struct{ Frames []string }
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	blank := map[string]bool{"frame-006": true, "frame-010": true}
	long := map[string]bool{"frame-004": true}
	refused := map[string]bool{"frame-009": true}
	seen := 0
	for _, v := range vectors {
		if v.Area != "framing" {
			continue
		}
		seen++
		var pairs []string
		for key, value := range v.Options {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			pairs = append(pairs, key, strings.Trim(string(text), `"`))
		}
		if long[v.ID] {
			pairs = append(pairs, "framing.newline.on_long", "truncate")
		}
		bag := options(t, pairs...)
		config := FromOptions(bag)
		if err := bag.Done(); (err != nil) != refused[v.ID] {
			t.Errorf("%s: %v", v.ID, err)
		}
		if refused[v.ID] {
			continue
		}
		if blank[v.ID] {
			if got := split(t, New(config), []byte(v.Input)); len(got) != 0 {
				t.Errorf("%s: %q by default, want nothing", v.ID, got)
			}
			config.KeepBlank = true
		}
		if got := split(t, New(config), []byte(v.Input)); !slices.Equal(got, v.Expect.Frames) {
			t.Errorf("%s: %q, want %q", v.ID, got, v.Expect.Frames)
		}
	}
	if seen != 8 {
		t.Errorf("%d vectors, 8 are known", seen)
	}
}

// FuzzSplit: frames are the lines of the value, in order, for any value and any limit.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a", "a\nb\n", "\n\r\n", "a\r\n \nb"} {
		f.Add([]byte(s), 0)
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, value []byte, most int) {
		most = max(most, 0)
		original := bytes.Clone(value)
		lines := bytes.Split(value, []byte("\n"))
		if len(lines[len(lines)-1]) == 0 {
			lines = lines[:len(lines)-1]
		}
		for _, c := range []Config{{Method: Newline}, {Method: Newline, KeepBlank: true}, {Method: Newline, MaxLength: most}, {Method: Newline, MaxLength: most, Truncate: true}} {
			var want []string
			for _, line := range lines {
				switch {
				case !c.KeepBlank && len(bytes.Trim(line, " \t\r")) == 0:
				case c.MaxLength == 0 || len(line) <= c.MaxLength:
					want = append(want, string(line))
				case c.Truncate:
					want = append(want, string(line[:c.MaxLength]))
				default:
					want = append(want, "too long: "+string(line))
				}
			}
			if got := split(t, New(c), value); !slices.Equal(got, want) {
				t.Fatalf("%+v: %q gives %q, want %q", c, value, got, want)
			}
		}
		if got := split(t, New(Config{}), value); len(got) != 1 || got[0] != string(value) || !bytes.Equal(value, original) {
			t.Fatalf("no framing: %q gives %q", original, got)
		}
	})
}

func BenchmarkLines(b *testing.B) {
	value := []byte(strings.Repeat(strings.Repeat("x", 300)+"\n", 1000))
	s := New(Config{Method: Newline})
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for rest := value; ; n++ {
			_, remaining, ok, err := s.Next(rest)
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			rest = remaining
		}
		if n != 1000 {
			b.Fatal(n)
		}
	}
}
