package framing

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
)

// TestMostFrames takes as many frames off a value as there may be, and one more. What is behind them is one bad frame, and the next value is
// none the worse for it.
func TestMostFrames(t *testing.T) {
	for _, c := range []struct {
		config                Config
		full, beyond, tooMany string
	}{
		{Config{Method: Newline}, "1\n2\n3\n \n", "1\n2\n3\n\n4\n5", "\n4\n5"},
		{Config{Method: Newline, MaxLength: 1, Truncate: true}, "1\n2\n3", "1\n2\n3\n45\n", "45\n"},
		{Config{Method: Delimiter, Delimiter: ";"}, "1;2;3;", "1;2;3;4;5;6", "4;5;6"},
		{Config{Method: Length, Prefix: U16BE}, "\x00\x011\x00\x012\x00\x013", "\x00\x011\x00\x012\x00\x013\x00\x00", "\x00\x00"},
		{Config{Method: JSONArray}, "[1, 2, 3] ", "[1, 2, 3, 4, 5]", " 4, 5]"},
		{Config{Method: JSONArray}, "[1, 2, 3]", "[1, 2, 3] 4", " 4"},
		{Config{Method: JSONConcat}, "1 2 3 ", "1 2 3 {} 5", " {} 5"},
	} {
		c.config.MaxFrames = 3
		s := New(c.config)
		for range 2 {
			if got := split(t, s, []byte(c.full)); !slices.Equal(got, []string{"1", "2", "3"}) {
				t.Errorf("%v: %q gives %q", c.config.Method, c.full, got)
			}
			if got := split(t, s, []byte(c.beyond)); !slices.Equal(got, []string{"1", "2", "3", CodeTooMany + ": " + c.tooMany}) {
				t.Errorf("%v: %q gives %q", c.config.Method, c.beyond, got)
			}
		}
	}
	packed := New(Config{Method: Newline, Compression: SnappyBlock, MaxFrames: 2})
	for range 2 {
		if got := split(t, packed, s2.EncodeSnappy(nil, []byte("1\n2\n3\n4"))); !slices.Equal(got, []string{"1", "2", CodeTooMany + ": 3\n4"}) {
			t.Errorf("%q of what was compressed", got)
		}
	}
	if got := split(t, New(Config{MaxFrames: 1}), []byte("1\n2")); len(got) != 1 {
		t.Errorf("%q without framing", got)
	}
}

// A record of the shortest frames there are does not become half a million dead letters.
func TestMostFramesByDefault(t *testing.T) {
	value := []byte("[1" + strings.Repeat(",1", 1<<19) + "]")
	got := split(t, New(Config{Method: JSONArray}), value)
	if len(got) != DefaultMaxFrames+1 || !strings.HasPrefix(got[DefaultMaxFrames], CodeTooMany) {
		t.Errorf("%d frames", len(got))
	}
	var err error
	s, rest := New(Config{Method: JSONArray}), value
	for range DefaultMaxFrames + 1 {
		_, rest, _, err = s.Next(rest)
	}
	var bad *Error
	if !errors.As(err, &bad) || bad.Message != "record has more than framing.max_frames frames: 65536" {
		t.Errorf("%v", err)
	}
}
