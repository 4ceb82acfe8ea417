package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// letterSQL is a pipeline whose column n has a type that its dead letters depend on.
func letterSQL(t *testing.T, kind string) string {
	t.Helper()
	return file(t, "orders.sql", fmt.Sprintf(`
CREATE TABLE orders (id TEXT, n %s) WITH (connector = 'fluvio', topic = 'orders', type = 'source', 'source.offset' = 'earliest', format = 'json',
  bad_data = 'dead_letter', 'bad_data.topic' = 'orders-dead');
CREATE TABLE good (id TEXT, n %s) WITH (connector = 'fluvio', topic = 'good', type = 'sink', format = 'json');
INSERT INTO good SELECT id, n FROM orders;
`, kind, kind))
}

// TestDeadLettersComeBackOnceTheTableIsMended goes the whole way: rejected rows are listed and shown, the table is mended, and their bytes
// are sent again.
func TestDeadLettersComeBackOnceTheTableIsMended(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "orders", 2)
	c.topic(t, "good", 1)
	var want []string
	for i := range 200 {
		n := fmt.Sprint(i)
		if i%50 == 7 {
			n = fmt.Sprint(5_000_000_000 + int64(i))
		}
		record := fmt.Sprintf(`{"id":"o%d","n":%s}`, i, n)
		if i == 100 {
			record = `{"id": broken`
		} else {
			want = append(want, record)
		}
		c.cmd(t, record, "produce", "orders", "--raw", "--partition", fmt.Sprint(i%2))
	}
	state := t.TempDir()
	if s := c.run(t, letterSQL(t, "INT"), "--state", state); s.RowsOut != 195 || s.Rejected != 5 {
		t.Fatalf("%+v", s)
	}
	counts := c.objects(t, "deadletter", "list", "orders-dead", "--count")
	if len(counts) != 2 || counts[0]["letters"] != 4.0 || counts[1]["letters"] != 1.0 {
		t.Fatalf("%v", counts)
	}
	letters := c.objects(t, "deadletter", "list", "orders-dead")
	if len(letters) != 5 || letters[0]["topic"] != "orders" || letters[0]["letter"].(map[string]any)["topic"] != "orders-dead" {
		t.Fatalf("%v", letters)
	}
	code := counts[0]["code"].(string)
	for i, l := range letters {
		raw := c.cmd(t, "", "deadletter", "show", "orders-dead", "0", fmt.Sprint(i), "--raw")
		if l["code"] == code && !slices.Contains(want, raw) || l["code"] != code && raw != `{"id": broken` {
			t.Errorf("letter %v: %q", l, raw)
		}
	}
	c.refuse(t, 2, "out of range", "deadletter", "show", "orders-dead", "0", "5")

	// What is mended is sent again; the pipeline goes on behind where it was.
	dry := lines(c.cmd(t, "", "deadletter", "replay", "orders-dead", "--code", code, "--dry-run"))
	if len(dry) != 4 || !strings.Contains(dry[0], "to topic orders partition 1") {
		t.Errorf("%q", dry)
	}
	replayed := c.objects(t, "deadletter", "replay", "orders-dead", "--code", code)
	if len(replayed) != 1 || replayed[0]["sent"] != 4.0 || replayed[0]["letters"] != 4.0 {
		t.Fatalf("%v", replayed)
	}
	id := replayed[0]["replay_id"].(string)
	again := c.objects(t, "deadletter", "replay", "orders-dead", "--code", code, "--replay-id", id)
	if again[0]["sent"] != 0.0 || again[0]["sent_before"] != 4.0 {
		t.Errorf("%v", again)
	}
	c.refuse(t, 2, "--replay-id", "deadletter", "replay", "orders-dead", "--replay-id", id, "--from", "2")
	if s := c.run(t, letterSQL(t, "BIGINT"), "--state", state); s.RecordsIn != 4 || s.RowsOut != 4 {
		t.Errorf("%+v", s)
	}
	got := c.consume(t, "good")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	if left := c.objects(t, "deadletter", "list", "orders-dead"); len(left) != 5 {
		t.Errorf("%d letters are left of 5", len(left))
	}
}

