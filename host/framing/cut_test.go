package framing

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOtherMethods(t *testing.T) {
	delimited := func(d string) Config { return Config{Method: Delimiter, Delimiter: d} }
	length := func(p Prefix) Config { return Config{Method: Length, Prefix: p} }
	arr, cat := Config{Method: JSONArray}, Config{Method: JSONConcat}
	limited := func(c Config) Config { c.MaxLength = 3; return c }
	for _, tc := range []struct {
		config Config
		value  string
		want   []string // "code: frame" for an error
	}{
		{delimited("||"), "a||b||", []string{"a", "b"}},
		{delimited("||"), "a|||b", []string{"a", "|b"}},
		{delimited("||"), "", []string{}},
		{delimited("||"), "|| \t\r\n||a", []string{"a"}},
		{Config{Method: Delimiter, Delimiter: "||", KeepBlank: true}, "||\n||a", []string{"", "\n", "a"}},
		{delimited("\x00"), "a\x00b\n\x00", []string{"a", "b\n"}},
		{delimited(""), "a\nb", []string{"a\nb"}},
		{limited(delimited("||")), "abcd||abc", []string{"framing.too_long: abcd", "abc"}},
		{Config{Method: Delimiter, Delimiter: ";", MaxLength: 2, Truncate: true}, "abcd;abc", []string{"ab", "ab"}},

		{length(U16BE), "", []string{}},
		{length(U16BE), "\x00\x03abc\x00\x00\x00\x01d", []string{"abc", "", "d"}},
		{length(U16LE), "\x03\x00abc\x01\x00d", []string{"abc", "d"}},
		{length(U32BE), "\x00\x00\x00\x03abc\x00\x00\x00\x01d", []string{"abc", "d"}},
		{length(U32LE), "\x03\x00\x00\x00abc\x01\x00\x00\x00d", []string{"abc", "d"}},
		{length(Varint), "\x03abc\x81\x00d", []string{"abc", "d"}},
		{length(U16BE), "\x00\x01a\x00", []string{"a", "framing.truncated: \x00"}},
		{length(U32LE), "\x01\x00\x00", []string{"framing.truncated: \x01\x00\x00"}},
		{length(U16BE), "\x00\x01a\x00\x02b", []string{"a", "framing.truncated: \x00\x02b"}},
		{length(U32BE), "\xff\xff\xff\xffb", []string{"framing.truncated: \xff\xff\xff\xffb"}},
		{length(Varint), "\x01a\x80\x80", []string{"a", "framing.truncated: \x80\x80"}},
		{length(Varint), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01b", []string{"framing.truncated: \xff\xff\xff\xff\xff\xff\xff\xff\xff\x01b"}},
		{length(Varint), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02b", []string{"framing.syntax: \xff\xff\xff\xff\xff\xff\xff\xff\xff\x02b"}},
		{limited(length(U16BE)), "\x00\x04abcd\x00\x03abc", []string{"framing.too_long: abcd", "abc"}},

		{arr, `[]`, []string{}},
		{arr, " [ ] \n", []string{}},
		{arr, ` [ {"a":1} , 2,"x,]", [1,[2]] , null ] `, []string{`{"a":1}`, `2`, `"x,]"`, `[1,[2]]`, `null`}},
		{arr, `["\"],[", "\\", "\\\""]`, []string{`"\"],["`, `"\\"`, `"\\\""`}},
		{arr, ``, []string{"framing.syntax: "}},
		{arr, ` {"a":1}`, []string{`framing.syntax:  {"a":1}`}},
		{arr, `[1,tru,{"a" 1},2]`, []string{`1`, `tru`, `{"a" 1}`, `2`}},
		{arr, `[{"a":1],{"b":2}]`, []string{`{"a":1]`, `{"b":2}`}},
		{arr, `[{"a":1}},{"b":2}]`, []string{`{"a":1}}`, `{"b":2}`}},
		{arr, `[1,,2,]`, []string{`1`, `framing.syntax: `, `2`, `framing.syntax: `}},
		{arr, `[,]`, []string{`framing.syntax: `, `framing.syntax: `}},
		{arr, `[1] x `, []string{`1`, `framing.syntax: x`}},
		{arr, `[1],[2]`, []string{`1`, `framing.syntax: ,[2]`}},
		{arr, `[]]`, []string{`framing.syntax: ]`}},
		{arr, `[1,{"a":[1},2]`, []string{`1`, `framing.truncated: {"a":[1},2]`}},
		{arr, `[1,2`, []string{`1`, `framing.truncated: 2`}},
		{arr, `[1,"2`, []string{`1`, `framing.truncated: "2`}},
		{arr, `[1,"2\"]`, []string{`1`, `framing.truncated: "2\"]`}},
		{arr, `[`, []string{`framing.truncated: `}},
		{limited(arr), `["abc", 12, 1234 ]`, []string{`framing.too_long: "abc"`, `12`, `framing.too_long: 1234`}},

		{cat, ``, []string{}},
		{cat, " \n", []string{}},
		{cat, `{"a":1}{"a":2} [1][2]"x""y" 1 2true`, []string{`{"a":1}`, `{"a":2}`, `[1]`, `[2]`, `"x"`, `"y"`, `1`, `2true`}},
		{cat, "{\"a\":{\"b\":\"}\"}}\n{}\n", []string{`{"a":{"b":"}"}}`, `{}`}},
		{cat, `1{}`, []string{`1`, `{}`}},
		{cat, `{"a":1},{"b":2}`, []string{`{"a":1}`, `,`, `{"b":2}`}},
		{cat, `}{"b":2}`, []string{`}`, `{"b":2}`}},
		{cat, `{"a":1]{"b":2}`, []string{`{"a":1]`, `{"b":2}`}},
		{cat, `{}{"a":`, []string{`{}`, `framing.truncated: {"a":`}},
		{cat, `{} "a`, []string{`{}`, `framing.truncated: "a`}},
		{cat, `{"a`, []string{`framing.truncated: {"a`}},
		{limited(cat), `{} 1234 12`, []string{`{}`, `framing.too_long: 1234`, `12`}},
	} {
		s := New(tc.config)
		for range 2 { // a splitter serves one record after the other
			if got := split(t, s, []byte(tc.value)); !slices.Equal(got, tc.want) {
				t.Errorf("%+v: %q gives %q, want %q", tc.config, tc.value, got, tc.want)
			}
		}
	}
}

func TestNestingNeedsNoMemory(t *testing.T) {
	deep := strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)
	for m, value := range map[Method]string{JSONArray: "[" + deep + ",1]", JSONConcat: deep + "1"} {
		got := split(t, New(Config{Method: m}), []byte(value))
		if len(got) != 2 || got[0] != deep || got[1] != "1" {
			t.Errorf("%v: %d frames", m, len(got))
		}
	}
}

// The end of an object is where it is for one who looks at one byte after the other.
func TestEightBytesAtATime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte("{" + rapid.StringMatching(`([\[\]{}",: a\x7b\x5c]|\\|\\"|"[^"\\]*"){0,60}`).Draw(t, "text"))
		want, _, _, _ := bytewise(text, 0, 0, 0)
		if want == 0 {
			want = -1
		}
		if got := bracketEnd(text); got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
	})
}

