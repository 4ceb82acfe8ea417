package fileconn_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-stream/weir/host/connector"
)

// FuzzRead: the records of any file are its lines at the positions where they begin, and whoever goes on behind one of them, or at any
// byte, reads those that follow. A line that is none is an error of the input class behind the good ones.
func FuzzRead(f *testing.F) {
	for _, content := range []string{"", "a\nbc\n", "a\r\n\r\n\nb", "\n\n\n", "x\r", "YQ==\nYWI=\n!\n", "0123456789012345678901234567890\nshort"} {
		f.Add([]byte(content), uint16(2), false)
		f.Add([]byte(content), uint16(0), true)
	}
	const most = 24
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, content []byte, offset uint16, encoded bool) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		encoding := "text"
		if encoded {
			encoding = "base64"
		}
		s, err := must(t, connector.RoleSource, "path", path, "line.encoding", encoding, "line.max_length", "24").OpenSource(t.Context(), connector.Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		end := int64(len(content))
		all, err := readUntil(t.Context(), s, 0, end)
		if err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		if !encoded {
			same(t, content, all)
		}
		from := int64(offset) % (end + 1)
		rest, again := readUntil(t.Context(), s, from, end)
		for len(all) > 0 && all[0].Offset < from {
			all = all[1:]
		}
		if again != nil || shown(rest) != shown(all) {
			t.Fatalf("%q from %d on: %s, %v; want %s", content, from, shown(rest), again, shown(all))
		}
		if len(rest) > 0 && len(rest[0].Value) > most {
			t.Fatalf("%q: a record of %d bytes", content, len(rest[0].Value))
		}
	})
}

// same compares the records of a file with its lines.
func same(t *testing.T, content []byte, all []connector.Message) {
	at, n := 0, 0
	for at < len(content) {
		line, end := content[at:], len(content)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, end = bytes.TrimSuffix(line[:i], []byte{'\r'}), at+i+1
		}
		bad := len(line) > 24
		line = line[:min(len(line), 24)]
		if n == len(all) || all[n].Offset != int64(at) || !bytes.Equal(all[n].Value, line) || (all[n].Bad != nil) != bad {
			t.Fatalf("%q: %s, want line %d at %d to be %q", content, shown(all), n, at, line)
		}
		at, n = end, n+1
	}
	if n != len(all) {
		t.Fatalf("%q: %s, want %d records", content, shown(all), n)
	}
}