// TestAKilledReplayWritesNothingTwice kills replays in the middle of what they write.
func TestAKilledReplayWritesNothingTwice(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "orders", 2)
	c.topic(t, "orders-dead", 1)
	c.cmd(t, "the record that was rejected", "produce", "orders", "--partition", "1")
	var in strings.Builder
	var want []string
	for i := range 20_000 {
		want = append(want, fmt.Sprintf(`{"id":%d,"padding":"%0200d"}`, i, i))
		fmt.Fprintf(&in, `{"topic":"orders","partition":1,"offset":0,"frame":%d,"row":0,"code":"c","message":"m","time":5}|%s`+"\n", i, want[i])
	}
	c.cmd(t, in.String(), "produce", "orders-dead", "--key-separator", "|")
	args := []string{"deadletter", "replay", "orders-dead", "--replay-id", "r", "--json", "--endpoint", c.sc}
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	cut := 0
	for i := range 5 { // each as soon as it has written something that the one before had not
		p := start(t, nil, args...)
		for had := int64(1 + i*len(want)/6); ; {
			at, err := client.Offsets(t.Context(), "orders", 1)
			if err != nil {
				t.Fatal(err)
			}
			if at.Next > had {
				break
			}
			select {
			case <-p.ended:
				t.Fatalf("it ended with %d records in the topic:\n%s", at.Next, p.talk())
			default:
			}
		}
		if p.kill(); p.cmd.ProcessState.ExitCode() != 0 {
			cut++
		}
	}
	t.Logf("%d replays were killed when some of it was there", cut)
	if cut == 0 {
		t.Error("each replay was faster than its killer")
	}
	must(t, nil, args...)
	if got := c.consume(t, "orders", "-p", "1")[1:]; !slices.Equal(got, want) {
		t.Errorf("%d records, want %d in order", len(got), len(want))
	}
	var done struct {
		Sent   int
		Before int `json:"sent_before"`
	}
	if err := json.Unmarshal([]byte(must(t, nil, args...)), &done); err != nil || done.Sent != 0 || done.Before != len(want) {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestDeadLetterCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "dead", 1)
	c.cmd(t, "no letter\n", "produce", "dead", "--key", "k")
	for _, tc := range []struct {
		code int
		want string
		args []string
	}{
		{2, "want TOPIC PARTITION OFFSET", []string{"show", "dead", "0"}},
		{2, "got \"4\" too", []string{"show", "dead", "0", "3", "4"}},
		{2, "want a partition", []string{"show", "dead", "x", "3"}},
		{2, "want an offset", []string{"show", "dead", "0", "-"}},
		{2, "no dead letter", []string{"show", "dead", "0", "0"}},
		{2, "--raw and --json", []string{"show", "dead", "0", "0", "--raw", "--json"}},
		{2, "--from", []string{"list", "dead", "--from", "soon"}},
		{2, "--limit", []string{"list", "dead", "--limit", "0"}},
		{3, "absent", []string{"list", "absent"}},
		{3, "absent", []string{"replay", "dead", "--to", "absent"}},
		{2, "PARTITION:OFFSET", []string{"replay", "dead", "--offsets", "0"}},
		{2, "single letters", []string{"replay", "dead", "--offsets", "0:0", "--code", "c"}},
		{2, "--derived needs --to", []string{"replay", "dead", "--derived"}},
		{2, "itself", []string{"replay", "dead", "--to", "dead"}},
		{2, "no dead letter", []string{"replay", "dead", "--offsets", "0:0"}},
		{2, "--replay-id", []string{"replay", "dead", "--replay-id", ""}},
	} {
		c.refuse(t, tc.code, tc.want, append([]string{"deadletter"}, tc.args...)...)
	}
	c.refuse(t, 2, "--drop-stale and a SmartModule", "consume", "dead", "--drop-stale", "--smartmodule", "x")
	r := weir(t, nil, "deadletter", "replay", "dead", "--endpoint", c.sc)
	if r.code != 0 || !strings.Contains(r.errOut, "not JSON") || !strings.Contains(r.errOut, "0 letters: 0 sent") || r.out != "" {
		t.Errorf("%+v", r)
	}
}
