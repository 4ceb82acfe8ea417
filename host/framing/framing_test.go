package framing

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
)

// split collects the frames of a value, one with an error as "code: frame".
func split(t *testing.T, s Splitter, value []byte) []string {
	t.Helper()
	frames := []string{}
	for rest := value; ; {
		frame, remaining, ok, err := s.Next(rest)
		if !ok {
			return frames
		}
		text := string(frame)
		if err != nil {
			text = code(t, err) + ": " + text
		}
		if errors.Is(err, ErrTooLong) != strings.HasPrefix(text, CodeTooLong) {
			t.Errorf("%v is ErrTooLong, or is not", err)
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
		{short, "abc\nabcd\n\nab", []string{"abc", "framing.too_long: abcd", "ab"}},
		{short, "      \nabcd", []string{"framing.too_long: abcd"}},
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
		{[]string{"framing", "json_array", "framing.max_frames", "7"}, Config{Method: JSONArray, MaxFrames: 7}, ""},
		{[]string{"framing", "json_array", "framing.max_frames", "0"}, Config{}, "1 to 67108864"},
		{[]string{"framing", "json_array", "framing.max_frames", "67108865"}, Config{}, "1 to 67108864"},
		{[]string{"framing.compression", "gzip", "framing.max_frames", "7"}, Config{}, "option 'framing.max_frames' needs 'framing'"},
		{[]string{"framing", "newline", "framing.newline.on_long", "drop"}, Config{}, "framing.newline.on_long"},
		{[]string{"framing", "newline", "framing.newline.max_length", "0"}, Config{}, "framing.newline.max_length"},
		{[]string{"framing", "newline", "framing.newline.max_length", "-1"}, Config{}, "framing.newline.max_length"},
		{[]string{"framing", "newline", "framing.newline.max_length", "2GB"}, Config{Method: Newline, MaxLength: math.MaxInt32}, ""},
		{[]string{"framing", "newline", "framing.newline.max_length", "4GB"}, Config{}, "framing.newline.max_length': want a size from 1 byte to 2GB, got '4GB'"},
		{[]string{"framing", "lines"}, Config{}, "'newline'"},
		{[]string{"framing", "none"}, Config{}, ""},
		{[]string{"framing", "delimiter", "framing.delimiter", `||\n\r\t\0\\\x7F\xfe`}, Config{Method: Delimiter, Delimiter: "||\n\r\t\x00\\\x7f\xfe"}, ""},
		{[]string{"framing", "delimiter", "framing.delimiter", "ü;", "framing.delimiter.max_length", "7", "framing.delimiter.on_long", "truncate"},
			Config{Method: Delimiter, Delimiter: "ü;", MaxLength: 7, Truncate: true}, ""},
		{[]string{"framing", "delimiter"}, Config{}, "required option 'framing.delimiter'"},
		{[]string{"framing", "delimiter", "framing.delimiter", ""}, Config{}, "framing.delimiter"},
		{[]string{"framing", "delimiter", "framing.delimiter", `a\`}, Config{}, "1 to 64 bytes"},
		{[]string{"framing", "delimiter", "framing.delimiter", `a\q`}, Config{}, "1 to 64 bytes"},
		{[]string{"framing", "delimiter", "framing.delimiter", `a\x1`}, Config{}, "1 to 64 bytes"},
		{[]string{"framing", "delimiter", "framing.delimiter", `a\x1g`}, Config{}, "1 to 64 bytes"},
		{[]string{"framing", "delimiter", "framing.delimiter", strings.Repeat("x", 65)}, Config{}, "1 to 64 bytes"},
		{[]string{"framing", "delimiter", "framing.delimiter", ";", "framing.newline.max_length", "7"}, Config{}, "option 'framing.newline.max_length' needs 'framing' = 'newline'"},
		{[]string{"framing", "newline", "framing.delimiter", ";"}, Config{}, "option 'framing.delimiter' needs 'framing' = 'delimiter'"},
		{[]string{"framing", "length", "framing.length.prefix", "varint", "framing.length.max_length", "1MB"},
			Config{Method: Length, Prefix: Varint, MaxLength: 1 << 20}, ""},
		{[]string{"framing", "length"}, Config{}, "required option 'framing.length.prefix'"},
		{[]string{"framing", "length", "framing.length.prefix", "u8"}, Config{}, "'u16_be', 'u16_le', 'u32_be', 'u32_le', 'varint'"},
		{[]string{"framing", "length", "framing.length.prefix", "varint", "framing.length.on_long", "truncate"}, Config{}, "unknown option"},
		{[]string{"framing", "json_array", "framing.json_array.max_length", "9"}, Config{Method: JSONArray, MaxLength: 9}, ""},
		{[]string{"framing", "json_concat"}, Config{Method: JSONConcat}, ""},
		{[]string{"framing.compression", "zstd"}, Config{Compression: Zstd}, ""},
		{[]string{"framing.compression", "none"}, Config{}, ""},
		{[]string{"framing", "newline", "framing.compression", "snappy_block", "framing.max_uncompressed", "1MB"},
			Config{Method: Newline, Compression: SnappyBlock, MaxUncompressed: 1 << 20}, ""},
		{[]string{"framing.compression", "lz4", "framing.max_uncompressed", "0"}, Config{}, "framing.max_uncompressed"},
		{[]string{"framing.compression", "br"}, Config{}, "'gzip', 'zstd', 'snappy', 'snappy_block', 'lz4'"},
		{[]string{"framing.max_uncompressed", "5"}, Config{}, "option 'framing.max_uncompressed' needs 'framing.compression'"},
		{[]string{"framing.newline.max_length", "5"}, Config{}, "option 'framing.newline.max_length' needs 'framing' = 'newline'"},
		{[]string{"framing", "length", "framing.length.prefix", "varint", "framing.newline.on_long", "truncate"}, Config{},
			"option 'framing.newline.on_long' needs 'framing' = 'newline'"},
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

func TestSinksTruncateAndCountNothing(t *testing.T) {
	for key, value := range map[string]string{"framing.newline.on_long": "truncate", "framing.max_frames": "7"} {
		bag := options(t, "framing", "newline", "framing.newline.max_length", "5", key, value)
		want := Config{Method: Newline, MaxLength: 5}
		if got, err := SinkFromOptions(bag), bag.Done(); got != want || err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestPlain(t *testing.T) {
	if !(Config{SkipBlank: true}).Plain() || (Config{Method: Newline}).Plain() || (Config{Compression: Zstd}).Plain() {
		t.Error("only without a method and compression a value is its frame")
	}
}

func TestBlankValuesWithoutFraming(t *testing.T) {
	for _, c := range []struct {
		config Config
		value  string
		frames int
	}{
		{Config{}, "", 1}, {Config{}, " \n", 1},
		{Config{KeepBlank: true}, "", 0}, {Config{KeepBlank: true}, " \n", 1},
		{Config{SkipBlank: true}, "", 0}, {Config{SkipBlank: true}, " \t\r\n", 0}, {Config{SkipBlank: true}, " 1", 1},
	} {
		s := New(c.config)
		for range 2 {
			if got := split(t, s, []byte(c.value)); len(got) != c.frames {
				t.Errorf("%+v: %q gives %q, want %d", c.config, c.value, got, c.frames)
			}
			if got := split(t, s, []byte("x")); len(got) != 1 {
				t.Errorf("%+v: after %q: %q", c.config, c.value, got)
			}
		}
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
		for _, c := range []Config{{}, {KeepBlank: true}, {MaxLength: most}, {MaxLength: most, Truncate: true}} {
			c.Method = Newline
			var want []string
			for _, line := range lines {
				switch {
				case !c.KeepBlank && len(bytes.Trim(line, " \t\r")) == 0:
				case c.MaxLength == 0 || len(line) <= c.MaxLength:
					want = append(want, string(line))
				case c.Truncate:
					want = append(want, string(line[:c.MaxLength]))
				default:
					want = append(want, CodeTooLong+": "+string(line))
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
