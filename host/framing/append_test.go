package framing

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// frames draws texts that the method can hold: for those about JSON values, otherwise anything, in which the delimiter is
// not unlikely.
func frames(t *rapid.T, c Config) [][]byte {
	one := rapid.Map(rapid.StringMatching(`[ab\n \x00ü]{0,12}`), func(s string) []byte { return []byte(s) })
	if c.Method == JSONArray || c.Method == JSONConcat {
		one = rapid.Map(rapid.SampledFrom([]string{
			`{"a":1}`, `"x"`, `"],\" ["`, `[[],{}]`, `12`, `null`, `{"a":{"b":[1,2,"\\"]}}`, `""`, `{}`,
		}), func(s string) []byte { return []byte(s) })
	}
	most := 5
	if c.Method == None {
		most = 1
	}
	return rapid.SliceOfN(one, 1, most).Draw(t, "frames")
}

// What an appender puts together a splitter takes apart again, unless the appender refuses it.
func TestJoinedFramesComeApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(every()).Draw(t, "config")
		c.MaxLength = 0
		c.KeepBlank = true
		c.Delimiter = rapid.SampledFrom([]string{"ab", "aba", "\n", "\x00", "aa"}).Draw(t, "delimiter")
		c.Compression = rapid.SampledFrom([]Compression{Uncompressed, Uncompressed, Gzip, Zstd, Snappy, SnappyBlock, LZ4}).Draw(t, "compression")
		a := NewAppender(c)
		dst := a.Begin([]byte("before"))
		var want [][]byte
		for _, frame := range frames(t, c) {
			out, err := a.Frame(dst, frame)
			if err != nil {
				var bad *Error
				if !errors.As(err, &bad) || bad.Code != CodeSyntax || !bytes.Equal(out, dst) || c.Method != Newline && c.Method != Delimiter {
					t.Fatalf("%+v: %q: %v, %q", c, frame, err, out)
				}
				continue
			}
			dst, want = out, append(want, frame)
		}
		dst, err := a.End(dst)
		if err != nil || !bytes.HasPrefix(dst, []byte("before")) {
			t.Fatalf("%q, %v", dst, err)
		}
		if len(dst) == len("before") {
			return // nothing but frames that were refused
		}
		s := New(c)
		var got [][]byte
		for rest := dst[len("before"):]; ; {
			frame, remaining, ok, err := s.Next(rest)
			if !ok {
				break
			}
			if err != nil {
				t.Fatalf("%+v: %q: %v", c, dst, err)
			}
			got, rest = append(got, frame), remaining
		}
		if c.Method == None && len(want[0]) == 0 {
			want = nil // KeepBlank has it so
		}
		if len(got) != len(want) || !bytes.Equal(bytes.Join(got, []byte{1}), bytes.Join(want, []byte{1})) {
			t.Fatalf("%+v: %q gives %q, want %q", c, dst, got, want)
		}
	})
}

