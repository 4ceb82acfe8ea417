package visible

import "testing"

func TestControlCharactersBecomeVisible(t *testing.T) {
	for _, tc := range []struct{ in, line, lines string }{
		{"plain é 日本", "plain é 日本", "plain é 日本"},
		{"a\nb\tc", `a\nb\tc`, "a\nb\tc"},
		{"\x1b[31mred\r", `\x1b[31mred\r`, `\x1b[31mred\r`},
		{"\u202eevil\u009b", `\u202eevil\u009b`, `\u202eevil\u009b`},
		{"\x00\x7f", `\x00\x7f`, `\x00\x7f`},
	} {
		if got := Line(tc.in); got != tc.line {
			t.Errorf("Line(%q) = %s, want %s", tc.in, got, tc.line)
		}
		if got := Lines(tc.in); got != tc.lines {
			t.Errorf("Lines(%q) = %s, want %s", tc.in, got, tc.lines)
		}
	}
}
