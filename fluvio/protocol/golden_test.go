package protocol

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

var update = flag.Bool("update", false, "write what was decoded into testdata/frames")

// goldenCase is a section of a file in testdata/frames: a title, what the bytes
// are, the bytes in hex with # comments, a line of ----, and the message as JSON.
// The bytes are one of
//
//	SERVER request                 a frame
//	SERVER NAME vVERSION response  a frame
//	SERVER NAME vVERSION body      of a request
//	TYPE vVERSION value
type goldenCase struct {
	title, what, json string
	hexLines          []string
}

// readGolden returns a file's leading comments and its cases.
func readGolden(t testing.TB, path string) (head string, cases []goldenCase) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for section := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(section, "\n")
		if strings.HasPrefix(section, "#") {
			head = section
			continue
		}
		c := goldenCase{title: lines[0], what: lines[1]}
		rest := lines[2:]
		for len(rest) > 0 && rest[0] != "----" {
			c.hexLines, rest = append(c.hexLines, rest[0]), rest[1:]
		}
		if len(rest) == 0 {
			t.Fatalf("%s: %q has no ----", path, c.title)
		}
		c.json = strings.Join(rest[1:], "\n")
		cases = append(cases, c)
	}
	return head, cases
}

func (c goldenCase) String() string {
	s := c.title + "\n" + c.what + "\n" + strings.Join(c.hexLines, "\n") + "\n----"
	if c.json != "" {
		s += "\n" + c.json
	}
	return s
}

func (c goldenCase) bytes(t testing.TB) []byte {
	t.Helper()
	var out []byte
	for _, line := range c.hexLines {
		line, _, _ = strings.Cut(line, "#")
		b, err := hex.DecodeString(strings.Join(strings.Fields(line), ""))
		if err != nil {
			t.Fatalf("%s: %v", c.title, err)
		}
		out = append(out, b...)
	}
	return out
}

// goldenValues is what a case may hold that is not a message.
var goldenValues = map[string]func() Message{
	"ReplicaSpec": empty[ReplicaSpec],
	"ErrorCode":   empty[ErrorCode],
}

// recode decodes the bytes of a case and encodes them again.
func (c goldenCase) recode(t *testing.T, raw []byte) (any, []byte) {
	t.Helper()
	words := strings.Fields(c.what)
	if len(words) == 2 {
		header, req, err := DecodeRequest(serverNamed(t, strings.ToLower(words[0])), unframe(t, raw))
		if err != nil {
			t.Fatal(err)
		}
		return req, AppendRequest(nil, header, req)
	}
	var version int16
	if _, err := fmt.Sscanf(words[len(words)-2], "v%d", &version); err != nil {
		t.Fatalf("%s: %v", c.what, err)
	}
	if words[2] == "value" {
		return c.recodeBody(t, raw, version, goldenValues[words[0]]())
	}
	req := requestNamed(t, words[0], words[1])
	if words[3] == "body" {
		return c.recodeBody(t, raw, version, req)
	}
	correlation, body, err := SplitResponse(unframe(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	resp := req.NewResponse()
	if err := DecodeResponse(body, version, resp); err != nil {
		t.Fatal(err)
	}
	return resp, AppendResponse(nil, correlation, version, resp)
}

func (c goldenCase) recodeBody(t *testing.T, raw []byte, version int16, m Message) (any, []byte) {
	t.Helper()
	r := wire.NewReader(raw)
	m.ReadFrom(r, version)
	if r.Err() != nil || r.Len() > 0 {
		t.Fatalf("%v, %d bytes left", r.Err(), r.Len())
	}
	return m, m.AppendTo(nil, version)
}

func requestNamed(t testing.TB, server, name string) Request {
	t.Helper()
	for _, api := range APIs(serverNamed(t, strings.ToLower(server))) {
		if api.Name == name {
			return api.NewRequest()
		}
	}
	t.Fatalf("no request %s of %s", name, server)
	return nil
}

// TestGoldenFrames pins which bytes belong to which field.
func TestGoldenFrames(t *testing.T) {
	paths, _ := filepath.Glob("testdata/frames/*.txt")
	if len(paths) == 0 {
		t.Fatal("no golden frames")
	}
	for _, path := range paths {
		head, cases := readGolden(t, path)
		out := []string{head}
		for _, c := range cases {
			t.Run(filepath.Base(path)+"/"+c.title, func(t *testing.T) {
				raw := c.bytes(t)
				m, again := c.recode(t, raw)
				if !bytes.Equal(again, raw) {
					t.Errorf("encodes as\n%x, was\n%x", again, raw)
				}
				text, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				if *update {
					c.json = string(text)
				} else if c.json != string(text) {
					t.Errorf("decoded as\n%s\nwant\n%s", text, c.json)
				}
			})
			out = append(out, c.String())
		}
		if *update {
			if err := os.WriteFile(path, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
