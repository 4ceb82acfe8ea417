package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// marker is in bad values and must be in no message.
const marker = "S3CR3T"

// badLines is a pipeline from lines, of a file or of standard input, to a file.
type badLines struct {
	t     *testing.T
	dir   string
	stdio bool
}

// run runs it over lines with options of its source, and returns what is in the files, the log, and how it ended.
func (b *badLines) run(content, options string) (rows, letters, log string, err error) {
	b.t.Helper()
	b.dir = b.t.TempDir()
	source := "connector = 'file', path = 'in.txt'"
	if b.stdio {
		source = "connector = 'stdio'"
	}
	dead := filepath.Join(b.dir, "dead.jsonl")
	if b.stdio {
		options = strings.ReplaceAll(options, "DEAD", "stderr")
	}
	options = strings.ReplaceAll(options, "DEAD", dead)
	mustWrite(b.t, filepath.Join(b.dir, "in.txt"), []byte(content))
	mustWrite(b.t, filepath.Join(b.dir, "run.sql"), fmt.Appendf(nil, `
CREATE TABLE src (a BIGINT, o BIGINT METADATA FROM 'offset') WITH (%s, type = 'source', format = 'json', %s);
CREATE TABLE out (a BIGINT, o BIGINT) WITH (connector = 'file', path = 'out.jsonl', type = 'sink', format = 'json');
INSERT INTO out SELECT a, o FROM src;`, source, options))
	var logged, errs bytes.Buffer
	err = Run(context.Background(), make(chan struct{}), RunConfig{
		File: filepath.Join(b.dir, "run.sql"), UntilEnd: true, Worker: "0/1", CheckpointInterval: time.Second, DrainTimeout: time.Second, RetryBudget: time.Second,
		Log: slog.New(slog.NewTextHandler(&logged, nil)), Out: io.Discard, Err: &logged,
		Streams: &Streams{In: strings.NewReader(content), Out: io.Discard, Err: &errs},
	})
	if b.stdio {
		mustWrite(b.t, dead, errs.Bytes())
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil && !os.IsNotExist(err) {
			b.t.Fatal(err)
		}
		return string(text)
	}
	return read("out.jsonl"), read("dead.jsonl"), logged.String(), err
}

// TestLinesThatAreNoRecordsAreBadData has a line that is too long, and one that is not base64, among good ones, under each policy.
func TestLinesThatAreNoRecordsAreBadData(t *testing.T) {
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "\n" }
	long := `{"a":2,"x":"` + strings.Repeat(marker, 20) + `"}`
	for _, c := range []struct{ code, options, bad, content string }{
		{"line.too_long", "'line.max_length' = 64", long[:64], `{"a":1}` + "\n" + long + "\n" + `{"a":3}` + "\n"},
		{"line.base64", "'line.encoding' = 'base64'", "!" + marker, encoded(`{"a":1}`) + "!" + marker + "\n" + encoded(`{"a":3}`)},
	} {
		for _, stdio := range []bool{false, true} {
			b := &badLines{t: t, stdio: stdio}
			at := strings.IndexByte(c.content, '\n') + 1
			behind := at + strings.IndexByte(c.content[at:], '\n') + 1
			topic := "in.txt"
			if stdio {
				at, behind, topic = 1, 2, "stdin"
			}
			want := fmt.Sprintf("{\"a\":1,\"o\":0}\n{\"a\":3,\"o\":%d}\n", behind)
			rows, _, log, err := b.run(c.content, c.options+", bad_data = 'drop'")
			if err != nil || rows != want || !strings.Contains(log, c.code) || !strings.Contains(log, "1 rejected") {
				t.Errorf("%s, dropped: %q, %v\n%s", c.code, rows, err, log)
			}
			if strings.Contains(log, marker) {
				t.Errorf("%s: the value is in the log: %s", c.code, log)
			}
			rows, letters, log, err := b.run(c.content, c.options+", bad_data = 'dead_letter', 'bad_data.topic' = 'DEAD'")
			where := fmt.Sprintf(`"partition":0,"offset":%d,"frame":0,"row":0,"code":"%s"`, at, c.code)
			if err != nil || rows != want || strings.Count(letters, "\n") != 1 || !strings.Contains(letters, where) || !strings.Contains(letters, topic) {
				t.Errorf("%s, letters: %q, %q, %v\n%s", c.code, rows, letters, err, log)
			}
			box := LetterBox{File: filepath.Join(b.dir, "dead.jsonl")}
			var raw bytes.Buffer
			if err := ShowLetter(t.Context(), ShowLetterConfig{LetterBox: box, Raw: true, Out: Output{W: &raw}}); err != nil || raw.String() != c.bad {
				t.Errorf("%s: the letter holds %q, %v", c.code, raw.String(), err)
			}
			rows, _, _, err = b.run(c.content, c.options)
			if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), fmt.Sprintf("partition 0 offset %d frame 0: %s", at, c.code)) ||
				strings.Contains(err.Error(), marker) || rows != want[:strings.IndexByte(want, '\n')+1] {
				t.Errorf("%s, fail: %q, %v", c.code, rows, err)
			}
			_, _, _, err = b.run(strings.Repeat(c.content, 3), c.options+", bad_data = 'drop', 'bad_data.max_errors' = 2")
			if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "max_errors") || !strings.Contains(err.Error(), c.code) {
				t.Errorf("%s, max_errors: %v", c.code, err)
			}
		}
	}
}
