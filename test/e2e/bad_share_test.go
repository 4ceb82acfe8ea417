package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// rejects are frames that can't be decoded, and where they are wrong.
var rejects = []struct{ frame, path, code string }{
	{`{"n":"seven"}`, "n", "json."}, {`{"n":99999999999999999999}`, "n", "json."}, {`{"n":`, "", "json."}, {`hello`, "", "json."},
	{"{\"n\":1,\"s\":\"\xff\xfe\"}", "", ""}, {`[1]`, "", "json."}, {`{"n":1.5e}`, "n", "json."},
}

// letter is the key of a dead letter.
type letter struct {
	Topic                    string
	Partition, Offset, Frame int
	Code, Path, Message      string
}

// TestOnePercentOfBadRowsCostsOnePercent has 10,000 rows, five a record, in two partitions, of which each hundredth is bad in some way. The
// others come out, what is rejected is counted exactly, and where dead letters are kept each bad row is there: its place, its reason and its
// very bytes.
func TestOnePercentOfBadRowsCostsOnePercent(t *testing.T) {
	t.Parallel()
	const records, frames = 2000, 5
	c := startBroker(t)
	c.topic(t, "in", 2)
	bad := map[[3]int]int{} // partition, offset and frame → which of rejects
	want := sendMixed(t, c, records, frames, bad)
	for _, policy := range []string{"drop", "dead_letter"} {
		t.Run(policy, func(t *testing.T) {
			out := strings.ReplaceAll(policy, "_", "-")
			letters := map[string]string{"dead_letter": ", bad_data.topic = 'dead'"}[policy]
			c.topic(t, out, 1)
			s := c.run(t, file(t, "share.sql", fmt.Sprintf(`
CREATE TABLE i (n BIGINT) WITH (connector = 'fluvio', topic = 'in', type = 'source', source.offset = 'earliest', format = 'json', framing = 'newline',
  bad_data = '%s'%s);
CREATE TABLE o (n BIGINT) WITH (connector = 'fluvio', topic = '%s', type = 'sink', format = 'json', delivery = 'exactly_once');
INSERT INTO o SELECT n FROM i;
`, policy, letters, out)), "--state", t.TempDir())
			if s.RecordsIn != records || s.RowsIn != int64(len(want)) || s.RowsOut != s.RowsIn || s.Rejected != int64(len(bad)) || len(bad) != records*frames/100 {
				t.Errorf("%+v, want %d rejected of %d rows", s, len(bad), records*frames)
			}
			sameRows(t, c.consume(t, out), want, false)
		})
	}
	if listed := c.objects(t, "deadletter", "list", "dead"); len(listed) != len(bad) {
		t.Errorf("%d letters are listed, want %d", len(listed), len(bad))
	}
	expectLetters(t, c, bad)
}

// expectLetters wants a letter for each bad row, and shows some of them.
func expectLetters(t *testing.T, c *cluster, bad map[[3]int]int) {
	t.Helper()
	for i, line := range c.consume(t, "dead", "--json") {
		var r struct {
			Key      string
			Value    *string
			ValueB64 []byte `json:"value_b64"`
		}
		var l letter
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(r.Key), &l); err != nil {
			t.Fatalf("%q: %v", r.Key, err)
		}
		value := string(r.ValueB64)
		if r.Value != nil {
			value = *r.Value
		}
		at := [3]int{l.Partition, l.Offset, l.Frame}
		which, due := bad[at]
		if !due {
			t.Fatalf("letter %s is of no bad row, or comes twice", r.Key)
		}
		delete(bad, at)
		if b := rejects[which]; value != b.frame || l.Topic != "in" || !strings.HasPrefix(l.Code, b.code) || l.Code == "" || l.Path != b.path || l.Message == "" {
			t.Errorf("letter %s with value %q, want %+v", r.Key, value, b)
		}
		if i%10 > 0 {
			continue
		}
		if raw := c.cmd(t, "", "deadletter", "show", "dead", "0", fmt.Sprint(i), "--raw"); raw != rejects[which].frame {
			t.Errorf("letter %s is shown as %q", r.Key, raw)
		}
	}
	if len(bad) > 0 {
		t.Errorf("%d bad rows are in no letter", len(bad))
	}
}

// sendMixed sends records of so many rows to the two partitions of topic in. It notes the places of bad ones and returns what is due of the others.
func sendMixed(t *testing.T, c *cluster, records, frames int, bad map[[3]int]int) (want []string) {
	t.Helper()
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	producer, err := client.Producer(t.Context(), "in")
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		var rows []string
		for f := range frames {
			n := i*frames + f
			row := fmt.Sprintf(`{"n":%d}`, n)
			if n%100 == 37+n/100%5 { // in each place of a record
				which := n / 100 % len(rejects)
				bad[[3]int{i % 2, i / 2, f}] = which
				row = rejects[which].frame
			} else {
				want = append(want, row)
			}
			rows = append(rows, row)
		}
		if err := producer.ProduceTo(t.Context(), uint32(i%2), fluvio.Record{Value: []byte(strings.Join(rows, "\n"))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return want
}
