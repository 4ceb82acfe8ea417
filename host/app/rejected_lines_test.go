package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// mixedLines has rows of which some are bad, of several codes, at known places; mixedCodes is how many.
const mixedLines = `{"a":1}
{"a":
{"a":"x"}
{"a":2}
{"a":[]}
{"a":3,"x":"0123456789012345678901234567890123456789012345678901234567890123456789"}
{"a":"y"}
nonsense
{"a":4}
`

var mixedCodes = map[string]int64{"json.syntax": 2, "json.parse": 2, "json.type": 1, "line.too_long": 1}

// TestRejectedLinesAreCountedByCode looks at /rejected and at the metrics of pipelines over a file and over standard input, while they run.
func TestRejectedLinesAreCountedByCode(t *testing.T) {
	for _, source := range []string{"connector = 'file', path = 'in.txt'", "connector = 'stdio'"} {
		dir := t.TempDir()
		mustWrite(t, filepath.Join(dir, "in.txt"), []byte(mixedLines))
		mustWrite(t, filepath.Join(dir, "run.sql"), fmt.Appendf(nil, `
CREATE TABLE src (a BIGINT) WITH (%s, type = 'source', format = 'json', bad_data = 'drop', 'line.max_length' = 64);
CREATE TABLE out (a BIGINT) WITH (connector = 'file', path = 'out.jsonl', type = 'sink', format = 'json');
INSERT INTO out SELECT a FROM src;`, source))
		in, feed := io.Pipe()
		drain, address, ended := make(chan struct{}), make(chan string, 1), make(chan error, 1)
		go func() {
			ended <- Run(context.Background(), drain, RunConfig{
				File: filepath.Join(dir, "run.sql"), Worker: "0/1", CheckpointInterval: 10 * time.Millisecond, DrainTimeout: time.Minute,
				Log: slog.New(slog.DiscardHandler), Out: io.Discard, Err: io.Discard, Streams: &Streams{In: in, Out: io.Discard, Err: io.Discard},
				Metrics: "127.0.0.1:0", MetricsReady: func(at string) { address <- at },
			})
		}()
		at := <-address
		if strings.Contains(source, "stdio") {
			if _, err := io.WriteString(feed, mixedLines); err != nil {
				t.Fatal(err)
			}
		}
		var got []rejectedRows
		waitFor(t, "all rows are through", func() bool {
			_, body := get(t, "http://"+at+"/rejected")
			if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != 1 {
				t.Fatalf("%v: %s", err, body)
			}
			return got[0].Rejected >= 6
		})
		var recent []string
		for _, r := range got[0].Recent {
			recent = append(recent, r.Code)
		}
		if r := got[0]; r.Rejected != 6 || !maps.Equal(r.BadData, mixedCodes) || len(r.Refused)+len(r.Poison) > 0 ||
			strings.Join(recent, " ") != "json.syntax json.parse json.type line.too_long json.parse json.syntax" {
			t.Errorf("%s: %+v", source, r)
		}
		samples := scraped(t, BrokerAddresses{Metrics: at})
		for code, want := range mixedCodes {
			if got := samples["weir_rejected_rows_total{code="+code+",pipeline=out,reason=bad_data}"]; got != float64(want) {
				t.Errorf("%s: %v of %s, want %d", source, got, code, want)
			}
		}
		close(drain)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = feed.Close() // lets go of who reads it
	}
}

// TestTooLargeAShareOfBadLinesEndsARun is about the last lines: six of eight are bad at the end of these, and three of eight before.
func TestTooLargeAShareOfBadLinesEndsARun(t *testing.T) {
	good, bad := strings.Repeat("{\"a\":1}\n", 5), strings.Repeat("{\"a\":\"x\"}\n", 3)
	for _, stdio := range []bool{false, true} {
		b := &badLines{t: t, stdio: stdio}
		const options = "bad_data = 'drop', 'bad_data.window' = 8, 'bad_data.max_ratio' = "
		if rows, _, log, err := b.run(good+bad+good+bad+good, options+"0.375"); err != nil || strings.Count(rows, "\n") != 15 {
			t.Errorf("three of eight at most: %q, %v\n%s", rows, err, log)
		}
		rows, _, _, err := b.run(good+bad+bad+good, options+"0.7")
		if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "6 of the partition's last 8 frames are bad, and bad_data.max_ratio is 0.7") {
			t.Errorf("six of eight: %v", err)
		}
		if strings.Count(rows, "\n") != 5 {
			t.Errorf("what was good before it: %q", rows)
		}
		if _, _, _, err := b.run(bad+bad, options+"0.7"); err != nil {
			t.Errorf("fewer lines than the window has: %v", err)
		}
	}
}