// TestBadElementsLeaveTheirNeighbours puts elements that are no JSON, or none at all, among good ones: each has its place, and only its place.
func TestBadElementsLeaveTheirNeighbours(t *testing.T) {
	deep := strings.Repeat(`[{"a":`, 5000) + "1" + strings.Repeat("}]", 5000)
	elements := []string{`1`, `{"a":[1,2]}`, `"x,]}"`, deep, `null`, `tru`, `{"a" 1}`, `{"a":1]`, `[1}`, `}`, `"\\"`, `1 2`, ``}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.SampledFrom(elements), 1, 12).Draw(t, "elements")
		space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
		end := rapid.SampledFrom([]string{"]", "] ", "", `,{"a":[`, `,"`}).Draw(t, "end")
		value := "[" + space + strings.Join(want, space+","+space) + space + end
		if len(want) == 1 && want[0] == "" && strings.HasPrefix(end, "]") {
			want = nil // an array without elements
		}
		cut := !strings.HasPrefix(end, "]") // in its last element, or one behind it
		for i, frame := range want {
			if frame == "" {
				want[i] = CodeSyntax + ": "
			}
		}
		if cut && end == "" {
			want[len(want)-1] = CodeTruncated
		} else if cut {
			want = append(want, CodeTruncated)
		}
		s := New(Config{Method: JSONArray})
		for range 2 {
			i, rest := 0, []byte(value)
			for ; ; i++ {
				frame, remaining, ok, err := s.Next(rest)
				if !ok {
					break
				}
				got := string(frame)
				if bad, _ := err.(*Error); bad != nil && bad.Code == CodeTruncated {
					got = CodeTruncated
				} else if bad != nil {
					got = bad.Code + ": " + got
				}
				if i >= len(want) || got != want[i] {
					t.Fatalf("%.200q: frame %d is %.50q, want %.50q", value, i, got, want)
				}
				rest = remaining
			}
			if i != len(want) {
				t.Fatalf("%.200q: %d frames, want %d", value, i, len(want))
			}
		}
	})
}

