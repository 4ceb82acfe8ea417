package format

import (
	"strings"
	"testing"
)

// TestAppendText has the examples of the Unicode standard, section 3.9, tables 3-8 to 3-11, and what Rust's
// String::from_utf8_lossy documents.
func TestAppendText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abc": "abc", "日本": "日本", "Hello \xf0\x90\x80World": "Hello ?World",
		"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41":     "????????A",
		"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41":     "????????A",
		"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42":     "?????A??B",
		"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41":     "????A",
		"a\xf1\x80\x80\xe1\x80\xc2b\x80c\x80\xbfd": "a???b?c??d",
	} {
		if got := strings.ReplaceAll(string(AppendText([]byte("-"), []byte(in))), "\ufffd", "?"); got != "-"+want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
