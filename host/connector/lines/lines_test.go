package lines_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
)

// cut cuts content that comes in pieces of these sizes, over and over; the last line may lack its end. bad are the codes of lines that are no
// records, "" for the others.
func cut(c *lines.Cutter, content []byte, pieces []int) (records [][]byte, bad []string, sizes int) {
	add := func(record []byte, size int, why *connector.BadRecord) {
		records, bad, sizes = append(records, record), append(bad, ""), sizes+size
		if why != nil {
			bad[len(bad)-1] = why.Code
		}
	}
	for i := 0; ; i++ {
		for {
			record, size, ok, why := c.Next()
			if !ok {
				break
			}
			add(record, size, why)
		}
		if len(content) == 0 {
			break
		}
		n := copy(c.Room(pieces[i%len(pieces)]), content[:min(pieces[i%len(pieces)], len(content))])
		c.Filled(n)
		content = content[n:]
	}
	if c.Held() > 0 {
		add(c.Last())
	}
	return records, bad, sizes
}

func TestLinesAreCutAlikeHoweverTheyCome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := []byte(rapid.StringMatching("[ab\r\n]{0,200}").Draw(t, "content"))
		pieces := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(t, "pieces")
		got, bad, size := cut(lines.NewCutter(lines.Config{}), content, pieces)
		if strings.Join(bad, "") != "" || size != len(content) {
			t.Fatalf("%d bytes of %d, %q", size, len(content), bad)
		}
		var want [][]byte
		for line := range bytes.Lines(content) {
			if end, ok := bytes.CutSuffix(line, []byte("\n")); ok {
				line = bytes.TrimSuffix(end, []byte("\r"))
			}
			want = append(want, line)
		}
		if !bytes.Equal(bytes.Join(got, []byte("|")), bytes.Join(want, []byte("|"))) || len(got) != len(want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

func TestRecordsComeBackFromTheirLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := lines.Config{Base64: rapid.Bool().Draw(t, "base64")}
		var written []byte
		var want [][]byte
		for _, record := range rapid.SliceOf(rapid.SliceOf(rapid.Byte())).Draw(t, "records") {
			line, err := c.Append(written, record)
			if bad := bytes.ContainsRune(record, '\n') || bytes.HasSuffix(record, []byte("\r")); (err != nil) != (bad && !c.Base64) {
				t.Fatalf("%q: %v", record, err)
			}
			if err != nil && !bytes.Equal(line, written) {
				t.Fatalf("%q left %q", record, line)
			}
			if written = line; err == nil {
				want = append(want, record)
			}
		}
		got, bad, _ := cut(lines.NewCutter(c), written, []int{64})
		if strings.Join(bad, "") != "" || len(got) != len(want) {
			t.Fatalf("%d records of %d, %q", len(got), len(want), bad)
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("%q, want %q", got[i], want[i])
			}
		}
	})
}

// TestBadLinesLeaveTheirNeighboursAlone has lines that are too long, with their ends and without, and lines that are not base64.
func TestBadLinesLeaveTheirNeighboursAlone(t *testing.T) {
	for _, c := range []struct {
		config         lines.Config
		content        string
		records, codes string
	}{
		{lines.Config{Max: 3}, "abc\nabcd\r\nabc\r\nabcdefgh\n\nz", "abc|abc|abc|abc||z", "|line.too_long||line.too_long||"},
		{lines.Config{Max: 3}, "a\nabcdefghij", "a|abc", "|line.too_long"},
		{lines.Config{Max: 8, Base64: true}, "YQ==\nY!==\nYg==\nYg\nYWFhYWFhYWE=\nYw==", "a|Y!==|b|Yg|YWFhYWFh|c", "|line.base64||line.base64|line.too_long|"},
	} {
		for _, piece := range []int{1, 2, 5, 100} {
			records, bad, size := cut(lines.NewCutter(c.config), []byte(c.content), []int{piece})
			if got := string(bytes.Join(records, []byte("|"))); got != c.records || strings.Join(bad, "|") != c.codes || size != len(c.content) {
				t.Errorf("%q in pieces of %d: %q %q, %d bytes", c.content, piece, got, bad, size)
			}
		}
	}
}

func TestRecordsKeepTheirMemory(t *testing.T) {
	c := lines.NewCutter(lines.Config{})
	var all [][]byte
	for _, piece := range []string{"one\ntw", "o\nthree\n", "four\n"} {
		c.Filled(copy(c.Room(len(piece)), piece))
		for record, _, ok, _ := c.Next(); ok; record, _, ok, _ = c.Next() {
			all = append(all, record)
		}
	}
	for i, want := range []string{"one", "two", "three", "four"} {
		if string(append(all[i], "!"...)) != want+"!" || string(all[i]) != want {
			t.Errorf("%q, want %q", all[i], want)
		}
	}
}

// FuzzCutter looks at lines of base64, of which some are none, with a limit.
func FuzzCutter(f *testing.F) {
	f.Add([]byte("YQ==\r\n\nYWI=\n"), 3, true)
	f.Add([]byte("a\nbcdefghijklmnopqrstuvwxyz\nc"), 7, false)
	f.Fuzz(func(t *testing.T, content []byte, piece int, encoded bool) {
		const most = 16
		if piece < 1 || piece > 1<<10 || len(content) > 1<<12 {
			return
		}
		c := lines.NewCutter(lines.Config{Base64: encoded, Max: most})
		records, bad, size := cut(c, content, []int{piece})
		if size != len(content) {
			t.Errorf("%d bytes of %d", size, len(content))
		}
		whole, same, _ := cut(lines.NewCutter(lines.Config{Base64: encoded, Max: most}), content, []int{len(content) + 1})
		if !slices.EqualFunc(records, whole, bytes.Equal) || !slices.Equal(bad, same) {
			t.Errorf("in pieces %q %q, at once %q %q", records, bad, whole, same)
		}
		for _, record := range records {
			if len(record) > most {
				t.Errorf("a record of %d bytes", len(record))
			}
		}
	})
}

func TestALetterIsAnObjectOnALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		if rapid.Bool().Draw(t, "text") {
			value = []byte(strings.ToValidUTF8(string(value), "ä\u2028<"))
		}
		fields := rapid.MapOf(rapid.StringMatching("[a-u]{1,5}"), rapid.String()).Draw(t, "key")
		key, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		line := lines.AppendLetter(nil, key, value)
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("%q is no line", line)
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(line, &got); err != nil || len(got) != len(fields)+1 {
			t.Fatalf("%s: %v", line, err)
		}
		var text string
		var raw []byte
		if got["value"] != nil {
			err = json.Unmarshal(got["value"], &text)
		} else {
			err = json.Unmarshal(got["value_b64"], &raw)
		}
		if err != nil || text+string(raw) != string(value) {
			t.Fatalf("%s: %q, want %q", line, text+string(raw), value)
		}
	})
}

func BenchmarkCutter(b *testing.B) {
	piece := bytes.Repeat([]byte(`{"carrier":"UA","dep_delay":2,"time_hour":"2013-01-01T10:00:00Z"}`+"\n"), 4096)
	c := lines.NewCutter(lines.Config{})
	b.SetBytes(int64(len(piece)))
	b.ReportAllocs()
	for b.Loop() {
		c.Filled(copy(c.Room(len(piece)), piece))
		n := 0
		for _, _, ok, _ := c.Next(); ok; _, _, ok, _ = c.Next() {
			n++
		}
		if n != 4096 {
			b.Fatal(n)
		}
	}
}