// every is one configuration of each kind.
func every() (all []Config) {
	for m := None; m <= JSONConcat; m++ {
		for p := U16BE; p <= Varint && (p == U16BE || m == Length); p++ {
			for _, most := range []int{0, 5} {
				all = append(all, Config{Method: m, Prefix: p, MaxLength: most, Delimiter: "ab"})
			}
		}
	}
	return all
}

// FuzzCut: whatever the bytes, a walk ends, and its frames are parts of the value, one behind the other, with room for
// nothing behind them.
func FuzzCut(f *testing.F) {
	for _, seed := range []string{"", "\x00\x01a\x00", `[1,{"a":"]\""}]`, `[1 , 2]`, `{"a":1}{"b":[2]} 3`, "aabbab", "[,", `["\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		original := bytes.Clone(value)
		text := append([]byte{'['}, value...)
		if end, _, _, _ := bytewise(text, 0, 0, 0); max(end, 0) != max(bracketEnd(text), 0) {
			t.Fatalf("%q ends at %d, and eight bytes at a time at %d", text, end, bracketEnd(text))
		}
		for _, c := range every() {
			s := New(c)
			frames := 0
			for rest := value; ; frames++ {
				frame, remaining, ok, err := s.Next(rest)
				if !ok {
					break
				}
				if len(frame)+len(remaining) > len(rest) || !bytes.Contains(rest[:len(rest)-len(remaining)], frame) || frames > len(value)+1 {
					t.Fatalf("%+v: %q: %q and %q of %q", c, value, frame, remaining, rest)
				}
				if err == nil && c.Method != None && c.MaxLength > 0 && len(frame) > c.MaxLength {
					t.Fatalf("%+v: %q: %q is too long", c, value, frame)
				}
				if code(t, err); err == nil && len(remaining) > 0 {
					_ = append(frame, 'x')
				}
				rest = remaining
			}
			if !bytes.Equal(value, original) {
				t.Fatalf("%+v: %q became %q", c, original, value)
			}
			if c.Method == JSONArray { // whatever was before, a splitter is ready for the next value
				if got := split(t, s, []byte("[1, 2]")); !slices.Equal(got, []string{"1", "2"}) {
					t.Fatalf("%q after %q", got, value)
				}
			}
		}
	})
}