func TestAppendedValues(t *testing.T) {
	for _, tc := range []struct {
		config      Config
		frame, want string // want: "code: " for an error
	}{
		{Config{}, "a\nb", "a\nb"},
		{Config{Method: Newline}, "a", "a\n"},
		{Config{Method: Newline}, "a\nb", "framing.syntax: "},
		{Config{Method: Newline, MaxLength: 3}, "abc", "abc\n"},
		{Config{Method: Newline, MaxLength: 3, Truncate: true}, "abcd", "framing.too_long: "},
		{Config{Method: Delimiter, Delimiter: "||"}, "a", "a||"},
		{Config{Method: Delimiter, Delimiter: "||"}, "a|", "framing.syntax: "},
		{Config{Method: Length, Prefix: U16BE}, "abc", "\x00\x03abc"},
		{Config{Method: Length, Prefix: U16LE}, "abc", "\x03\x00abc"},
		{Config{Method: Length, Prefix: U32BE}, "abc", "\x00\x00\x00\x03abc"},
		{Config{Method: Length, Prefix: U32LE}, "abc", "\x03\x00\x00\x00abc"},
		{Config{Method: Length, Prefix: Varint}, strings.Repeat("a", 128), "\x80\x01" + strings.Repeat("a", 128)},
		{Config{Method: Length, Prefix: U16BE}, strings.Repeat("a", 65536), "framing.too_long: "},
		{Config{Method: JSONArray}, ` {"a":1} `, `[{"a":1}]`},
		{Config{Method: JSONArray}, `1,2`, "framing.syntax: "},
		{Config{Method: JSONArray}, `]`, "framing.syntax: "},
		{Config{Method: JSONArray}, `[1`, "framing.syntax: "},
		{Config{Method: JSONArray}, `"a`, "framing.syntax: "},
		{Config{Method: JSONArray}, ` `, "framing.syntax: "},
		{Config{Method: JSONArray}, `x|y`, "framing.syntax: "},
		{Config{Method: JSONArray}, `{"a":1 2}`, "framing.syntax: "},
		{Config{Method: JSONConcat}, `x|y`, "framing.syntax: "},
		{Config{Method: JSONConcat}, ` {"a":1} `, "{\"a\":1}\n"},
		{Config{Method: JSONConcat}, `{}{}`, "framing.syntax: "},
		{Config{Method: JSONConcat}, `1 2`, "framing.syntax: "},
		{Config{Method: JSONConcat}, `{`, "framing.syntax: "},
		{Config{Method: JSONConcat}, ` `, "framing.syntax: "},
		{Config{Compression: Gzip, MaxUncompressed: 3}, "abcd", "framing.too_large: "},
		{Config{Compression: SnappyBlock}, "x", "\x01\x00x"},
	} {
		dst, err := NewAppender(tc.config).Append([]byte("dst "), []byte(tc.frame))
		got := string(dst)
		if err != nil {
			got += code(t, err) + ": "
		}
		if got != "dst "+tc.want {
			t.Errorf("%+v: %q gives %q, want %q", tc.config, tc.frame, got, tc.want)
		}
	}
}

// Values of several chunks, some of which do not become shorter.
func TestLargeValuesComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 300_000)
	for i := range value[:150_000] {
		value[i] = byte(random.Uint32())
	}
	for how := Uncompressed; how <= LZ4; how++ {
		c := Config{Compression: how}
		dst, err := NewAppender(c).Append(nil, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, code := unpack(t, New(c), dst); code != "" || !bytes.Equal(got, value) {
			t.Errorf("%v: %q, %d bytes", how, code, len(got))
		}
	}
}

func TestARecordWithoutFramingHoldsOneFrame(t *testing.T) {
	a := NewAppender(Config{})
	dst, err := a.Frame(a.Begin(nil), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	if dst, err = a.Frame(dst, []byte("b")); code(t, err) != CodeSyntax || string(dst) != "a" {
		t.Errorf("%q, %v", dst, err)
	}
}

func TestAppendingAndCuttingAllocateNothing(t *testing.T) {
	frame := []byte(`{"a":1,"b":[1,2,3],"c":"some text"}`)
	for _, c := range every() {
		c.MaxLength = 0
		for how := Uncompressed; how <= LZ4; how++ {
			c.Compression = how
			a, s := NewAppender(c), New(c)
			var dst []byte
			join := func() {
				var err error
				if dst, err = a.Append(dst[:0], frame); err != nil {
					t.Fatal(err)
				}
			}
			most := 0.0
			if how == LZ4 {
				most = 2 // its buffers lie in a sync.Pool, which loses some under the race detector
			}
			atMost := most
			if c.Method == JSONArray || c.Method == JSONConcat {
				atMost++ // so does what json.Valid scans with
			}
			if n := testing.AllocsPerRun(100, join); n > atMost {
				t.Errorf("%v, %v: %v allocations an append", c.Method, how, n)
			}
			walk := func() {
				for rest, ok := dst, true; ok; {
					var err error
					if _, rest, ok, err = s.Next(rest); err != nil {
						t.Fatal(err)
					}
				}
			}
			if how != Uncompressed {
				most++ // what the value is unpacked to
			}
			if n := testing.AllocsPerRun(100, walk); n > most {
				t.Errorf("%v, %v: %v allocations a value", c.Method, how, n)
			}
		}
	}
}
