package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
)

// letterLines is a file of letters as a pipeline over files writes it, and where each begins.
func letterLines(t *testing.T, letters ...deadletter.Letter) (content []byte, at []int64) {
	t.Helper()
	for _, l := range letters {
		key, err := l.Key()
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, int64(len(content)))
		content = lines.AppendLetter(content, key, l.Value)
	}
	return content, at
}

func fileLetter(offset int64, code, value string) deadletter.Letter {
	return deadletter.Letter{Topic: "flights", Offset: offset, Code: code, Message: "m", Time: -1, Value: []byte(value)}
}

func TestLettersOfAFileAreListedAndShown(t *testing.T) {
	content, at := letterLines(t, fileLetter(1, "json.type", "one"), fileLetter(2, "json.syntax", "\xff\x00"), fileLetter(3, "json.type", "three"))
	torn := append(slices.Clone(content), `{"topic":"flights","part`...)
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	mustWrite(t, path, torn)
	b := &letterBox{t: t, Cluster: Cluster{Endpoint: "127.0.0.1:1", Log: slog.New(slog.DiscardHandler)}}
	in := func(filter LetterFilter) string {
		t.Helper()
		out, err := b.list(func(c *ListLettersConfig) { c.LetterBox, c.Filter, c.Out.JSON = LetterBox{File: path}, filter, true })
		if err != nil {
			t.Error(err)
		}
		return out
	}
	for _, c := range []struct {
		filter LetterFilter
		want   []int // letters
	}{
		{LetterFilter{}, []int{0, 1, 2}}, {LetterFilter{Codes: []string{"json.type"}}, []int{0, 2}}, {LetterFilter{From: at[1]}, []int{1, 2}},
		{LetterFilter{From: at[1] + 1}, []int{2}}, {LetterFilter{From: FromLatest}, nil}, {LetterFilter{Limit: 1}, []int{0}},
		{LetterFilter{At: []LetterPlace{{0, at[2]}, {0, at[0]}}}, []int{0, 2}},
	} {
		var want []string
		for _, i := range c.want {
			want = append(want, digits(at[i]))
		}
		var got []string
		for line := range strings.Lines(in(c.filter)) {
			_, rest, _ := strings.Cut(line, `"offset":`)
			offset, _, _ := strings.Cut(rest, ",")
			got = append(got, offset)
			if !strings.HasPrefix(line, `{"letter":{"file":"`) {
				t.Error(line)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", c.filter, got, want)
		}
	}
	var out bytes.Buffer
	show := ShowLetterConfig{Cluster: b.Cluster, LetterBox: LetterBox{File: path}, At: LetterPlace{0, at[1]}, Raw: true, Out: Output{W: &out}}
	if err := ShowLetter(t.Context(), show); err != nil || out.String() != "\xff\x00" {
		t.Errorf("%q, %v", out.String(), err)
	}
	for _, place := range []LetterPlace{{0, at[1] + 1}, {0, int64(len(content))}, {1, 0}, {0, 1 << 40}} {
		if show.At = place; fault.Of(ShowLetter(t.Context(), show)) != fault.Input {
			t.Errorf("%s was shown", place)
		}
	}
	for _, none := range []string{filepath.Join(t.TempDir(), "no"), t.TempDir()} {
		show.LetterBox = LetterBox{File: none}
		if err := ShowLetter(t.Context(), show); fault.Of(err) != fault.Input {
			t.Errorf("%v", err)
		}
	}
}

// TestLettersOfAFileAreReplayedOnce sends a file of letters, and what has come to it since, under one id.
func TestLettersOfAFileAreReplayedOnce(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 2)
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	content, _ := letterLines(t, fileLetter(1, "json.type", "one"), fileLetter(2, "json.type", "\xff"))
	mustWrite(t, path, content)
	replay := func(id string) (Replayed, error) {
		return Replay(t.Context(), nil, ReplayConfig{Cluster: b.Cluster, LetterBox: LetterBox{File: path}, ID: id, To: "flights", Say: func(string) {}})
	}
	for range 2 {
		if done, err := replay("nightly"); err != nil || done.Letters != 2 {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	more, _ := letterLines(t, fileLetter(3, "json.type", "three"))
	mustWrite(t, path, append(content, more...))
	if done, err := replay("nightly"); err != nil || done.Sent != 1 || done.Before != 2 || done.File != path {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := b.values("flights", 0); !slices.Equal(got, []string{"one", "\xff", "three"}) {
		t.Errorf("%q", got)
	}
	if err := os.WriteFile(path, more, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := replay("nightly"); fault.Of(err) != fault.Input {
		t.Errorf("another file under the same id: %v", err)
	}
}
