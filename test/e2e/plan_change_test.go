package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lateFrom is the main job with the offset of each row's record, exactly once, for flights that are at least so late.
func lateFrom(least, remark string) string {
	return fmt.Sprintf(`%s
CREATE TABLE flights (o BIGINT METADATA FROM 'offset', dep_delay BIGINT)
  WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json', bad_data = 'drop');
CREATE TABLE late (o BIGINT, dep_delay BIGINT)
  WITH (connector = 'fluvio', topic = 'late', type = 'sink', format = 'json', delivery = 'exactly_once');
CREATE FUNCTION late_flights LANGUAGE wasm AS '%s' WITH (min_delay = '%s');
INSERT INTO late SELECT o, dep_delay FROM late_flights(flights);
`, remark, lateFlights, least)
}

// ahead has a pipeline killed that has written more than its checkpoint covers, and returns the folder of its state.
func (c *cluster) ahead(t *testing.T, sql string) (state string) {
	t.Helper()
	c.topic(t, "flights", 1)
	c.topic(t, "late", 2)
	records := flights(t, 30_000)
	must(t, strings.NewReader(strings.Join(records[:20_000], "\n")), "produce", "flights", "--endpoint", c.sc)
	state = t.TempDir()
	p := start(t, nil, "run", sql, "--state", state, "--endpoint", c.sc, "--checkpoint-interval", "1h")
	eventually(t, "some output", func() bool { return len(c.consume(t, "late")) > 0 })
	p.kill()
	must(t, strings.NewReader(strings.Join(records[20_000:], "\n")), "produce", "flights", "--endpoint", c.sc)
	return state
}

// expectSwitch wants the rows that are at least 60 minutes late before some offset, and those that are at least 30 from there on: each
// once, in order in each partition.
func (c *cluster) expectSwitch(t *testing.T) {
	t.Helper()
	var due []struct {
		DepDelay *int64 `json:"dep_delay"`
	}
	for _, line := range flights(t, 30_000) {
		due = append(due, struct {
			DepDelay *int64 `json:"dep_delay"`
		}{})
		if err := json.Unmarshal([]byte(line), &due[len(due)-1]); err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	for p := range 2 {
		var offsets []int64
		for _, line := range c.consume(t, "late", "--partition", fmt.Sprint(p)) {
			var row struct{ O int64 }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			offsets = append(offsets, row.O)
		}
		if !slices.IsSorted(offsets) {
			t.Errorf("partition %d is out of order", p)
		}
		got = append(got, offsets...)
	}
	slices.Sort(got)
	from := int64(len(due)) // where the new plan begins, at the latest
	for _, o := range got {
		if *due[o].DepDelay < 60 {
			from = o
			break
		}
	}
	var want []int64
	for o, f := range due {
		if f.DepDelay != nil && (*f.DepDelay >= 60 || *f.DepDelay >= 30 && int64(o) >= from) {
			want = append(want, int64(o))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d, from offset %d on by the new plan", len(got), len(want), from)
	}
	if from == int64(len(due)) || from == 0 {
		t.Errorf("the new plan begins at offset %d of %d", from, len(due))
	}
}

// TestParameterChangesAfterAKill finishes what is in the sink as it was begun, and goes on with the new parameter.
func TestParameterChangesAfterAKill(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	state := c.ahead(t, file(t, "late.sql", lateFrom("60", "")))
	c.run(t, file(t, "late.sql", lateFrom("30", "")), "--state", state)
	c.expectSwitch(t)
}

// TestRemarksAreNoChange has a file that says the same in other words after a kill: the writer stays.
func TestRemarksAreNoChange(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	state := c.ahead(t, file(t, "late.sql", lateFrom("60", "")))
	writers := func() string {
		var lane struct {
			Plan  string
			Sinks []struct{ Writer string }
		}
		if err := json.Unmarshal([]byte(must(t, nil, "state", "show", "late", "--state", state, "--json")), &lane); err != nil {
			t.Fatal(err)
		}
		return lane.Plan + " " + lane.Sinks[0].Writer
	}
	before := writers()
	c.run(t, file(t, "late.sql", lateFrom("60", "-- what is late")), "--state", state)
	if after := writers(); after != before || len(before) < 64+8 {
		t.Errorf("plan and writer were %q and are %q", before, after)
	}
}

// TestChangeThatCannotBeFinishedIsRefused changes the plan after a kill, when what is in the sink can't be made again: its module or plan is
// gone, or the environment is another one.
func TestChangeThatCannotBeFinishedIsRefused(t *testing.T) {
	c := startBroker(t)
	t.Setenv("LEAST", "60")
	state := c.ahead(t, file(t, "late.sql", lateFrom("${LEAST}", "")))
	sql := file(t, "late.sql", lateFrom("30", ""))
	refused := func(want string) {
		t.Helper()
		r := weir(t, nil, "run", sql, "--until-end", "--state", state, "--endpoint", c.sc)
		if r.code != 2 && r.code != 3 || !strings.Contains(r.errOut, want) || !strings.Contains(r.errOut, "weir state rewind") {
			t.Errorf("code %d, want 2 or 3 and %q\n%s", r.code, want, r.errOut)
		}
	}
	t.Setenv("LEAST", "61")
	refused("environment variable LEAST")
	t.Setenv("LEAST", "60")
	blobs, err := filepath.Glob(filepath.Join(state, "blobs", "sha256-*"))
	if err != nil || len(blobs) != 2 {
		t.Fatalf("kept are %q (%v), want a plan and a module", blobs, err)
	}
	for _, blob := range blobs {
		if err := os.Rename(blob, blob+".away"); err != nil {
			t.Fatal(err)
		}
		refused("no such blob")
		if err := os.Rename(blob+".away", blob); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(c.consume(t, "late")); got == 0 {
		t.Error("there was nothing to finish")
	}
	c.run(t, sql, "--state", state)
	c.expectSwitch(t)
}
